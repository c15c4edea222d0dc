//! What a task of the megakernel costs on the device, and which part of a worker's time is work.
#![allow(unsafe_code)]

use core::fmt::Display;
use core::time::Duration;
use std::path::Path;
use std::thread;
use std::time::Instant;

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{
    HostMemory, MegakernelReport, NewTask, SubmitError, TaskEnd, TaskHandle, TaskOutcome,
};
use isokern_cuda::{CudaHost, CudaWorkers, MappedTasks, ResidentPlan};
use isokern_guard::SystemClock;
use isokern_ring::{Completions, Controls, Submitter, megakernel};
use isokern_test_actors::Work;
use serde_json::json;

use crate::device::Gpu;
use crate::links::read;
use crate::samples::Samples;
use crate::task_peers::{NODES, Peer};
use crate::task_times::{Claimed, ns_a_task};
use crate::{Effort, Failure};

/// The kernel of `tests/actors/device` with tasks of any length.
const KERNEL: &str = "isokern_test_work";
/// Lengths of tasks, with what rows call them.
const LENGTHS: [(&str, f64); 4] =
    [("empty", 0.0), ("0.5 us", 500.0), ("1 us", 1_000.0), ("5 us", 5_000.0)];
/// Workers of a row.
const WORKERS: [u32; 2] = [1, 4];
const WORKERS_MAX: u32 = 4;
/// The event that the tasks of a backlog wait for.
const EVENT: u32 = 1;
/// How long the kernel stays without its host.
const LEASE: Duration = Duration::from_secs(10);
/// After this long a task is lost.
const PATIENCE: Duration = Duration::from_secs(60);

type Ends = (Submitter<MappedTasks>, Completions<MappedTasks>, Controls<MappedTasks, CudaWorkers>);

/// The resident kernel that works for one megakernel after the other.
struct Stage {
    host: CudaHost<SystemClock>,
    tasks: u32,
}

/// A length of tasks, run in one way.
struct Row<'a> {
    variant: String,
    rounds: u32,
    work_ns: f64,
    way: Way<'a>,
    samples: Samples,
    driver_calls: Option<u64>,
}

enum Way<'a> {
    Workers(u32),
    Peer(Peer<'a>),
}

/// Measures all rows in turns with the device code in `folder`; adds what must not be to `wrong`.
pub(crate) fn measure(
    gpu: &Gpu,
    effort: Effort,
    folder: &Path,
    wrong: &mut Vec<String>,
) -> Result<(), Failure> {
    let ptx = read(folder, gpu.context().device().compute_capability()?)?;
    let tasks = effort.of(1_000, 64);
    // What is loaded while a kernel is resident may wait for its end.
    let launched = Peer::load(gpu, &ptx)?;
    let plan = ResidentPlan::new(0).with_workers(WORKERS_MAX, tasks).with_lease(LEASE);
    // SAFETY: `resident_kernel!` made the entry, which keeps the protocol.
    let host =
        unsafe { CudaHost::start_ptx(gpu.context(), SystemClock, plan, ptx.as_bytes(), KERNEL) };
    let stage = Stage { host: host.map_err(failed)?, tasks };
    let round_ns = stage.round_ns(effort)?;
    let mut rows = Vec::new();
    for (name, length_ns) in LENGTHS {
        let rounds = (length_ns / round_ns).round() as u32;
        let mut row = |variant: String, way| {
            let (samples, work_ns) = (Samples::new(), f64::from(rounds) * round_ns);
            rows.push(Row { variant, rounds, work_ns, way, samples, driver_calls: None });
        };
        for workers in WORKERS {
            let plural = if workers == 1 { "worker" } else { "workers" };
            row(format!("{name}, {workers} {plural}"), Way::Workers(workers));
        }
        let launches = Peer::in_a_row(&launched, effort.of(1_000, 20));
        row(format!("{name}, launches in a row"), Way::Peer(launches));
        let graph = Peer::graph(gpu, &launched, rounds)?;
        row(format!("{name}, a graph of {NODES} launches"), Way::Peer(graph));
    }
    let (samples, warm_up) = (effort.of(100, 2), effort.of(10, 1));
    for number in 0..warm_up + samples {
        for row in &mut rows {
            row.sample(gpu, &stage, number >= warm_up)?;
        }
    }
    for row in &rows {
        row.print(effort, tasks);
        if matches!((&row.way, row.driver_calls), (Way::Workers(_), Some(1..))) {
            wrong.push(format!("tasks: {} called the driver", row.variant));
        }
    }
    stage.round_trip(effort)?;
    stage.host.stop(LEASE).map_err(failed)
}

