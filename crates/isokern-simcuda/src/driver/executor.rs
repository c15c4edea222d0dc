//! The thread that does the work of all streams.
//!
//! It takes the first work of a stream that can go on, does a slice of it with the world unlocked,
//! and puts it back or completes it. A kernel that runs long stops no other stream.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::entry::{self, Process};
use super::ledger;
use super::status::{Outcome, Status};
use super::stream::Item;
use super::task::{End, Kernel, NodesLeft, Task, TaskProgress, read_word};
use super::world::World;
use crate::machine::{Counters, Engine, Fault, Grid, Profile, Progress};
use crate::memory::{AccessError, Memory};

/// How often words that streams wait for are looked at.
const POLL: Duration = Duration::from_micros(100);

/// How long nothing runs where all threads of all kernels sleep, unless a call brings work: a host
/// that shares the processor gets it, and a store of the host is seen that much later at most.
const NAP: Duration = Duration::from_micros(50);
/// After this many naps in which nothing woke, naps are longer: two milliseconds or so.
const NAPS: u32 = 32;
/// The longer one: waking up costs about twenty microseconds, which is to be few per cent.
const LONG_NAP: Duration = Duration::from_micros(500);

/// The report of what should never happen.
const DEFECT: &str = "the stand-in panicked, which is a defect of it";

/// What a slice of work ended with.
#[derive(Debug)]
enum Step {
    /// There is more to do.
    Again,
    /// All is done.
    Done,
    /// An event's record was reached.
    Reached(u64),
    /// Memory is to be freed.
    Release(u64),
    /// It failed: the code and a report.
    Failed(Status, String),
}

/// What a slice of work amounts to, beside its step.
#[derive(Debug, Default)]
struct Account {
    executed: Counters,
    /// What is to be said of kernels that go on.
    notes: Vec<String>,
    /// Whether the kernel that ran sleeps.
    asleep: bool,
    /// Whether a kernel that begins keeps a profile.
    keep_profile: bool,
    /// The kernel that ended, and its profile.
    profile: Option<(Arc<Kernel>, Profile)>,
}

/// Starts the thread where there is none.
///
/// # Errors
///
/// [`Status::OPERATING_SYSTEM`] where there can be none.
pub fn ensure_started(world: &mut World, process: &'static Process) -> Outcome {
    if !world.executor_started {
        let builder = thread::Builder::new().name("isokern-simcuda".to_owned());
        builder.spawn(move || serve(process)).map_err(|_| Status::OPERATING_SYSTEM)?;
        world.executor_started = true;
    }
    Ok(())
}

/// Works forever. A defect ends the contexts it may have hurt, and the rest goes on.
fn serve(process: &'static Process) {
    while catch_unwind(AssertUnwindSafe(|| run(process))).is_err() {
        let mut world = process.lock();
        let hurt: Vec<_> =
            world.streams.values().filter(|stream| stream.busy).map(|s| s.context).collect();
        for context in hurt {
            world.fail_context(context, Status::UNKNOWN, DEFECT);
        }
        world.streams.values_mut().for_each(|stream| stream.busy = false);
        process.announce();
    }
}

