//! Actors that the tests ask.

use core::future::poll_fn;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Poll;

use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};

/// Answers a number with its double; an odd one above a thousand never.
#[derive(Default)]
pub(crate) struct Doubler;

/// Polls of [`Doubler`]'s handler that waits.
pub(crate) static WAITING_POLLS: AtomicU32 = AtomicU32::new(0);

/// The first number that is not answered.
pub(crate) const HELD: u32 = 1001;

impl GpuKernel for Doubler {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("doubler", KernelMode::Ring) }
    }
}

impl RingKernelHandler<u32, u64> for Doubler {
    async fn handle(&self, _: &mut RingContext<'_>, number: u32) -> Result<u64, KernelError> {
        if number >= HELD && !number.is_multiple_of(2) {
            poll_fn(|_| {
                WAITING_POLLS.fetch_add(1, Ordering::Relaxed);
                Poll::<()>::Pending
            })
            .await;
        }
        Ok(2 * u64::from(number))
    }

    async fn initialize(&self, _: &mut RingContext<'_>) -> Result<(), KernelError> {
        Ok(())
    }

    async fn shutdown(&self, _: &mut RingContext<'_>) -> Result<(), KernelError> {
        Ok(())
    }
}

impl Resident for Doubler {
    type Handler = Self;
    type Message = u32;
    type Reply = u64;
    type State = [u8; 0];

    const ENTRY: &'static str = "doubler";

    fn into_parts(self) -> (Self, [u8; 0]) {
        (self, [])
    }
}