impl Row<'_> {
    /// Measures once, and keeps the figure if it counts.
    fn sample(&mut self, gpu: &Gpu, stage: &Stage, counts: bool) -> Result<(), Failure> {
        let driver = gpu.context().device().driver();
        let calls = driver.call_count();
        let time_ns = match &self.way {
            Way::Workers(workers) => {
                ns_a_task(&stage.backlog(*workers, stage.tasks, self.rounds)?)
            }
            Way::Peer(peer) => Some(peer.sample(gpu, self.rounds)?),
        };
        let called = calls.zip(driver.call_count()).map(|(before, after)| after - before);
        let time_ns = time_ns.ok_or_else(|| failed("no worker ran three tasks of a backlog"))?;
        if counts {
            self.samples.add_ns(time_ns);
            self.driver_calls = called;
        }
        Ok(())
    }

    fn print(&self, effort: Effort, tasks: u32) {
        let (path, tasks) = match &self.way {
            Way::Workers(_) => (
                "from one claim of a worker to its next, a share of a backlog; timed on the device",
                tasks,
            ),
            Way::Peer(peer) => {
                ("host call to host wait's end, each launch's share", peer.launches())
            }
        };
        let more =
            json!({"work_ns": self.work_ns, "tasks": tasks, "driver_calls": self.driver_calls});
        self.samples.print("task", &self.variant, path, effort, &more);
    }
}

impl Stage {
    /// Starts so many workers.
    fn start(&self, workers: u32) -> Result<Ends, Failure> {
        let config = MegakernelConfig { worker_count: workers, ..MegakernelConfig::new() };
        Ok(megakernel(&self.host, Work, config).map_err(failed)?.split())
    }

    /// Lets workers run so many tasks that have been queued before, and returns who claimed which
    /// task when.
    fn backlog(&self, workers: u32, tasks: u32, rounds: u32) -> Result<Vec<Claimed>, Failure> {
        let (mut submitter, _completions, mut controls) = self.start(workers)?;
        let task = NewTask::new(0).with_param(rounds).with_event(EVENT, 1);
        for _ in 0..tasks {
            until(|| match submitter.try_submit(task) {
                Err(SubmitError::Full(_)) => Ok(None),
                submitted => submitted.map(Some).map_err(failed),
            })?;
        }
        until(|| Ok((controls.report().unread == 0).then_some(())))?;
        submitter.signal(EVENT, 1).map_err(failed)?;
        let memory = controls.running_mut().memory().clone();
        check(&controls.finish(), tasks)?;
        Ok(Claimed::all(&memory, tasks))
    }

    /// Returns how long a round of work takes: by how much a task of twice as many takes longer.
    fn round_ns(&self, effort: Effort) -> Result<f64, Failure> {
        let rounds = effort.of(1_000_000, 2_000);
        let shortest = |rounds| {
            let mut times = Samples::new();
            for _ in 0..5 {
                for claimed in self.backlog(1, 1, rounds)? {
                    times.add_ns(claimed.run_ns as f64);
                }
            }
            Ok::<_, Failure>(times.quantile(0.0))
        };
        let longer_ns = shortest(2 * rounds)? - shortest(rounds)?;
        // Never 0, whatever else a simulated device's threads had to wait for.
        Ok((longer_ns / f64::from(rounds)).max(0.01))
    }

    /// Measures one empty task after the other, from its submission to the host's look at its end.
    fn round_trip(&self, effort: Effort) -> Result<(), Failure> {
        let (mut submitter, mut completions, controls) = self.start(1)?;
        let mut times = Samples::new();
        let (samples, warm_up) = (effort.of(20_000, 4), effort.of(2_000, 1));
        for number in 0..warm_up + samples {
            let start = Instant::now();
            let handle = submitter.try_submit(NewTask::new(0)).map_err(failed)?;
            let end = task_end(&mut completions, handle, start)?;
            let time = start.elapsed();
            if end.outcome != TaskOutcome::Done {
                return Err(failed(format!("task {number} ended as {:?}", end.outcome)));
            }
            if number >= warm_up {
                times.add(time);
            }
        }
        let path = "host to device to host: one task, its end, no driver call";
        times.print("round trip", "an empty task", path, effort, &json!({}));
        drop(submitter);
        check(&controls.finish(), warm_up + samples)
    }
}

/// Looks again and again until a task submitted at `start` has ended.
pub(crate) fn task_end<M: HostMemory>(
    completions: &mut Completions<M>,
    handle: TaskHandle,
    start: Instant,
) -> Result<TaskEnd, Failure> {
    loop {
        match completions.try_take(handle) {
            Ok(end) => return Ok(end),
            Err(_) if start.elapsed() > PATIENCE => return Err(failed("a task is lost")),
            Err(_) => core::hint::spin_loop(),
        }
    }
}

/// Checks that all tasks are done.
fn check(report: &MegakernelReport, tasks: u32) -> Result<(), Failure> {
    if report.is_accounted() && report.done == u64::from(tasks) {
        return Ok(());
    }
    Err(failed(format!("of {tasks} tasks: {report:?}")))
}

/// Asks until there is an answer.
fn until<T>(mut ask: impl FnMut() -> Result<Option<T>, Failure>) -> Result<T, Failure> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if start.elapsed() > PATIENCE {
            return Err(failed("the workers take nothing in"));
        }
        thread::yield_now();
    }
}

fn failed(error: impl Display) -> Failure {
    Failure::Wrong(format!("tasks: {error}"))
}
