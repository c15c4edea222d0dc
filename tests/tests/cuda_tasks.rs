//! Models as tasks of the device's megakernel: workers on blocks of the shipped resident kernel.

use core::time::Duration;
use std::process::ExitCode;
use std::thread;

use isokern_core::MegakernelConfig;
use isokern_core::compute::ModelArtifact;
use isokern_core::device::TaskStream;
use isokern_core::megakernel::{
    MegakernelReport, NewTask, TaskEnd, TaskHandle, TaskOutcome, TaskPriority,
};
use isokern_core::ring::PopError;
use isokern_cuda::{
    Context, CudaHost, CudaModelTasks, CudaWorkers, Device, LoadedModel, MappedTasks,
    ResidentError, ResidentPlan,
};
use isokern_guard::SystemClock;
use isokern_model::layout::Layout;
use isokern_model::tasks::{ModelFault, TaskAskError};
use isokern_ring::{Completions, Controls, Submitter, megakernel};
use isokern_tests::port_models::{STEP_LEN, STEPS, STEPS_BY_HAND, leaked, running_sum};
use isokern_tests::standin::{call_count, missing};
use isokern_tests::trials::{abort_after, run_in_turn, trial_unless};
use isokern_tests::vectors::{Case, own_cases_of_any_ports};

/// After this long, something hangs.
const PATIENCE: Duration = Duration::from_secs(900);
/// A busy machine lets a thread wait for seconds.
const LEASE: Duration = Duration::from_secs(30);
const PLACES: u32 = 8;

type Ends = (Submitter<MappedTasks>, Completions<MappedTasks>, Controls<MappedTasks, CudaWorkers>);

fn main() -> ExitCode {
    abort_after(PATIENCE);
    let tests = [
        ("models_as_tasks_give_the_reference_bytes_without_a_driver_call", reference as fn()),
        ("a_model_that_is_cut_between_operators_gives_the_same_bytes", cut),
        ("an_arena_that_is_not_in_shared_memory_gives_the_same_bytes", large),
        ("steps_of_a_stream_run_in_order_and_begin_anew", streams),
        ("tasks_that_nobody_asked_for_are_faulted_by_name", faults),
        ("what_cannot_be_asked_is_refused_by_name", refusals),
    ];
    run_in_turn(tests.map(|(name, test)| trial_unless(missing(), name, test)))
}

/// A host with models as tasks.
struct Stage {
    host: CudaHost<SystemClock>,
    tasks: CudaModelTasks,
}

impl Stage {
    /// Starts a host with this plan and a table of all these models.
    fn start(plan: ResidentPlan, models: &[&ModelArtifact], streams: &[u32]) -> Self {
        let context = Context::primary(Device::new(0).expect("there is a device"));
        let context = context.expect("it has a context");
        let plan = plan.with_lease(LEASE);
        let plan = plan.with_model_tasks(models, PLACES, streams.len() as u32).expect("they fit");
        let host = CudaHost::start(&context, SystemClock, plan).expect("it starts");
        let load = |model: &&ModelArtifact| host.load(model).expect("there is room");
        let loaded: Vec<LoadedModel> = models.iter().map(load).collect();
        let tasks = host.model_tasks(&loaded, PLACES, streams).expect("there is room");
        Self { host, tasks }
    }

    fn run(&self) -> Ends {
        let config = MegakernelConfig::new();
        let started = megakernel(&self.host, self.tasks.clone(), config);
        started.unwrap_or_else(|error| panic!("{error}")).split()
    }

    /// Asks for a sample, waits, and returns the outputs.
    fn ask(
        &self,
        (submitter, completions): (&mut Submitter<MappedTasks>, &mut Completions<MappedTasks>),
        (model, stream): (u32, Option<u32>),
        input: &[i8],
    ) -> Vec<i8> {
        let request = self.tasks.ask(0, model, stream, bytemuck::cast_slice(input));
        let task = request.unwrap_or_else(|error| panic!("{error}")).into();
        let handle = submitter.try_submit(task).expect("there is a slot");
        let end = wait(completions, handle);
        assert_eq!((end.outcome, end.code), (TaskOutcome::Done, 0), "model {model}");
        self.answer(0, model)
    }

    fn answer(&self, place: u32, model: u32) -> Vec<i8> {
        let bytes = self.tasks.models()[model as usize].output_bytes() as usize;
        let mut outputs = vec![0; bytes];
        self.tasks.answer(place, &mut outputs).unwrap_or_else(|error| panic!("{error}"));
        bytemuck::cast_vec(outputs)
    }

    fn stop(self) {
        self.host.stop(LEASE).expect("the kernel ends");
    }
}

fn plan() -> ResidentPlan {
    ResidentPlan::new(0).with_workers(4, PLACES)
}

