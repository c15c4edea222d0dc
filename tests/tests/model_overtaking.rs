//! A critical task that is submitted between two operators of a model, with a thousand normal tasks
//! in the queue, is claimed before the next operator of any of them.

use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicU64, Ordering};
use std::process::ExitCode;
use std::sync::Arc;

use isokern_core::call::{Clock, PollingSleep};
use isokern_core::megakernel::{
    NewTask, SpawnTaskError, TaskArrays, TaskCells, TaskContext, TaskHandler, TaskPriority,
    TaskStep,
};
use isokern_core::{MegakernelConfig, Solo, TaskSlot};
use isokern_cpu::ArtifactBackend;
use isokern_cpu::tasks::{ModelTable, ModelTablePlan};
use isokern_model::layout::Layout;
use isokern_ring::{LoopWorkers, Submitter, megakernel};
use isokern_tests::trials::{on_models_unless, run};
use isokern_tests::vectors::Case;

type Cells = TaskCells<TaskArrays<1024>>;

/// Normal tasks, and the operators that have run when the critical one is submitted.
const NORMAL_COUNT: u32 = 1000;
const SUBMITTED_AFTER: [u32; 3] = [1, 7, 100];

fn main() -> ExitCode {
    run(on_models_unless(None, "a_critical_task_is_claimed_within_an_operator", |cases| {
        // Committed: digits. Of the reference models: keyword spotting.
        let names = ["digits", "kws_dscnn_int8"];
        let chosen: Vec<&Case> =
            cases.iter().filter(|case| names.contains(&case.name.as_str())).collect();
        assert_eq!(chosen.len(), 1, "one of {names:?} is there");
        for after in SUBMITTED_AFTER {
            overtakes(chosen[0], after);
        }
    }))
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

/// The model's tasks; counts operators, and submits the critical task after some of them.
struct Counting<'t> {
    table: &'t ModelTable,
    submitter: &'t RefCell<Option<Submitter<&'t Cells>>>,
    critical: NewTask,
    after: u32,
    operator_count: &'t Cell<u32>,
    /// Operators that had run when the critical task was claimed.
    claimed_at: &'t Cell<Option<u32>>,
}

impl TaskHandler for Counting<'_> {
    fn op_count(&self) -> u32 {
        self.table.op_count()
    }

    fn run<C: TaskContext>(&self, team: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        if task.priority() == Some(TaskPriority::Critical) && task.continuation_pc() == 0 {
            self.claimed_at.set(Some(self.operator_count.get()));
        }
        TaskHandler::run(self.table, team, task, &mut Between { context, counting: self })
    }
}

/// What the model asks between two operators.
struct Between<'c, 't, C> {
    context: &'c mut C,
    counting: &'c Counting<'t>,
}

impl<C: TaskContext> TaskContext for Between<'_, '_, C> {
    fn must_yield(&mut self) -> bool {
        let Counting { submitter, critical, after, operator_count, .. } = self.counting;
        operator_count.set(operator_count.get() + 1);
        if operator_count.get() == *after {
            let mut submitter = submitter.borrow_mut();
            let submitter = submitter.as_mut().expect("the workers were started");
            submitter.try_submit(*critical).expect("a slot is left");
        }
        self.context.must_yield()
    }

    fn is_cancelled(&self) -> bool {
        self.context.is_cancelled()
    }

    fn is_stopping(&self) -> bool {
        self.context.is_stopping()
    }

    fn spawn(&mut self, task: NewTask) -> Result<(), SpawnTaskError> {
        self.context.spawn(task)
    }

    fn has_failed_child(&self) -> bool {
        self.context.has_failed_child()
    }

    fn slot(&self) -> u32 {
        self.context.slot()
    }

    fn generation(&self) -> u32 {
        self.context.generation()
    }

    fn worker(&self) -> u32 {
        self.context.worker()
    }

    fn claimed_ns(&self) -> u64 {
        self.context.claimed_ns()
    }

    fn queued_ns(&self) -> u64 {
        self.context.queued_ns()
    }
}

fn overtakes(case: &Case, after: u32) {
    let program = ArtifactBackend::new().load_program(&case.convert(Layout::Packed));
    let program = program.expect("the artifact is a model");
    let in_flight = NORMAL_COUNT as usize + 1;
    let plan = ModelTablePlan { in_flight, ..ModelTablePlan::default() };
    let table = ModelTable::new(vec![program], plan).expect("there is memory");
    let tasks = table.tasks();
    let asked =
        |place| NewTask::from(tasks.ask(place, 0, None, |_, _| Ok(())).expect("it is free"));
    let cells = Box::new(Cells::new(0));
    let (submitter_cell, operator_count, claimed_at) =
        (RefCell::new(None), Cell::new(0), Cell::new(None));
    let handler = Counting {
        table: &table,
        submitter: &submitter_cell,
        critical: asked(NORMAL_COUNT).with_priority(TaskPriority::Critical),
        after,
        operator_count: &operator_count,
        claimed_at: &claimed_at,
    };
    let host = LoopWorkers::new(&*cells, LookClock::default());
    let workers = megakernel(&host, handler, MegakernelConfig::new()).expect("it is lent once");
    let (mut submitter, _completions, mut controls) = workers.split();
    for place in 0..NORMAL_COUNT {
        submitter.try_submit(asked(place)).expect("there are slots");
    }
    *submitter_cell.borrow_mut() = Some(submitter);
    while claimed_at.get().is_none() {
        controls.running_mut().step();
        let is_late = claimed_at.get().is_none() && operator_count.get() > after;
        assert!(!is_late, "{}: an operator ran after the critical task was there", case.name);
    }
    let found = claimed_at.get().expect("it was claimed");
    assert_eq!(found, after, "{}: operators run from submission to claim", case.name);
    let report = controls.finish();
    assert!(report.is_accounted(), "{report:?}");
    assert_eq!(report.done, u64::from(NORMAL_COUNT) + 1);
    assert_eq!(report.yields, 1, "one task gave way, once");
}
