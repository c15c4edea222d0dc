//! Runs a model that was put into the built program in every mode, and prints the digest of its
//! answers in each: called, as an actor in lent buffers, and as tasks of a megakernel.
//!
//! The modes take turns with one arena. Inputs are one stream for a model with state.
//!
//! | module | what it is |
//! |---|---|
//! | [`called`] | batch mode |
//! | [`resident`] | ring mode |
//! | [`tasks`] | megakernel mode |
#![no_std]
#![no_main]

#[path = "../modes/called.rs"]
mod called;
#[path = "../modes/resident.rs"]
mod resident;
#[path = "../modes/tasks.rs"]
mod tasks;

use isokern_cpu::core::InferenceError;
use isokern_cpu::model::digest::{fnv1a, fnv1a_update};
use isokern_cpu::model::embed::Arena;
use isokern_cpu::{CpuBackend, CpuProgram};
use isokern_firmware::cargo::{self, ARENA_BYTES, STATE_BYTES, Unpacked};
use isokern_firmware::console::{print_digest, print_number, print_word};
use isokern_firmware::processor::entry;
use isokern_firmware::stack::Gauge;
use isokern_firmware::{ending, lend};
use isokern_ring::PayloadPool;
use tasks::Ran;

type Program = CpuProgram<'static>;
/// One arena, which is lent in ring mode.
type Pool = PayloadPool<ARENA_BYTES, 1>;

#[entry]
fn main() -> ! {
    static TASKS: tasks::TasksMemory = tasks::TasksMemory::new(0);

    let gauge = Gauge::paint();
    let pool = lend!(Pool = Pool::new(0));
    let state = lend!(Arena<STATE_BYTES> = Arena::new());
    let actor = lend!(resident::ActorMemory = resident::ActorMemory::new());
    let Some(cargo) = cargo::unpack() else {
        ending::fail("nothing was put into the program");
    };
    let Ok(program) = CpuBackend::new().load_program(cargo.blob) else {
        ending::fail("the model does not load");
    };
    print_word("loops", program.instruction_set().name());
    let Some(batch) = called::run(&program, pool, state.as_mut_slice(), cargo) else {
        ending::fail("the model did not run in batch mode");
    };
    print_digest("batch", batch);
    let Some(Ran { digest, yields }) =
        tasks::run(&program, pool, state.as_mut_slice(), &TASKS, cargo)
    else {
        ending::fail("the model did not run in megakernel mode");
    };
    print_digest("megakernel", digest);
    print_number("yields", yields);
    let Some(ring) = resident::run(program, pool, actor, cargo) else {
        ending::fail("the model did not run in ring mode");
    };
    print_digest("ring", ring);
    if cargo::IS_SMALL {
        // Ends the program when the stack has been in the statics.
        print_number("stack", gauge.peak() as u32);
    }
    ending::succeed()
}

/// Writes the next input to its ports in an arena.
fn write_input(
    program: &CpuProgram<'_>,
    arena: &mut [u8],
    inputs: &mut &[u8],
) -> Result<(), InferenceError> {
    for position in 0..program.model().input_count() {
        cargo::take_port(inputs, program.input_at_in(arena, position)?);
    }
    Ok(())
}

/// Returns the digest continued with the outputs in an arena.
fn add_outputs(
    program: &CpuProgram<'_>,
    arena: &mut [u8],
    sum: u64,
) -> Result<u64, InferenceError> {
    let mut sum = sum;
    for position in 0..program.model().output_count() {
        let output = program.output_at_in(arena, position)?;
        sum = fnv1a_update(sum, bytemuck::must_cast_slice(output));
    }
    Ok(sum)
}

/// Returns the digest of nothing.
const fn no_outputs() -> u64 {
    fnv1a(&[])
}

/// Returns the inputs one by one, as each mode takes them.
fn inputs_of(cargo: Unpacked) -> (u32, &'static [u8]) {
    (cargo.count, cargo.inputs)
}
