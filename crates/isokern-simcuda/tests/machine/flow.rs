//! Branches: lanes part, run their own ways, and meet again.

use super::launch::{STORE, Shape, kernel, words};

#[test]
fn lanes_take_their_own_branch_and_meet_again() {
    let body = format!(
        "and.b32 %r2, %r0, 1;\nsetp.eq.u32 %p1, %r2, 0;\n@%p1 bra EVEN;\n\
         mov.u32 %r1, 7;\nbra JOIN;\nEVEN:\nmov.u32 %r1, 9;\nJOIN:\n\
         activemask.b32 %r3;\npopc.b32 %r3, %r3;\nmad.lo.u32 %r1, %r3, 100, %r1;\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(1, 32), 32);
    let expected: Vec<u32> = (0..32).map(|i| 3200 + if i % 2 == 0 { 9 } else { 7 }).collect();
    assert_eq!(found, expected, "all 32 lanes run together after the join");
}

#[test]
fn a_loop_runs_as_often_as_each_lane_needs() {
    let body = format!(
        "mov.u32 %r1, 0;\nmov.u32 %r2, 0;\nLOOP:\nsetp.gt.u32 %p1, %r2, %r0;\n@%p1 bra DONE;\n\
         add.u32 %r1, %r1, %r2;\nadd.u32 %r2, %r2, 1;\nbra LOOP;\nDONE:\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(1, 50), 50);
    let expected: Vec<u32> = (0..50).map(|i| i * (i + 1) / 2).collect();
    assert_eq!(found, expected);
}

#[test]
fn nested_branches_run_every_way_once() {
    // Lane i takes the way of its two low bits; each way adds its own number once.
    let body = format!(
        "mov.u32 %r1, 0;\nand.b32 %r2, %r0, 1;\nand.b32 %r3, %r0, 2;\n\
         setp.ne.u32 %p1, %r2, 0;\nsetp.ne.u32 %p2, %r3, 0;\n\
         @%p1 bra A;\n@%p2 bra B;\nadd.u32 %r1, %r1, 1;\nbra J;\n\
         B:\nadd.u32 %r1, %r1, 10;\nbra J;\n\
         A:\n@%p2 bra C;\nadd.u32 %r1, %r1, 100;\nbra J;\n\
         C:\nadd.u32 %r1, %r1, 1000;\nJ:\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(1, 64), 64);
    let ways = [1, 100, 10, 1000];
    let expected: Vec<u32> = (0..64).map(|i| ways[i % 4]).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_guard_that_does_not_hold_skips_one_instruction() {
    let body = format!(
        "setp.lt.u32 %p1, %r0, 3;\nmov.u32 %r1, 5;\n@%p1 mov.u32 %r1, 6;\n\
         @!%p1 add.u32 %r1, %r1, 10;\n{STORE}"
    );
    assert_eq!(words(&kernel("", &body), Shape::new(1, 5), 5), [6, 6, 6, 15, 15]);
}

#[test]
fn a_table_of_branches_takes_the_index_of_each_lane() {
    let body = format!(
        "rem.u32 %r2, %r0, 3;\nT: .branchtargets A, B, C;\nbrx.idx %r2, T;\n\
         A:\nmov.u32 %r1, 11;\nbra.uni J;\nB:\nmov.u32 %r1, 22;\nbra.uni J;\n\
         C:\nmov.u32 %r1, 33;\nJ:\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(1, 7), 7);
    assert_eq!(found, [11, 22, 33, 11, 22, 33, 11]);
}

#[test]
fn a_table_of_branches_takes_a_whole_warp_along() {
    let body = format!(
        "mov.u32 %r2, %ctaid.x;\nmov.u32 %r1, 1;\nT: .branchtargets A, B;\nbrx.idx %r2, T;\n\
         A:\nadd.u32 %r1, %r1, 10;\nadd.u32 %r1, %r1, 100;\nbra.uni J;\n\
         B:\nadd.u32 %r1, %r1, 20;\nadd.u32 %r1, %r1, 200;\nJ:\n\
         mad.lo.u32 %r0, %r2, 32, %r0;\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(2, 32), 64);
    assert_eq!(found, [[111; 32], [221; 32]].concat());
}

#[test]
fn a_lane_that_spins_lets_the_lane_run_that_it_waits_for() {
    // Lane 0 is at the lower instruction and waits for lane 1.
    let body = format!(
        "setp.ne.u32 %p1, %r0, 0;\n@%p1 bra WRITE;\n\
         SPIN:\nld.volatile.global.u32 %r2, [%rd0+252];\nsetp.eq.u32 %p2, %r2, 0;\n@%p2 bra SPIN;\n\
         bra JOIN;\nWRITE:\nst.volatile.global.u32 [%rd0+252], 1;\nJOIN:\nmov.u32 %r1, 4;\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(1, 2), 64);
    assert_eq!((found[0], found[1], found[63]), (4, 4, 1));
}

#[test]
fn threads_that_exit_early_leave_the_others_running() {
    let body = format!("setp.gt.u32 %p1, %r0, 9;\n@%p1 exit;\nmov.u32 %r1, 3;\n{STORE}");
    let found = words(&kernel("", &body), Shape::new(1, 40), 40);
    let expected: Vec<u32> = (0..40).map(|i| if i > 9 { 0 } else { 3 }).collect();
    assert_eq!(found, expected);
}

#[test]
fn special_registers_tell_where_a_thread_is() {
    // 6 threads of a 3 x 2 block would need two dimensions: the shape here is linear, so y is 0.
    let body = format!(
        "mov.u32 %r2, %ctaid.x;\nmov.u32 %r3, %ntid.x;\nmad.lo.u32 %r4, %r2, %r3, %r0;\n\
         mov.u32 %r5, %nctaid.x;\nmov.u32 %r6, %tid.y;\nmov.u32 %r7, %laneid;\n\
         mad.lo.u32 %r1, %r5, 1000, %r7;\nadd.u32 %r1, %r1, %r6;\nmov.u32 %r0, %r4;\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(3, 40), 120);
    let expected: Vec<u32> = (0..120).map(|i| 3000 + i % 40 % 32).collect();
    assert_eq!(found, expected);
}

#[test]
fn lane_masks_are_relative_to_the_own_lane() {
    let body = format!(
        "mov.u32 %r2, %lanemask_lt;\nmov.u32 %r3, %lanemask_ge;\nmov.u32 %r4, %lanemask_eq;\n\
         mov.u32 %r5, %lanemask_le;\nmov.u32 %r6, %lanemask_gt;\n\
         not.b32 %r3, %r3;\nxor.b32 %r2, %r2, %r3;\nnot.b32 %r6, %r6;\nxor.b32 %r5, %r5, %r6;\n\
         or.b32 %r1, %r2, %r5;\nor.b32 %r1, %r1, %r4;\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(1, 32), 32);
    let expected: Vec<u32> = (0..32).map(|lane| 1 << lane).collect();
    assert_eq!(found, expected);
}
