//! Every model in every mode on the processor: called, as an actor in lent buffers, and as tasks of
//! a megakernel among which urgent ones overtake. One digest each, that of TFLite Micro's outputs.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::process::ExitCode;
use std::sync::Arc;

use isokern_core::actor::{ActorPlan, ActorState, Mailboxes};
use isokern_core::call::{Clock, PollingSleep};
use isokern_core::megakernel::{
    MegakernelReport, NewTask, TaskArrays, TaskCells, TaskContext, TaskHandler, TaskOutcome,
    TaskPriority, TaskStep, WorkerStep,
};
use isokern_core::ring::{HostCell, HostWord, PopError};
use isokern_core::{InferenceError, KernelMetadata, KernelMode, MegakernelConfig, Solo, TaskSlot};
use isokern_cpu::actor::state_words;
use isokern_cpu::tasks::{ModelTable, ModelTablePlan};
use isokern_cpu::{ArtifactBackend, CpuProgram, ModelActor};
use isokern_guard::SystemClock;
use isokern_model::digest::fnv1a;
use isokern_model::layout::Layout;
use isokern_ring::{LoopWorkers, ThreadHost, ThreadWorkers, heap_pool, megakernel, spawn};
use isokern_tests::streams::Stream;
use isokern_tests::trials::{on_models_of_any_ports, run, trial_unless};
use isokern_tests::vectors::Case;
use isokern_tests::zoo::{self, NO_ZOO, SMALL_MACS};

/// Bytes of state that an actor has room for here.
const STATE_MAX: usize = 16 << 10;
const METADATA: KernelMetadata = KernelMetadata::new("modes", KernelMode::Ring);
/// Runs of each model.
const RUNS_MAX: usize = 24;
/// Tasks in flight of a model without state.
const IN_FLIGHT: usize = 4;

fn main() -> ExitCode {
    let name = "batch_ring_and_megakernel_give_one_digest";
    let mut trials = Vec::from(on_models_of_any_ports(name, |cases| {
        cases.iter().for_each(one_digest);
    }));
    let missing = Stream::missing();
    trials.push(trial_unless(missing.as_deref(), format!("{name}::streams"), || {
        one_digest(&keyword());
    }));
    let no_zoo = zoo::rows().is_empty().then_some(NO_ZOO);
    trials.push(trial_unless(no_zoo, format!("{name}::streams_of_the_zoo"), || {
        let rows = zoo::rows().into_iter().filter(|row| row.sequence && !row.is_refused());
        rows.for_each(|row| one_digest(&row.case()));
    }));
    trials.push(trial_unless(None, "a_budget_of_few_operators_ends_in_the_same_bytes", || {
        let cases = isokern_tests::vectors::own_cases();
        let yields: u64 = cases.iter().map(sliced).sum();
        assert!(yields > 30, "{yields}: slices end between operators");
    }));
    run(trials)
}

fn keyword() -> Case {
    let stream = Stream::keyword();
    Case {
        name: "keyword".to_owned(),
        tflite: stream.tflite,
        inputs: stream.inputs,
        outputs: bytemuck::cast_slice(&stream.outputs).to_vec(),
        layers: None,
        is_plain: false,
    }
}

fn one_digest(case: &Case) {
    let program = ArtifactBackend::new().load_program(&case.convert(Layout::Packed));
    let program = program.expect("the artifact is a model");
    let model = program.model();
    let count = if model.header().macs() > SMALL_MACS { 3 } else { RUNS_MAX };
    let (input_len, output_len) = (model.input_bytes(), model.output_bytes());
    let pairs: Vec<_> = case.pairs(input_len, output_len).take(count).collect();
    let inputs: Vec<&[i8]> = pairs.iter().map(|(input, _)| *input).collect();
    let expected: Vec<i8> = pairs.iter().flat_map(|(_, output)| output.to_vec()).collect();
    let digests =
        [called(&program, &inputs), resident(&program, &inputs), tasks(&program, &inputs)]
            .map(|outputs| format!("{:016x}", fnv1a(&outputs)));
    let expected = format!("{:016x}", fnv1a(&expected));
    let [batch, ring, megakernel] = &digests;
    println!("{:<24} {expected} batch {batch} ring {ring} megakernel {megakernel}", case.name);
    assert!(digests.iter().all(|digest| *digest == expected), "{}: {digests:?}", case.name);
}

