//! The estimate of registers: known programs have known pressures.

use super::{function, module};
use isokern_simcuda::program::pressure::{MAX_REGISTERS, RESERVED, registers, with_callees};

/// Returns the estimate for a kernel with these statements, without the reserved registers.
fn live(statements: &str) -> u32 {
    const DECLARED: &str =
        ".reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<99>; .reg .b64 %d<99>; .reg .v4 .f32 %v;";
    registers(&function(&format!(".entry f() {{ {DECLARED} {statements} }}"))) - RESERVED
}

#[test]
fn straight_code() {
    let cases = [
        ("", 0),
        ("ret;", 0),
        ("mov.u32 %r1, 5;", 1),
        ("mov.u64 %d1, 5;", 2),
        ("mov.u16 %h1, 5;", 1),
        ("setp.eq.s32 %p1, 1, 2;", 0),
        // Two live at once, then one.
        ("mov.u32 %r1, 5; mov.u32 %r2, 6; add.s32 %r3, %r1, %r2; st.u32 [0], %r3;", 2),
        // The first is dead before the second.
        ("mov.u32 %r1, 5; st.u32 [0], %r1; mov.u32 %r2, 6; st.u32 [0], %r2;", 1),
        // An address lives until it is used.
        ("mov.u64 %d1, 0; mov.u32 %r1, 5; mov.u32 %r2, 6; st.v2.u32 [%d1+8], {%r1, %r2};", 4),
        ("ld.v4.u32 {%r1, %r2, _, %r3}, [0]; st.v2.u32 [0], {%r1, %r3};", 3),
        ("shfl.sync.bfly.b32 %r1|%p1, %r2, 1, 31, -1; st.u32 [0], %r1;", 1),
        ("bar.red.popc.u32 %r1, 0, %p1; st.u32 [0], %r1;", 1),
        ("mov.f32 %v.x, %v.y; st.f32 [0], %v.x;", 4),
    ];
    for (text, expected) in cases {
        assert_eq!(live(text), expected, "{text}");
    }
}

#[test]
fn a_write_under_a_guard_keeps_the_old_value() {
    let plain = "mov.u32 %r1, 1; mov.u32 %r2, 2; st.u32 [0], %r2;";
    let tail = "st.u32 [0], %r1; st.u32 [0], %r2;";
    assert_eq!(live(&format!("{plain} mov.u32 %r1, 3; {tail}")), 2);
    let kept = "mov.u32 %r1, 1; mov.u32 %r3, 2; st.u32 [0], %r3; @%p1 mov.u32 %r1, 3;";
    assert_eq!(live(&format!("{kept} st.u32 [0], %r1;")), 2);
    let lost = "mov.u32 %r1, 1; mov.u32 %r3, 2; st.u32 [0], %r3; mov.u32 %r1, 3;";
    assert_eq!(live(&format!("{lost} st.u32 [0], %r1;")), 1);
}

#[test]
fn values_live_around_loops() {
    // %r1 and %d1 are read in the next turn of the loop, so both are live where %r2 is.
    let text = "mov.u32 %r1, 0; mov.u64 %d1, 64;
        L: ld.u32 %r2, [%d1]; add.s32 %r1, %r1, %r2; setp.lt.s32 %p1, %r1, 99; @%p1 bra L;
        st.u32 [0], %r1;";
    assert_eq!(live(text), 4);
    let once = "mov.u32 %r1, 0; mov.u64 %d1, 64; ld.u32 %r2, [%d1]; add.s32 %r1, %r1, %r2;
        st.u32 [0], %r1;";
    assert_eq!(live(once), 3);
}

#[test]
fn values_live_through_blocks_that_name_them_nowhere() {
    // Only the head of the loop reads %r1, and only through N and K does it live in M.
    let text = "mov.u32 %r1, 0;
        L: st.u32 [0], %r1; @%p1 bra N;
        M: mov.u64 %d1, 1; mov.u64 %d2, 1; st.u64 [%d1], %d2; bra K;
        K: bra N;
        N: @%p2 bra L;";
    assert_eq!(live(text), 5);
}