fn wait(completions: &mut Completions<MappedTasks>, task: TaskHandle) -> TaskEnd {
    loop {
        match completions.try_take(task) {
            Err(PopError::Empty) => thread::sleep(Duration::from_micros(50)),
            end => return end.unwrap_or_else(|error| panic!("{task:?}: {error}")),
        }
    }
}

fn accounted(report: &MegakernelReport) {
    assert!(report.is_accounted(), "{report:?}");
}

fn digits() -> (Case, ModelArtifact) {
    let case = own_cases_of_any_ports().into_iter().find(|case| case.name == "digits");
    let case = case.expect("the digits model is there");
    let artifact = case.convert(Layout::Packed);
    (case, artifact)
}

/// Every own model, eight at a time.
fn reference() {
    let cases = own_cases_of_any_ports();
    assert!(cases.len() > 16);
    for cases in cases.chunks(8) {
        let artifacts: Vec<_> = cases.iter().map(|case| case.convert(Layout::Packed)).collect();
        let stage = Stage::start(plan(), &artifacts.iter().collect::<Vec<_>>(), &[]);
        let calls = call_count("*");
        let (mut submitter, mut completions, controls) = stage.run();
        let mut count = 0;
        for sample in 0..2 {
            let mut asked = Vec::new();
            for (place, case) in (0..).zip(cases) {
                let bytes = stage.tasks.models()[place as usize].input_bytes() as usize;
                let inputs = case.inputs.chunks_exact(bytes).nth(sample);
                let Some(inputs) = inputs else { continue };
                let request = stage.tasks.ask(place, place, None, bytemuck::cast_slice(inputs));
                let task = NewTask::from(request.unwrap_or_else(|error| panic!("{error}")));
                let task = task.with_priority(TaskPriority::ALL[place as usize % 5]);
                asked.push((place, submitter.try_submit(task).expect("there is a slot")));
            }
            count += asked.len() as u64;
            for (place, handle) in asked {
                let end = wait(&mut completions, handle);
                let case = &cases[place as usize];
                assert_eq!((end.outcome, end.code), (TaskOutcome::Done, 0), "{}", case.name);
                let outputs = stage.answer(place, place);
                let wanted = case.outputs.chunks_exact(outputs.len()).nth(sample);
                assert_eq!(Some(outputs.as_slice()), wanted, "{}, sample {sample}", case.name);
            }
        }
        let report = controls.finish();
        accounted(&report);
        assert_eq!((report.accepted, report.done), (count, count));
        assert_eq!(call_count("*"), calls, "the host called the driver");
        stage.stop();
    }
}

/// Runs the first samples of digits, and stops the workers again and again meanwhile.
fn cut_run(plan: ResidentPlan) -> MegakernelReport {
    let (case, artifact) = digits();
    let stage = Stage::start(plan, &[&artifact], &[]);
    let (mut submitter, mut completions, mut controls) = stage.run();
    let mut asked = Vec::new();
    for (place, inputs) in (0..PLACES).zip(case.inputs.chunks_exact(64)) {
        let request = stage.tasks.ask(place, 0, None, bytemuck::cast_slice(inputs));
        let task = request.unwrap_or_else(|error| panic!("{error}")).into();
        asked.push(submitter.try_submit(task).expect("there is a slot"));
    }
    let report = loop {
        thread::sleep(Duration::from_millis(1));
        let report = controls.stop();
        accounted(&report);
        assert_eq!(report.running, 0);
        if report.done == u64::from(PLACES) {
            break report;
        }
        controls.next_slice().unwrap_or_else(|error| panic!("{error}"));
    };
    for ((place, handle), wanted) in (0..).zip(asked).zip(case.outputs.chunks_exact(10)) {
        assert_eq!(wait(&mut completions, handle).outcome, TaskOutcome::Done);
        assert_eq!(stage.answer(place, 0), wanted, "place {place}");
    }
    accounted(&controls.finish());
    stage.stop();
    report
}

fn cut() {
    let report = cut_run(plan());
    println!("{} claims, {} times cut", report.claims, report.yields);
    assert!(report.yields >= 4, "it was cut: {report:?}");
    assert_eq!(report.claims, u64::from(PLACES) + report.yields);
}

fn large() {
    let report = cut_run(plan().with_shared_bytes(16));
    println!("{} claims, {} times cut", report.claims, report.yields);
}

