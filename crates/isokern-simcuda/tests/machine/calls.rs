//! Calls: parameters, results, recursion, addresses of functions, local memory.

use super::launch::{STORE, Shape, kernel, words};

const ADD: &str = ".func (.param .b32 sum) add2(.param .b32 a, .param .b32 b)\n{\n\
    .reg .b32 %r<4>;\nld.param.b32 %r1, [a];\nld.param.b32 %r2, [b];\nadd.s32 %r3, %r1, %r2;\n\
    st.param.b32 [sum], %r3;\nret;\n}\n";

#[test]
fn a_call_hands_over_and_brings_back() {
    let body = format!(
        "{{\n.param .b32 x;\nst.param.b32 [x], %r0;\n.param .b32 y;\nst.param.b32 [y], 100;\n\
         .param .b32 z;\ncall.uni (z), add2, (x, y);\nld.param.b32 %r1, [z];\n}}\n{STORE}"
    );
    let found = words(&kernel(ADD, &body), Shape::new(1, 40), 40);
    assert_eq!(found, (100..140).collect::<Vec<u32>>());
}

#[test]
fn a_call_under_a_guard_leaves_the_other_lanes_alone() {
    let body = format!(
        "mov.u32 %r1, 1;\nsetp.lt.u32 %p1, %r0, 2;\n.param .b32 x;\n.param .b32 y;\n\
         .param .b32 z;\nst.param.b32 [x], %r0;\nst.param.b32 [y], 50;\n\
         @%p1 call (z), add2, (x, y);\n@%p1 ld.param.b32 %r1, [z];\n{STORE}"
    );
    assert_eq!(words(&kernel(ADD, &body), Shape::new(1, 4), 4), [50, 51, 1, 1]);
}

#[test]
fn a_function_may_call_itself() {
    // The sum 1 + ... + n, in frames of their own.
    let sum = ".func (.param .b32 s) sum(.param .b32 n)\n{\n.reg .pred %p<2>;\n.reg .b32 %r<5>;\n\
        ld.param.b32 %r1, [n];\nsetp.eq.s32 %p1, %r1, 0;\n@%p1 bra ZERO;\n\
        add.s32 %r2, %r1, -1;\n{\n.param .b32 a;\n.param .b32 b;\nst.param.b32 [a], %r2;\n\
        call.uni (b), sum, (a);\nld.param.b32 %r3, [b];\n}\nadd.s32 %r4, %r1, %r3;\n\
        st.param.b32 [s], %r4;\nret;\nZERO:\nst.param.b32 [s], 0;\nret;\n}\n";
    let body = format!(
        "{{\n.param .b32 x;\n.param .b32 z;\nst.param.b32 [x], %r0;\ncall.uni (z), sum, (x);\n\
         ld.param.b32 %r1, [z];\n}}\nactivemask.b32 %r2;\nsetp.ne.u32 %p1, %r2, 0x3FF;\n\
         @%p1 add.u32 %r1, %r1, 1000;\n{STORE}"
    );
    let found = words(&kernel(sum, &body), Shape::new(1, 10), 10);
    assert_eq!(found, [0, 1, 3, 6, 10, 15, 21, 28, 36, 45], "and the lanes meet after the call");
}

#[test]
fn a_call_through_an_address_takes_each_lanes_function() {
    let functions = ".func (.param .b32 r) one(.param .b32 a)\n{\n.reg .b32 %r<3>;\n\
        ld.param.b32 %r1, [a];\nadd.s32 %r2, %r1, 1;\nst.param.b32 [r], %r2;\nret;\n}\n\
        .func (.param .b32 r) ten(.param .b32 a)\n{\n.reg .b32 %r<3>;\n\
        ld.param.b32 %r1, [a];\nmul.lo.s32 %r2, %r1, 10;\nst.param.b32 [r], %r2;\nret;\n}\n";
    let body = format!(
        "and.b32 %r2, %r0, 1;\nsetp.eq.u32 %p1, %r2, 0;\nmov.u64 %rd1, one;\nmov.u64 %rd2, ten;\n\
         selp.b64 %rd3, %rd1, %rd2, %p1;\n\
         {{\n.param .b32 x;\n.param .b32 z;\nst.param.b32 [x], %r0;\n\
         P: .callprototype (.param .b32 _) _ (.param .b32 _);\n\
         call (z), %rd3, (x), P;\nld.param.b32 %r1, [z];\n}}\n{STORE}"
    );
    assert_eq!(words(&kernel(functions, &body), Shape::new(1, 6), 6), [1, 10, 3, 30, 5, 50]);
}

#[test]
fn structures_go_by_value_and_are_the_callees_own() {
    let function = ".func (.param .b64 r) swap(.param .align 8 .b8 s[16])\n{\n.reg .b32 %r<4>;\n\
        .reg .b64 %rd<3>;\nld.param.b32 %r1, [s];\nld.param.b32 %r2, [s+12];\n\
        st.param.b32 [s], 77;\nst.param.b32 [r], %r2;\nst.param.b32 [r+4], %r1;\nret;\n}\n";
    let body = format!(
        "{{\n.param .align 8 .b8 s[16];\n.param .b64 z;\nst.param.b32 [s], %r0;\n\
         st.param.v2.b32 [s+8], {{%r0, 5}};\ncall.uni (z), swap, (s);\n\
         ld.param.b32 %r2, [z];\nld.param.b32 %r3, [z+4];\nld.param.b32 %r4, [s];\n\
         mul.lo.s32 %r1, %r2, 100;\nmad.lo.s32 %r1, %r3, 10, %r1;\nadd.s32 %r1, %r1, %r4;\n}}\n\
         {STORE}"
    );
    assert_eq!(words(&kernel(function, &body), Shape::new(1, 3), 3), [500, 511, 522]);
}

#[test]
fn local_memory_is_a_threads_own_and_grows_with_calls() {
    let function = ".func bump(.param .b64 p)\n{\n.local .align 4 .b8 own[64];\n.reg .b32 %r<3>;\n\
        .reg .b64 %rd<4>;\nld.param.b64 %rd1, [p];\nld.u32 %r1, [%rd1];\nmov.u64 %rd2, own;\n\
        cvta.local.u64 %rd2, %rd2;\nst.u32 [%rd2+60], %r1;\nld.local.u32 %r2, [own+60];\n\
        add.s32 %r2, %r2, 1;\nst.u32 [%rd1], %r2;\nret;\n}\n";
    let body = format!(
        ".local .align 4 .b8 mine[8];\nmov.u64 %rd1, mine;\ncvta.local.u64 %rd2, %rd1;\n\
         st.local.u32 [%rd1+4], %r0;\nadd.u64 %rd3, %rd2, 4;\n\
         {{\n.param .b64 x;\nst.param.b64 [x], %rd3;\ncall.uni bump, (x);\n}}\n\
         ld.local.u32 %r1, [mine+4];\n{STORE}"
    );
    let found = words(&kernel(function, &body), Shape::new(1, 40), 40);
    assert_eq!(found, (1..41).collect::<Vec<u32>>());
}
