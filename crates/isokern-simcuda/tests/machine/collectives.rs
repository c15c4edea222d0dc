//! What lanes of a warp do together.

use super::launch::{STORE, Shape, kernel, words};

const FULL: u32 = u32::MAX;

/// Returns a shuffle of the lanes' indexes: what each lane is given, plus 100 where it was in
/// range.
fn shuffled(mode: &str, lane: u32, control: u32) -> Vec<u32> {
    let body = format!(
        "shfl.sync.{mode}.b32 %r1|%p1, %r0, {lane}, {control}, {FULL};\n\
         @%p1 add.u32 %r1, %r1, 100;\n{STORE}"
    );
    words(&kernel("", &body), Shape::new(1, 32), 32)
}

#[test]
fn shuffles_over_a_whole_warp() {
    let down: Vec<u32> = (0..32).map(|i| if i + 3 < 32 { i + 103 } else { i }).collect();
    assert_eq!(shuffled("down", 3, 0x1F), down);
    let up: Vec<u32> = (0..32).map(|i| if i >= 5 { i + 95 } else { i }).collect();
    assert_eq!(shuffled("up", 5, 0), up);
    let across: Vec<u32> = (0..32).map(|i: u32| (i ^ 9) + 100).collect();
    assert_eq!(shuffled("bfly", 9, 0x1F), across);
    assert_eq!(shuffled("idx", 17, 0x1F), [117; 32]);
    assert_eq!(shuffled("idx", 17 + 32, 0x1F), [117; 32], "five bits of the index count");
}

#[test]
fn shuffles_in_segments_of_eight_lanes() {
    // The segment mask keeps the two high bits; C++ `__shfl_*_sync(..., 8)` uses these numbers.
    let control = 0x1807;
    let down: Vec<u32> = (0..32).map(|i| if i % 8 + 3 < 8 { i + 103 } else { i }).collect();
    assert_eq!(shuffled("down", 3, 0x1F & control | control & 0x1F00), down);
    let up: Vec<u32> = (0..32).map(|i| if i % 8 >= 3 { i + 97 } else { i }).collect();
    assert_eq!(shuffled("up", 3, 0x1800), up);
    let index: Vec<u32> = (0..32).map(|i| i / 8 * 8 + 5 + 100).collect();
    assert_eq!(shuffled("idx", 13, control), index, "lane 13 of a segment of 8 is lane 5");
    let across: Vec<u32> = (0..32).map(|i: u32| (i ^ 4) + 100).collect();
    assert_eq!(shuffled("bfly", 4, control), across);
    let far: Vec<u32> = (0..32).map(|i: u32| if i < i ^ 8 { i } else { (i ^ 8) + 100 }).collect();
    assert_eq!(shuffled("bfly", 8, control), far, "a lane above the segment is out of range");
}

#[test]
fn shuffles_with_a_lane_of_its_own_for_each() {
    let body =
        format!("sub.u32 %r2, 31, %r0;\nshfl.sync.idx.b32 %r1, %r0, %r2, 31, {FULL};\n{STORE}");
    let expected: Vec<u32> = (0..32).rev().collect();
    assert_eq!(words(&kernel("", &body), Shape::new(1, 32), 32), expected);
}

#[test]
fn halves_of_a_warp_shuffle_apart() {
    // Each half names itself, at the same instruction.
    let body = format!(
        "setp.lt.u32 %p1, %r0, 16;\nselp.b32 %r2, 0xFFFF, 0xFFFF0000, %p1;\n\
         shfl.sync.down.b32 %r1, %r0, 1, 0x100F, %r2;\n{STORE}"
    );
    let expected: Vec<u32> = (0..32).map(|i| if i % 16 == 15 { i } else { i + 1 }).collect();
    assert_eq!(words(&kernel("", &body), Shape::new(1, 32), 32), expected);
}

#[test]
fn a_lane_that_comes_late_is_waited_for() {
    // Lane 0 goes round a loop before it reaches the shuffle.
    let body = format!(
        "mov.u32 %r2, 0;\nsetp.ne.u32 %p1, %r0, 0;\n@%p1 bra S;\n\
         LOOP:\nadd.u32 %r2, %r2, 1;\nsetp.lt.u32 %p2, %r2, 50;\n@%p2 bra LOOP;\n\
         S:\nshfl.sync.idx.b32 %r1, %r2, 0, 31, {FULL};\n{STORE}"
    );
    assert_eq!(words(&kernel("", &body), Shape::new(1, 32), 32), [50; 32]);
}