/// Two streams of a model, whose steps alternate; one begins anew.
fn streams() {
    let artifact = ModelArtifact::from_bytes(leaked(&running_sum(1), Layout::Packed));
    let stage = Stage::start(plan(), &[&artifact], &[0, 0]);
    let (mut submitter, mut completions, controls) = stage.run();
    let mut ask = |stream, step: &[i8]| {
        stage.ask((&mut submitter, &mut completions), (0, Some(stream)), step)
    };
    let steps: Vec<&[i8]> = STEPS.chunks_exact(STEP_LEN).collect();
    let wanted: Vec<&[i8]> = STEPS_BY_HAND.chunks_exact(2 * STEP_LEN).collect();
    for (step, wanted) in steps.iter().zip(&wanted) {
        let [first, second] = [0, 1].map(|stream| ask(stream, step));
        assert_eq!((first.as_slice(), second.as_slice()), (*wanted, *wanted));
    }
    stage.tasks.reset(0).expect("no task of it is in flight");
    assert_eq!(ask(0, steps[0]), wanted[0], "it begins anew");
    assert_ne!(ask(1, steps[0]), wanted[0], "the other goes on");
    accounted(&controls.finish());
    stage.stop();
}

/// Tasks that were not made by `ask`: each has its fault, and the place of others is untouched.
fn faults() {
    let (case, artifact) = digits();
    let sum = ModelArtifact::from_bytes(leaked(&running_sum(1), Layout::Packed));
    let stage = Stage::start(plan(), &[&artifact, &sum], &[1]);
    let (mut submitter, mut completions, controls) = stage.run();
    let placed = |op, place| NewTask::new(op).with_input(place).with_output(place);
    let stream = TaskStream { stream: 1, begins_anew: true }.param();
    let tasks = [
        (placed(0, PLACES), ModelFault::NoPlace),
        (placed(0, 0).with_output(1), ModelFault::OutputElsewhere),
        (placed(0, 0).with_pc(1), ModelFault::NotAsked),
        (placed(0, 0).with_pc(1 << 20), ModelFault::NotAsked),
        (placed(1, 0).with_param(stream), ModelFault::NoStream),
    ];
    for (task, fault) in tasks {
        let handle = submitter.try_submit(task).expect("there is a slot");
        let end = wait(&mut completions, handle);
        assert_eq!(
            (end.outcome, ModelFault::of_code(end.code)),
            (TaskOutcome::Faulted, Some(fault))
        );
    }
    let outputs = stage.ask((&mut submitter, &mut completions), (0, None), &case.inputs[..64]);
    assert_eq!(outputs, case.outputs[..10]);
    let report = controls.finish();
    accounted(&report);
    assert_eq!((report.faulted, report.done), (5, 1));
    stage.stop();
}

fn refusals() {
    let (case, artifact) = digits();
    let sum = ModelArtifact::from_bytes(leaked(&running_sum(1), Layout::Packed));
    let stage = Stage::start(plan(), &[&artifact, &sum], &[1]);
    let tasks = stage.tasks.clone();
    let inputs: &[u8] = bytemuck::cast_slice(&case.inputs[..64]);
    let refused = |place, model, stream, inputs| {
        tasks.ask(place, model, stream, inputs).expect_err("it is refused")
    };
    assert_eq!(refused(0, 2, None, inputs), TaskAskError::NoModel { model: 2 });
    assert_eq!(refused(PLACES, 0, None, inputs), TaskAskError::NoPlace { place: PLACES });
    assert_eq!(refused(0, 0, Some(0), inputs), TaskAskError::NoState { model: 0 });
    assert!(matches!(refused(0, 0, None, &inputs[1..]), TaskAskError::Inputs(_)));
    let step = [0; STEP_LEN];
    assert_eq!(refused(0, 1, None, &step), TaskAskError::NoStreamNamed { model: 1 });
    assert_eq!(refused(0, 1, Some(1), &step), TaskAskError::NoStream { stream: 1 });
    let _first = tasks.ask(0, 1, Some(0), &step).expect("it is free");
    assert_eq!(refused(0, 1, Some(0), &step), TaskAskError::PlaceInUse { place: 0 });
    let in_use = TaskAskError::StreamInUse { stream: 0, place: 0 };
    assert_eq!(refused(1, 1, Some(0), &step), in_use);
    assert_eq!(tasks.reset(0), Err(in_use));
    assert_eq!(tasks.answer(0, &mut [0; 8]), Err(TaskAskError::NotDone { place: 0 }));
    assert_eq!(tasks.free_place(), Some(1));
    tasks.release(0).expect("it is one");
    assert_eq!(tasks.free_place(), Some(0));
    let loaded = tasks.models();
    let none = stage.host.model_tasks(&[], 1, &[]).map(|_| ());
    assert_eq!(none, Err(ResidentError::TaskTable { models: 0, places: 1 }));
    let full = stage.host.model_tasks(loaded, PLACES, &[]).map(|_| ());
    assert!(matches!(full, Err(ResidentError::ReserveFull { what: "pools", .. })), "{full:?}");
    // A table that nobody has any more gives its room back.
    let loaded = loaded.to_vec();
    let Stage { host, tasks: other } = stage;
    drop((tasks, other));
    drop(host.model_tasks(&loaded, PLACES, &[1]).expect("there is room"));
    host.stop(LEASE).expect("the kernel ends");
}
