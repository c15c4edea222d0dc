//! A bounded number of threads with a bounded queue.

mod worker;

use core::fmt;
use core::num::NonZeroUsize;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use thiserror::Error;

use crate::lock::locked;

/// A piece of work that a [`WorkerPool`] runs once.
pub trait WorkItem: Send + 'static {
    /// Does the work. A panic is kept in, counted, and costs no thread.
    fn run(self);

    /// Says whether running the item would do nothing. A full queue gives the places of
    /// such items away. The default never says so.
    ///
    /// Asked with the queue locked: it **must not** block, nor come back to the pool.
    fn is_withdrawn(&self) -> bool {
        false
    }
}

/// Named threads that run items of one type from one queue, first come first served.
///
/// Jobs are kept by value in a queue of fixed size; submitting one allocates nothing unless
/// withdrawn items have to make room.
///
/// # How it ends
///
/// * [`join`](Self::join) lets queued items run and waits for every thread.
/// * Dropped, it drops the queued items without running them and waits for nobody: items
///   that run go on to their end, and their threads end after them.
///
/// ```
/// use core::num::NonZeroUsize;
/// use std::sync::mpsc::{Sender, channel};
/// use isokern_guard::{WorkItem, WorkerPool};
///
/// struct Square(u32, Sender<u32>);
///
/// impl WorkItem for Square {
///     fn run(self) {
///         self.1.send(self.0 * self.0).unwrap();
///     }
/// }
///
/// let pool = WorkerPool::try_new("squares", NonZeroUsize::MIN, 4)?;
/// let (sender, receiver) = channel();
/// pool.try_submit(Square(7, sender)).map_err(|_| "full").unwrap();
/// assert_eq!(receiver.recv(), Ok(49));
/// # Ok::<(), isokern_guard::PoolError>(())
/// ```
pub struct WorkerPool<J: WorkItem> {
    shared: Arc<Shared<J>>,
    threads: Vec<JoinHandle<()>>,
    queue_place_count: usize,
}

/// What the threads and the pool's owner have in common.
struct Shared<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    queue: VecDeque<J>,
    idle_count: usize,
    panicked_count: u64,
    is_closed: bool,
}

