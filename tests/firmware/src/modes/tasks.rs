//! Megakernel mode: a task for each input, run by a worker in the loop. Its budget is a few
//! operators, so that tasks give way and the next slice goes on with them.

use core::cell::Cell;
use core::future::Future;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use isokern_cpu::core::MegakernelConfig;
use isokern_cpu::core::call::{Clock, PollingSleep};
use isokern_cpu::core::megakernel::{NewTask, TaskArrays, TaskCells, TaskOutcome, WorkerStep};
use isokern_cpu::core::ring::{HostCell, PopError};
use isokern_cpu::tasks::{ModelPlace, ModelStream, ModelTasks};
use isokern_firmware::cargo::Unpacked;
use isokern_ring::{LoopWord, LoopWorkers, megakernel};

use crate::{Pool, Program, add_outputs, inputs_of, no_outputs, write_input};

/// Where slots, queues and rings live: two slots, one worker.
pub(crate) type TasksMemory = TaskCells<TaskArrays<2, 1, LoopWord, HostCell>>;

/// Looks at the clock that a slice lasts.
const SLICE: Duration = Duration::from_nanos(6);

/// A clock that goes on by a nanosecond at each look.
#[derive(Clone, Copy)]
struct LookClock;

static LOOKS: AtomicU32 = AtomicU32::new(0);

impl Clock for LookClock {
    fn now_ns(&self) -> u64 {
        let looks = LOOKS.load(Ordering::Relaxed);
        LOOKS.store(looks.wrapping_add(1), Ordering::Relaxed);
        looks.into()
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

/// What the tasks gave.
pub(crate) struct Ran {
    /// The digest of the outputs.
    pub(crate) digest: u64,
    /// How often a task gave way.
    pub(crate) yields: u32,
}

/// Runs all inputs.
#[inline(never)]
pub(crate) fn run(
    program: &Program,
    pool: &mut Pool,
    state: &mut [u8],
    memory: &TasksMemory,
    cargo: Unpacked,
) -> Option<Ran> {
    let (mut lender, _borrower) = pool.split();
    let mut arena = lender.try_claim().ok()?;
    let stream = (program.model().state_bytes() > 0).then_some(0);
    let programs = core::slice::from_ref(program);
    let places = [Cell::new(Some(ModelPlace::lent(&mut arena)))];
    let streams = [Cell::new(Some(ModelStream::lent(0, state)))];
    let tasks = ModelTasks::new(programs, &places, &streams).ok()?;
    let host = LoopWorkers::new(memory, LookClock);
    let config =
        MegakernelConfig { worker_count: 1, max_wall_time: SLICE, ..MegakernelConfig::new() };
    let (mut submitter, mut completions, mut controls) =
        megakernel(&host, tasks, config).ok()?.split();
    let (count, mut inputs) = inputs_of(cargo);
    let mut digest = no_outputs();
    for _ in 0..count {
        let request =
            tasks.ask(0, 0, stream, |program, arena| write_input(program, arena, &mut inputs));
        let handle = submitter.try_submit(NewTask::from(request.ok()?)).ok()?;
        let end = loop {
            if let WorkerStep::Over(_) = controls.running_mut().step() {
                controls.next_slice().ok()?;
            }
            match completions.try_take(handle) {
                Ok(end) => break end,
                Err(PopError::Empty) => {}
                Err(_) => return None,
            }
        };
        if end.outcome != TaskOutcome::Done {
            return None;
        }
        let sum = tasks.answer(0, |program, arena| add_outputs(program, arena, digest));
        digest = sum.ok()?.ok()?;
    }
    let report = controls.finish();
    let is_whole = report.is_accounted() && report.done == count.into();
    is_whole.then_some(Ran { digest, yields: report.yields as u32 })
}