fn run(process: &'static Process) {
    let mut world = process.lock();
    let memory = Arc::clone(&world.memory);
    let mut engine = world.settings.engine(&memory);
    let mut naps = 0_u32;
    loop {
        let ready = world.ready_streams();
        let Some(stream) = world.order.choose(&ready) else {
            let limit = world.polls().then_some(POLL);
            world = process.wait(world, limit);
            continue;
        };
        if ready.iter().all(|stream| world.sleeps(*stream)) {
            let start = Instant::now();
            world = process.wait(world, Some(if naps < NAPS { NAP } else { LONG_NAP }));
            naps = naps.saturating_add(1);
            world.wake_streams();
            engine.idle(u64::try_from(start.elapsed().as_nanos()).unwrap_or(0));
            continue;
        }
        let Some(mut item) = world.take_first(stream) else { continue };
        let budget = world.order.slice();
        let keep_profile = world.keeps_profiles;
        drop(world);
        let mut account = Account { keep_profile, ..Account::default() };
        let work = || advance(&mut item.progress, &mut engine, &memory, budget, &mut account);
        let step = catch_unwind(AssertUnwindSafe(work)).ok();
        world = process.lock();
        let step = step.unwrap_or_else(|| {
            engine = world.settings.engine(&memory);
            Step::Failed(Status::UNKNOWN, DEFECT.to_owned())
        });
        world.executed.thread_instructions += account.executed.thread_instructions;
        world.executed.warp_instructions += account.executed.warp_instructions;
        for note in &account.notes {
            world.publish_report(note);
        }
        if let Some((kernel, profile)) = account.profile {
            world.add_profile(&kernel, profile);
        }
        let quiet = matches!(step, Step::Again);
        world.settle(stream, item, step);
        let executed = account.executed.warp_instructions;
        let in_vain = world.streams.get_mut(&stream).is_some_and(|stream| {
            stream.asleep = account.asleep && quiet;
            stream.looks_in_vain(executed)
        });
        if !in_vain {
            naps = 0;
        }
        if !quiet {
            process.announce();
        }
    }
}

impl World {
    /// Returns whether all threads of the kernel that runs in a stream sleep.
    fn sleeps(&self, handle: u64) -> bool {
        self.streams.get(&handle).is_some_and(|stream| stream.asleep)
    }

    /// Lets every kernel look again at what it waits for.
    fn wake_streams(&mut self) {
        self.streams.values_mut().for_each(|stream| stream.asleep = false);
    }

    fn take_first(&mut self, handle: u64) -> Option<Item> {
        let stream = self.streams.get_mut(&handle)?;
        let item = stream.queue.pop_front()?;
        stream.busy = true;
        stream.kernel = item.progress.kernel().cloned();
        Some(item)
    }

    fn settle(&mut self, handle: u64, item: Item, step: Step) {
        let ticket = item.ticket;
        let Some(stream) = self.streams.get_mut(&handle) else { return };
        stream.busy = false;
        match step {
            Step::Again => {
                let kernel = item.progress.kernel().filter(|_| item.progress.has_begun()).cloned();
                stream.kernel = kernel;
                stream.queue.push_front(item);
                return;
            }
            Step::Failed(status, report) => {
                let context = stream.context;
                stream.kernel = None;
                self.fail_context(context, status, &report);
                return;
            }
            Step::Done => stream.complete(),
            Step::Reached(event) => {
                stream.complete();
                self.mark_event(event, ticket);
            }
            Step::Release(address) => {
                stream.complete();
                ledger::release(self, address);
            }
        }
        self.sweep_streams();
    }
}

fn advance(
    progress: &mut TaskProgress,
    engine: &mut Engine,
    memory: &Arc<Memory>,
    budget: u64,
    account: &mut Account,
) -> Step {
    let done = match &progress.task {
        Task::Graph(nodes) => {
            let nodes = Arc::clone(nodes);
            return advance_graph(progress, &nodes, engine, memory, budget, account);
        }
        Task::Launch(kernel) => {
            let keep_profile = account.keep_profile;
            let begin = || {
                let mut grid = Grid::new(&kernel.program, kernel.launch.clone());
                if keep_profile {
                    grid.keep_profile();
                }
                grid
            };
            let grid = progress.grid.get_or_insert_with(begin);
            let before = grid.counters();
            let progress = engine.run(grid, budget);
            let after = grid.counters();
            let executed = &mut account.executed;
            executed.thread_instructions += after.thread_instructions - before.thread_instructions;
            executed.warp_instructions += after.warp_instructions - before.warp_instructions;
            account.notes = engine.take_notes().iter().map(ToString::to_string).collect();
            account.asleep = grid.is_asleep();
            if !matches!(progress, Ok(Progress::Running)) {
                account.profile =
                    grid.profile().map(|profile| (Arc::clone(kernel), profile.clone()));
            }
            return match progress {
                Ok(Progress::Running) => Step::Again,
                Ok(Progress::Finished) => Step::Done,
                Err(fault) => failed(&fault),
            };
        }
        Task::Record(event) => return Step::Reached(*event),
        Task::Free(address) => return Step::Release(*address),
        Task::Mark => Ok(()),
        Task::Call(function) => {
            entry::as_host_function(|| function.call());
            Ok(())
        }
        Task::Copy { target, source, bytes } => copy(memory, target, source, *bytes),
        Task::Fill { address, value, width, count } => {
            fill(memory, *address, *value, *width, *count)
        }
        Task::WaitValue(condition) => read_word(memory, condition.address).map(drop),
        Task::WriteValue(address, value) => {
            memory.range(*address, 4).map(|(allocation, offset)| {
                allocation.store.store(offset, 4, (*value).into());
            })
        }
    };
    match done {
        Ok(()) => Step::Done,
        Err(error) => Step::Failed(Status::ILLEGAL_ADDRESS, format!("work of a stream: {error}")),
    }
}

