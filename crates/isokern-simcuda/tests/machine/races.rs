//! Races are found in every run that makes both accesses, whatever the values were.

use isokern_simcuda::memory::Kind;
use isokern_simcuda::replay::{Race, Replay};

use super::launch::{Device, Shape, kernel};

/// Returns the races of a run.
fn races(body: &str, shape: Shape, seed: u64) -> Vec<Race> {
    let device = Device::new(&kernel("", body));
    let out = device.memory.allocate(256, Kind::Module).unwrap();
    let mut replay = Replay::weak(&device.memory, seed).watching_races();
    replay.launch(&device.program, device.launch(shape, out));
    assert!(replay.finish(1_000_000).unwrap());
    replay.take_races()
}

/// Block 0 stores and says so, block 1 waits and reads.
fn hand_off(publish: &str, wait: &str) -> String {
    format!(
        "mov.u32 %r1, %ctaid.x;\nsetp.eq.u32 %p1, %r1, 0;\n@!%p1 bra READ;\n\
         st.global.u32 [%rd0], 77;\n{publish}.global.u32 [%rd0+64], 1;\nret;\n\
         READ:\n{wait}.global.u32 %r2, [%rd0+64];\nsetp.eq.u32 %p2, %r2, 0;\n@%p2 bra READ;\n\
         ld.global.u32 %r3, [%rd0];"
    )
}

#[test]
fn a_hand_off_races_in_every_seed_unless_both_sides_order_it() {
    for seed in 0..20 {
        let found = |publish, wait| races(&hand_off(publish, wait), Shape::new(2, 1), seed);
        assert_eq!(found("st.release.gpu", "ld.acquire.gpu"), []);
        for (publish, wait, count) in [
            ("st.relaxed.gpu", "ld.acquire.gpu", 1),
            ("st.release.gpu", "ld.relaxed.gpu", 1),
            // The flag itself races as well.
            ("st.release.cta", "ld.acquire.gpu", 2),
            ("st.release.gpu", "ld.acquire.cta", 2),
        ] {
            let found = found(publish, wait);
            assert_eq!(found.len(), count, "seed {seed}: {found:?}");
            let text = found[count - 1].to_string();
            assert!(text.contains("st.global.u32 [%rd0], 77;"), "{text}");
            assert!(text.contains("ld.global.u32 %r3, [%rd0];"), "{text}");
        }
    }
}

#[test]
fn a_plain_flag_is_a_race_and_a_relaxed_count_is_none() {
    let flag = races(&hand_off("st", "ld.acquire.gpu"), Shape::new(2, 1), 3);
    assert!(flag.iter().any(|race| race.to_string().contains("ld.acquire.gpu")), "{flag:?}");
    let count = "red.global.add.u32 [%rd0], 1;\nld.relaxed.gpu.global.u32 %r1, [%rd0];";
    assert_eq!(races(count, Shape::new(3, 64), 3), []);
}

#[test]
fn accesses_in_one_piece_race_where_a_scope_does_not_hold_the_other_thread() {
    let word = |store: &str, load: &str| {
        format!(
            "mov.u32 %r1, %ctaid.x;\nmov.u32 %r2, %tid.x;\nadd.u32 %r1, %r1, %r2;\n\
             setp.eq.u32 %p1, %r1, 0;\n@!%p1 bra READ;\n{store}.global.u32 [%rd0], 1;\nret;\n\
             READ:\n{load}.global.u32 %r3, [%rd0];"
        )
    };
    let (blocks, warps) = (Shape::new(2, 1), Shape::new(1, 64));
    for seed in 0..20 {
        for (store, load, far, near) in [
            ("st.relaxed.gpu", "ld.relaxed.gpu", 0, 0),
            ("st.relaxed.sys", "ld.acquire.gpu", 0, 0),
            ("st.relaxed.cta", "ld.relaxed.gpu", 1, 0),
            ("st.release.gpu", "ld.acquire.cta", 1, 0),
            ("st", "ld.relaxed.sys", 1, 1),
        ] {
            let found = |shape| races(&word(store, load), shape, seed).len();
            // A lane of the warp that stores is not compared; those of the other read as one pair.
            assert_eq!((found(blocks), found(warps)), (far, near), "seed {seed}: {store} {load}");
        }
    }
}

#[test]
fn a_missing_barrier_is_a_race_of_shared_memory_in_any_order() {
    let body = |barrier: &str| {
        format!(
            ".shared .align 4 .b8 s[512];\nshl.b32 %r2, %r0, 2;\nmov.u32 %r3, s;\n\
             add.u32 %r4, %r3, %r2;\nst.shared.u32 [%r4], %r0;\n{barrier}\n\
             xor.b32 %r2, %r2, 128;\nadd.u32 %r4, %r3, %r2;\nld.shared.u32 %r5, [%r4];"
        )
    };
    for seed in 0..20 {
        assert_eq!(races(&body("bar.sync 0;"), Shape::new(1, 128), seed), []);
        let found = races(&body(""), Shape::new(1, 128), seed);
        assert_eq!(found.len(), 1, "seed {seed}: {found:?}");
    }
}

#[test]
fn blocks_that_read_what_another_wrote_race_in_any_order() {
    let body = "mov.u32 %r1, %ctaid.x;\nsetp.ne.u32 %p0, %r1, 0;\n@%p0 bra READ;\n\
        st.global.u32 [%rd0+64], 7;\nret;\nREAD:\nld.global.u32 %r2, [%rd0+64];";
    for seed in 0..20 {
        assert!(!races(body, Shape::new(4, 1), seed).is_empty(), "seed {seed}");
    }
}

#[test]
fn the_host_races_with_plain_accesses_and_the_last_ones_are_told() {
    let body = |store: &str| {
        format!(
            "st.u32 [%rd0], 5;\n{store}.u32 [%rd0+64], 1;\n\
             WAIT:\nld.relaxed.sys.u32 %r1, [%rd0+128];\nsetp.eq.u32 %p1, %r1, 0;\n@%p1 bra WAIT;"
        )
    };
    for seed in 0..20 {
        for (store, count) in [("st.release.sys", 0), ("st.relaxed.sys", 1), ("st.release.gpu", 2)]
        {
            let device = Device::new(&kernel("", &body(store)));
            let out = device.memory.allocate(256, Kind::Pinned).unwrap();
            device.memory.write(out, &[0; 256]).unwrap();
            let mut replay = Replay::weak(&device.memory, seed).watching_races();
            replay.launch(&device.program, device.launch(Shape::new(1, 1), out));
            while replay.host_load(out + 64, 4).unwrap() == 0 {}
            replay.host_load(out, 4).unwrap();
            let found = replay.take_races();
            assert_eq!(found.len(), count, "seed {seed} {store}: {found:?}");
            let lines = replay.recent_accesses(out, 8);
            assert_eq!(lines.len(), 2, "{lines:?}");
            assert!(lines[0].contains("st.u32 [%rd0], 5;") && lines[1].contains("the host"));
            replay.host_store(out + 128, 4, 1).unwrap();
            assert!(replay.finish(1_000_000).unwrap());
        }
    }
}
