//! Runs by seed: the same seed is the same run, and a missing order shows.

use std::sync::Arc;

use isokern_simcuda::memory::Kind;
use isokern_simcuda::replay::Replay;

use super::launch::{Device, Shape, kernel};

/// Block 0 writes a payload and then a flag, with `publish` in between; block 1 waits for the flag
/// and writes down what it finds: word 2 of `out` is 1 for a payload that was not there yet.
fn hand_off(publish: &str) -> String {
    let body = format!(
        "mov.u32 %r1, %ctaid.x;\nsetp.eq.u32 %p1, %r1, 0;\n@!%p1 bra READ;\n\
         st.global.u32 [%rd0], 77;\n{publish}\nret;\n\
         READ:\nld.acquire.gpu.global.u32 %r2, [%rd0+4];\nsetp.eq.u32 %p2, %r2, 0;\n\
         @%p2 bra READ;\n\
         ld.global.u32 %r3, [%rd0];\nsetp.ne.u32 %p3, %r3, 77;\nselp.u32 %r4, 1, 0, %p3;\n\
         st.global.u32 [%rd0+8], %r4;"
    );
    kernel("", &body)
}

const RELEASE: &str = "st.release.gpu.global.u32 [%rd0+4], 1;";
const FENCE: &str = "fence.acq_rel.gpu;\nst.relaxed.gpu.global.u32 [%rd0+4], 1;";
const NOTHING: &str = "st.relaxed.gpu.global.u32 [%rd0+4], 1;";
const TOO_NEAR: &str = "fence.acq_rel.cta;\nst.relaxed.gpu.global.u32 [%rd0+4], 1;";

/// Returns how many of the seeds show the payload missing.
fn violations(publish: &str, seeds: u64) -> u64 {
    let device = Device::new(&hand_off(publish));
    let count = (0..seeds).filter(|seed| {
        let out = device.memory.allocate(12, Kind::Module).unwrap();
        let mut replay = Replay::new(&device.memory, *seed);
        replay.launch(&device.program, device.launch(Shape::new(2, 1), out));
        assert!(replay.finish(1_000_000).unwrap(), "seed {seed} does not end");
        let missing = device.words(out, 3)[2] == 1;
        device.memory.free(out, &[Kind::Module]).unwrap();
        missing
    });
    count.count() as u64
}

#[test]
fn ordered_hand_offs_hold_for_every_seed() {
    assert_eq!(violations(RELEASE, 300), 0);
    assert_eq!(violations(FENCE, 300), 0);
}

#[test]
fn a_missing_or_too_near_fence_shows_for_some_seeds() {
    let (missing, near) = (violations(NOTHING, 300), violations(TOO_NEAR, 300));
    assert!(missing >= 10, "a dropped fence shows in {missing} of 300 runs");
    assert!(near >= 10, "a fence for the block alone shows in {near} of 300 runs");
}

/// Everything a run of four racing blocks leaves.
fn race(seed: u64) -> (Vec<u32>, u64) {
    let body = "mov.u32 %r1, %ctaid.x;\nshl.b32 %r2, %r1, 6;\nadd.u32 %r2, %r2, %r0;\n\
        st.global.u32 [%rd0], %r2;\natom.global.add.u32 %r3, [%rd0+4], 1;\n\
        mul.wide.u32 %rd1, %r3, 4;\nadd.u64 %rd1, %rd0, %rd1;\nst.global.u32 [%rd1+8], %r2;";
    let device = Device::new(&kernel("", body));
    let out = device.memory.allocate(4 * 258, Kind::Module).unwrap();
    let mut replay = Replay::new(&device.memory, seed);
    replay.launch(&device.program, device.launch(Shape::new(4, 64), out));
    assert!(replay.finish(1_000_000).unwrap());
    (device.words(out, 258), replay.now_ns())
}

#[test]
fn a_seed_is_the_same_run_every_time_and_seeds_differ() {
    let runs: Vec<_> = (0..20).map(race).collect();
    let again: Vec<_> = (0..20).map(race).collect();
    assert_eq!(runs, again);
    let mut orders: Vec<_> = runs.iter().map(|(words, _)| words[2..].to_vec()).collect();
    orders.sort();
    orders.dedup();
    assert!(orders.len() >= 15, "20 seeds give {} orders", orders.len());
    for (words, _) in &runs {
        assert_eq!(words[1], 256, "no count is lost");
        let mut tickets = words[2..].to_vec();
        tickets.sort_unstable();
        assert_eq!(tickets, (0..256).collect::<Vec<u32>>());
    }
}

