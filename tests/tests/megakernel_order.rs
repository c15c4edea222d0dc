//! Who is claimed when: Critical among very many Normal tasks, the bound for classes that are
//! passed over, and tenants; on a clock that tasks move themselves.

use core::time::Duration;
use std::sync::Mutex;

use isokern_core::call::Clock;
use isokern_core::megakernel::{
    CompletionsState, MegakernelReport, NewTask, SubmitError, SubmitterState, TaskArrays,
    TaskCells, TaskContext, TaskHandle, TaskHandler, TaskMemory, TaskPriority, TaskSlice, TaskStep,
    Worker, WorkerStep, close, prepare,
};
use isokern_core::{Solo, TaskSlot};
use isokern_guard::VirtualClock;

const WORKERS: u32 = 2;
type Cells = TaskCells<TaskArrays<1024, 2>>;

/// What an operator of a model takes.
const OPERATOR: Duration = Duration::from_micros(50);
/// Operators of a task, as many as those of a keyword model.
const OPERATORS: u32 = 12;

/// Tasks that run operator by operator, and look between two of them whether to give way. After
/// so many operators somebody submits a Critical one.
struct Models<'c> {
    clock: VirtualClock,
    cells: &'c Cells,
    host: Mutex<Host>,
    critical_at: u32,
}

struct Host {
    submitter: SubmitterState,
    operators: u32,
    critical: Option<(TaskHandle, u64)>,
}

impl Models<'_> {
    /// Runs an operator; in the middle of it the host may submit.
    fn operator(&self) {
        self.clock.advance(OPERATOR / 2);
        let mut host = self.host.lock().expect("nobody panics");
        host.operators += 1;
        if host.operators == self.critical_at {
            let task = NewTask::new(0).with_param(1).with_priority(TaskPriority::Critical);
            let handle = host.submitter.try_submit(self.cells, task).expect("a slot is kept");
            host.critical = Some((handle, self.clock.now_ns()));
        }
        drop(host);
        self.clock.advance(OPERATOR / 2);
    }
}

impl TaskHandler for Models<'_> {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        for pc in task.continuation_pc()..task.param() {
            self.operator();
            if context.must_yield() && pc + 1 < task.param() {
                return TaskStep::Yield { pc: pc + 1, data: 0 };
            }
        }
        TaskStep::Done
    }
}

fn slice() -> TaskSlice {
    TaskSlice { worker_count: WORKERS, wall_time: Duration::MAX, passed_over_max: 64 }
}

/// The worker that runs the operator in which the task comes takes it in after that operator, gives
/// way, and claims it.
#[test]
fn bar3_a_critical_task_among_a_thousand_is_claimed_within_an_operator_of_each_worker() {
    for critical_at in [1, 2, 13, 500, 5_001, 11_990] {
        let (cells, clock) = (Cells::new(0), VirtualClock::new());
        prepare(&cells);
        let mut submitter = SubmitterState::new(1);
        let normal = NewTask::new(0).with_param(OPERATORS);
        for _ in 0..1_000 {
            submitter.try_submit(&cells, normal).expect("there is a slot");
        }
        let host = Mutex::new(Host { submitter, operators: 0, critical: None });
        let models = Models { clock: clock.clone(), cells: &cells, host, critical_at };
        let mut workers: Vec<_> =
            (0..WORKERS).map(|n| Worker::new(&cells, &models, clock.clone(), n, slice())).collect();
        let mut idle = 0;
        while idle < WORKERS {
            for worker in &mut workers {
                idle = if worker.step() == WorkerStep::Worked { 0 } else { idle + 1 };
            }
        }
        drop(workers);
        let (critical, submitted_ns) =
            models.host.into_inner().expect("nobody panics").critical.expect("it was submitted");
        let sidecar = cells.sidecar(critical.slot()).expect("there is one");
        assert_eq!(sidecar.generation(), critical.generation());
        let waited = Duration::from_nanos(sidecar.claimed_ns() - submitted_ns);
        assert!(waited <= OPERATOR, "submitted in operator {critical_at}, it waited {waited:?}");
        let report = MegakernelReport::of(&cells);
        assert!(report.is_accounted() && report.done == 1_001, "{report:?}");
        assert!(report.yields <= u64::from(WORKERS), "{report:?}");
    }
}