fn write(
    program: &CpuProgram<'_>,
    arena: &mut [u8],
    mut input: &[i8],
) -> Result<(), InferenceError> {
    for port in 0..program.model().input_count() {
        let target = program.input_at_in(arena, port)?;
        let (now, later) = input.split_at(target.len());
        target.copy_from_slice(bytemuck::cast_slice(now));
        input = later;
    }
    Ok(())
}

fn read(program: &CpuProgram<'_>, arena: &mut [u8], outputs: &mut Vec<i8>) {
    for port in 0..program.model().output_count() {
        let output = program.output_at_in(arena, port).expect("it fits");
        outputs.extend_from_slice(bytemuck::cast_slice(output));
    }
}

fn called(program: &CpuProgram<'_>, inputs: &[&[i8]]) -> Vec<i8> {
    let model = program.model();
    let (mut arena, mut state) = (vec![0; model.arena_bytes()], vec![0; model.state_bytes()]);
    model.reset_state(&mut state);
    let mut outputs = Vec::new();
    for input in inputs {
        write(program, &mut arena, input).expect("it fits");
        program.run_with_state(&mut arena, &mut state, 0..usize::MAX).expect("it runs");
        read(program, &mut arena, &mut outputs);
    }
    outputs
}

fn resident(program: &CpuProgram<'static>, inputs: &[&[i8]]) -> Vec<i8> {
    const WORDS: usize = state_words(STATE_MAX);
    let arena_bytes = program.model().arena_bytes();
    let (mut lender, borrower) = heap_pool(arena_bytes, 2, 1).expect("a usable pool");
    let host = ThreadHost::<_, Mailboxes<2>>::new("modes", SystemClock);
    let plan = ActorPlan::new().with_buffers(borrower);
    let actor = ModelActor::<_, WORDS>::with_state(METADATA, program.clone());
    let mut actor = spawn(&host, actor.expect("there is room"), plan).expect("the thread starts");
    let mut outputs = Vec::new();
    for input in inputs {
        let mut buffer = lender.try_claim().expect("one is free");
        write(program, &mut buffer, input).expect("it fits");
        let handle = buffer.lend(arena_bytes).expect("it fits");
        pollster::block_on(actor.ask(handle)).expect("the model runs");
        read(program, lender.bytes(handle).expect("it is back"), &mut outputs);
        lender.release(handle).expect("it is back");
    }
    drop(actor.take_requester(0));
    assert_eq!(actor.into_running().join(), ActorState::Stopped);
    outputs
}

/// A model's tasks, and between two of its operators now and then an urgent task that does nothing.
struct Urged(Arc<ModelTable>);

/// The opcode of the task that does nothing; the model's is 0.
const NOTHING: u32 = 1;

impl TaskHandler for Urged {
    fn op_count(&self) -> u32 {
        2
    }

    fn run<C: TaskContext>(&self, team: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        if task.op_handle() == NOTHING {
            return TaskStep::Done;
        }
        let urgent = NewTask::new(NOTHING).with_priority(TaskPriority::Critical);
        // Where no slot is free the next claim tries again.
        let _ = context.spawn(urgent);
        self.0.run(team, task, context)
    }
}

fn table(program: &CpuProgram<'static>) -> (Arc<ModelTable>, usize) {
    let (in_flight, streams): (_, &[u32]) =
        if program.model().state_bytes() > 0 { (1, &[0]) } else { (IN_FLIGHT, &[]) };
    let plan = ModelTablePlan { in_flight, streams, memory_limit: None };
    (Arc::new(ModelTable::new(vec![program.clone()], plan).expect("there is memory")), in_flight)
}

