//! One message, from the moment it is taken to its reply.

use bytemuck::{Zeroable, bytes_of_mut};
use isokern_core::actor::{
    ActorError, ActorMemory, Bells, Envelope, LentBuffers, Links, Outbox, Outcome, ReplyHeader,
};
use isokern_core::call::Clock;
use isokern_core::ring::{BufferHandle, WireHeader};
use isokern_core::{KernelError, Resident, RingContext};

use super::mail::Letter;
use super::setting::{Message, Reply, Setting};
use super::watch::Order;
use super::work::{Wakes, Work};
use super::{Runner, Step, Todo};

/// A message whose handler runs; what is left of it when the handler breaks.
#[derive(Clone, Copy)]
pub(super) struct InHand {
    mailbox_index: usize,
    header: WireHeader,
    trace_id: [u8; 16],
    buffer: Option<BufferHandle>,
}

impl InHand {
    pub(super) fn open<X: Setting>(
        mailbox_index: usize,
        Letter { header, trace_id, body }: Letter<Message<X>>,
    ) -> (Self, Message<X>) {
        let buffer = X::Resident::buffer_of(&body);
        (Self { mailbox_index, header, trace_id, buffer }, body)
    }
}

impl<X: Setting> Runner<X> {
    /// Answers a message whose handler broke, if there is one.
    pub(super) fn answer_in_hand_faulted(&mut self) {
        if let Some(in_hand) = self.in_hand.take() {
            self.answer(&in_hand, Err(ActorError::ActorFaulted));
        }
    }

    /// Answers a message without a look at its body, which is no longer wanted.
    pub(super) fn turn_away(
        &mut self,
        mailbox_index: usize,
        letter: Letter<Message<X>>,
        error: ActorError,
    ) {
        let (in_hand, _) = InHand::open::<X>(mailbox_index, letter);
        self.answer(&in_hand, Err(error));
    }

    /// Begins to handle a message; an error is its answer.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    pub(super) fn handle(
        &mut self,
        in_hand: &InHand,
    ) -> Result<Work<'_, X, impl FnMut() -> Result<u64, ActorError>>, ActorError> {
        self.in_hand = Some(*in_hand);
        let header = in_hand.header;
        if !matches!(header.kind(), WireHeader::ASK | WireHeader::TELL | WireHeader::LINK) {
            return Err(ActorError::KindUnknown);
        }
        if self.watch.is_stopped() {
            return Err(ActorError::Stopped);
        }
        let now_ns = self.clock.now_ns();
        if header.is_expired(now_ns) {
            return Err(ActorError::Expired);
        }
        self.refresh_credits();
        let Self { handler, state, words, outgoing, watch, memory, clock, plan, .. } = self;
        let (words, memory, clock) = (&*words, &*memory, &*clock);
        let payload = match in_hand.buffer {
            None => &mut [],
            Some(handle) => plan.buffers.bytes(handle).ok_or(ActorError::BufferRefused)?,
        };
        let credits = outgoing.credits.get_mut(..plan.links.link_count()).unwrap_or(&mut []);
        let outbox = Outbox::new(&mut outgoing.entries, &mut outgoing.used, credits);
        let near = header.message_header().with_trace_id(in_hand.trace_id);
        let context = RingContext::new(near, words, bytes_of_mut(state), payload, outbox);
        // The first moment at which the deadline is over.
        let late_ns = header.deadline_ns().map_or(u64::MAX, |deadline_ns| deadline_ns + 1);
        Ok(Work {
            handler,
            context,
            look: move || {
                let now_ns = clock.now_ns();
                words.refresh(now_ns);
                match watch.look(memory.host_line(), now_ns) {
                    Order::Stop => Err(ActorError::Stopped),
                    _ if header.is_expired(now_ns) => Err(ActorError::TimedOut),
                    _ => Ok(late_ns.min(watch.due_ns())),
                }
            },
            wakes: Wakes { bells: memory.bells(), clock },
        })
    }

    /// Answers a message whose handler has ended like this.
    pub(super) fn handled(
        &mut self,
        in_hand: &InHand,
        result: Result<Result<Reply<X>, KernelError>, ActorError>,
    ) -> Todo {
        let now_ns = self.clock.now_ns();
        self.words.refresh(now_ns);
        // A late answer is no answer; a late error says more than the deadline.
        let result = match result {
            Ok(Ok(_)) if in_hand.header.is_expired(now_ns) => Err(ActorError::TimedOut),
            Ok(result) => result.map_err(ActorError::of_handler),
            Err(error) => Err(error),
        };
        self.in_hand = None;
        self.answer(in_hand, result);
        Todo::Nothing(Step::Worked)
    }

    /// Sends what the step sent, gives the buffer back, and replies, in this order: who has
    /// the reply finds everything else done.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    fn answer(&mut self, in_hand: &InHand, result: Result<Reply<X>, ActorError>) {
        let header = in_hand.header;
        let outcome = Outcome::of(&result);
        if outcome == Outcome::Done {
            self.pass_on();
            self.words.count_answer();
        }
        self.outgoing.used = 0;
        if let Some(buffer) = in_hand.buffer {
            // False for a handle that was refused: it was not ours to give.
            let _ = self.plan.buffers.give_back(buffer);
        }
        self.mail.count(outcome);
        if matches!(header.kind(), WireHeader::TELL | WireHeader::LINK) {
            self.mail.acknowledge(&self.memory, in_hand.mailbox_index, outcome);
        } else {
            let outcome = result.as_ref().map(|_| ()).map_err(|error| *error);
            let reply_header = ReplyHeader::new(header.sequence(), outcome);
            let body = result.unwrap_or_else(|_| Reply::<X>::zeroed());
            let reply = Envelope::new(reply_header, body);
            self.mail.reply(&self.memory, in_hand.mailbox_index, reply);
            self.memory.bells().ring_requester(in_hand.mailbox_index, header.sequence());
        }
    }

    /// Moves the outbox to the rings of the links, where each entry has a place.
    fn pass_on(&mut self) {
        let entries = self.outgoing.entries.iter().take(self.outgoing.used);
        for entry in entries {
            // Fails only when the linked actor has closed: it has ended its life and learns
            // nothing more. The link counts it.
            let _ = self.plan.links.pass_on(entry.to().index(), entry);
        }
    }

    fn refresh_credits(&mut self) {
        self.outgoing.used = 0;
        let link_count = self.plan.links.link_count();
        for (index, credit) in self.outgoing.credits.iter_mut().enumerate().take(link_count) {
            *credit = self.plan.links.credit(index);
        }
    }
}