#[test]
fn votes_and_ballots() {
    let body = format!(
        "setp.lt.u32 %p1, %r0, 3;\nvote.sync.all.pred %p2, %p1, {FULL};\n\
         vote.sync.any.pred %p3, %p1, {FULL};\nvote.sync.uni.pred %p4, %p1, {FULL};\n\
         vote.sync.ballot.b32 %r1, !%p1, {FULL};\nnot.b32 %r1, %r1;\n\
         @%p2 add.u32 %r1, %r1, 100;\n@%p3 add.u32 %r1, %r1, 1000;\n@%p4 add.u32 %r1, %r1, 5000;\n\
         {STORE}"
    );
    assert_eq!(words(&kernel("", &body), Shape::new(1, 32), 32), [1007; 32]);
    // Three lanes alone: all of those there agree. Those that are not there count for no ballot.
    let alone = body.replace("4294967295", "7");
    assert_eq!(words(&kernel("", &alone), Shape::new(1, 3), 3), [u32::MAX.wrapping_add(6100); 3]);
}

#[test]
fn matches_reductions_and_elections() {
    let body = format!(
        "rem.u32 %r2, %r0, 3;\nmatch.any.sync.b32 %r3, %r2, {FULL};\n\
         match.all.sync.b32 %r4|%p1, %r2, {FULL};\nmov.u64 %rd1, 5;\n\
         match.all.sync.b64 %r5|%p2, %rd1, {FULL};\nadd.u32 %r6, %r0, 1;\n\
         redux.sync.add.u32 %r7, %r6, {FULL};\nsub.s32 %r8, %r0, 10;\n\
         redux.sync.min.s32 %r9, %r8, {FULL};\nredux.sync.max.u32 %r10, %r8, {FULL};\n\
         redux.sync.xor.b32 %r11, %r6, {FULL};\nelect.sync _|%p3, {FULL};\n\
         popc.b32 %r1, %r3;\nadd.u32 %r1, %r1, %r4;\n@%p1 add.u32 %r1, %r1, 100000;\n\
         @!%p2 add.u32 %r1, %r1, 100000;\nsetp.ne.u32 %p4, %r5, {FULL};\n\
         @%p4 add.u32 %r1, %r1, 100000;\nmad.lo.u32 %r1, %r7, 100, %r1;\n\
         add.u32 %r9, %r9, 10;\nadd.u32 %r1, %r1, %r9;\nadd.u32 %r10, %r10, 1;\n\
         add.u32 %r1, %r1, %r10;\nadd.u32 %r1, %r1, %r11;\n@%p3 add.u32 %r1, %r1, 1000000;\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(1, 32), 32);
    // 11 lanes have 0 and 1, ten have 2; 1 + ... + 32 = 528; the xor of those is 32.
    let expected: Vec<u32> = (0..32)
        .map(|i| if i % 3 == 2 { 10 } else { 11 } + 52_800 + 32 + u32::from(i == 0) * 1_000_000)
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_warp_barrier_orders_lanes_that_went_apart() {
    let body = format!(
        ".shared .align 4 .b8 words[128];\nshl.b32 %r2, %r0, 2;\nmov.u32 %r3, words;\n\
         add.u32 %r4, %r3, %r2;\nand.b32 %r5, %r0, 1;\nsetp.eq.u32 %p1, %r5, 0;\n@%p1 bra E;\n\
         st.shared.u32 [%r4], 3;\nbra J;\nE:\nst.shared.u32 [%r4], 4;\nJ:\n\
         bar.warp.sync {FULL};\nxor.b32 %r6, %r2, 4;\nadd.u32 %r6, %r3, %r6;\n\
         ld.shared.u32 %r1, [%r6];\n{STORE}"
    );
    let expected: Vec<u32> = (0..32).map(|i| if i % 2 == 0 { 3 } else { 4 }).collect();
    assert_eq!(words(&kernel("", &body), Shape::new(1, 32), 32), expected);
}
