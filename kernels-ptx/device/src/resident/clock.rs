//! The host's clock on the device.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use isokern_core::call::{Clock, PollingSleep};

use super::shared::{AHEAD, load};
use crate::registers;

/// The time of the host, as far as the block knows it
/// ([`ClockLink`](isokern_core::device::ClockLink)).
#[derive(Clone, Copy)]
pub(super) struct HostClock;

impl Clock for HostClock {
    fn now_ns(&self) -> u64 {
        registers::nanoseconds().wrapping_add(load(AHEAD))
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        Until { moment_ns }
    }
}

/// Pending until a moment; wakes nobody, as a block polls again and again.
struct Until {
    moment_ns: u64,
}

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if HostClock.now_ns() >= self.moment_ns { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The time of the device's timer, which the budget and the moments of a megakernel are of.
#[derive(Clone, Copy)]
pub(super) struct DeviceClock;

impl Clock for DeviceClock {
    fn now_ns(&self) -> u64 {
        registers::nanoseconds()
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}
