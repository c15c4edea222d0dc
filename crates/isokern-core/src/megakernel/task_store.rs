//! What the memory of a megakernel is made of: arrays, or something longer.

use core::marker::PhantomData;

use crate::actor::Fresh;
use crate::ring::{
    HostCell, HostWord, SharedCell, SharedCounter, SharedRmw, SlotCount, empty_cell,
};

/// Words, cells, and what holds many of something.
pub trait TaskStore {
    /// Words that workers claim and count with.
    type Word: SharedRmw + SharedCounter;
    /// Cells of rings and queues.
    type Cell: SharedCell;
    /// One `T` for each slot, or for each place of a ring or queue.
    type Many<T>: AsRef<[T]>;
    /// One `T` for each worker.
    type PerWorker<T>: AsRef<[T]>;

    /// Makes so many; a store of fixed size makes as many as it has.
    fn many<T>(count: u32, make: impl FnMut() -> T) -> Self::Many<T>;

    /// Makes one for each worker, as above.
    fn per_worker<T>(count: u32, make: impl FnMut() -> T) -> Self::PerWorker<T>;

    /// Lets others run while a step waits for another worker.
    #[inline]
    fn wait() {
        core::hint::spin_loop();
    }
}

/// `N` slots for `WORKERS` workers in arrays; `N` is a power of two. It has no value.
#[derive(Debug)]
pub struct TaskArrays<const N: usize, const WORKERS: usize = 1, W = HostWord, C = HostCell>(
    PhantomData<fn() -> (W, C)>,
);

impl<const N: usize, const WORKERS: usize, W, C> TaskArrays<N, WORKERS, W, C> {
    /// The number of slots.
    pub const SLOTS: SlotCount = SlotCount::new::<N>();
}

impl<const N: usize, const WORKERS: usize, W, C> TaskStore for TaskArrays<N, WORKERS, W, C>
where
    W: SharedRmw + SharedCounter,
    C: SharedCell,
{
    type Word = W;
    type Cell = C;
    type Many<T> = [T; N];
    type PerWorker<T> = [T; WORKERS];

    fn many<T>(_: u32, mut make: impl FnMut() -> T) -> [T; N] {
        core::array::from_fn(|_| make())
    }

    fn per_worker<T>(_: u32, mut make: impl FnMut() -> T) -> [T; WORKERS] {
        core::array::from_fn(|_| make())
    }
}

impl Fresh for HostWord {
    const FRESH: Self = Self::new(0);
}

impl Fresh for HostCell {
    const FRESH: Self = empty_cell();
}

/// A word that others write beside, on machines whose caches move whole lines.
#[derive(Debug, Default)]
#[cfg_attr(target_pointer_width = "64", repr(align(128)))]
pub(super) struct Apart<T>(pub(super) T);
