//! Sends readings to meters: two on the GPU, which share one kernel, and one on a thread. All
//! answers must be equal.
//!
//! ```sh
//! cargo isokern-ptx build -o ptx
//! cargo run -p meter-program -- ptx/meter_device_sm80.ptx
//! ```

use core::time::Duration;
use std::sync::Arc;
use std::{env, fs, io};

use isokern_core::KernelError;
use isokern_core::actor::{ActorError, ActorPlan, ActorState, Host, Mailboxes};
use isokern_cuda::{Context, CudaError, CudaHost, Device, ResidentError, ResidentPlan};
use isokern_guard::SystemClock;
use isokern_ring::{ActorOn, AskError, SpawnError, ThreadHost, spawn};
use meter::{Meter, OUT_OF_RANGE, READING_MAX, Readings};

/// The last is out of range.
const READINGS: [i32; 6] = [7, -3, 1 << 19, 12, -90_000, READING_MAX + 1];

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
}

type Answer = Result<Readings, AskError<i32>>;

fn main() -> Result<(), Failure> {
    let path = env::args().nth(1).ok_or(Failure::NoFile)?;
    let ptx = fs::read(path)?;
    let device = Device::new(0)?;
    println!("device: {}", device.name()?);
    let context = Context::primary(device)?;
    let plan = ResidentPlan::new(2).with_lease(Duration::from_secs(10));
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
