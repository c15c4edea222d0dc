//! A meter: an actor that keeps the least, the greatest and the sum of the readings it is sent.
//!
//! One source. On a GPU the state is in device memory for the actor's whole life; on a thread the
//! same handler runs as it is. [`Factors`] is a handler of tasks, for workers on either side.

#![no_std]

mod factors;

pub use factors::Factors;

use bytemuck::{Pod, Zeroable};
use isokern_core::actor::Mailboxes;
use isokern_core::device::{DeviceHandler, DeviceResident};
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};

/// The name of the actor, by which host and device code know it.
const ENTRY: &str = "meter";

/// The greatest reading that is none of a fault.
pub const READING_MAX: i32 = 1 << 20;

/// The code of the answer to a greater reading.
pub const OUT_OF_RANGE: u32 = 1;

/// The actor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter;

/// What a meter has seen. It is the state of the actor, and its answer to each reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Readings {
    /// How many readings there were.
    pub count: u32,
    /// The least of them.
    pub least: i32,
    /// The greatest of them.
    pub greatest: i32,
    /// Their sum, which wraps at 2³².
    pub sum: i32,
}

impl Readings {
    /// Returns these readings and one more.
    #[must_use]
    pub fn with(self, reading: i32) -> Self {
        match self.count {
            0 => Self { count: 1, least: reading, greatest: reading, sum: reading },
            count => Self {
                count: count.wrapping_add(1),
                least: self.least.min(reading),
                greatest: self.greatest.max(reading),
                sum: self.sum.wrapping_add(reading),
            },
        }
    }
}

impl GpuKernel for Meter {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new(ENTRY, KernelMode::Ring) }
    }
}

impl RingKernelHandler<i32, Readings> for Meter {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        reading: i32,
    ) -> Result<Readings, KernelError> {
        if reading > READING_MAX {
            return Err(KernelError::Failed { code: OUT_OF_RANGE });
        }
        let readings = context.state::<Readings>()?;
        *readings = readings.with(reading);
        Ok(*readings)
    }
}

impl Resident for Meter {
    type Handler = Self;
    type Message = i32;
    type Reply = Readings;
    type State = Readings;

    const ENTRY: &'static str = ENTRY;

    fn into_parts(self) -> (Self, Readings) {
        (self, Readings::default())
    }
}

impl DeviceResident for Meter {
    type Shape = Mailboxes<8>;
}

impl DeviceHandler for Meter {
    fn handler() -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::Readings;

    #[test]
    fn readings_are_counted_compared_and_summed() {
        let readings = [3, -5, 2].into_iter().fold(Readings::default(), Readings::with);
        assert_eq!(readings, Readings { count: 3, least: -5, greatest: 3, sum: 0 });
    }
}
