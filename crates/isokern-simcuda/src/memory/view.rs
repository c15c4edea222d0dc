//! A snapshot of the live allocations, for quick look-ups while a kernel runs.

use std::sync::Arc;

use super::{AccessError, Allocation, Memory, offset_in};

/// The live allocations at one moment. Bytes of an allocation that is freed meanwhile stay
/// readable until the view is refreshed.
#[derive(Debug)]
pub struct View {
    memory: Arc<Memory>,
    epoch: u64,
    live: Vec<Arc<Allocation>>,
    /// Where the last look-up ended: most accesses follow one to the same allocation.
    last: usize,
}

impl View {
    /// Returns a view of what is live now.
    #[must_use]
    pub fn new(memory: Arc<Memory>) -> Self {
        let mut view = Self { memory, epoch: 0, live: Vec::new(), last: 0 };
        view.refresh();
        view
    }

    /// Returns the memory this is a view of.
    #[must_use]
    pub const fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Takes in what was allocated and freed since.
    #[inline]
    pub fn refresh(&mut self) {
        let epoch = self.memory.epoch();
        if epoch != self.epoch {
            // Read before the snapshot: a change in between refreshes once more.
            self.epoch = epoch;
            self.live = self.memory.snapshot();
            self.last = 0;
        }
    }

    /// Returns the allocation that holds `bytes` from `address`, and where in it they start.
    ///
    /// # Errors
    ///
    /// [`AccessError`] unless all of them are in one live allocation.
    #[inline]
    pub fn range(&mut self, address: u64, bytes: u32) -> Result<(&Allocation, usize), AccessError> {
        let holds = |allocation: &Allocation| {
            let offset = address.wrapping_sub(allocation.base);
            offset < allocation.bytes && u64::from(bytes) <= allocation.bytes - offset
        };
        if !self.live.get(self.last).is_some_and(|allocation| holds(allocation)) {
            let after = self.live.partition_point(|allocation| allocation.base <= address);
            self.last = after.wrapping_sub(1);
        }
        match self.live.get(self.last) {
            Some(allocation) if holds(allocation) => {
                Ok((allocation, offset_in(allocation, address)))
            }
            _ => {
                let miss = self.memory.explain(address);
                Err(AccessError { address, bytes: bytes.into(), miss })
            }
        }
    }
}
