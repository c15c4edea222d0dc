//! The side of a mailbox that asks and tells.

use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::task::Waker;

use bytemuck::Pod;
use isokern_core::MessageHeader;
use isokern_core::actor::{
    ActorError, ActorMemory, Bells, Envelope, LinkEnd, Mailbox, Outcome, ReplyHeader,
};
use isokern_core::call::Clock;
use isokern_core::ring::{PopError, PushError, RequesterState, WireHeader};

use super::asking::{self, AskError};
use super::in_flight::{Answer, InFlight};
use super::stats::{RequesterStats, Told, end_of};

/// The one sender of a mailbox, for questions of type `Q` and replies of type `P`.
///
/// Dropping it, or [`close`](Self::close), is how an actor learns that it may drain and stop.
pub struct Requester<M: ActorMemory, Q, P, C> {
    pub(super) memory: M,
    clock: C,
    pub(super) mailbox_index: usize,
    state: RequesterState,
    in_flight: InFlight<M, P>,
    told: Told,
    /// Of questions that were asked, refused, taken or abandoned.
    stats: RequesterStats,
    is_closed: bool,
    question: PhantomData<fn(Q)>,
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> Requester<M, Q, P, C> {
    /// Returns the requester of a mailbox of new memory; `None` when there is no such mailbox.
    ///
    /// `spawn` makes them; make one yourself for a host of your own. `clock` is the actor's:
    /// deadlines are moments of it. A second requester for the same mailbox breaks the protocol:
    /// replies would go to either of them.
    #[must_use]
    pub fn try_new(memory: M, mailbox_index: usize, clock: C) -> Option<Self> {
        memory.mailbox(mailbox_index)?;
        Some(Self {
            memory,
            clock,
            mailbox_index,
            state: RequesterState::new(),
            in_flight: InFlight::new(),
            told: Told::default(),
            stats: RequesterStats::default(),
            is_closed: false,
            question: PhantomData,
        })
    }

    /// Sends a question and returns the sequence its answer will have.
    ///
    /// Of the header, deadline, tenant and flags go along; trace id and quality of service are
    /// kept here and joined to the answer. A deadline is a moment of the actor's clock, any at
    /// all; [`u64::MAX`] is no limit, and 0 no deadline. A reply is an answer when the deadline
    /// is after the moment at which it is taken, and [`Expired`](ActorError::Expired) when not.
    ///
    /// # Errors
    ///
    /// [`Full`](PushError::Full) while every slot is taken or answers are not collected,
    /// [`Closed`](PushError::Closed) when the actor or this side has closed.
    pub fn try_ask(&mut self, header: MessageHeader, question: Q) -> Result<u32, PushError<Q>> {
        let sequence = self.try_ask_quietly(header, question)?;
        self.memory.bells().ring_actor();
        Ok(sequence)
    }

    /// Works as [`try_ask`](Self::try_ask), but rings no bell: the caller does, without locks.
    pub(super) fn try_ask_quietly(
        &mut self,
        header: MessageHeader,
        question: Q,
    ) -> Result<u32, PushError<Q>> {
        let Some(sequence) = self.place() else {
            self.stats.refused_count += 1;
            return Err(PushError::Full(question));
        };
        let header = header.with_sequence(sequence);
        self.push(header, WireHeader::ASK, question)?;
        self.stats.accepted_count += 1;
        self.in_flight.begin(header);
        Ok(sequence)
    }

    /// Sends a message that gets no reply. What became of it shows in [`stats`](Self::stats).
    ///
    /// # Errors
    ///
    /// As [`try_ask`](Self::try_ask).
    pub fn try_tell(&mut self, header: MessageHeader, message: Q) -> Result<(), PushError<Q>> {
        self.try_tell_quietly(header, message)?;
        self.memory.bells().ring_actor();
        Ok(())
    }

    /// Works as [`try_tell`](Self::try_tell), but rings nobody's bell.
    pub(super) fn try_tell_quietly(
        &mut self,
        header: MessageHeader,
        message: Q,
    ) -> Result<(), PushError<Q>> {
        self.push(header, WireHeader::TELL, message)?;
        self.told.accepted_count += 1;
        Ok(())
    }

    /// Takes an answer, the one that came first: in one mailbox, that of the oldest question.
    ///
    /// # Errors
    ///
    /// [`Empty`](PopError::Empty) when there is none yet, [`Closed`](PopError::Closed) when the
    /// actor is gone and every question was answered.
    pub fn try_answer(&mut self) -> Result<Answer<P>, PopError> {
        let is_over = self.collect_replies();
        match self.in_flight.collect_oldest() {
            Some(answer) => Ok(self.count(answer)),
            None if is_over => Err(PopError::Closed),
            None => Err(PopError::Empty),
        }
    }

    /// Takes the answer to one question, if it is there.
    pub fn try_answer_to(&mut self, sequence: u32) -> Option<Answer<P>> {
        self.collect_replies();
        let answer = self.in_flight.collect(sequence)?;
        Some(self.count(answer))
    }

    /// Asks and waits for the reply.
    ///
    /// Where the memory's bells are [`Silent`](isokern_core::actor::Silent) the future asks to be
    /// polled again at once. Dropped, it leaves the question to the actor and its answer to
    /// nobody.
    ///
    /// # Errors
    ///
    /// [`AskError`]; a refused question is inside.
    pub fn ask(&mut self, question: Q) -> impl Future<Output = Result<P, AskError<Q>>> {
        self.ask_with(MessageHeader::new(), question)
    }

    /// Asks with a header and waits for the reply.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn ask_with(
        &mut self,
        header: MessageHeader,
        question: Q,
    ) -> impl Future<Output = Result<P, AskError<Q>>> {
        asking::ask(self, header, question)
    }

