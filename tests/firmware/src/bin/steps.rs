//! Runs a model that was put into the built program with one input, and prints what each of its
//! operators cost, one after the other, and a whole run.
#![no_std]
#![no_main]

use isokern_cpu::CpuBackend;
use isokern_cpu::core::{InferenceError, ModelSource};
use isokern_cpu::model::embed::Arena;
use isokern_firmware::cargo::{self, ARENA_BYTES, STATE_BYTES, Unpacked};
use isokern_firmware::clock::{CALIBRATION, Clock};
use isokern_firmware::console::{print_number, print_word};
use isokern_firmware::processor::{Timer, entry};
use isokern_firmware::{ending, lend};

#[entry]
fn main() -> ! {
    let arena = lend!(Arena<ARENA_BYTES> = Arena::new());
    let state = lend!(Arena<STATE_BYTES> = Arena::new());
    let Some(Unpacked { blob, inputs, .. }) = cargo::unpack() else {
        ending::fail("nothing was put into the program");
    };
    let Some(timer) = Timer::take() else {
        ending::fail("the timer is taken");
    };
    let mut clock = Clock::start(timer);
    print_number("calibration_instructions", CALIBRATION);
    print_number("calibration_ticks", clock.calibrate());
    let source = ModelSource::new(blob, arena.as_mut_slice()).with_state(state.as_mut_slice());
    if run(source, inputs, &mut clock).is_err() {
        ending::fail("the model did not run");
    }
    ending::succeed()
}

/// Runs the first input as one, and again operator by operator.
#[inline(never)]
fn run(
    source: ModelSource<'static>,
    inputs: &[u8],
    clock: &mut Clock,
) -> Result<(), InferenceError> {
    let mut model = CpuBackend::new().load(source)?;
    model.init()?;
    let (input_count, count) = (model.model().input_count(), model.model().operator_count());
    for is_whole in [true, false] {
        let mut inputs = inputs;
        for position in 0..input_count {
            cargo::take_port(&mut inputs, model.input_at_mut(position)?);
        }
        if is_whole {
            clock.restart();
            model.run()?;
            print_number("run_ticks", clock.ticks());
            continue;
        }
        for index in 0..count {
            clock.restart();
            model.run_operators(index..index + 1)?;
            print_number("step_ticks", clock.ticks());
        }
    }
    print_word("loops", model.instruction_set().name());
    Ok(())
}
