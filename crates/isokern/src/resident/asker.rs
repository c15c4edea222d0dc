//! The side that asks a resident model, wherever it runs.

use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::collections::VecDeque;
use std::time::Instant;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorMemory, ModelReply};
use isokern_core::call::Clock;
use isokern_core::kernel::whole_ns;
use isokern_core::ring::BufferHandle;
use isokern_guard::SystemClock;
use isokern_ring::{Answer, Lender, PoolError, PoolMemory, Requester, WaitStrategy};

use super::place::Place;
use crate::error::Error;

/// Looks at the ring before the asking thread sleeps.
const LOOKS_BEFORE_SLEEP: u32 = 256;

/// Questions to an actor, each with a buffer that is lent with it.
#[derive(Debug)]
pub(super) struct Asker<M: ActorMemory, B: PoolMemory> {
    name: String,
    place: Place,
    questions: Requester<M, BufferHandle, ModelReply, SystemClock>,
    lender: Lender<B>,
    wait: WaitStrategy,
    pub(super) under_way: VecDeque<Question>,
    answered_count: usize,
}

/// A question without an answer yet.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) sequence: u32,
    handle: BufferHandle,
    asked: Instant,
    limit: Option<Duration>,
}

impl<M: ActorMemory, B: PoolMemory> Asker<M, B> {
    pub(super) fn new(
        name: String,
        place: Place,
        questions: Requester<M, BufferHandle, ModelReply, SystemClock>,
        lender: Lender<B>,
        wait: WaitStrategy,
    ) -> Self {
        let (under_way, answered_count) = (VecDeque::new(), 0);
        Self { name, place, questions, lender, wait, under_way, answered_count }
    }

    /// Writes a sample into a lent buffer and asks; `false` when no buffer is free.
    pub(super) fn try_ask(
        &mut self,
        sample: &[u8],
        limit: Option<Duration>,
    ) -> Result<bool, Error> {
        let mut buffer = match self.lender.try_claim() {
            Ok(buffer) => buffer,
            Err(PoolError::Exhausted { .. }) => return Ok(false),
            Err(source) => return Err(Error::Buffers { name: self.name.clone(), source }),
        };
        self.place
            .write_inputs(&mut buffer, sample)
            .map_err(|source| Error::Infer { name: self.name.clone(), source })?;
        let handle = buffer
            .lend(self.place.buffer_bytes())
            .map_err(|source| Error::Buffers { name: self.name.clone(), source })?;
        let asked = Instant::now();
        let sequence = self.questions.try_ask(header(limit), handle).map_err(|_| {
            // There is a slot for each buffer, so the ring is closed, not full.
            self.broken(ActorError::ActorFaulted)
        })?;
        self.under_way.push_back(Question { sequence, handle, asked, limit });
        Ok(true)
    }

    /// Waits for the answer to the oldest question, and returns the time from the question; `None`
    /// when nothing was asked.
    pub(super) fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        let Some(question) = self.under_way.pop_front() else {
            return Ok(None);
        };
        let Question { sequence, handle, asked, limit } = question;
        let answer = self.collect(sequence);
        let elapsed = asked.elapsed();
        let is_late = limit.is_some_and(|limit| elapsed > limit);
        match answer.result {
            Ok(_) if is_late => return Err(self.timeout(limit)),
            Ok(_) => {}
            Err(ActorError::Expired | ActorError::TimedOut) => return Err(self.timeout(limit)),
            Err(error) => return Err(self.broken(error)),
        }
        let buffers = |source| Error::Buffers { name: self.name.clone(), source };
        let bytes = self.lender.bytes(handle).map_err(buffers)?;
        self.place
            .read_outputs(bytes, read)
            .map_err(|source| Error::Infer { name: self.name.clone(), source })?;
        self.lender.release(handle).map_err(buffers)?;
        self.answered_count += 1;
        Ok(Some(elapsed))
    }

    pub(super) fn collect(&mut self, sequence: u32) -> Answer<ModelReply> {
        let mut look_count = 0;
        loop {
            if let Some(answer) = self.questions.try_answer_to(sequence) {
                return answer;
            }
            match self.wait {
                WaitStrategy::Park { .. } if look_count == LOOKS_BEFORE_SLEEP => {
                    return pollster::block_on(poll_fn(|task| {
                        self.questions.register(sequence, task.waker());
                        let answer = self.questions.try_answer_to(sequence);
                        answer.map_or(Poll::Pending, Poll::Ready)
                    }));
                }
                WaitStrategy::Yield => std::thread::yield_now(),
                WaitStrategy::Spin | WaitStrategy::Park { .. } | _ => core::hint::spin_loop(),
            }
            look_count += 1;
        }
    }

    fn timeout(&self, limit: Option<Duration>) -> Error {
        let (name, input_index) = (self.name.clone(), self.answered_count);
        Error::Timeout { name, input_index, limit: limit.unwrap_or_default() }
    }

    /// Returns the error of an actor that has failed like this.
    pub(super) fn broken(&self, source: ActorError) -> Error {
        Error::Actor { name: self.name.clone(), input_index: self.answered_count, source }
    }
}

/// Returns the header of a question with this limit.
pub(super) fn header(limit: Option<Duration>) -> MessageHeader {
    let Some(limit) = limit else {
        return MessageHeader::new();
    };
    let now_ns = SystemClock.now_ns();
    // A deadline of 0 would be none, and the latest moment is no limit.
    let deadline_ns = now_ns.saturating_add(whole_ns(limit)).max(1);
    MessageHeader::new().with_creation_ns(now_ns).with_deadline_ns(deadline_ns)
}