    /// Keeps a waker for the answer to one question. Look once more after this.
    pub fn register(&self, sequence: u32, waker: &Waker) {
        self.memory.bells().register(self.mailbox_index, sequence, waker);
    }

    /// Forgets a question: its answer is dropped when it comes.
    pub fn abandon(&mut self, sequence: u32) {
        if self.in_flight.abandon(sequence) {
            self.stats.abandoned_count += 1;
        }
    }

    /// Sends no more. The actor handles what was accepted; when every mailbox is closed and
    /// empty, it stops.
    pub fn close(&mut self) {
        self.close_quietly();
        self.memory.bells().ring_actor();
    }

    /// Returns what was seen so far, with a look at what is done with by now. It looks at each
    /// answer that was not taken yet.
    #[must_use]
    pub fn stats(&mut self) -> RequesterStats {
        let is_over = self.collect_replies();
        if let Some(mailbox) = self.memory.mailbox(self.mailbox_index) {
            // In this order: of what is no longer in the ring the count is seen, unless it is
            // being written again.
            self.state.refresh(mailbox.requests());
            self.told.look(mailbox.replies());
        }
        let mut stats = self.stats;
        self.told.add_to(&mut stats, is_over.then(|| self.end()));
        let Self { in_flight, clock, .. } = self;
        in_flight.look(|answer| stats.count(outcome_now(answer, clock), 1));
        stats.in_flight_count += u64::from(in_flight.waiting_count());
        stats.depth = self.state.outstanding();
        stats
    }

    /// Turns the mailbox over to another actor, which will tell and not ask; this requester is
    /// closed then.
    ///
    /// `None`, and nothing changed, when it has sent something already or is closed, or when
    /// `Q` is longer than [`LinkEnd::capacity_bytes`].
    pub fn turn_over(&mut self) -> Option<LinkEnd<M>>
    where
        M: Clone,
    {
        if self.is_closed || self.stats() != RequesterStats::default() {
            return None;
        }
        let link = LinkEnd::try_new::<Q>(self.memory.clone(), self.mailbox_index)?;
        self.is_closed = true; // The link closes the mailbox, not this.
        Some(link)
    }

