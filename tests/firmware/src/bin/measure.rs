//! Runs one model on generated inputs and prints a digest of its answers, and what
//! they cost. Of a model with state the inputs are one stream.
#![no_std]
#![no_main]

use isokern_cpu::core::{InferenceError, ModelSource};
use isokern_cpu::model::digest;
use isokern_cpu::{CpuBackend, model};
use isokern_firmware::clock::{CALIBRATION, Clock};
use isokern_firmware::console::{print_digest, print_number, print_word};
use isokern_firmware::processor::{Timer, entry};
use isokern_firmware::stack::Gauge;
use isokern_firmware::{ending, lend};

include!(concat!(env!("OUT_DIR"), "/model.rs"));

/// How many generated inputs the digest covers: those of the seeds from 1, and of a model with
/// several inputs 256 more for each after the first.
const INPUTS: u32 = 4;

#[entry]
fn main() -> ! {
    let arena = lend!(embedded::Arena = embedded::Arena::new());
    let state = lend!(embedded::State = embedded::State::new());
    let Some(timer) = Timer::take() else {
        ending::fail("the timer is taken");
    };
    let mut clock = Clock::start(timer);
    print_number("calibration_instructions", CALIBRATION);
    print_number("calibration_ticks", clock.calibrate());
    let gauge = Gauge::paint();
    let result = measure(arena, state, &mut clock);
    print_number("stack", gauge.peak() as u32);
    let Ok(Figures { loops, digest, load_ticks, run_ticks }) = result else {
        ending::fail("the model did not run");
    };
    print_word("loops", loops);
    print_number("inputs", INPUTS);
    print_digest("digest", digest);
    print_number("load_ticks", load_ticks);
    print_number("run_ticks", run_ticks);
    ending::succeed()
}

/// What an inference gave and what it cost.
struct Figures {
    loops: &'static str,
    digest: u64,
    load_ticks: u32,
    run_ticks: u32,
}

/// Loads the model and runs it. Its frame and all below are what the gauge sees.
#[inline(never)]
fn measure(
    arena: &'static mut embedded::Arena,
    state: &'static mut embedded::State,
    clock: &mut Clock,
) -> Result<Figures, InferenceError> {
    clock.restart();
    let mut source = ModelSource::new(embedded::BLOB, arena.as_mut_slice());
    if embedded::STATE_BYTES != 0 {
        source = source.with_state(state.as_mut_slice());
    }
    let mut model = backend().load(source)?;
    let load_ticks = clock.ticks();
    model.init()?;

    let (mut sum, mut run_ticks) = (digest::fnv1a(&[]), 0);
    for seed in 1..=INPUTS {
        digest::generate_input(seed, model.input_mut()?);
        for position in 1..embedded::INPUTS.len() {
            let input = bytemuck::must_cast_slice_mut(model.input_at_mut(position)?);
            digest::generate_input(seed + ((position as u32) << 8), input);
        }
        clock.restart();
        let output = model.run()?;
        if seed == 1 {
            run_ticks = clock.ticks();
        }
        sum = digest::fnv1a_update(sum, output);
        for position in 1..embedded::OUTPUTS.len() {
            let output = model.output_at(position)?;
            sum = digest::fnv1a_update(sum, bytemuck::must_cast_slice(output));
        }
    }
    let loops = model.instruction_set().name();
    Ok(Figures { loops, digest: sum, load_ticks, run_ticks })
}

/// Returns the backend with the loops under measurement: the fastest of the processor.
#[cfg(not(feature = "plain"))]
fn backend<'m>() -> CpuBackend<'m, embedded::Operators> {
    CpuBackend::for_operators()
}

/// Returns the backend with the loops under measurement: those of every processor.
#[cfg(feature = "plain")]
fn backend<'m>() -> CpuBackend<'m, embedded::Operators> {
    CpuBackend::for_operators().with_instruction_set(isokern_cpu::InstructionSet::PLAIN)
}
