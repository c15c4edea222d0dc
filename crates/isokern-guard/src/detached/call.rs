//! One call, as its caller and its worker see it.
//!
//! ```text
//!              worker begins            worker ends
//!   Queued ────────────────► Running ────────────────► Answered
//!     │ caller gives up         │ caller gives up         │ caller takes it
//!     ▼                         ▼         worker ends     ▼
//!   Settled                  Unwanted ────────────────► Settled
//! ```
//!
//! Each step is made under the lock, by one of the two, and counted in the same step: so
//! every call has exactly one outcome, whoever comes first. Inputs, answers and wakers are
//! foreign and are dropped with nothing locked.

use core::mem;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::Wake;
use std::thread::{self, Thread};

use isokern_core::KernelError;

use super::stats::{DetachedStats, Shared};
use crate::lock::{contain, locked};

/// What a caller waits for and a worker works on; also the waker of the work.
pub(super) struct Call<I, O> {
    state: Mutex<State<I, O>>,
    shared: Arc<Shared>,
    /// The work's waker was called since the last look.
    is_woken: AtomicBool,
    /// The caller has given up.
    is_unwanted: AtomicBool,
    worker: OnceLock<Thread>,
}

pub(super) struct State<I, O> {
    pub(super) phase: Phase<I, O>,
    pub(super) caller: Option<Waker>,
}

pub(super) enum Phase<I, O> {
    Queued(I),
    Running,
    Unwanted,
    Answered(Result<O, KernelError>),
    Settled,
}

impl<I, O> Call<I, O> {
    pub(super) fn new(shared: Arc<Shared>, input: I) -> Self {
        Self {
            state: Mutex::new(State { phase: Phase::Queued(input), caller: None }),
            shared,
            is_woken: AtomicBool::new(false),
            is_unwanted: AtomicBool::new(false),
            worker: OnceLock::new(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<I, O>> {
        locked(&self.state)
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut DetachedStats)) {
        count(&mut locked(&self.shared.stats));
    }

    /// Tells the worker that nobody wants the answer; to be called with the state locked.
    pub(super) fn tell_unwanted(&self) {
        self.is_unwanted.store(true, Ordering::Release);
        self.unpark_worker();
    }

    pub(super) fn is_unwanted(&self) -> bool {
        self.is_unwanted.load(Ordering::Acquire)
    }

    /// Begins the work on this thread; `None` when the caller has given up before.
    pub(super) fn begin(&self) -> Option<I> {
        let mut state = self.state();
        let Phase::Queued(input) = mem::replace(&mut state.phase, Phase::Running) else {
            state.phase = Phase::Settled;
            return None;
        };
        self.worker.get_or_init(thread::current);
        Some(input)
    }

    /// Blocks the worker until the work was woken; `false` when it is to stop instead.
    pub(super) fn wait(&self) -> bool {
        loop {
            if self.is_unwanted() || self.shared.is_closing.load(Ordering::Acquire) {
                return false;
            }
            // Acquire: the work sees what was done before it was woken.
            if self.is_woken.swap(false, Ordering::Acquire) {
                return true;
            }
            // Whoever sets one of the flags unparks after it; that also ends a park which
            // begins only then.
            thread::park();
        }
    }

    /// Ends the work: `None` when it was stopped. What it borrowed is gone already.
    pub(super) fn end(&self, result: Option<Result<O, KernelError>>) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Unwanted) {
            state.phase = Phase::Settled;
            drop(state);
            let was_stopped = result.is_none();
            contain(|| drop(result));
            self.count(|stats| {
                stats.detached_count -= 1;
                stats.stopped_count += u64::from(was_stopped);
                stats.ended_unused_count += u64::from(!was_stopped);
            });
            return;
        }
        state.phase = Phase::Answered(result.unwrap_or(Err(KernelError::Cancelled)));
        let caller = state.caller.take();
        drop(state);
        if let Some(caller) = caller {
            caller.wake();
        }
    }

    /// Answers a call that no worker will come to.
    pub(super) fn cancel(&self) {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Queued(_)) {
            return;
        }
        let answer = Phase::Answered(Err(KernelError::Cancelled));
        let queued = mem::replace(&mut state.phase, answer);
        let caller = state.caller.take();
        drop(state);
        drop(queued);
        if let Some(caller) = caller {
            caller.wake();
        }
    }

    fn unpark_worker(&self) {
        if let Some(worker) = self.worker.get() {
            worker.unpark();
        }
    }
}

impl<I: Send + 'static, O: Send + 'static> Wake for Call<I, O> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.unpark_worker();
    }
}
