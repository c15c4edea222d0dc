//! The suite of tasks on threads, and by the same source on the blocks of a resident kernel.
//!
//! `ISOKERN_ACTORS=FOLDER` names the folder with the PTX of `tests/actors/device`, which the stage
//! `ptx` builds. Without it, or without a device, the tests on the device are skipped.
#![allow(unsafe_code)]

use core::time::Duration;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use isokern_core::device::DeviceTasks;
use isokern_core::megakernel::{TaskContext, TaskHandler, TaskHost, TaskStep};
use isokern_core::{MegakernelConfig, Solo, TaskSlot};
use isokern_cuda::{
    Context, CudaHost, CudaWorkers, Device, MappedTasks, ResidentError, ResidentPlan,
};
use isokern_guard::SystemClock;
use isokern_ring::{MegakernelStartError, ThreadWorkers, megakernel};
use isokern_test_actors::Chores;
use isokern_tests::device::{named_folder, read};
use isokern_tests::standin::{call_count, missing};
use isokern_tests::task_suite::{
    SPAWN_SLOTS, TASK_SLOTS, TaskStage, TaskTest, WORKERS, ten_thousand, tests,
};
use isokern_tests::trials::{abort_after, run_in_turn, trial_unless};

/// After this long, something hangs.
const PATIENCE: Duration = Duration::from_secs(600);
/// A busy machine lets a thread wait for seconds.
const LEASE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    abort_after(PATIENCE);
    let many = "ten_thousand_spawned_tasks_end_without_the_host";
    let on_threads = tests::<Threads>().into_iter().chain([(many, ten_thousand as fn(&_))]);
    let on_threads = on_threads.map(|(name, test)| {
        trial_unless(None, format!("threads::{name}"), move || test(&Threads::new()))
    });
    let folder = named_folder("ISOKERN_ACTORS");
    let no_folder = "ISOKERN_ACTORS names no folder with the device code of the suite";
    let missing = missing().or(folder.is_none().then_some(no_folder));
    let blocks = Arc::new(Mutex::new(None));
    let own: [TaskTest<Blocks>; 3] = [
        (many, ten_thousand),
        ("another_megakernel_is_refused", second),
        ("unknown_tasks_are_refused", unknown),
    ];
    let on_device = tests::<Blocks>().into_iter().chain(own).map(|(name, test)| {
        let (folder, blocks) = (folder.clone().unwrap_or_default(), Arc::clone(&blocks));
        trial_unless(missing, format!("device::{name}"), move || {
            let mut blocks = blocks.lock().unwrap_or_else(PoisonError::into_inner);
            let blocks =
                blocks.get_or_insert_with(|| Blocks::start(&folder, WORKERS).expect("it starts"));
            let calls = call_count("*");
            test(blocks);
            assert_eq!(call_count("*"), calls, "the host called the driver");
        })
    });
    let large = folder.clone().unwrap_or_default();
    let large = trial_unless(missing, "device::a_grid_that_does_not_fit_is_refused", move || {
        match Blocks::start(&large, 60_000) {
            Err(ResidentError::CooperativeResidencyExceeded { asked, fits }) => {
                assert!(asked == 60_001 && fits >= WORKERS, "{asked} {fits}");
            }
            other => panic!("{:?}", other.map(|_| ())),
        }
    });
    let stopped = Arc::clone(&blocks);
    let end = trial_unless(missing, "device::the_kernel_ends_after_all_of_them", move || {
        let blocks = stopped.lock().unwrap_or_else(PoisonError::into_inner).take();
        // One of its blocks met a fault.
        blocks.expect("the tests have run").0.stop(LEASE).expect("the kernel ends");
    });
    run_in_turn([large].into_iter().chain(on_threads).chain(on_device).chain([end]))
}

/// A thread for each worker.
struct Threads(ThreadWorkers<SystemClock>);

impl Threads {
    fn new() -> Self {
        let host = ThreadWorkers::new("worker", SystemClock).with_thread_max(WORKERS);
        Self(host.with_queue_len(TASK_SLOTS).with_spawn_slots(SPAWN_SLOTS))
    }
}

impl TaskStage for Threads {
    type Memory = <ThreadWorkers<SystemClock> as TaskHost<Chores>>::Memory;
    type Running = <ThreadWorkers<SystemClock> as TaskHost<Chores>>::Running;
    type Host = ThreadWorkers<SystemClock>;

    fn host(&self) -> &Self::Host {
        &self.0
    }
}

/// A block of one resident kernel for each worker; all tests share the kernel.
struct Blocks(CudaHost<SystemClock>);

impl Blocks {
    fn start(folder: &Path, workers: u32) -> Result<Self, ResidentError> {
        let context = Context::primary(Device::new(0).expect("there is a device"));
        let context = context.expect("it has a context");
        let plan = ResidentPlan::new(0)
            .with_workers(workers, TASK_SLOTS)
            .with_spawn_slots(SPAWN_SLOTS)
            .with_spares(1)
            .with_lease(LEASE);
        let ptx = read(&folder.join("test_actors_sm80.ptx"));
        // SAFETY: `resident_kernel!` made the entry, which keeps the protocol.
        let host = unsafe {
            CudaHost::start_ptx(&context, SystemClock, plan, ptx.as_bytes(), "isokern_test_tasks")
        };
        host.map(Self)
    }
}

impl TaskStage for Blocks {
    type Memory = MappedTasks;
    type Running = CudaWorkers;
    type Host = CudaHost<SystemClock>;

    fn host(&self) -> &Self::Host {
        &self.0
    }
}

fn second(blocks: &Blocks) {
    let first = megakernel(blocks.host(), Chores, MegakernelConfig::new()).expect("it starts");
    let second = megakernel(blocks.host(), Chores, MegakernelConfig::new()).map(|_| ());
    assert_eq!(second, Err(MegakernelStartError::Host(ResidentError::WorkersInUse)));
    let (.., controls) = first.split();
    assert!(controls.finish().is_accounted());
}

/// Tasks that the device code has not.
struct Others;

impl TaskHandler for Others {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, _: &TaskSlot, _: &mut C) -> TaskStep {
        TaskStep::Done
    }
}

impl DeviceTasks for Others {
    const ENTRY: &'static str = "others";
}

fn unknown(blocks: &Blocks) {
    match megakernel(blocks.host(), Others, MegakernelConfig::new()) {
        Err(MegakernelStartError::Host(ResidentError::Refused { entry: "others", refusal })) => {
            assert!(refusal.is_some());
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}
