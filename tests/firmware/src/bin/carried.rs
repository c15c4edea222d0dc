//! Runs a model that was put into the built program, with inputs, and prints digests of its answers
//! and of its state after each of them.
#![no_std]
#![no_main]

use isokern_cpu::CpuBackend;
use isokern_cpu::core::{InferenceError, ModelSource};
use isokern_cpu::model::digest::{fnv1a, fnv1a_update};
use isokern_cpu::model::embed::Arena;
use isokern_firmware::cargo::{self, ARENA_BYTES, STATE_BYTES, Unpacked};
use isokern_firmware::console::{print_digest, print_number};
use isokern_firmware::processor::entry;
use isokern_firmware::{ending, lend};

#[entry]
fn main() -> ! {
    let arena = lend!(Arena<ARENA_BYTES> = Arena::new());
    let state = lend!(Arena<STATE_BYTES> = Arena::new());
    let Some(Unpacked { blob, count, inputs }) = cargo::unpack() else {
        ending::fail("nothing was put into the program");
    };
    let source = ModelSource::new(blob, arena.as_mut_slice()).with_state(state.as_mut_slice());
    let Ok((outputs, states)) = run(source, count, inputs) else {
        ending::fail("the model did not run");
    };
    print_number("inputs", count);
    print_digest("outputs", outputs);
    print_digest("states", states);
    ending::succeed()
}

/// Runs the inputs, which are one stream, and returns the digests of outputs and states.
#[inline(never)]
fn run(
    source: ModelSource<'static>,
    count: u32,
    mut inputs: &[u8],
) -> Result<(u64, u64), InferenceError> {
    let mut model = CpuBackend::new().load(source)?;
    model.init()?;
    let (input_count, output_count) = (model.model().input_count(), model.model().output_count());
    let (mut outputs, mut states) = (fnv1a(&[]), fnv1a(&[]));
    for _ in 0..count {
        for position in 0..input_count {
            cargo::take_port(&mut inputs, model.input_at_mut(position)?);
        }
        model.run()?;
        for position in 0..output_count {
            let output = bytemuck::must_cast_slice(model.output_at(position)?);
            outputs = fnv1a_update(outputs, output);
        }
        states = fnv1a_update(states, bytemuck::must_cast_slice(model.state()?));
    }
    Ok((outputs, states))
}
