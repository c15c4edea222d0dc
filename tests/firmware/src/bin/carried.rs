//! Runs a model that was put into the built program, with inputs, and prints digests of its answers
//! and of its state after each of them.
//!
//! Whoever runs it writes over the mark in the program file: lengths, the packed model, the inputs.
//! So one build runs any number of models.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use isokern_cpu::CpuBackend;
use isokern_cpu::core::{InferenceError, ModelSource};
use isokern_cpu::model::digest::{fnv1a, fnv1a_update};
use isokern_cpu::model::embed::Arena;
use isokern_firmware::console::{print_digest, print_number};
use isokern_firmware::ending;

/// What the start of the place holds before anything is put there; `xtask/src/firmware/zoo.rs`
/// looks for it, and has the lengths.
const MARK: [u8; 16] = *b"isokern: carried";
const CARGO_BYTES: usize = 2 << 20;
const ARENA_BYTES: usize = 3 << 20;
const STATE_BYTES: usize = 64 << 10;
/// Where the model lies; the inputs follow at the next multiple.
const STEP: usize = 64;

/// Memory that is aligned as a model must be: a header of words (bytes of the model, count of the
/// inputs), the model, the inputs.
#[repr(C, align(64))]
struct Cargo([u8; CARGO_BYTES]);

static CARGO: Cargo = Cargo(marked());

const fn marked() -> [u8; CARGO_BYTES] {
    let mut bytes = [0; CARGO_BYTES];
    let mut index = 0;
    while index < MARK.len() {
        bytes[index] = MARK[index];
        index += 1;
    }
    bytes
}

#[entry]
fn main() -> ! {
    static mut ARENA: Arena<ARENA_BYTES> = Arena::new();
    static mut STATE: Arena<STATE_BYTES> = Arena::new();

    // What the program file holds is known only when it runs.
    let cargo = black_box(&CARGO);
    let Some((blob, count, inputs)) = unpacked(&cargo.0) else {
        ending::fail("nothing was put into the program");
    };
    let source = ModelSource::new(blob, ARENA.as_mut_slice()).with_state(STATE.as_mut_slice());
    let Ok((outputs, states)) = run(source, count, inputs) else {
        ending::fail("the model did not run");
    };
    print_number("inputs", count);
    print_digest("outputs", outputs);
    print_digest("states", states);
    ending::succeed()
}

/// The model, how many inputs there are, and the inputs.
fn unpacked(cargo: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let (header, rest) = cargo.split_at_checked(STEP)?;
    let word = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
    let (model_bytes, count) = (word(0)? as usize, word(4)?);
    let inputs = rest.get(model_bytes.checked_next_multiple_of(STEP)?..)?;
    Some((rest.get(..model_bytes)?, count, inputs))
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
            let input = model.input_at_mut(position)?;
            let (now, later) = inputs.split_at_checked(input.len()).unwrap_or_default();
            input.iter_mut().zip(now).for_each(|(target, byte)| *target = *byte);
            inputs = later;
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
