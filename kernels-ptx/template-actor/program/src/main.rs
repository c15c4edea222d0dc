//! Sends readings to meters: two on the GPU, which share one kernel, and one on a thread; and has
//! workers in the same kernel, and on threads, look for factors. All answers must be equal.
//!
//! ```sh
//! cargo isokern-ptx build -o ptx
//! cargo run -p meter-program -- ptx/meter_device_sm80.ptx
//! ```

use core::time::Duration;
use std::sync::Arc;
use std::{env, fs, io};

use isokern_core::actor::{ActorError, ActorPlan, ActorState, Host, Mailboxes};
use isokern_core::megakernel::{TaskHost, TaskOutcome};
use isokern_core::{KernelError, MegakernelConfig};
use isokern_cuda::{Context, CudaError, CudaHost, Device, ResidentError, ResidentPlan};
use isokern_guard::SystemClock;
use isokern_ring::{
    ActorOn, AskError, MegakernelStartError, SpawnError, ThreadHost, ThreadWorkers,
    ThreadWorkersError, megakernel, spawn,
};
use meter::{Factors, Meter, OUT_OF_RANGE, READING_MAX, Readings};

/// The last is out of range.
const READINGS: [i32; 6] = [7, -3, 1 << 19, 12, -90_000, READING_MAX + 1];

/// Primes, a square of one, and a product of two.
const NUMBERS: [u32; 6] = [97, 65_537, 999_983, 1_018_081, 4_293_001_441, 2_147_483_647];

/// Workers, and tasks at once.
const WORKERS: u32 = 2;
const TASKS: u32 = 8;

/// What keeps the program from its end.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no PTX file is named. Fix: give the one for this GPU")]
    NoFile,
    #[error("the PTX file cannot be read: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Driver(#[from] CudaError),
    #[error(transparent)]
    Kernel(#[from] ResidentError),
    #[error(transparent)]
    Block(#[from] SpawnError<ResidentError>),
    #[error(transparent)]
    Thread(#[from] SpawnError<Arc<io::Error>>),
    #[error(transparent)]
    Workers(#[from] MegakernelStartError<ResidentError>),
    #[error(transparent)]
    Threads(#[from] MegakernelStartError<ThreadWorkersError>),
}

type Answer = Result<Readings, AskError<i32>>;

fn main() -> Result<(), Failure> {
    let path = env::args().nth(1).ok_or(Failure::NoFile)?;
    let ptx = fs::read(path)?;
    let device = Device::new(0)?;
    println!("device: {}", device.name()?);
    let context = Context::primary(device)?;
    let plan =
        ResidentPlan::new(2).with_workers(WORKERS, TASKS).with_lease(Duration::from_secs(10));
    // SAFETY: `resident_kernel!` made the entry, which keeps the protocol.
    let host =
        unsafe { CudaHost::start_ptx(&context, SystemClock, plan, &ptx, "meter_residents") }?;
    let mut first = spawn(&host, Meter, ActorPlan::new())?;
    let mut second = spawn(&host, Meter, ActorPlan::new())?;
    let thread = ThreadHost::<_, Mailboxes<8>>::new("meter", SystemClock);
    let mut on_thread = spawn(&thread, Meter, ActorPlan::new())?;

    let expected = answers::<ThreadHost<_, _>>(&mut on_thread, &READINGS);
    let out_of_range = ActorError::of_handler(KernelError::Failed { code: OUT_OF_RANGE });
    assert_eq!(expected.last(), Some(&Err(AskError::Actor(out_of_range))));
    // The second has a state of its own.
    assert_eq!(answers::<CudaHost<_>>(&mut second, &READINGS[..2]), expected[..2]);
    assert_eq!(answers::<CudaHost<_>>(&mut first, &READINGS), expected);
    let more = answers::<ThreadHost<_, _>>(&mut on_thread, &[1]);
    assert_eq!(answers::<CudaHost<_>>(&mut first, &[1]), more);
    println!("{} answers, equal on the device and on a thread", READINGS.len() + 3);

    let threads = ThreadWorkers::new("worker", SystemClock).with_queue_len(TASKS);
    let expected = ends(&threads)?;
    assert_eq!(expected[0], (TaskOutcome::Done, 0), "97 is prime");
    assert_eq!(expected[3], (TaskOutcome::Faulted, 1009), "a square of a prime");
    assert_eq!(ends(&host)?, expected);
    println!("{} tasks, equal on the device and on threads", NUMBERS.len());

    assert_eq!(first.into_running().join(), ActorState::Stopped);
    assert_eq!(second.into_running().join(), ActorState::Stopped);
    host.stop(Duration::from_secs(10))?;
    Ok(())
}

/// Returns what a meter answers to readings, one after the other.
fn answers<H: Host<Meter>>(meter: &mut ActorOn<H, Meter>, readings: &[i32]) -> Vec<Answer>
where
    H::Clock: isokern_core::call::Clock,
{
    readings.iter().map(|reading| pollster::block_on(meter.ask(*reading))).collect()
}

/// Returns how the tasks of all numbers end on a host of workers.
fn ends<T: TaskHost<Factors>>(
    host: &T,
) -> Result<Vec<(TaskOutcome, u32)>, MegakernelStartError<T::Error>> {
    let started = megakernel(host, Factors, MegakernelConfig::new())?;
    let (mut submitter, mut completions, controls) = started.split();
    let submit = |number| submitter.try_submit(Factors::of(number)).expect("a slot is free");
    let tasks = NUMBERS.map(submit);
    let wait = |task| pollster::block_on(completions.wait(task)).expect("nobody else asks for it");
    let ends = tasks.map(wait).map(|end| (end.outcome, end.code)).to_vec();
    assert!(controls.finish().is_accounted());
    Ok(ends)
}
