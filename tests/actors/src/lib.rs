//! Actors and tasks that do what their messages and numbers say: one source for threads and for
//! devices.
#![no_std]
#![cfg_attr(target_arch = "nvptx64", feature(asm_experimental_arch))]

mod chores;
mod timer;
mod work;

pub use chores::{Chore, Chores, walked};
pub use work::{Work, work};

use isokern_core::actor::{Link, Mailboxes, OutboxError};
use isokern_core::device::{DeviceHandler, DeviceResident};
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};

/// The name by which host and device code know it.
const ENTRY: &str = "script";

/// What the sum begins with.
pub const FIRST_SUM: u32 = 100;
/// A first sum with which no incarnation can be initialised.
pub const STILLBORN: u32 = 13;

/// What a script does with the number of a message.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub enum Do {
    /// Adds the number to the sum in the state, and answers the sum.
    Add,
    /// Fails with the number as its code.
    Fail,
    /// Gives way that many times, and answers the number.
    Yield,
    /// Gives way until the number of microseconds is over, and answers it.
    Wait,
    /// Answers how many messages this incarnation has answered.
    Count,
    /// Panics.
    Break,
    /// Sends [`Add`](Self::Add) of the number over link 0 and answers it; fails with [`ODD`] after
    /// an odd one was sent.
    Send,
    /// Sends the number to the [`Log`] over link 1 as well as over link 0, and answers it.
    Report,
    /// Sends [`Pass`](Self::Pass) of the low word of its time in ns over link 0, and answers it.
    Stamp,
    /// Sends itself on over link 0; the last of a row, which has no link, keeps how many ns after
    /// that time it got here as the sum.
    Pass,
}

/// The code with which sending an odd number fails.
pub const ODD: u32 = 3;

impl Do {
    /// Returns the message.
    #[must_use]
    pub const fn with(self, number: u32) -> [u32; 2] {
        [self as u32, number]
    }
}

/// The actor.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    first_sum: u32,
}

impl Script {
    /// Returns one whose sum begins with [`FIRST_SUM`].
    #[must_use]
    pub const fn new() -> Self {
        Self { first_sum: FIRST_SUM }
    }

    /// Returns one that cannot be initialised, however often it starts again.
    #[must_use]
    pub const fn stillborn() -> Self {
        Self { first_sum: STILLBORN }
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl GpuKernel for Script {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new(ENTRY, KernelMode::Ring) }
    }
}

impl RingKernelHandler<[u32; 2], u32> for Script {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        [what, number]: [u32; 2],
    ) -> Result<u32, KernelError> {
        if what == Do::Fail as u32 {
            return Err(KernelError::Failed { code: number });
        }
        assert!(what != Do::Break as u32, "planted");
        if what == Do::Yield as u32 {
            for _ in 0..number {
                context.yield_now().await;
            }
            return Ok(number);
        }
        if what == Do::Wait as u32 {
            let end_ns = context.now_ns().saturating_add(u64::from(number) * 1_000);
            while context.now_ns() < end_ns {
                context.yield_now().await;
            }
            return Ok(number);
        }
        if what == Do::Count as u32 {
            return Ok(context.answered_count());
        }
        if what == Do::Send as u32 || what == Do::Report as u32 {
            return send(context, what, number);
        }
        let now_ns = timer::now_ns(context);
        if what == Do::Stamp as u32 {
            context.send(Link::new(0), &Do::Pass.with(now_ns))?;
            return Ok(now_ns);
        }
        if what == Do::Pass as u32 {
            match context.send(Link::new(0), &Do::Pass.with(number)) {
                Err(OutboxError::NoSuchLink { .. }) => {}
                sent => return sent.map(|()| number).map_err(KernelError::from),
            }
            *context.state::<u32>()? = now_ns.wrapping_sub(number);
            return Ok(number);
        }
        let sum = context.state::<u32>()?;
        *sum = sum.wrapping_add(number);
        Ok(*sum)
    }

    async fn initialize(&self, context: &mut RingContext<'_>) -> Result<(), KernelError> {
        match *context.state::<u32>()? {
            FIRST_SUM => Ok(()),
            other => Err(KernelError::Failed { code: other }),
        }
    }
}

/// Sends a number over the links.
fn send(context: &mut RingContext<'_>, what: u32, number: u32) -> Result<u32, KernelError> {
    context.send(Link::new(0), &Do::Add.with(number))?;
    if what == Do::Report as u32 {
        context.send(Link::new(1), &[number; 10])?;
    }
    if number.is_multiple_of(2) { Ok(number) } else { Err(KernelError::Failed { code: ODD }) }
}

impl Resident for Script {
    type Handler = Self;
    type Message = [u32; 2];
    type Reply = u32;
    type State = u32;

    const ENTRY: &'static str = ENTRY;

    fn into_parts(self) -> (Self, u32) {
        (self, self.first_sum)
    }
}

/// Two mailboxes of four slots.
impl DeviceResident for Script {
    type Shape = Mailboxes<4, 1, 2>;
}

impl DeviceHandler for Script {
    fn handler() -> Self {
        Self::new()
    }
}

/// An actor whose messages are longer: it adds up their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Log;

impl GpuKernel for Log {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("log", KernelMode::Ring) }
    }
}

impl RingKernelHandler<[u32; 10], u32> for Log {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        numbers: [u32; 10],
    ) -> Result<u32, KernelError> {
        let sum = context.state::<u32>()?;
        *sum = numbers.iter().fold(*sum, |sum, number| sum.wrapping_add(*number));
        Ok(*sum)
    }
}

impl Resident for Log {
    type Handler = Self;
    type Message = [u32; 10];
    type Reply = u32;
    type State = u32;

    const ENTRY: &'static str = "log";

    fn into_parts(self) -> (Self, u32) {
        (self, 0)
    }
}

/// Three mailboxes of eight slots of two lines.
impl DeviceResident for Log {
    type Shape = Mailboxes<8, 2, 3>;
}

impl DeviceHandler for Log {
    fn handler() -> Self {
        Self
    }
}
