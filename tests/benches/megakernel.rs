//! What a task costs its worker: empty tasks through the megakernel, and through a deque.
//!
//! `cargo bench -p isokern-tests --bench megakernel`
//!
//! All rows run in one process, interleaved: every round measures each of them once, and the
//! table has the medians. `ISOKERN_MEGAKERNEL_ROUNDS` changes their number, 7 by itself.
//!
//! * **ns a task**: the time on a CPU of all workers together, from the system's account of each
//!   thread, by tasks. Workers that find nothing look 16 times and then sleep.
//! * **backlog**: so many tasks wait for one event before the workers start; what is measured is
//!   the claim, the run and the completion of each, once they are queued.
//! * **fed**: another thread submits and takes completions, at most 1024 tasks being under way, so
//!   the intake is in it, too. The row of `crossbeam-deque` is fed in the same way through its
//!   `Injector`; it has no classes, tenants, names, completions, waits, cancels, budgets or
//!   accounts, and counts what it ran.
//! * **delay**: from the queue to the claim, of tasks of 5 µs with every tenth Critical, which come
//!   at a steady pace that keeps the workers half busy.

use core::future::Future;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_deque::{Injector, Steal, Worker as Deque};
use isokern_core::call::{Clock, PollingSleep};
use isokern_core::megakernel::{
    CompletionsState, MegakernelReport, NewTask, NoBells, SubmitterState, TaskCells, TaskContext,
    TaskHandler, TaskPriority, TaskShape, TaskSlice, TaskStep, Worker, WorkerStep, close, prepare,
};
use isokern_core::ring::{HostCell, HostWord};
use isokern_core::{Solo, TaskSlot};
use isokern_ring::BoxedTasks;

type Memory = Arc<TaskCells<BoxedTasks, NoBells>>;

const FED_TASKS: u32 = 500_000;
const IN_FLIGHT: u32 = 1024;

/// The system's monotonic clock.
#[derive(Clone, Copy)]
struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

/// Runs tasks that take their parameter in nanoseconds, and notes how long each waited.
struct Busy {
    clock: Monotonic,
    /// Of Critical tasks, and of the others: how many waited so many eighths of an octave.
    delays: [[AtomicU64; DELAY_BUCKETS]; 2],
}

const DELAY_BUCKETS: usize = 512;

impl Busy {
    fn new(clock: Monotonic) -> Self {
        Self { clock, delays: [const { [const { AtomicU64::new(0) }; DELAY_BUCKETS] }; 2] }
    }