#[test]
fn a_threads_own_stores_are_seen_by_it_at_once() {
    let body = "mov.u32 %r5, 0;\nmov.u32 %r4, 0;\n\
        LOOP:\nst.global.u32 [%rd0], %r4;\nst.global.u8 [%rd0+1], 9;\nld.global.u32 %r1, [%rd0];\n\
        and.b32 %r2, %r4, 0xFFFF00FF;\nor.b32 %r2, %r2, 0x900;\nsetp.ne.u32 %p1, %r1, %r2;\n\
        @%p1 add.u32 %r5, %r5, 1;\nadd.u32 %r4, %r4, 0x1111;\nsetp.lt.u32 %p2, %r4, 0x100000;\n\
        @%p2 bra LOOP;\nst.global.u32 [%rd0+4], %r5;";
    let device = Device::new(&kernel("", body));
    for seed in 0..20 {
        let out = device.memory.allocate(8, Kind::Module).unwrap();
        let mut replay = Replay::new(&device.memory, seed);
        replay.launch(&device.program, device.launch(Shape::new(1, 1), out));
        assert!(replay.finish(1_000_000).unwrap());
        assert_eq!(device.words(out, 2)[1], 0, "seed {seed}");
    }
}

#[test]
fn barriers_order_shared_memory_within_a_block() {
    // Without the barrier a mirror word is sometimes not there yet. The last warp has one thread,
    // so a barrier that is one short shows too.
    let wrong = |barrier: &str, seed: u64| {
        let body = format!(
            ".shared .align 4 .b8 s[260];\nshl.b32 %r2, %r0, 2;\nmov.u32 %r3, s;\n\
             add.u32 %r4, %r3, %r2;\nadd.u32 %r5, %r0, 1000;\nst.shared.u32 [%r4], %r5;\n\
             {barrier}\n\
             sub.u32 %r6, 64, %r0;\nshl.b32 %r7, %r6, 2;\nadd.u32 %r7, %r3, %r7;\n\
             ld.shared.u32 %r8, [%r7];\nadd.u32 %r6, %r6, 1000;\nsetp.ne.u32 %p1, %r8, %r6;\n\
             @%p1 red.global.add.u32 [%rd0], 1;"
        );
        let device = Device::new(&kernel("", &body));
        let out = device.memory.allocate(4, Kind::Module).unwrap();
        let mut replay = Replay::new(&device.memory, seed);
        replay.launch(&device.program, device.launch(Shape::new(1, 65), out));
        assert!(replay.finish(1_000_000).unwrap());
        device.words(out, 1)[0]
    };
    assert!((0..40).all(|seed| wrong("bar.sync 0;", seed) == 0));
    assert!((0..40).filter(|seed| wrong("", *seed) > 0).count() >= 20);
}

#[test]
fn the_host_takes_part_and_the_clock_is_virtual() {
    // The device echoes each word of the host, plus one, until it gets a zero.
    let body = "mov.u32 %r4, 0;\n\
        WAIT:\nld.acquire.sys.u32 %r1, [%rd0];\nsetp.eq.u32 %p1, %r1, %r4;\n@%p1 bra WAIT;\n\
        mov.u32 %r4, %r1;\nsetp.eq.u32 %p2, %r1, 0xFFFF;\n@%p2 bra END;\nadd.u32 %r2, %r1, 1;\n\
        st.u32 [%rd0+8], %r2;\nst.release.sys.u32 [%rd0+4], %r1;\nbra WAIT;\nEND:";
    let device = Device::new(&kernel("", body));
    let out = device.memory.allocate(12, Kind::Pinned).unwrap();
    device.memory.write(out, &[0; 12]).unwrap();
    let mut replay = Replay::new(&device.memory, 3);
    replay.launch(&device.program, device.launch(Shape::new(1, 1), out));
    let mut before = replay.now_ns();
    for word in 1..50 {
        replay.host_store(out, 4, word).unwrap();
        let mut tries = 0;
        while replay.host_load(out + 4, 4).unwrap() != word {
            tries += 1;
            assert!(tries < 10_000, "no answer to {word}");
        }
        assert_eq!(replay.host_load(out + 8, 4).unwrap(), word + 1);
        assert!(replay.now_ns() > before);
        before = replay.now_ns();
    }
    replay.host_store(out, 4, 0xFFFF).unwrap();
    assert!(replay.finish(100_000).unwrap());
    assert!(!replay.step(), "nothing is left");
    assert!(replay.counters().thread_instructions > 500);
}

#[test]
fn a_fault_ends_a_replay_with_its_report() {
    let device = Device::new(&kernel("", "st.global.u32 [%rd0+64], 1;"));
    let out = device.memory.allocate(64, Kind::Device).unwrap();
    let mut replay = Replay::new(&device.memory, 0);
    replay.launch(&device.program, device.launch(Shape::new(1, 1), out));
    let fault = replay.finish(1000).unwrap_err();
    assert_eq!(fault.kind.code(), 700);
    let memory = Arc::clone(&device.memory);
    assert!(memory.find(out).is_some());
}