fn failed(fault: &Fault) -> Step {
    let status = Status::from_code(fault.kind.code()).unwrap_or(Status::LAUNCH_FAILED);
    Step::Failed(status, fault.to_string())
}

/// Goes on with the node that has begun, or chooses the next one whose predecessors are done.
fn advance_graph(
    progress: &mut TaskProgress,
    nodes: &[super::graph::Node],
    engine: &mut Engine,
    memory: &Arc<Memory>,
    budget: u64,
    account: &mut Account,
) -> Step {
    let left = progress
        .nodes
        .get_or_insert_with(|| NodesLeft { done: vec![false; nodes.len()], current: None });
    if let Some((index, inner)) = &mut left.current {
        match advance(inner, engine, memory, budget, account) {
            Step::Again => {}
            Step::Failed(status, report) => return Step::Failed(status, report),
            // Graphs have no records and no frees: see `add_captured`.
            Step::Done | Step::Reached(_) | Step::Release(_) => {
                if let Some(done) = left.done.get_mut(*index) {
                    *done = true;
                }
                left.current = None;
            }
        }
        return if left.done.iter().all(|done| *done) { Step::Done } else { Step::Again };
    }
    let is_done = |index: &usize| left.done.get(*index).copied().unwrap_or(true);
    // Any order that keeps the edges is right; the seed of the slice chooses among them.
    let ready: Vec<_> = nodes
        .iter()
        .enumerate()
        .filter(|(index, node)| !is_done(index) && node.after.iter().all(is_done))
        .collect();
    let turn = usize::try_from(budget).unwrap_or(0) / 16 % ready.len().max(1);
    match ready.get(turn) {
        None => Step::Done,
        Some((index, node)) => {
            left.current = Some((*index, Box::new(TaskProgress::new(node.task.clone()))));
            Step::Again
        }
    }
}

fn copy(memory: &Memory, target: &End, source: &End, bytes: usize) -> Result<(), AccessError> {
    let gone = |address| AccessError { address, bytes: 0, miss: crate::memory::Miss::Unknown };
    let data: Vec<u8> = match source {
        End::Memory(address) => {
            let mut data = vec![0; bytes];
            memory.read(*address, &mut data)?;
            data
        }
        End::Host(span) => span.read().map_err(|_| gone(span.address()))?,
        End::Bytes(data) => data.to_vec(),
    };
    match target {
        End::Memory(address) => memory.write(*address, &data),
        End::Host(span) => span.write(&data).map_err(|_| gone(span.address())),
        // Nobody could read it: never made as a target.
        End::Bytes(_) => Ok(()),
    }
}

fn fill(
    memory: &Memory,
    address: u64,
    value: u32,
    width: usize,
    count: usize,
) -> Result<(), AccessError> {
    let one = value.to_le_bytes();
    let data = one.get(..width).unwrap_or(&one).repeat(count);
    memory.write(address, &data)
}
