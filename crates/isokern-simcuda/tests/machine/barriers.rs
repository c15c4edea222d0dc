//! Barriers of a block.

use super::launch::{STORE, Shape, kernel, words};

/// Lets every thread read what its mirror in the block wrote before the barrier.
fn mirrored(barrier: &str, threads: u32) -> Vec<u32> {
    let body = format!(
        ".shared .align 4 .b8 words[4096];\nshl.b32 %r2, %r0, 2;\nmov.u32 %r3, words;\n\
         add.u32 %r4, %r3, %r2;\nst.shared.u32 [%r4], %r0;\n{barrier}\n\
         sub.u32 %r5, {last}, %r0;\nshl.b32 %r5, %r5, 2;\nadd.u32 %r5, %r3, %r5;\n\
         ld.shared.u32 %r1, [%r5];\n{STORE}",
        last = threads - 1
    );
    words(&kernel("", &body), Shape::new(1, threads), threads as usize)
}

#[test]
fn every_form_of_barrier_lets_all_see_what_all_wrote() {
    let forms = [
        "bar.sync 0;",
        "bar.sync 3, 256;",
        "barrier.sync 0;",
        "barrier.sync.aligned 1;",
        "barrier.cta.sync 2, 256;",
        "mov.u32 %r9, 15;\nbarrier.cta.sync.aligned %r9;",
    ];
    let expected: Vec<u32> = (0..256).rev().collect();
    for form in forms {
        assert_eq!(mirrored(form, 256), expected, "{form}");
    }
}

#[test]
fn a_block_that_is_no_multiple_of_a_warp_has_barriers_too() {
    for threads in [1, 31, 33, 1000] {
        let expected: Vec<u32> = (0..threads).rev().collect();
        assert_eq!(mirrored("bar.sync 0;", threads), expected);
        assert_eq!(mirrored("barrier.sync 0;", threads), expected);
    }
}

#[test]
fn threads_that_have_ended_are_not_waited_for() {
    let body =
        format!("setp.ge.u32 %p1, %r0, 40;\n@%p1 exit;\nbarrier.sync 0;\nmov.u32 %r1, 5;\n{STORE}");
    assert_eq!(words(&kernel("", &body), Shape::new(1, 96), 96)[..41], {
        let mut expected = [5; 41];
        expected[40] = 0;
        expected
    });
}

#[test]
fn an_aligned_barrier_does_not_wait_for_lanes_that_end_behind_it() {
    // The lanes that leave do so at the end of the text, after the others have arrived.
    let body = format!(
        "mov.u32 %r1, 0;\nsetp.ge.u32 %p1, %r0, 20;\n@%p1 bra END;\nbar.sync 0;\nmov.u32 %r1, 5;\n\
         shfl.sync.idx.b32 %r1, %r1, 0, 31, 0xFFFFF;\n{STORE}END:"
    );
    let found = words(&kernel("", &body), Shape::new(1, 32), 32);
    assert!(found[..20].iter().all(|word| *word == 5) && found[20..].iter().all(|word| *word == 0));
}

#[test]
fn a_plain_barrier_takes_lanes_of_a_warp_one_after_the_other() {
    let body = format!(
        "setp.lt.u32 %p1, %r0, 5;\n@%p1 bra LOW;\nbarrier.sync 0;\nmov.u32 %r1, 1;\nbra J;\n\
         LOW:\nbarrier.sync 0;\nmov.u32 %r1, 2;\nJ:\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(1, 64), 64);
    assert!(found[..5].iter().all(|word| *word == 2) && found[5..].iter().all(|word| *word == 1));
}

#[test]
fn an_aligned_barrier_waits_until_the_warp_is_whole() {
    // The lanes part before it, each way takes its time, and they meet there.
    let body = format!(
        "and.b32 %r2, %r0, 3;\nmov.u32 %r1, 0;\nLOOP:\nsetp.ge.u32 %p1, %r1, %r2;\n@%p1 bra OUT;\n\
         add.u32 %r1, %r1, 1;\nbra LOOP;\nOUT:\nbar.sync 0;\n{STORE}"
    );
    let expected: Vec<u32> = (0..64).map(|thread| thread & 3).collect();
    assert_eq!(words(&kernel("", &body), Shape::new(1, 64), 64), expected);
}

#[test]
fn producers_arrive_and_consumers_wait() {
    // Warp 0 consumes what warp 1 wrote; warp 1 does not wait.
    let body = format!(
        ".shared .align 4 .b8 words[256];\nshl.b32 %r2, %r0, 2;\nmov.u32 %r3, words;\n\
         add.u32 %r3, %r3, %r2;\nsetp.lt.u32 %p1, %r0, 32;\n@%p1 bra CONSUME;\n\
         add.u32 %r4, %r0, 500;\nst.shared.u32 [%r3], %r4;\nbar.arrive 1, 64;\nmov.u32 %r1, 1;\n\
         bra J;\nCONSUME:\nbar.sync 1, 64;\nld.shared.u32 %r1, [%r3+128];\nJ:\n{STORE}"
    );
    let found = words(&kernel("", &body), Shape::new(1, 64), 64);
    assert_eq!(found[..32], (532..564).collect::<Vec<u32>>());
    assert!(found[32..].iter().all(|word| *word == 1));
}

#[test]
fn a_barrier_reduces_over_all_threads() {
    let body = format!(
        "setp.lt.u32 %p1, %r0, 37;\nbar.red.popc.u32 %r2, 0, %p1;\nbar.red.and.pred %p2, 0, %p1;\n\
         bar.red.or.pred %p3, 0, !%p1;\nbarrier.cta.red.or.aligned.pred %p4, 1, %p1;\n\
         mov.u32 %r1, %r2;\n@%p2 add.u32 %r1, %r1, 1000;\n@%p3 add.u32 %r1, %r1, 2000;\n\
         @%p4 add.u32 %r1, %r1, 4000;\n{STORE}"
    );
    assert_eq!(words(&kernel("", &body), Shape::new(1, 70), 70), [6037; 70]);
    assert_eq!(words(&kernel("", &body), Shape::new(1, 30), 30), [5030; 30]);
}

#[test]
fn a_barrier_in_a_loop_is_used_again_and_again() {
    // Each round every thread adds its left neighbour's value of the round before.
    let body = format!(
        ".shared .align 4 .b8 words[256];\nshl.b32 %r2, %r0, 2;\nmov.u32 %r3, words;\n\
         add.u32 %r4, %r3, %r2;\nadd.u32 %r5, %r0, 63;\nand.b32 %r5, %r5, 63;\n\
         shl.b32 %r5, %r5, 2;\n\
         add.u32 %r5, %r3, %r5;\nmov.u32 %r1, %r0;\nmov.u32 %r6, 0;\n\
         LOOP:\nst.shared.u32 [%r4], %r1;\nbar.sync 0;\nld.shared.u32 %r1, [%r5];\nbar.sync 0;\n\
         add.u32 %r6, %r6, 1;\nsetp.lt.u32 %p1, %r6, 10;\n@%p1 bra LOOP;\n{STORE}"
    );
    let expected: Vec<u32> = (0..64).map(|thread| (thread + 54) % 64).collect();
    assert_eq!(words(&kernel("", &body), Shape::new(1, 64), 64), expected);
}