impl<J: WorkItem> WorkerPool<J> {
    /// Starts threads `name-0`, `name-1`, ... with a queue in front of them.
    ///
    /// `queue_place_count` items may wait beyond those that idle threads are about to take;
    /// with 0 an item is accepted only when a thread is idle. Linux shows the first 15 bytes
    /// of a thread's name.
    ///
    /// # Errors
    ///
    /// [`PoolError`]; threads that had started end.
    pub fn try_new(
        name: &str,
        thread_count: NonZeroUsize,
        queue_place_count: usize,
    ) -> Result<Self, PoolError> {
        if name.contains('\0') {
            return Err(PoolError::Name);
        }
        let thread_count = thread_count.get();
        let place_count = thread_count.saturating_add(queue_place_count);
        let mut queue = VecDeque::new();
        queue.try_reserve(place_count).map_err(|_| PoolError::Queue { place_count })?;
        // Threads count as idle from the beginning, so that they need not be waited for.
        let idle_count = thread_count;
        let state = State { queue, idle_count, panicked_count: 0, is_closed: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let mut pool = Self { shared, threads: Vec::new(), queue_place_count };
        for index in 0..thread_count {
            let shared = Arc::clone(&pool.shared);
            let thread = thread::Builder::new().name(format!("{name}-{index}"));
            let spawned = thread.spawn(move || worker::run_items(&shared));
            // On an error the pool is dropped here, which ends the threads before this one.
            pool.threads.push(spawned.map_err(|source| PoolError::Thread { index, source })?);
        }
        Ok(pool)
    }

    /// Queues an item, or hands it back at once.
    ///
    /// # Errors
    ///
    /// [`Refused`] when every place is taken.
    pub fn try_submit(&self, item: J) -> Result<(), Refused<J>> {
        let mut withdrawn = VecDeque::new();
        let mut state = locked(&self.shared.state);
        let place_count = state.idle_count.saturating_add(self.queue_place_count);
        if state.queue.len() >= place_count {
            withdrawn = state.take_withdrawn();
        }
        let result = if state.queue.len() < place_count {
            state.queue.push_back(item);
            self.shared.changed.notify_one();
            Ok(())
        } else {
            Err(Refused(item))
        };
        drop(state);
        // Jobs are foreign: they are dropped with nothing locked.
        drop(withdrawn);
        result
    }

    /// Returns how many threads the pool has.
    #[must_use]
    pub fn thread_count(&self) -> usize {
        self.threads.len()
    }

    /// Returns how many items wait for a thread.
    #[must_use]
    pub fn queued_count(&self) -> usize {
        locked(&self.shared.state).queue.len()
    }

    /// Returns how many threads have no item.
    #[must_use]
    pub fn idle_count(&self) -> usize {
        locked(&self.shared.state).idle_count
    }

    /// Returns how many items have panicked.
    #[must_use]
    pub fn panicked_count(&self) -> u64 {
        locked(&self.shared.state).panicked_count
    }

    /// Runs what is queued and waits until every thread has ended, however long that takes.
    pub fn join(mut self) {
        self.wait_for_threads();
    }

    pub(crate) fn wait_for_threads(&mut self) {
        self.close();
        for thread in self.threads.drain(..) {
            // Threads keep panics in; there is nothing an error could tell.
            let _ = thread.join();
        }
    }

    /// Takes no more items and drops the queued ones without running them.
    pub(crate) fn withdraw_queued(&self) {
        self.close();
        let mut state = locked(&self.shared.state);
        let queued = core::mem::take(&mut state.queue);
        drop(state);
        drop(queued);
    }

    /// Wakes threads that are parked inside an item.
    pub(crate) fn unpark_threads(&self) {
        self.threads.iter().for_each(|thread| thread.thread().unpark());
    }

    fn close(&self) {
        locked(&self.shared.state).is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl<J: WorkItem> Drop for WorkerPool<J> {
    fn drop(&mut self) {
        self.withdraw_queued();
    }
}

impl<J: WorkItem> State<J> {
    /// Takes withdrawn items out of the queue, which keeps its order.
    fn take_withdrawn(&mut self) -> VecDeque<J> {
        if !self.queue.iter().any(WorkItem::is_withdrawn) {
            return VecDeque::new();
        }
        let mut withdrawn = VecDeque::with_capacity(self.queue.len());
        for _ in 0..self.queue.len() {
            if let Some(item) = self.queue.pop_front() {
                let to = if item.is_withdrawn() { &mut withdrawn } else { &mut self.queue };
                to.push_back(item);
            }
        }
        withdrawn
    }
}

impl<J: WorkItem> fmt::Debug for WorkerPool<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("WorkerPool");
        fields.field("thread_count", &self.thread_count());
        fields.field("queued_count", &self.queued_count());
        fields.field("idle_count", &self.idle_count()).finish_non_exhaustive()
    }
}

/// An item for which there was no place, handed back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("every thread is busy and the queue is full. Fix: try again later or add threads.")]
pub struct Refused<J>(
    /// The item, as it was.
    pub J,
);

// Not derived: items need not be printable.
impl<J> fmt::Debug for Refused<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").finish_non_exhaustive()
    }
}

/// A pool that did not start.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum PoolError {
    /// The name has a NUL byte, which no thread's name may have.
    #[error("the name of a pool has a NUL byte. Fix: choose a name without one.")]
    Name,
    /// The queue does not fit into memory.
    #[error("a queue of {place_count} items does not fit into memory. Fix: use a shorter one.")]
    Queue {
        /// Its places and one for each thread.
        place_count: usize,
    },
    /// The system refused a thread.
    #[error("thread {index} did not start: {source}. Fix: use fewer threads or free memory.")]
    Thread {
        /// Which, from 0.
        index: usize,
        /// What the system said.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests;
