//! A session allocates nothing after its first run, on the processor and on a GPU.
//!
//! The part about the GPU needs the stand-in, which has an allocator of its own.

use std::process::ExitCode;

use isokern::{Device, KernelMode, Model, Plan, Session};
use isokern_cpu::InstructionSet;
use isokern_ring::WaitStrategy;
use isokern_tests::counting::{Counting, allocation_count};
use isokern_tests::standin::missing;
use isokern_tests::trials::{on_models, run, trial, trial_unless};
use isokern_tests::vectors::{Case, own_folder};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    let counted = on_models("a_run_allocates_nothing", a_run_allocates_nothing);
    let others = [
        trial("several_inputs_and_a_batch_allocate_nothing", several_inputs),
        trial("a_spinning_actor_is_asked_without_allocations", actors),
        trial_unless(missing(), "a_run_on_a_gpu_allocates_nothing", on_a_gpu),
        trial("the_counter_counts", the_counter_counts),
    ];
    run(counted.into_iter().chain(others))
}

/// Returns what `work` allocates after its first time.
fn later_allocations(mut work: impl FnMut()) -> usize {
    work();
    let before = allocation_count();
    for _ in 0..10 {
        work();
    }
    allocation_count() - before
}

/// Runs an image of integers, then of real numbers, and reads the outputs as both.
fn read_as_both(session: &mut Session, input_len: usize, output_len: usize) -> usize {
    let (integers, reals) = (vec![3_i8; input_len], vec![0.5_f32; input_len]);
    let (mut values, mut scores) = (vec![0_i8; output_len], vec![0.0_f32; output_len]);
    later_allocations(|| {
        let outputs = session.run(&integers).expect("it runs");
        outputs.read(0, &mut values).expect("it is int8");
        outputs.read(0, &mut scores).expect("it stands for real numbers");
        session.run(&reals).expect("it runs");
    })
}

fn a_run_allocates_nothing(cases: &[Case]) {
    for case in cases {
        let model = Model::named(&case.name, &case.tflite).expect("it converts");
        let lens = [model.input(0), model.output(0)].map(|port| port.expect("one").value_count());
        for instructions in InstructionSet::available() {
            let plan = Plan::new(Device::Cpu).with_instruction_set(instructions);
            let mut session = model.session_with(plan).expect("it starts");
            let count = read_as_both(&mut session, lens[0], lens[1]);
            assert_eq!(count, 0, "{}, {instructions}: allocations", case.name);
        }
    }
}

fn several_inputs() {
    let model = Model::open(own_folder().join("models/two_inputs.tflite")).expect("it converts");
    let mut session = model.session(Device::Cpu).expect("it starts");
    let count = |index: usize| model.input(index).expect("it has two").value_count();
    let values = |index: usize| vec![1_i8; 3 * count(index)];
    let (left, right) = (values(0), values(1));
    let count = later_allocations(|| {
        session.run_batch(&[(0, &left), (1, &right)]).expect("it runs");
        let one = [("0", &left[..left.len() / 3]), ("1", &right[..right.len() / 3])];
        session.run(&one).expect("it runs");
        session.reset().expect("it starts again");
    });
    assert_eq!(count, 0);
}

fn actors() {
    let model = Model::open(own_folder().join("digits.ikm")).expect("it is packed");
    let plan = Plan::new(Device::Cpu).with_mode(KernelMode::Ring).with_wait(WaitStrategy::Yield);
    let mut session = model.session_with(plan).expect("it starts");
    let images = [3_i8; 20 * 64];
    let count = later_allocations(|| {
        session.run_batch(&images).expect("it runs");
    });
    assert_eq!(count, 0);
}

fn on_a_gpu() {
    let model = Model::open(own_folder().join("digits.ikm")).expect("it is packed");
    let mut session = model.session(Device::Cuda { ordinal: 0 }).expect("there is a device");
    assert_eq!(read_as_both(&mut session, 64, 10), 0);
}

fn the_counter_counts() {
    let before = allocation_count();
    let boxed = Box::new([1_u8; 100]);
    assert_eq!(allocation_count() - before, usize::from(boxed[0]));
}