/// A task of every class is put back forever, so each class always has work.
struct Endless;

impl TaskHandler for Endless {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, _: &mut C) -> TaskStep {
        let priority = task.priority().unwrap_or_default();
        TaskStep::Requeue { pc: 0, data: 0, priority }
    }
}

#[test]
fn bar3_no_class_with_work_is_passed_over_longer_than_the_bound() {
    for passed_over_max in [64, 16] {
        let cells = Cells::new(0);
        let mut submitter = SubmitterState::new(1);
        let mut handles = Vec::new();
        for priority in TaskPriority::ALL {
            for _ in 0..3 {
                let task = NewTask::new(0).with_priority(priority);
                handles.push((submitter.try_submit(&cells, task).expect("a slot"), priority));
            }
        }
        let slice = TaskSlice { passed_over_max, ..slice() };
        let mut worker = Worker::new(&cells, Endless, VirtualClock::new(), 0, slice);
        let counts = || {
            let count = |(handle, priority): &(TaskHandle, TaskPriority)| {
                let slot = cells.slot(handle.slot()).map(|slot| slot.snapshot().requeue_count());
                (*priority, slot.expect("there is one"))
            };
            TaskPriority::ALL.map(|class| {
                handles.iter().map(count).filter(|(of, _)| *of == class).map(|it| it.1).sum::<u32>()
            })
        };
        let (mut before, mut last_served, mut longest) = (counts(), [0_u32; 5], [0_u32; 5]);
        for step in 1..=5_000 {
            assert_eq!(worker.step(), WorkerStep::Worked);
            let now = counts();
            for class in 0..5 {
                if now[class] != before[class] {
                    longest[class] = longest[class].max(step - last_served[class]);
                    last_served[class] = step;
                }
            }
            before = now;
        }
        assert!(last_served.iter().all(|step| 5_000 - step <= passed_over_max + 4));
        let bound = passed_over_max + 4;
        assert!(longest[1..].iter().all(|gap| *gap <= bound), "{longest:?} of {bound}");
        assert!(before[0] > 4_500 * passed_over_max / 84, "Critical goes first: {before:?}");
    }
}

#[test]
fn bar3_a_tenant_beyond_its_quota_has_its_task_back_and_others_go_on() {
    let cells = Cells::new(0);
    let (mut submitter, mut completions) = (SubmitterState::new(1), CompletionsState::new());
    assert!(submitter.set_quota(5, 100));
    let greedy = NewTask::new(0).with_tenant(5).with_task_id(9);
    let accepted = (0..1_000).take_while(|_| submitter.try_submit(&cells, greedy).is_ok()).count();
    assert_eq!(accepted, 100);
    assert_eq!(submitter.try_submit(&cells, greedy), Err(SubmitError::TenantFull(greedy)));
    for tenant in (0..16).filter(|tenant| *tenant != 5) {
        submitter.try_submit(&cells, greedy.with_tenant(tenant)).expect("a slot of its own");
    }
    close(&cells);
    let models = NoOperators;
    let mut worker = Worker::new(&cells, models, VirtualClock::new(), 0, slice());
    while worker.step() == WorkerStep::Worked {}
    let told = core::iter::from_fn(|| completions.try_next(&cells).ok()).count();
    assert_eq!(told, 115);
}

/// Tasks that end at once.
struct NoOperators;

impl TaskHandler for NoOperators {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, _: &TaskSlot, _: &mut C) -> TaskStep {
        TaskStep::Done
    }
}
