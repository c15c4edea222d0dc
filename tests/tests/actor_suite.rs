//! The suite of actors on threads, and by the same source on the blocks of a resident kernel.
//!
//! `ISOKERN_ACTORS=FOLDER` names the folder with the PTX of `tests/actors/device`, which the stage
//! `ptx` builds. Without it, or without a device, the tests on the device are skipped.
#![allow(unsafe_code)]

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use isokern_core::actor::{ActorState, Host};
use isokern_core::device::DeviceResident;
use isokern_cuda::{Context, CudaHost, CudaRunning, Device, ResidentPlan};
use isokern_guard::SystemClock;
use isokern_ring::{ThreadHost, ThreadRunning};
use isokern_test_actors::{Log, Script};
use isokern_tests::actor_suite::{Stage, tests};
use isokern_tests::device::{named_folder, read};
use isokern_tests::standin::{call_count, missing};
use isokern_tests::trials::{abort_after, run_in_turn, trial_unless};

/// After this long, something hangs.
const PATIENCE: Duration = Duration::from_secs(600);
/// A busy machine lets a thread wait for seconds.
const LEASE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    abort_after(PATIENCE);
    let on_threads = tests::<Threads>().into_iter().map(|(name, test)| {
        trial_unless(None, format!("threads::{name}"), move || test(&Threads::new()))
    });
    let folder = named_folder("ISOKERN_ACTORS");
    let no_folder = "ISOKERN_ACTORS names no folder with the device code of the suite";
    let missing = missing().or(folder.is_none().then_some(no_folder));
    let blocks = Arc::new(Mutex::new(None));
    let on_device = tests::<Blocks>().into_iter().map(|(name, test)| {
        let (folder, blocks) = (folder.clone().unwrap_or_default(), Arc::clone(&blocks));
        trial_unless(missing, format!("device::{name}"), move || {
            let mut blocks = blocks.lock().unwrap_or_else(PoisonError::into_inner);
            let blocks = blocks.get_or_insert_with(|| Blocks::start(&folder));
            let calls = call_count("*");
            test(blocks);
            assert_eq!(call_count("*"), calls, "the host called the driver");
        })
    });
    let stopped = Arc::clone(&blocks);
    let end =
        trial_unless(missing, "device::the_kernel_ends_after_all_of_them".to_owned(), move || {
            let blocks = stopped.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Three of its blocks met a fault.
            blocks.expect("the tests have run").0.stop(LEASE).expect("the kernel ends");
        });
    run_in_turn(on_threads.chain(on_device).chain([end]))
}

/// A thread for each actor.
struct Threads {
    scripts: ScriptThreads,
    logs: LogThreads,
}

type ScriptThreads = ThreadHost<SystemClock, <Script as DeviceResident>::Shape>;
type LogThreads = ThreadHost<SystemClock, <Log as DeviceResident>::Shape>;

impl Threads {
    fn new() -> Self {
        let scripts = ThreadHost::new("script", SystemClock);
        Self { scripts, logs: ThreadHost::new("log", SystemClock) }
    }
}

impl Stage for Threads {
    type Memory = <ScriptThreads as Host<Script>>::Memory;
    type LogMemory = <LogThreads as Host<Log>>::Memory;
    type Running = ThreadRunning;
    type Host = ScriptThreads;
    type LogHost = LogThreads;

    fn host(&self) -> &ScriptThreads {
        &self.scripts
    }

    fn log_host(&self) -> &LogThreads {
        &self.logs
    }

    fn join(&self, running: ThreadRunning) -> ActorState {
        running.join()
    }
}

/// A block of one resident kernel for each actor; all tests share the kernel.
struct Blocks(CudaHost<SystemClock>);

impl Blocks {
    fn start(folder: &Path) -> Self {
        let path: PathBuf = folder.join("test_actors_sm80.ptx");
        let context = Context::primary(Device::new(0).expect("there is a device"));
        let context = context.expect("it has a context");
        let plan = ResidentPlan::new(3).with_spares(3).with_lease(LEASE);
        let ptx = read(&path);
        // SAFETY: `resident_kernel!` made the entry, which keeps the protocol.
        let host = unsafe {
            CudaHost::start_ptx(&context, SystemClock, plan, ptx.as_bytes(), "isokern_test_actors")
        };
        Self(host.expect("the kernel starts"))
    }
}

impl Stage for Blocks {
    type Memory = <CudaHost<SystemClock> as Host<Script>>::Memory;
    type LogMemory = <CudaHost<SystemClock> as Host<Log>>::Memory;
    type Running = CudaRunning;
    type Host = CudaHost<SystemClock>;
    type LogHost = CudaHost<SystemClock>;

    fn host(&self) -> &CudaHost<SystemClock> {
        &self.0
    }

    fn log_host(&self) -> &CudaHost<SystemClock> {
        &self.0
    }

    fn join(&self, running: CudaRunning) -> ActorState {
        running.join()
    }
}
