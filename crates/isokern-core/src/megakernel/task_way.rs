//! How the future of a task says what it waits for.

use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll};

use super::state::TaskPriority;
use super::step::TaskStep;

/// The way of an async task back to its worker; a future of [`FuturePlaces`](super::FuturePlaces)
/// is made with one.
///
/// Each method returns a future that is pending once: to await it ends the step.
#[derive(Clone, Copy, Debug)]
pub struct TaskWay(&'static Wish);

/// What a future waits for, in words beside it. Its worker alone uses them; the worker after it
/// sees them as it sees the future.
#[derive(Debug)]
pub(super) struct Wish {
    kind: AtomicU32,
    value: AtomicU32,
    worker: AtomicU32,
}

const GIVE_WAY: u32 = 0;
const REQUEUE: u32 = 1;
const PAUSE: u32 = 2;
const JOIN: u32 = 3;

impl TaskWay {
    pub(super) const fn new(wish: &'static Wish) -> Self {
        Self(wish)
    }

    /// Returns the number of the worker that polls the future; another one after each await, it
    /// may be.
    #[must_use]
    pub fn worker(self) -> u32 {
        self.0.worker.load(Ordering::Relaxed)
    }

    /// Gives way: the task goes to the back of its class.
    pub const fn yield_now(self) -> StepEnd {
        self.end(GIVE_WAY, 0)
    }

    /// Goes to the back of a class, or of its own, one tick older.
    pub const fn requeue(self, priority: TaskPriority) -> StepEnd {
        self.end(REQUEUE, priority.word())
    }

    /// Waits until the task is resumed for this epoch or a later one.
    pub const fn pause(self, epoch: u32) -> StepEnd {
        self.end(PAUSE, epoch)
    }

    /// Waits for the end of every task that the handler has spawned for this one.
    pub const fn join(self) -> StepEnd {
        self.end(JOIN, 0)
    }

    const fn end(self, kind: u32, value: u32) -> StepEnd {
        StepEnd { way: self, kind, value, is_said: false }
    }
}

impl Wish {
    pub(super) const fn new() -> Self {
        let [kind, value, worker] = [const { AtomicU32::new(0) }; 3];
        Self { kind, value, worker }
    }

    /// Forgets what was waited for, before a worker polls.
    pub(super) fn begin(&self, worker: u32) {
        self.worker.store(worker, Ordering::Relaxed);
        self.kind.store(GIVE_WAY, Ordering::Relaxed);
    }

    fn say(&self, kind: u32, value: u32) {
        self.value.store(value, Ordering::Relaxed);
        self.kind.store(kind, Ordering::Relaxed);
    }

    /// Returns the step of a task that goes on at `pc`.
    pub(super) fn step(&self, pc: u32) -> TaskStep {
        let value = self.value.load(Ordering::Relaxed);
        match self.kind.load(Ordering::Relaxed) {
            REQUEUE => {
                let priority = TaskPriority::from_word(value).unwrap_or_default();
                TaskStep::Requeue { pc, data: 0, priority }
            }
            PAUSE => TaskStep::Pause { pc, data: 0, epoch: value },
            JOIN => TaskStep::Join { pc, data: 0 },
            _ => TaskStep::Yield { pc, data: 0 },
        }
    }
}

/// The end of one step of an async task, to be awaited.
#[derive(Debug)]
#[must_use = "the step ends where this is awaited"]
pub struct StepEnd {
    way: TaskWay,
    kind: u32,
    value: u32,
    is_said: bool,
}

impl Future for StepEnd {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.is_said {
            return Poll::Ready(());
        }
        self.is_said = true;
        self.way.0.say(self.kind, self.value);
        Poll::Pending
    }
}