    fn note(&self, priority: Option<TaskPriority>, delay_ns: u64) {
        let octave = delay_ns.max(8).ilog2();
        let bucket = (octave as usize) * 8 + (delay_ns >> (octave - 3) & 7) as usize;
        let class = usize::from(priority != Some(TaskPriority::Critical));
        self.delays[class][bucket.min(DELAY_BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the delay in µs that so many thousandths of the tasks of a class stay below.
    fn quantile_us(&self, class: usize, thousandths: u64) -> f64 {
        let counts: Vec<_> =
            self.delays[class].iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let wanted = counts.iter().sum::<u64>() * thousandths / 1000;
        let mut below = 0;
        let bucket = counts.iter().position(|count| {
            below += count;
            below > wanted
        });
        let bucket = bucket.unwrap_or(0);
        let ns = (8 + bucket % 8) as u64 * (1_u64 << (bucket / 8)) / 8;
        ns as f64 / 1000.0
    }
}

impl TaskHandler for Busy {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        if task.param() != 0 {
            self.note(task.priority(), context.queued_ns());
            let end_ns = self.clock.now_ns() + u64::from(task.param());
            while self.clock.now_ns() < end_ns {
                spin_loop();
            }
        }
        TaskStep::Done
    }
}

/// Waits after a look in vain, of which there were so many: soon without time on a CPU.
fn wait(looks: u32) {
    if looks < 16 {
        thread::yield_now();
    } else {
        thread::sleep(Duration::from_micros(20));
    }
}

/// Returns the time this thread has spent on a CPU, in nanoseconds.
fn cpu_ns() -> u64 {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    account.split(' ').next().and_then(|ns| ns.parse().ok()).expect("a number")
}

fn memory(slots: u32, workers: u32) -> Memory {
    let shape = TaskShape::try_new(slots, 0, workers).expect("it is not too large");
    let cells = TaskCells::from_words(shape, NoBells, HostCell::default, HostWord::default);
    prepare(&cells);
    Arc::new(cells)
}

/// Runs workers until the end, and returns the time on a CPU of all of them.
fn run_workers(memory: &Memory, handler: &Busy, workers: u32, host: impl FnOnce()) -> u64 {
    let clock = handler.clock;
    let slice = TaskSlice { worker_count: workers, wall_time: Duration::MAX, passed_over_max: 64 };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|number| {
                let memory = Arc::clone(memory);
                scope.spawn(move || {
                    let mut worker = Worker::new(memory, handler, clock, number, slice);
                    let (start, mut looks) = (cpu_ns(), 0);
                    loop {
                        match worker.step() {
                            WorkerStep::Worked => looks = 0,
                            WorkerStep::Idle => {
                                wait(looks);
                                looks += 1;
                            }
                            WorkerStep::Over(_) => return cpu_ns() - start,
                        }
                    }
                })
            })
            .collect();
        host();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

/// Returns a task of one class, or of every class and tenant in turn.
fn empty_task(number: u32, is_mixed: bool) -> NewTask {
    let task = NewTask::new(0);
    if !is_mixed {
        return task;
    }
    let priority = TaskPriority::ALL[number as usize % 5];
    task.with_priority(priority).with_tenant(number % 16)
}

/// Returns the ns a task of backlogs of so many, a million tasks in all: the system's account is
/// coarse.
fn backlog(tasks: u32, workers: u32, is_mixed: bool) -> f64 {
    let repeats = (1_000_000 / tasks).max(1);
    let spent: u64 = (0..repeats).map(|_| one_backlog(tasks, workers, is_mixed)).sum();
    spent as f64 / f64::from(tasks * repeats)
}

/// Returns the time on a CPU that a backlog takes, in nanoseconds.
fn one_backlog(tasks: u32, workers: u32, is_mixed: bool) -> u64 {
    let memory = memory(tasks, workers);
    let handler = Busy::new(Monotonic(Instant::now()));
    let (clock, slice) = (
        handler.clock,
        TaskSlice { worker_count: 1, wall_time: Duration::MAX, passed_over_max: 64 },
    );
    let mut submitter = SubmitterState::new(1);
    let mut worker = Worker::new(Arc::clone(&memory), &handler, clock, 0, slice);
    for number in 0..tasks {
        let task = empty_task(number, is_mixed).with_event(1, 1);
        while submitter.try_submit(&memory, task).is_err() {
            worker.step();
        }
    }
    while MegakernelReport::of(&memory).unread != 0 {
        worker.step();
    }
    submitter.try_signal(&memory, 1, 1).expect("there is room");
    // The look at every slot, and the first task.
    assert_eq!(worker.step(), WorkerStep::Worked);
    drop(worker);
    close(&memory);
    let spent = run_workers(&memory, &handler, workers, || {});
    let report = MegakernelReport::of(&memory);
    assert!(report.is_accounted() && report.done == u64::from(tasks), "{report:?}");
    spent
}

/// Returns the ns a task of tasks that another thread feeds, and the handler with the delays it
/// noted.
fn fed(tasks: u32, workers: u32, pace_ns: u64, task_of: impl Fn(u32) -> NewTask) -> (f64, Busy) {
    let memory = memory(IN_FLIGHT, workers);
    let handler = Busy::new(Monotonic(Instant::now()));
    let spent = run_workers(&memory, &handler, workers, || {
        let (mut submitter, mut ends) = (SubmitterState::new(1), CompletionsState::new());
        let (mut submitted, mut ended) = (0, 0);
        let start_ns = handler.clock.now_ns();
        while ended < tasks {
            let before = (submitted, ended);
            let is_due = |number: u32| {
                pace_ns == 0 || handler.clock.now_ns() - start_ns >= u64::from(number) * pace_ns
            };
            while submitted < tasks
                && is_due(submitted)
                && submitter.try_submit(&memory, task_of(submitted)).is_ok()
            {
                submitted += 1;
            }
            while ends.try_next(&memory).is_ok() {
                ended += 1;
            }
            if before == (submitted, ended) && pace_ns == 0 {
                thread::yield_now();
            }
        }
        close(&memory);
    });
    (spent as f64 / f64::from(tasks), handler)
}

/// Works as [`fed`], through a deque for each worker and an injector.
fn deque(tasks: u32, workers: u32) -> f64 {
    let injector = Injector::<TaskSlot>::new();
    let (done, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let deques: Vec<_> = (0..workers).map(|_| Deque::<TaskSlot>::new_fifo()).collect();
    let stealers: Vec<_> = deques.iter().map(Deque::stealer).collect();
    let spent: u64 = thread::scope(|scope| {
        let (injector, stealers, done, is_over) = (&injector, &stealers, &done, &is_over);
        let run = move |own: Deque<TaskSlot>| {
            let (start, mut looks) = (cpu_ns(), 0);
            loop {
                let task = own.pop().or_else(|| {
                    core::iter::repeat_with(|| {
                        let stolen = injector.steal_batch_and_pop(&own);
                        stolen.or_else(|| stealers.iter().map(|other| other.steal()).collect())
                    })
                    .find(|stolen| !Steal::is_retry(stolen))
                    .and_then(Steal::success)
                });
                match task {
                    Some(task) => {
                        core::hint::black_box(&task);
                        done.fetch_add(1, Ordering::Release);
                        looks = 0;
                    }
                    None if is_over.load(Ordering::Acquire) => return cpu_ns() - start,
                    None => {
                        wait(looks);
                        looks += 1;
                    }
                }
            }
        };
        let threads: Vec<_> = deques.into_iter().map(|own| scope.spawn(move || run(own))).collect();
        let mut submitted = 0;
        while done.load(Ordering::Acquire) < u64::from(tasks) {
            let room = done.load(Ordering::Acquire) + u64::from(IN_FLIGHT);
            let before = submitted;
            while submitted < u64::from(tasks) && submitted < room {
                injector.push(TaskSlot::ready(0));
                submitted += 1;
            }
            if before == submitted {
                thread::yield_now();
            }
        }
        is_over.store(true, Ordering::Release);
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    spent as f64 / f64::from(tasks)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A row's name and its measurement.
type Row = (String, fn(u32, u32) -> f64, u32, u32);

fn main() {
    let asked = std::env::var("ISOKERN_MEGAKERNEL_ROUNDS");
    let rounds = asked.map_or(7, |rounds| rounds.parse().expect("a number of rounds")).max(1);
    let mut rows: Vec<Row> = Vec::new();
    for tasks in [100_000, 300_000, 1_000_000] {
        let one_class: fn(u32, u32) -> f64 = |tasks, workers| backlog(tasks, workers, false);
        rows.push((format!("backlog of {tasks}, 1 worker"), one_class, tasks, 1));
    }
    rows.push((
        "backlog of 100000, mixed, 1 worker".into(),
        |t, w| backlog(t, w, true),
        100_000,
        1,
    ));
    rows.push(("backlog of 100000, 2 workers".into(), |t, w| backlog(t, w, false), 100_000, 2));
    for workers in [1, 2, 4] {
        let one: fn(u32, u32) -> f64 = |tasks, w| fed(tasks, w, 0, |n| empty_task(n, false)).0;
        let mixed: fn(u32, u32) -> f64 = |tasks, w| fed(tasks, w, 0, |n| empty_task(n, true)).0;
        rows.push((format!("fed, one class, {workers} workers"), one, FED_TASKS, workers));
        rows.push((
            format!("fed, classes and tenants, {workers} workers"),
            mixed,
            FED_TASKS,
            workers,
        ));
        rows.push((format!("fed, crossbeam-deque, {workers} workers"), deque, FED_TASKS, workers));
    }
    let mut figures = vec![Vec::new(); rows.len()];
    for round in 0..rounds {
        for offset in 0..rows.len() {
            let at = (round + offset) % rows.len();
            let (_, measure, tasks, workers) = &rows[at];
            figures[at].push(measure(*tasks, *workers));
        }
    }
    println!("ns of CPU time a task, all workers together; medians of {rounds} rounds");
    for ((name, ..), figures) in rows.iter().zip(figures) {
        println!("{name:45} {:8.1}", median(figures));
    }
    let critical = |n: u32| {
        let task = NewTask::new(0).with_param(5_000);
        if n.is_multiple_of(10) { task.with_priority(TaskPriority::Critical) } else { task }
    };
    for workers in [1, 2] {
        let pace_ns = 10_000 / u64::from(workers);
        let (ns, busy) = fed(20_000, workers, pace_ns, critical);
        for (class, name) in ["Critical", "Normal"].into_iter().enumerate() {
            let (half, most) = (busy.quantile_us(class, 500), busy.quantile_us(class, 990));
            println!(
                "delay of {name}, {workers} workers, 5 µs tasks: p50 {half:.1} µs, p99 {most:.1} µs"
            );
        }
        println!("  {ns:.0} ns of CPU time a task of 5000 ns, waiting included");
    }
}
