//! Channels that link no panic, and what a channel is to [`serve`](fn@crate::serve).

use core::cell::RefCell;
use core::fmt;
use core::future::{Future, poll_fn};
use core::task::{Context, Poll};

use critical_section::Mutex;
use embassy_sync::blocking_mutex::raw::RawMutex;
use embassy_sync::channel::{Receiver, Sender, TryReceiveError, TrySendError};
use embassy_sync::waitqueue::WakerRegistration;
use heapless::Deque;

/// Values from interrupts and tasks to a task, at most `N` at a time, in their order.
///
/// The methods are those of `embassy_sync::channel::Channel` over critical sections, and full is an
/// error with the value inside. That one panics when it finds itself in use, which is code in every
/// program that has it; this one is full and empty then, and links no panic.
///
/// ```
/// use isokern_embassy::Channel;
///
/// static NUMBERS: Channel<u32, 2> = Channel::new();
///
/// NUMBERS.try_send(1)?;
/// NUMBERS.try_send(2)?;
/// assert!(NUMBERS.try_send(3).is_err());
/// assert_eq!(NUMBERS.try_receive(), Ok(1));
/// # Ok::<(), embassy_sync::channel::TrySendError<u32>>(())
/// ```
pub struct Channel<T, const N: usize> {
    state: Mutex<RefCell<State<T, N>>>,
}

struct State<T, const N: usize> {
    values: Deque<T, N>,
    receiver: WakerRegistration,
    sender: WakerRegistration,
}

impl<T, const N: usize> Channel<T, N> {
    /// Returns an empty channel.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N > 0, "a channel has room for one value") };
        Self {
            state: Mutex::new(RefCell::new(State {
                values: Deque::new(),
                receiver: WakerRegistration::new(),
                sender: WakerRegistration::new(),
            })),
        }
    }

    /// Puts a value into the channel; for interrupts, too.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] with the value inside.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut unsent = Some(value);
        self.with(|State { values, receiver, .. }| {
            unsent = unsent.take().and_then(|value| values.push_back(value).err());
            if unsent.is_none() {
                receiver.wake();
            }
        });
        unsent.map_or(Ok(()), |value| Err(TrySendError::Full(value)))
    }

    /// Takes the oldest value.
    ///
    /// # Errors
    ///
    /// [`TryReceiveError::Empty`].
    pub fn try_receive(&self) -> Result<T, TryReceiveError> {
        self.take(None).ok_or(TryReceiveError::Empty)
    }

    /// Puts a value into the channel, when there is room.
    ///
    /// One task sends so: of two, each wakes the other while both wait.
    pub fn send(&self, value: T) -> impl Future<Output = ()> {
        let mut unsent = Some(value);
        poll_fn(move |task| {
            while let Some(value) = unsent.take() {
                if let Err(TrySendError::Full(value)) = self.try_send(value) {
                    unsent = Some(value);
                    if self.poll_room(task).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
            Poll::Ready(())
        })
    }

    /// Takes the oldest value, when there is one. One task receives.
    pub fn receive(&self) -> impl Future<Output = T> {
        poll_fn(|task| self.poll_receive(task))
    }

    /// Works as [`receive`](Self::receive), for futures written by hand.
    pub fn poll_receive(&self, task: &mut Context<'_>) -> Poll<T> {
        self.take(Some(task)).map_or(Poll::Pending, Poll::Ready)
    }

    /// Returns how many values wait.
    pub fn len(&self) -> usize {
        self.with(|state| state.values.len()).unwrap_or_default()
    }

    /// Returns whether no value waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&self, task: Option<&mut Context<'_>>) -> Option<T> {
        let taken = self.with(|State { values, receiver, sender }| {
            let taken = values.pop_front();
            match (&taken, &task) {
                (Some(_), _) => sender.wake(),
                (None, Some(task)) => receiver.register(task.waker()),
                (None, None) => {}
            }
            taken
        });
        if let (None, Some(task)) = (&taken, task) {
            // In use by the waker that calls this: it looks again.
            task.waker().wake_by_ref();
        }
        taken.flatten()
    }

    /// Is ready when there is room; else wakes the task when there is.
    fn poll_room(&self, task: &mut Context<'_>) -> Poll<()> {
        let is_ready = self.with(|State { values, sender, .. }| {
            if values.is_full() {
                sender.register(task.waker());
            }
            !values.is_full()
        });
        if is_ready.is_none() {
            task.waker().wake_by_ref();
        }
        if is_ready == Some(true) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Uses the state; `None` from inside another use, by a waker that calls the channel.
    fn with<R>(&self, work: impl FnOnce(&mut State<T, N>) -> R) -> Option<R> {
        critical_section::with(|section| {
            let mut state = self.state.borrow(section).try_borrow_mut().ok()?;
            Some(work(&mut state))
        })
    }
}

impl<T, const N: usize> Default for Channel<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> fmt::Debug for Channel<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Where questions come from.
pub trait Source {
    /// What comes.
    type Item;

    /// Takes the oldest, or wakes the task when there is one.
    fn poll_take(&self, task: &mut Context<'_>) -> Poll<Self::Item>;
}

/// Where answers go.
pub trait Sink {
    /// What goes there.
    type Item;

    /// Puts one there.
    ///
    /// # Errors
    ///
    /// The answer, if there is no room.
    fn try_put(&self, item: Self::Item) -> Result<(), Self::Item>;

    /// Is ready when there is room; else wakes the task when there is.
    fn poll_room(&self, task: &mut Context<'_>) -> Poll<()>;
}

impl<T, const N: usize> Source for &Channel<T, N> {
    type Item = T;

    fn poll_take(&self, task: &mut Context<'_>) -> Poll<T> {
        self.poll_receive(task)
    }
}

impl<T, const N: usize> Sink for &Channel<T, N> {
    type Item = T;

    fn try_put(&self, item: T) -> Result<(), T> {
        self.try_send(item).map_err(|TrySendError::Full(item)| item)
    }

    fn poll_room(&self, task: &mut Context<'_>) -> Poll<()> {
        Channel::poll_room(self, task)
    }
}

impl<M: RawMutex, T, const N: usize> Source for Receiver<'_, M, T, N> {
    type Item = T;

    fn poll_take(&self, task: &mut Context<'_>) -> Poll<T> {
        self.poll_receive(task)
    }
}

impl<M: RawMutex, T, const N: usize> Sink for Sender<'_, M, T, N> {
    type Item = T;

    fn try_put(&self, item: T) -> Result<(), T> {
        self.try_send(item).map_err(|TrySendError::Full(item)| item)
    }

    fn poll_room(&self, task: &mut Context<'_>) -> Poll<()> {
        self.poll_ready_to_send(task)
    }
}

#[cfg(test)]
#[path = "channel_tests.rs"]
mod tests;
