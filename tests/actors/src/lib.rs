//! An actor that does what its messages say: one source for threads and for devices.
#![no_std]

use isokern_core::actor::Mailboxes;
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
}

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
