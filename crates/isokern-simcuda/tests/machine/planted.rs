//! Bugs planted in small kernels: each is seen within 40 seeds, and the right kernel never fails.

use isokern_simcuda::machine::{Engine, Grid, Progress};
use isokern_simcuda::memory::Kind;
use isokern_simcuda::replay::Replay;

use super::launch::{Device, Shape, kernel};

/// Seeds within which a bug is seen.
const SEEDS: u64 = 40;

/// Seeds in which the right kernel shows nothing.
const SEEDS_CLEAN: u64 = 1000;

/// A device that answers the host: it waits for a flag, reads the host's word and puts its own
/// beside it, then its flag.
const ECHO: &str = "mov.u32 %r4, 0;\n\
    WAIT:\nld.acquire.sys.u32 %r1, [%rd0];\nsetp.eq.u32 %p1, %r1, %r4;\n@%p1 bra WAIT;\n\
    mov.u32 %r4, %r1;\nsetp.eq.u32 %p2, %r1, 0xFFFF;\n@%p2 bra END;\n\
    ld.u32 %r2, [%rd0+64];\nadd.u32 %r2, %r2, 1;\n\
    st.u32 [%rd0+192], %r2;\nst.release.sys.u32 [%rd0+128], %r1;\nbra WAIT;\nEND:";

/// Returns whether an answer of the device is wrong under a seed.
fn echo_is_wrong(device: &Device, seed: u64) -> bool {
    let out = device.memory.allocate(256, Kind::Pinned).unwrap();
    device.memory.write(out, &[0; 256]).unwrap();
    let mut replay = Replay::weak(&device.memory, seed);
    replay.launch(&device.program, device.launch(Shape::new(1, 1), out));
    let mut is_wrong = false;
    for word in 1..=6 {
        replay.host_store(out + 64, 4, 10 * word).unwrap();
        replay.host_store(out, 4, word).unwrap();
        let mut tries = 0;
        while replay.host_load(out + 128, 4).unwrap() != word {
            tries += 1;
            assert!(tries < 100_000, "seed {seed}: no answer to {word}");
        }
        is_wrong |= replay.host_load(out + 192, 4).unwrap() != 10 * word + 1;
    }
    replay.host_store(out, 4, 0xFFFF).unwrap();
    assert!(replay.finish(1_000_000).unwrap());
    device.memory.free(out, &[Kind::Pinned]).unwrap();
    is_wrong
}

#[test]
fn an_answer_without_its_orders_is_caught() {
    let right = Device::new(&kernel("", ECHO));
    let failed = (0..SEEDS_CLEAN).find(|seed| echo_is_wrong(&right, *seed));
    assert_eq!(failed, None);
    for (what, from, to) in [
        ("dropped acquire", "ld.acquire.sys", "ld.relaxed.sys"),
        ("acquire at .gpu where the host wrote", "ld.acquire.sys", "ld.acquire.gpu"),
        ("dropped .sys release of a reply", "st.release.sys", "st.relaxed.sys"),
        ("release at .gpu where the host reads", "st.release.sys", "st.release.gpu"),
    ] {
        let planted = Device::new(&kernel("", &ECHO.replace(from, to)));
        let seed = (0..SEEDS).find(|seed| echo_is_wrong(&planted, *seed));
        eprintln!("{what}: seed {seed:?}");
        assert!(seed.is_some(), "{what} is not seen within {SEEDS} seeds");
    }
}

/// Lets every thread read what one warp before it wrote: later warps find it there in ascending
/// order, barrier or not.
fn read_after(barrier: &str) -> String {
    let body = format!(
        ".shared .align 4 .b8 s[640];\nshl.b32 %r2, %r0, 2;\nmov.u32 %r3, s;\n\
         add.u32 %r4, %r3, %r2;\nadd.u32 %r5, %r0, 1000;\nst.shared.u32 [%r4+128], %r5;\n\
         {barrier}\nsetp.lt.u32 %p1, %r0, 32;\n@%p1 ret;\n\
         ld.shared.u32 %r8, [%r4];\nadd.u32 %r6, %r5, 4294967264;\nsetp.ne.u32 %p1, %r8, %r6;\n\
         @%p1 red.global.add.u32 [%rd0], 1;"
    );
    kernel("", &body)
}

/// Every block but the first reads what block 0 wrote, and nothing says that it runs later.
const AFTER_BLOCK_0: &str = "mov.u32 %r1, %ctaid.x;\nsetp.ne.u32 %p0, %r1, 0;\n@%p0 bra READ;\n\
    st.global.u32 [%rd0+64], 7;\nret;\n\
    READ:\nld.global.u32 %r2, [%rd0+64];\nsetp.ne.u32 %p1, %r2, 7;\n\
    @%p1 red.global.add.u32 [%rd0], 1;";

/// Returns how many threads read what was not there.
fn wrong_reads(device: &Device, shape: Shape, order: impl Fn(&mut Engine)) -> u32 {
    let out = device.memory.allocate(128, Kind::Module).unwrap();
    let mut engine = Engine::new(&device.memory);
    order(&mut engine);
    let mut grid = Grid::new(&device.program, device.launch(shape, out));
    while engine.run(&mut grid, 1000).unwrap() == Progress::Running {}
    let wrong = device.words(out, 1)[0];
    device.memory.free(out, &[Kind::Module]).unwrap();
    wrong
}

#[test]
fn row_11_what_ascending_order_hides_a_seed_shows() {
    for (text, shape) in
        [(read_after(""), Shape::new(1, 128)), (kernel("", AFTER_BLOCK_0), Shape::new(4, 1))]
    {
        let device = Device::new(&text);
        assert_eq!(wrong_reads(&device, shape, |_| {}), 0, "turns are kind");
        for weak in [false, true] {
            let caught = (0..12).find(|seed| {
                let order = |engine: &mut Engine| match weak {
                    false => engine.set_order(*seed),
                    true => engine.set_weak(*seed),
                };
                wrong_reads(&device, shape, order) > 0
            });
            assert!(caught.is_some(), "weak {weak}\n{text}");
        }
    }
}

#[test]
fn a_skipped_barrier_is_caught_and_a_barrier_is_enough() {
    let right = Device::new(&read_after("bar.sync 0;"));
    let shape = Shape::new(1, 128);
    let failed =
        (0..200).find(|seed| wrong_reads(&right, shape, |engine| engine.set_weak(*seed)) > 0);
    assert_eq!(failed, None);
}

#[test]
fn what_an_earlier_kernel_left_is_never_old() {
    let device = Device::new(&kernel(
        "",
        "ld.global.u32 %r1, [%rd0+64];\nadd.u32 %r1, %r1, 1;\nst.global.u32 [%rd0+64], %r1;\n\
         ld.global.u32 %r2, [%rd0];\nadd.u32 %r2, %r2, 1;\nst.global.u32 [%rd0], %r2;",
    ));
    for seed in 0..100 {
        let out = device.memory.allocate(128, Kind::Module).unwrap();
        let mut engine = Engine::new(&device.memory);
        engine.set_weak(seed);
        for round in 1..10 {
            let mut grid = Grid::new(&device.program, device.launch(Shape::new(1, 1), out));
            while engine.run(&mut grid, 1000).unwrap() == Progress::Running {}
            let words = device.words(out, 17);
            assert_eq!((words[0], words[16]), (round, round), "seed {seed}");
        }
        device.memory.free(out, &[Kind::Module]).unwrap();
    }
}
