//! Launch plans for devices and models at the edges.

use super::{BatchFlags, DeviceLimits, LaunchPlanError, ModelFootprint, SHARED_ALIGN, plan_batch};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

/// A Hopper device with a kernel of 96 registers (CUDA programming guide, compute
/// capability 9.0).
const HOPPER: DeviceLimits = DeviceLimits {
    multiprocessors: 132,
    shared_bytes_per_block: 232_416,
    shared_bytes_per_multiprocessor: 233_472,
    shared_bytes_reserved: 1056,
    threads_per_multiprocessor: 2048,
    registers: 65_536,
    registers_per_thread: 96,
    threads_per_block: 640,
};

/// Compute capability 7.5.
const TURING: DeviceLimits = DeviceLimits {
    multiprocessors: 40,
    shared_bytes_per_block: 65_504,
    shared_bytes_per_multiprocessor: 65_536,
    shared_bytes_reserved: 32,
    threads_per_multiprocessor: 1024,
    ..HOPPER
};

const SMALL: ModelFootprint = ModelFootprint { model_bytes: 40_000, arena_bytes: 16_000 };

#[test]
fn a_small_model_lies_in_shared_memory_whole() {
    let launch = plan_batch(&SMALL, &TURING, 1000).expect("fits");
    assert_eq!(launch.flags, BatchFlags::ARENA_SHARED.with(BatchFlags::MODEL_SHARED));
    assert_eq!((launch.shared_bytes, launch.scratch_bytes), (56_000, 0));
    // 65 536 bytes hold one block of 56 032.
    assert_eq!((launch.blocks, launch.threads), (40, 256));
}

#[test]
fn registers_bound_the_blocks_of_a_multiprocessor() {
    let tiny = ModelFootprint { model_bytes: 1000, arena_bytes: 100 };
    // 96 registers by 256 threads are 24 576: two blocks in 65 536.
    assert_eq!(plan_batch(&tiny, &HOPPER, 10_000).expect("fits").blocks, 264);
    let fewer = DeviceLimits { registers_per_thread: 32, ..HOPPER };
    assert_eq!(plan_batch(&tiny, &fewer, 10_000).expect("fits").blocks, 8 * 132);
}

#[test]
fn what_does_not_fit_lies_in_global_memory() {
    let weights = ModelFootprint { model_bytes: 300_000, arena_bytes: 55_296 };
    let launch = plan_batch(&weights, &HOPPER, 1).expect("fits");
    assert_eq!((launch.flags, launch.shared_bytes), (BatchFlags::ARENA_SHARED, 55_296));

    let activations = ModelFootprint { model_bytes: 2000, arena_bytes: 1_000_001 };
    let launch = plan_batch(&activations, &HOPPER, 3).expect("fits");
    assert_eq!((launch.flags, launch.shared_bytes), (BatchFlags::MODEL_SHARED, 2000));
    assert_eq!((launch.arena_bytes, launch.scratch_bytes), (1_000_016, 3_000_048));

    let both = ModelFootprint { model_bytes: 1 << 30, arena_bytes: 1 << 28 };
    let launch = plan_batch(&both, &HOPPER, 1).expect("fits");
    assert_eq!((launch.flags, launch.shared_bytes), (BatchFlags::NONE, 0));
}

#[test]
fn the_last_byte_of_shared_memory_is_used_and_not_one_more() {
    let exact = ModelFootprint { model_bytes: 232_416 - 1024, arena_bytes: 1024 };
    let launch = plan_batch(&exact, &HOPPER, 1).expect("fits");
    assert_eq!(launch.shared_bytes, HOPPER.shared_bytes_per_block);
    let more = ModelFootprint { model_bytes: exact.model_bytes + 1, ..exact };
    let launch = plan_batch(&more, &HOPPER, 1).expect("fits");
    assert_eq!((launch.flags, launch.shared_bytes), (BatchFlags::ARENA_SHARED, 1024));
}

#[test]
fn impossible_launches_are_refused_by_name() {
    assert_eq!(plan_batch(&SMALL, &HOPPER, 0), Err(LaunchPlanError::NoSamples));
    let none = DeviceLimits { threads_per_block: 31, ..HOPPER };
    let refused = Err(LaunchPlanError::NoThreads { registers_per_thread: 96 });
    assert_eq!(plan_batch(&SMALL, &none, 1), refused);
    let endless = ModelFootprint { model_bytes: 1, arena_bytes: u64::MAX };
    let refused = plan_batch(&endless, &HOPPER, 2);
    assert!(matches!(refused, Err(LaunchPlanError::ScratchTooLarge { blocks: 2, .. })));
}

fn limits() -> impl Strategy<Value = DeviceLimits> {
    let shared = (0..300_000_u32, 0..300_000_u32, 0..2000_u32);
    (any::<u8>(), shared, 0..3000_u32, 0..200_000_u32, 0..300_u32, 0..2000_u32).prop_map(
        |(multiprocessors, shared, threads, registers, registers_per_thread, per_block)| {
            DeviceLimits {
                multiprocessors: multiprocessors.into(),
                shared_bytes_per_block: shared.0,
                shared_bytes_per_multiprocessor: shared.1,
                shared_bytes_reserved: shared.2,
                threads_per_multiprocessor: threads,
                registers,
                registers_per_thread,
                threads_per_block: per_block,
            }
        },
    )
}

proptest! {
    #[test]
    fn a_plan_keeps_every_limit(
        limits in limits(),
        model_bytes in 0..400_000_u64,
        arena_bytes in 0..400_000_u64,
        samples in 1..100_000_u64,
    ) {
        let model = ModelFootprint { model_bytes, arena_bytes };
        let Ok(launch) = plan_batch(&model, &limits, samples) else {
            return Ok(());
        };
        prop_assert!(launch.threads > 0 && launch.threads.is_multiple_of(32));
        prop_assert!(launch.threads <= limits.threads_per_block);
        prop_assert!(launch.threads * limits.registers_per_thread <= limits.registers);
        prop_assert!(launch.shared_bytes <= limits.shared_bytes_per_block);
        prop_assert!(launch.blocks > 0 && u64::from(launch.blocks) <= samples);
        prop_assert!(launch.arena_bytes >= arena_bytes);
        prop_assert!(launch.arena_bytes.is_multiple_of(SHARED_ALIGN));
        let arena_shared = launch.flags.contains(BatchFlags::ARENA_SHARED);
        let model_shared = launch.flags.contains(BatchFlags::MODEL_SHARED);
        let arena = if arena_shared { launch.arena_bytes } else { 0 };
        let model = if model_shared { model_bytes } else { 0 };
        prop_assert_eq!(u64::from(launch.shared_bytes), arena + model);
        let scratch = if arena_shared { 0 } else { launch.arena_bytes * u64::from(launch.blocks) };
        prop_assert_eq!(launch.scratch_bytes, scratch);
    }
}
