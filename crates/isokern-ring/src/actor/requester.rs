//! The side of a mailbox that asks and tells.

use core::fmt;
use core::future::{Future, poll_fn};
use core::marker::PhantomData;
use core::task::Waker;

use bytemuck::Pod;
use isokern_core::MessageHeader;
use isokern_core::actor::{
    ActorError, ActorMemory, ActorState, Bells, Envelope, LinkEnd, Mailbox, ReplyHeader,
};
use isokern_core::call::Clock;
use isokern_core::ring::{DeviceView, PopError, PushError, RequesterState, WireHeader};

use super::asking::{AskError, Asking};
use super::in_flight::{Answer, InFlight};

/// The one sender of a mailbox, for questions of type `Q` and replies of type `P`.
///
/// Dropping it, or [`close`](Self::close), is how an actor learns that it may drain and stop.
pub struct Requester<M: ActorMemory, Q, P, C> {
    pub(super) memory: M,
    clock: C,
    pub(super) mailbox_index: usize,
    state: RequesterState,
    in_flight: InFlight<M, P>,
    stats: RequesterStats,
    is_closed: bool,
    question: PhantomData<fn(Q)>,
}

/// What a requester has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequesterStats {
    /// Messages the ring took: questions and tells.
    pub accepted_count: u64,
    /// Messages handed back, because the ring was full or closed.
    pub refused_count: u64,
    /// Questions with a reply.
    pub answered_count: u64,
    /// Questions the handler answered with an error.
    pub failed_count: u64,
    /// Questions whose deadline passed, before or while they were handled.
    pub expired_count: u64,
    /// Questions that a fault took away.
    pub faulted_count: u64,
    /// Questions the actor did not come to before it stopped, or would not take.
    pub dropped_count: u64,
    /// Replies to questions nobody asked; never on an honest host.
    pub foreign_count: u64,
    /// Messages accepted and not known to be done with.
    pub depth: u32,
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> Requester<M, Q, P, C> {
    /// The requester of a mailbox of new memory; `None` when there is no such mailbox.
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
    /// lies after the moment at which it is taken, and [`Expired`](ActorError::Expired) when not.
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

    /// As [`try_ask`](Self::try_ask), but rings nobody's bell: the caller does, without locks.
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
        self.in_flight.begin(header);
        Ok(sequence)
    }

    /// Sends a message that gets no reply. That it was taken shows in
    /// [`depth`](RequesterStats::depth).
    ///
    /// # Errors
    ///
    /// As [`try_ask`](Self::try_ask).
    pub fn try_tell(&mut self, header: MessageHeader, message: Q) -> Result<(), PushError<Q>> {
        self.push(header, WireHeader::TELL, message)?;
        self.memory.bells().ring_actor();
        Ok(())
    }

    /// Takes an answer, that of the oldest question that has one.
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
    pub async fn ask_with(&mut self, header: MessageHeader, question: Q) -> Result<P, AskError<Q>> {
        let sequence = self.try_ask(header, question)?;
        let mut asking = Asking::new(self, sequence);
        let answer = poll_fn(|task| asking.poll(task.waker())).await;
        answer.result.map_err(AskError::Actor)
    }

    /// Keeps a waker for the answer to one question. Look once more after this.
    pub fn register(&self, sequence: u32, waker: &Waker) {
        self.memory.bells().register(self.mailbox_index, sequence, waker);
    }

    /// Forgets a question: its answer is dropped when it comes.
    pub fn abandon(&mut self, sequence: u32) {
        self.in_flight.abandon(sequence);
    }

    /// Sends no more. The actor handles what was accepted; when every mailbox is closed and
    /// empty, it stops.
    pub fn close(&mut self) {
        self.close_quietly();
        self.memory.bells().ring_actor();
    }

    /// What was seen so far, with a look at what is done with by now.
    #[must_use]
    pub fn stats(&mut self) -> RequesterStats {
        if let Some(mailbox) = self.memory.mailbox(self.mailbox_index) {
            self.state.refresh(mailbox.requests());
        }
        RequesterStats { depth: self.state.outstanding(), ..self.stats }
    }

    /// Turns the mailbox over to another actor, which will tell and not ask.
    ///
    /// # Errors
    ///
    /// This requester again, when it has sent something already, or when `Q` is longer than
    /// 48 bytes.
    pub fn try_into_link(mut self) -> Result<LinkEnd<M>, Self>
    where
        M: Clone,
    {
        let link = LinkEnd::try_new::<Q>(self.memory.clone(), self.mailbox_index);
        match link {
            Some(link) if self.stats == RequesterStats::default() && !self.is_closed => {
                self.is_closed = true; // The link closes the mailbox, not this.
                Ok(link)
            }
            _ => Err(self),
        }
    }

    /// Pushes and rings nobody's bell.
    pub(super) fn push(
        &mut self,
        header: MessageHeader,
        kind: u8,
        body: Q,
    ) -> Result<(), PushError<Q>> {
        let wire = WireHeader::new(&header, kind);
        let mut outcome = self.try_push(Envelope::new(wire, body));
        if let Err(PushError::Full(envelope)) = outcome {
            // Replies that nobody looked at are credit.
            self.collect_replies();
            outcome = self.try_push(envelope);
        }
        match outcome {
            Ok(()) => {
                self.stats.accepted_count += 1;
                Ok(())
            }
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

    /// A place for another question. Replies to abandoned ones make room.
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
                    self.in_flight.answer_all(self.end());
                    return true;
                }
            }
        }
    }

    /// Whether a reply to this question comes too late when it is taken now.
    fn is_late(&self, header: &MessageHeader) -> bool {
        match header.deadline_ns() {
            None | Some(u64::MAX) => false,
            Some(deadline_ns) => deadline_ns <= self.clock.now_ns(),
        }
    }

    /// Why an actor that is gone did not answer.
    fn end(&self) -> ActorError {
        let view = DeviceView::read(self.memory.device_line());
        match view.and_then(|view| view.state()).map(ActorState::from) {
            Some(ActorState::Faulted) => ActorError::ActorFaulted,
            _ => ActorError::Stopped,
        }
    }

    /// Counts an answer as it is taken; one that is taken late is none.
    fn count(&mut self, mut answer: Answer<P>) -> Answer<P> {
        if answer.result.is_ok() && self.is_late(&answer.header) {
            answer.result = Err(ActorError::Expired);
        }
        let stats = &mut self.stats;
        *match answer.result {
            Ok(_) => &mut stats.answered_count,
            Err(ActorError::Handler { .. }) => &mut stats.failed_count,
            Err(ActorError::Expired | ActorError::TimedOut) => &mut stats.expired_count,
            Err(ActorError::ActorFaulted) => &mut stats.faulted_count,
            Err(_) => &mut stats.dropped_count,
        } += 1;
        answer
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
