//! An actor whose messages may do anything to it, and random numbers to choose them by.

use core::future::Future;
use core::sync::atomic::{AtomicU64, Ordering};
use std::boxed::Box;
use std::panic::resume_unwind;
use std::sync::Arc;

use isokern_core::actor::Link;
use isokern_core::call::Clock;
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};

use super::toys::HandClock;

/// Numbers that look random: xorshift.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// Does what its message says, and counts what it has done.
#[derive(Clone)]
pub(super) struct Dice {
    pub(super) clock: HandClock,
    pub(super) done_count: Arc<AtomicU64>,
    pub(super) fails_to_start: bool,
}

/// What a message says, from 0: nothing, fail, take time with safe points, take time at one go,
/// send, break.
pub(super) const KINDS: u64 = 6;

impl GpuKernel for Dice {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("dice", KernelMode::Ring) }
    }
}

impl RingKernelHandler<[u32; 2], u32> for Dice {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        [kind, number]: [u32; 2],
    ) -> Result<u32, KernelError> {
        match kind {
            1 => return Err(KernelError::Failed { code: number }),
            2 => {
                for _ in 0..number % 4 {
                    self.clock.advance_us(1);
                    context.yield_now().await;
                }
            }
            3 => self.clock.advance_us(u64::from(number % 4)),
            4 => {
                for number in 0..number % 3 {
                    context.send(Link::new(0), &[number % 4, number])?;
                }
            }
            // Without the hook that prints a trace.
            5 => resume_unwind(Box::new("planted")),
            _ => {}
        }
        self.done_count.fetch_add(1, Ordering::Relaxed);
        Ok(number)
    }

    fn initialize(
        &self,
        _: &mut RingContext<'_>,
    ) -> impl Future<Output = Result<(), KernelError>> + Send {
        let fails = self.fails_to_start && self.clock.now_ns().is_multiple_of(3);
        core::future::ready(if fails { Err(KernelError::Failed { code: 1 }) } else { Ok(()) })
    }
}

impl Resident for Dice {
    type Handler = Self;
    type Message = [u32; 2];
    type Reply = u32;
    type State = u32;

    fn into_parts(self) -> (Self, u32) {
        (self, 0)
    }
}
