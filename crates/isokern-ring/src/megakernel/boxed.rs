//! Memory of a megakernel on the heap.

use std::boxed::Box;
use std::thread;

use isokern_core::megakernel::TaskStore;
use isokern_core::ring::{HostCell, HostWord};

/// Slots, rings and queues as long as was asked for, for threads. It has no value.
#[derive(Debug)]
pub enum BoxedTasks {}

impl TaskStore for BoxedTasks {
    type Word = HostWord;
    type Cell = HostCell;
    type Many<T> = Box<[T]>;
    type PerWorker<T> = Box<[T]>;

    fn many<T>(count: u32, mut make: impl FnMut() -> T) -> Box<[T]> {
        (0..count).map(|_| make()).collect()
    }

    fn per_worker<T>(count: u32, make: impl FnMut() -> T) -> Box<[T]> {
        Self::many(count, make)
    }

    fn wait() {
        thread::yield_now();
    }
}
