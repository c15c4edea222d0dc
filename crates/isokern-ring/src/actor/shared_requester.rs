//! One mailbox for many askers.

use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytemuck::Pod;
use hdrhistogram::Histogram;
use isokern_core::MessageHeader;
use isokern_core::actor::ActorMemory;
use isokern_core::call::Clock;
use isokern_core::ring::PushError;

use super::asking::AskError;
use super::in_flight::Answer;
use super::requester::{Requester, RequesterStats};
use crate::WaitStrategy;

/// A [`Requester`] that clones share: any number of tasks and threads ask through one mailbox.
///
/// A lock is held for as long as a push or a look at the replies takes, never while somebody
/// waits. The mailbox closes when the last clone is dropped, or with [`close`](Self::close).
#[derive(Debug)]
pub struct SharedRequester<M: ActorMemory, Q, P, C> {
    inner: Arc<Mutex<Inner<M, Q, P, C>>>,
}

#[derive(Debug)]
struct Inner<M: ActorMemory, Q, P, C> {
    requester: Requester<M, Q, P, C>,
    /// From question to collected reply, in ns.
    latencies_ns: Histogram<u64>,
}

/// How long questions took, from the push to the collected answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LatencySummary {
    /// Questions counted, whatever their answer was.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// 999 of 1000 took no longer.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

impl<M: ActorMemory, Q, P, C> Clone for SharedRequester<M, Q, P, C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> SharedRequester<M, Q, P, C> {
    /// Shares a requester.
    #[must_use]
    pub fn new(requester: Requester<M, Q, P, C>) -> Self {
        // Two digits: buckets of 1 %, up to an hour.
        let latencies_ns = Histogram::new_with_bounds(1, 3_600_000_000_000, 2);
        let latencies_ns = latencies_ns.unwrap_or_else(|_| unreachable!("the bounds are valid"));
        Self { inner: Arc::new(Mutex::new(Inner { requester, latencies_ns })) }
    }

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
        loop {
            if let Some(answer) = asking.look() {
                return answer.result.map_err(AskError::Actor);
            }
            match wait {
                WaitStrategy::Spin => core::hint::spin_loop(),
                WaitStrategy::Yield => std::thread::yield_now(),
                WaitStrategy::Park { .. } => {
                    let answer = pollster::block_on(poll_fn(|task| asking.poll(task.waker())));
                    return answer.result.map_err(AskError::Actor);
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
        self.lock().requester.try_tell(header, message)
    }

    /// Sends no more, from any clone; see [`Requester::close`].
    pub fn close(&self) {
        self.lock().requester.close();
    }

    /// What was seen so far.
    #[must_use]
    pub fn stats(&self) -> RequesterStats {
        self.lock().requester.stats()
    }

    /// How long questions took so far.
    #[must_use]
    pub fn latency(&self) -> LatencySummary {
        let inner = self.lock();
        let at = |quantile| Duration::from_nanos(inner.latencies_ns.value_at_quantile(quantile));
        LatencySummary {
            count: inner.latencies_ns.len(),
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_nanos(inner.latencies_ns.max()),
        }
    }

    fn begin(
        &self,
        header: MessageHeader,
        question: Q,
    ) -> Result<Asking<'_, M, Q, P, C>, AskError<Q>> {
        let begun = Instant::now();
        let sequence = self.lock().requester.try_ask(header, question)?;
        Ok(Asking { shared: self, sequence, begun, is_answered: false })
    }

    fn lock(&self) -> MutexGuard<'_, Inner<M, Q, P, C>> {
        // Nothing inside calls out, so a panic elsewhere leaves it whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way; dropped, it is abandoned.
struct Asking<'s, M: ActorMemory, Q: Pod, P: Pod, C: Clock> {
    shared: &'s SharedRequester<M, Q, P, C>,
    sequence: u32,
    begun: Instant,
    is_answered: bool,
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> Asking<'_, M, Q, P, C> {
    fn poll(&mut self, waker: &Waker) -> Poll<Answer<P>> {
        self.shared.lock().requester.register(self.sequence, waker);
        self.look().map_or(Poll::Pending, Poll::Ready)
    }

    fn look(&mut self) -> Option<Answer<P>> {
        let mut inner = self.shared.lock();
        let answer = inner.requester.try_answer_to(self.sequence)?;
        self.is_answered = true;
        let elapsed_ns = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        inner.latencies_ns.saturating_record(elapsed_ns);
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