    /// Pushes and rings nobody's bell.
    fn push(&mut self, header: MessageHeader, kind: u8, body: Q) -> Result<(), PushError<Q>> {
        let wire = WireHeader::new(&header, kind);
        let mut outcome = self.try_push(Envelope::new(wire, body));
        if let Err(PushError::Full(envelope)) = outcome {
            // Replies that nobody looked at are credit.
            self.collect_replies();
            outcome = self.try_push(envelope);
        }
        match outcome {
            Ok(()) => Ok(()),
            Err(refusal) => {
                self.stats.refused_count += 1;
                Err(match refusal {
                    PushError::Full(Envelope { body, .. }) => PushError::Full(body),
                    PushError::Closed(Envelope { body, .. }) => PushError::Closed(body),
                })
            }
        }
    }

    fn try_push(
        &mut self,
        envelope: Envelope<WireHeader, Q>,
    ) -> Result<(), PushError<Envelope<WireHeader, Q>>> {
        match self.memory.mailbox(self.mailbox_index) {
            Some(mailbox) if !self.is_closed => self.state.try_push(mailbox.requests(), envelope),
            _ => Err(PushError::Closed(envelope)),
        }
    }

    /// Returns a place for another question. Replies to abandoned ones make room.
    fn place(&mut self) -> Option<u32> {
        self.in_flight.next_sequence().or_else(|| {
            self.collect_replies();
            self.in_flight.next_sequence()
        })
    }

    /// Moves what is in the reply ring to the table; `true` when no more will come.
    fn collect_replies(&mut self) -> bool {
        let Some(mailbox) = self.memory.mailbox(self.mailbox_index) else {
            return true;
        };
        loop {
            match self.state.try_pop_reply::<Envelope<ReplyHeader, P>, _>(mailbox.replies()) {
                Ok(Envelope { header, body }) => {
                    let result = header.outcome().map(|()| body);
                    if !self.in_flight.answer(header.sequence(), result) {
                        self.stats.foreign_count += 1;
                    }
                }
                Err(PopError::Empty) => return false,
                Err(PopError::Closed) => {
                    self.in_flight.answer_all(match self.end() {
                        Outcome::Faulted => ActorError::ActorFaulted,
                        _ => ActorError::Stopped,
                    });
                    return true;
                }
            }
        }
    }

    /// Returns what became of messages that an actor had not answered when it ended.
    fn end(&self) -> Outcome {
        end_of(&self.memory).unwrap_or(Outcome::Stopped)
    }

    /// Counts an answer as it is taken; one that is taken late is none.
    fn count(&mut self, mut answer: Answer<P>) -> Answer<P> {
        let outcome = outcome_now(&answer, &self.clock);
        if outcome == Outcome::Expired && answer.result.is_ok() {
            answer.result = Err(ActorError::Expired);
        }
        self.stats.count(outcome, 1);
        answer
    }
}

/// Returns what an answer is when it is taken now: a reply is one while its deadline is ahead.
fn outcome_now<P>(answer: &Answer<P>, clock: &impl Clock) -> Outcome {
    let outcome = Outcome::of(&answer.result);
    match answer.header.deadline_ns() {
        None | Some(u64::MAX) => outcome,
        Some(deadline_ns) if outcome == Outcome::Done && deadline_ns <= clock.now_ns() => {
            Outcome::Expired
        }
        Some(_) => outcome,
    }
}

impl<M: ActorMemory, Q, P, C> Requester<M, Q, P, C> {
    /// Closes the ring, once, and rings nobody's bell.
    pub(super) fn close_quietly(&mut self) {
        if let Some(mailbox) = self.memory.mailbox(self.mailbox_index)
            && !self.is_closed
        {
            self.is_closed = true;
            self.state.close(mailbox.requests());
        }
    }
}

impl<M: ActorMemory, Q, P, C> Drop for Requester<M, Q, P, C> {
    fn drop(&mut self) {
        if !self.is_closed {
            self.close_quietly();
            self.memory.bells().ring_actor();
        }
    }
}

impl<M: ActorMemory, Q, P, C> fmt::Debug for Requester<M, Q, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requester")
            .field("mailbox", &self.mailbox_index)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}
