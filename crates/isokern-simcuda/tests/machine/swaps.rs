//! A compare-and-swap that puts the value back that it found is a store: it releases.

use isokern_simcuda::memory::Kind;
use isokern_simcuda::replay::Replay;

use super::launch::{Device, Shape, kernel};

const SEEDS: u64 = 400;

/// One block stores x, swaps y for what it has, and notes what it found; the other swaps y for 1,
/// and then reads x.
const SWAPS: &str = "mov.u32 %r1, %ctaid.x;\nsetp.ne.u32 %p0, %r1, 0;\n@%p0 bra OTHER;\n\
    st.relaxed.gpu.global.u32 [%rd0], 1;\n\
    atom.acq_rel.gpu.global.cas.b32 %r2, [%rd0+64], 0, 0;\n\
    st.global.u32 [%rd0+128], %r2;\nret;\n\
    OTHER:\natom.acq_rel.gpu.global.cas.b32 %r2, [%rd0+64], 0, 1;\n\
    ld.relaxed.gpu.global.u32 %r3, [%rd0];\nst.global.u32 [%rd0+132], %r3;";

/// Returns what the first block found in y, and the second in x, under a seed.
fn found(device: &Device, seed: u64) -> [u32; 2] {
    let out = device.memory.allocate(256, Kind::Device).unwrap();
    device.memory.write(out, &[0; 256]).unwrap();
    let mut replay = Replay::weak(&device.memory, seed);
    replay.launch(&device.program, device.launch(Shape::new(2, 1), out));
    assert!(replay.finish(100_000).unwrap());
    let words = [128, 132].map(|at| {
        let mut word = [0; 4];
        device.memory.read(out + at, &mut word).unwrap();
        u32::from_le_bytes(word)
    });
    device.memory.free(out, &[Kind::Device]).unwrap();
    words
}

#[test]
fn a_swap_that_puts_back_what_it_found_releases() {
    let device = Device::new(&kernel("", SWAPS));
    let all: Vec<[u32; 2]> = (0..SEEDS).map(|seed| found(&device, seed)).collect();
    let missed = all.iter().position(|found| *found == [0, 0]);
    assert_eq!(missed, None, "the second swap came after the first, and x is old");
    assert!(all.contains(&[0, 1]), "the first block is sometimes first");
    assert!(all.contains(&[1, 0]) || all.contains(&[1, 1]), "and the second");
}

/// One that finds another value stores nothing, so that who comes later owes it nothing.
#[test]
fn a_swap_that_fails_releases_nothing() {
    let body = SWAPS.replace("%rd0+64], 0, 0;", "%rd0+64], 7, 7;");
    let device = Device::new(&kernel("", &body));
    assert!((0..SEEDS).any(|seed| found(&device, seed) == [0, 0]), "x may be old");
}