fn tasks(program: &CpuProgram<'static>, inputs: &[&[i8]]) -> Vec<i8> {
    let (table, in_flight) = table(program);
    let tasks = table.tasks();
    let host = ThreadWorkers::new("modes", SystemClock)
        .with_queue_len(8)
        .with_spawn_slots(8)
        .with_thread_max(2);
    let workers = megakernel(&host, Urged(Arc::clone(&table)), MegakernelConfig::new());
    let (mut submitter, mut completions, controls) = workers.expect("the threads start").split();
    let mut outputs = Vec::new();
    for some in inputs.chunks(in_flight) {
        let mut handles = Vec::new();
        for (place, input) in (0..).zip(some) {
            let stream = (program.model().state_bytes() > 0).then_some(0);
            let request =
                tasks.ask(place, 0, stream, |program, arena| write(program, arena, input));
            let task = NewTask::from(request.expect("it is free"));
            let priority = [TaskPriority::Normal, TaskPriority::High, TaskPriority::Idle];
            let task = task.with_priority(priority[place as usize % priority.len()]);
            handles.push(submitter.try_submit(task).expect("there are slots"));
        }
        for (place, handle) in (0..).zip(handles) {
            let end = pollster::block_on(completions.wait(handle)).expect("the workers live");
            assert_eq!(end.outcome, TaskOutcome::Done, "code {}", end.code);
            let got = tasks.answer(place, |program, arena| read(program, arena, &mut outputs));
            got.expect("the task is done");
        }
    }
    drop(submitter);
    check(&controls.finish(), inputs.len());
    outputs
}

fn check(report: &MegakernelReport, count: usize) {
    assert!(report.is_accounted(), "{report:?}");
    assert_eq!((report.accepted, report.done), (count as u64, count as u64), "{report:?}");
}

/// A clock that goes on by a nanosecond at each look.
#[derive(Clone, Debug, Default)]
struct LookClock(Arc<AtomicU64>);

impl Clock for LookClock {
    fn now_ns(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

/// Runs a model in slices that end after a few operators, in a loop, and returns how often its task
/// gave way.
fn sliced(case: &Case) -> u64 {
    let program = ArtifactBackend::new().load_program(&case.convert(Layout::Packed));
    let program = program.expect("the artifact is a model");
    let model = program.model();
    let (input, expected) =
        case.pairs(model.input_bytes(), model.output_bytes()).next().expect("there is one");
    let (table, _) = table(&program);
    let tasks = table.tasks();
    let cells = TaskCells::<TaskArrays<2, 1, HostWord, HostCell>>::new(0);
    let host = LoopWorkers::new(&cells, LookClock::default());
    // Six looks at the clock.
    let config =
        MegakernelConfig { max_wall_time: Duration::from_nanos(6), ..MegakernelConfig::new() };
    let workers = megakernel(&host, tasks, config).expect("the memory is lent once");
    let (mut submitter, mut completions, mut controls) = workers.split();
    let request = tasks.ask(0, 0, None, |program, arena| write(program, arena, input));
    let handle = submitter.try_submit(request.expect("it is free").into()).expect("there is room");
    let mut slice_count = 0;
    let end = loop {
        if let WorkerStep::Over(_) = controls.running_mut().step() {
            let report = controls.report();
            assert!(report.is_accounted(), "{report:?}");
            slice_count += 1;
            controls.next_slice().expect("the slice before is over");
        }
        match completions.try_take(handle) {
            Ok(end) => break end,
            Err(PopError::Empty) => assert!(slice_count < 10_000, "{}: no progress", case.name),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(end.outcome, TaskOutcome::Done);
    let mut found = Vec::new();
    tasks.answer(0, |program, arena| read(program, arena, &mut found)).expect("the task is done");
    assert!(found == expected, "{}: the outputs differ", case.name);
    controls.report().yields
}
