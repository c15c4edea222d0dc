//! One mailbox for many askers.

use core::fmt;
use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
#[cfg(feature = "latency-histogram")]
use std::time::Instant;

use bytemuck::Pod;
use isokern_core::MessageHeader;
use isokern_core::actor::{ActorMemory, Bells};
use isokern_core::call::Clock;
use isokern_core::ring::PushError;

use super::asking::AskError;
use super::in_flight::Answer;
#[cfg(feature = "latency-histogram")]
use super::latency::{Latencies, LatencySummary};
use super::requester::Requester;
use super::stats::RequesterStats;
use crate::WaitStrategy;
use crate::alarm::Alarm;

/// A [`Requester`] that clones share: any number of tasks and threads ask through one mailbox.
///
/// A lock is held for as long as a push or a look at the replies takes, never while somebody
/// waits and never while a waker is cloned, woken or dropped. The mailbox closes when the last
/// clone is dropped, or with [`close`](Self::close).
pub struct SharedRequester<M: ActorMemory, Q, P, C> {
    shared: Arc<Shared<M, Q, P, C>>,
}

struct Shared<M: ActorMemory, Q, P, C> {
    /// What the requester holds, too: bells are rung without its lock.
    memory: M,
    mailbox_index: usize,
    inner: Mutex<Inner<M, Q, P, C>>,
}

struct Inner<M: ActorMemory, Q, P, C> {
    requester: Requester<M, Q, P, C>,
    #[cfg(feature = "latency-histogram")]
    latencies: Latencies,
}

impl<M: ActorMemory, Q, P, C> Clone for SharedRequester<M, Q, P, C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<M: ActorMemory, Q, P, C> fmt::Debug for SharedRequester<M, Q, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mailbox_index = self.shared.mailbox_index;
        f.debug_struct("SharedRequester").field("mailbox", &mailbox_index).finish_non_exhaustive()
    }
}

impl<M: ActorMemory + Clone, Q: Pod, P: Pod, C: Clock> SharedRequester<M, Q, P, C> {
    /// Shares a requester.
    #[must_use]
    pub fn new(requester: Requester<M, Q, P, C>) -> Self {
        let (memory, mailbox_index) = (requester.memory.clone(), requester.mailbox_index);
        let inner = Inner {
            requester,
            #[cfg(feature = "latency-histogram")]
            latencies: Latencies::new(),
        };
        Self { shared: Arc::new(Shared { memory, mailbox_index, inner: Mutex::new(inner) }) }
    }
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> SharedRequester<M, Q, P, C> {
    /// Asks and waits for the reply.
    ///
    /// # Errors
    ///
    /// [`AskError`]; a refused question is inside.
    pub fn ask(&self, question: Q) -> impl Future<Output = Result<P, AskError<Q>>> {
        self.ask_with(MessageHeader::new(), question)
    }

    /// Asks with a header and waits for the reply.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub async fn ask_with(&self, header: MessageHeader, question: Q) -> Result<P, AskError<Q>> {
        let mut asking = self.begin(header, question)?;
        let answer = poll_fn(|task| asking.poll(task.waker())).await;
        answer.result.map_err(AskError::Actor)
    }

    /// Asks and keeps the thread until the reply is there.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn ask_blocking(
        &self,
        header: MessageHeader,
        question: Q,
        wait: WaitStrategy,
    ) -> Result<P, AskError<Q>> {
        let mut asking = self.begin(header, question)?;
        let mut alarm = None;
        loop {
            if let Some(answer) = asking.look() {
                return answer.result.map_err(AskError::Actor);
            }
            match wait {
                WaitStrategy::Spin => core::hint::spin_loop(),
                WaitStrategy::Yield => std::thread::yield_now(),
                WaitStrategy::Park { bound } => {
                    let alarm = alarm.get_or_insert_with(Alarm::new);
                    if let Poll::Ready(answer) = asking.poll(alarm.waker()) {
                        return answer.result.map_err(AskError::Actor);
                    }
                    alarm.sleep(bound);
                }
            }
        }
    }

    /// Sends a message that gets no reply.
    ///
    /// # Errors
    ///
    /// As [`Requester::try_tell`].
    pub fn tell(&self, header: MessageHeader, message: Q) -> Result<(), PushError<Q>> {
        self.lock().requester.try_tell_quietly(header, message)?;
        self.shared.memory.bells().ring_actor();
        Ok(())
    }

    /// Sends no more, from any clone; see [`Requester::close`].
    pub fn close(&self) {
        self.lock().requester.close_quietly();
        self.shared.memory.bells().ring_actor();
    }

    /// Returns what was seen so far.
    #[must_use]
    pub fn stats(&self) -> RequesterStats {
        self.lock().requester.stats()
    }

    /// Returns how long questions took so far.
    #[cfg(feature = "latency-histogram")]
    #[must_use]
    pub fn latency(&self) -> LatencySummary {
        self.lock().latencies.summary()
    }

    fn begin(
        &self,
        header: MessageHeader,
        question: Q,
    ) -> Result<Asking<'_, M, Q, P, C>, AskError<Q>> {
        #[cfg(feature = "latency-histogram")]
        let begun = Instant::now();
        let sequence = self.lock().requester.try_ask_quietly(header, question)?;
        let asking = Asking {
            shared: self,
            sequence,
            is_answered: false,
            #[cfg(feature = "latency-histogram")]
            begun,
        };
        self.shared.memory.bells().ring_actor();
        Ok(asking)
    }

    fn lock(&self) -> MutexGuard<'_, Inner<M, Q, P, C>> {
        // Nothing inside calls out but to the clock, so a panic elsewhere leaves it whole.
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way; dropped, it is abandoned.
struct Asking<'s, M: ActorMemory, Q: Pod, P: Pod, C: Clock> {
    shared: &'s SharedRequester<M, Q, P, C>,
    sequence: u32,
    is_answered: bool,
    #[cfg(feature = "latency-histogram")]
    begun: Instant,
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> Asking<'_, M, Q, P, C> {
    fn poll(&mut self, waker: &Waker) -> Poll<Answer<P>> {
        let Shared { memory, mailbox_index, .. } = &*self.shared.shared;
        memory.bells().register(*mailbox_index, self.sequence, waker);
        self.look().map_or(Poll::Pending, Poll::Ready)
    }

    fn look(&mut self) -> Option<Answer<P>> {
        let mut inner = self.shared.lock();
        let answer = inner.requester.try_answer_to(self.sequence)?;
        self.is_answered = true;
        #[cfg(feature = "latency-histogram")]
        inner.latencies.record(self.begun.elapsed());
        Some(answer)
    }
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> Drop for Asking<'_, M, Q, P, C> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.shared.lock().requester.abandon(self.sequence);
        }
    }
}