#[test]
fn branches_join() {
    let arms = |jump: &str| {
        format!(
            "mov.u32 %r1, 1; mov.u32 %r2, 2; mov.u32 %r3, 3; {jump}
            A: st.u32 [0], %r1; exit;
            B: st.u32 [0], %r2; st.u32 [0], %r3; exit;"
        )
    };
    assert_eq!(live(&arms("@%p1 bra B;")), 3);
    // A jump without a guard leaves only what its target reads.
    assert_eq!(live(&arms("bra B;")), 2);
    assert_eq!(live(&arms("t: .branchtargets A, B; brx.idx %r9, t;")), 4);
    assert_eq!(live(&arms("t: .branchtargets B; brx.idx %r9, t;")), 3);
}

#[test]
fn blocks_have_their_own_names() {
    let text = "mov.u32 %r1, 1;
        { .reg .b64 %r<4>; mov.u64 %r1, 2; bra L; L: st.u64 [0], %r1; }
        { .reg .b64 %r<4>; mov.u64 %r1, 2; bra L; L: st.u64 [0], %r1; }
        st.u32 [0], %r1;";
    assert_eq!(live(text), 3);
    // %r99 is past the end of the range, %r01 is another name.
    assert_eq!(live("st.u32 [%r99], %r01;"), 0);
}

#[test]
fn bounds() {
    let many = (0..90).fold(String::new(), |text, it| text + &format!("mov.u64 %d{it}, {it};"));
    let read = (0..90).fold(String::new(), |text, it| text + &format!("st.u64 [0], %d{it};"));
    let kernel = |directive: &str, count: usize| {
        let declared = ".reg .b64 %d<99>; .reg .b64 %e<99>;";
        let text = (many.clone() + &many.replace("%d", "%e")).repeat(count);
        let text = text + &read + &read.replace("%d", "%e");
        registers(&function(&format!(".entry f() {directive} {{ {declared} {text} }}")))
    };
    assert_eq!(kernel("", 1), MAX_REGISTERS);
    assert_eq!(kernel(".maxnreg 64", 1), 64);
    assert_eq!(live(&(many + &read)), 180);
    assert_eq!(registers(&function(".extern .func g;")), 0);
}

#[test]
fn callees_add_to_what_is_live_across_the_call() {
    let text = ".func leaf() { .reg .b64 %d<9>; mov.u64 %d1, 1; mov.u64 %d2, 2;
            st.u64 [%d1], %d2; ret; }
        .func (.reg .u32 %o) middle(.reg .u32 %i) { call leaf; add.s32 %o, %i, 1; ret; }
        .entry f() { .reg .b32 %r<9>; mov.u32 %r1, 1; mov.u32 %r2, 2;
            call (%r3), middle, (%r2); st.u32 [0], %r1; st.u32 [0], %r3; }
        .entry flat() { .reg .b32 %r<9>; mov.u32 %r1, 1; st.u32 [0], %r1; call leaf; }
        .func around() { .reg .b64 %d<9>; mov.u64 %d1, 1; call around; st.u64 [0], %d1; }
        .entry loops() { .reg .b32 %r<9>; mov.u32 %r1, 1; call around; st.u32 [0], %r1; }
        .entry through() { .reg .b64 %d<9>; mov.u64 %d1, 1; call %d1, (), p; }";
    let module = module(text);
    let need = |kernel| with_callees(&module, kernel) - RESERVED;
    assert_eq!(need("leaf"), 4);
    // One parameter is live across the call of a leaf that needs four.
    assert_eq!(need("middle"), 5);
    assert_eq!(need("f"), 6);
    assert_eq!(need("flat"), 4);
    assert_eq!(need("loops"), 3);
    assert_eq!(need("through"), 4);
    assert_eq!(with_callees(&module, "absent"), 0);
}
