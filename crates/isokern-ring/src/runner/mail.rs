//! The mailboxes of an actor: whose turn it is, and what is owed to whom.

use bytemuck::Pod;
use isokern_core::actor::{ActorMemory, Envelope, MAILBOX_COUNT_MAX, Mailbox, ReplyHeader};
use isokern_core::ring::{ControlLine, DeviceControl, PopError, ReplierState, WireHeader};

/// The replying sides of all mailboxes.
pub(super) struct Mail {
    boxes: [Side; MAILBOX_COUNT_MAX],
    count: usize,
    passed_over_max: u32,
    taken_count: u64,
    answered_count: u64,
    expired_count: u64,
    /// The counts that the device line shows.
    shown: (u64, u64, u64),
}

/// The replying side of one mailbox.
#[derive(Default)]
struct Side {
    replier: ReplierState,
    /// How often it had a message while another was served.
    passed_over: u32,
    is_ended: bool,
}

/// What the mailboxes hold.
pub(super) enum Next<Q> {
    /// A message, and the mailbox it came from.
    Message(usize, Envelope<WireHeader, Q>),
    /// None at the moment.
    Nothing,
    /// None for ever: every mailbox is closed and empty.
    NobodyLeft,
}

impl Mail {
    pub(super) fn new(count: usize, passed_over_max: u32) -> Self {
        Self {
            boxes: Default::default(),
            count: count.min(MAILBOX_COUNT_MAX),
            passed_over_max,
            taken_count: 0,
            answered_count: 0,
            expired_count: 0,
            shown: (0, 0, 0),
        }
    }

    /// Takes the next message: of a mailbox that was passed over too often, else of the first
    /// that has one.
    pub(super) fn next<Q: Pod, M: ActorMemory>(&mut self, memory: &M) -> Next<Q> {
        let chosen = self.choose(memory);
        let mut ended_count = 0;
        for index in chosen.into_iter().chain(0..self.count) {
            match self.pop(memory, index) {
                Ok(envelope) => {
                    self.taken_count += 1;
                    return Next::Message(index, envelope);
                }
                Err(PopError::Empty) => {}
                Err(PopError::Closed) => ended_count += 1,
            }
        }
        if ended_count >= self.count { Next::NobodyLeft } else { Next::Nothing }
    }

    /// Answers a message.
    pub(super) fn reply<P: Pod, M: ActorMemory>(
        &mut self,
        memory: &M,
        index: usize,
        reply: Envelope<ReplyHeader, P>,
    ) {
        self.answered_count += 1;
        if let (Some(side), Some(mailbox)) = (self.boxes.get_mut(index), memory.mailbox(index)) {
            // Never full: the message was taken. Closed only by a requester of another kind,
            // which then wants no reply.
            let _ = side.replier.reply(mailbox.replies(), reply);
        }
    }

    /// Counts a message that gets no reply as done.
    pub(super) fn acknowledge<M: ActorMemory>(&mut self, memory: &M, index: usize) {
        self.answered_count += 1;
        if let (Some(side), Some(mailbox)) = (self.boxes.get_mut(index), memory.mailbox(index)) {
            side.replier.acknowledge(mailbox.requests());
        }
    }

    pub(super) fn count_expired(&mut self) {
        self.expired_count += 1;
    }

    pub(super) const fn taken_count(&self) -> u64 {
        self.taken_count
    }

    /// Lets nobody push any more; what is in the rings is still taken.
    pub(super) fn refuse<M: ActorMemory>(&mut self, memory: &M) {
        for (index, side) in self.boxes.iter_mut().enumerate().take(self.count) {
            if let Some(mailbox) = memory.mailbox(index) {
                side.replier.refuse(mailbox.requests());
            }
        }
    }

    /// Whether every requester has closed. Messages may be left.
    pub(super) fn is_deserted<M: ActorMemory>(&self, memory: &M) -> bool {
        self.boxes.iter().enumerate().take(self.count).all(|(index, side)| {
            let mailbox = memory.mailbox(index);
            mailbox.is_none_or(|mailbox| side.replier.requests().sees_closed(mailbox.requests()))
        })
    }

    /// Says that no reply comes any more.
    pub(super) fn close<M: ActorMemory>(&mut self, memory: &M) {
        for (index, side) in self.boxes.iter_mut().enumerate().take(self.count) {
            if let Some(mailbox) = memory.mailbox(index) {
                side.replier.close(mailbox.requests(), mailbox.replies());
            }
        }
    }

    /// Writes the counts to the device line, those that changed.
    pub(super) fn show_counts<L: ControlLine>(&mut self, device: &mut DeviceControl, line: &L) {
        let (taken, answered, expired) = self.shown;
        self.shown = (self.taken_count, self.answered_count, self.expired_count);
        if taken != self.taken_count {
            device.count_taken(line, self.taken_count);
            device.beat(line, self.taken_count as u32);
        }
        if answered != self.answered_count {
            device.count_answered(line, self.answered_count);
        }
        if expired != self.expired_count {
            device.count_expired(line, self.expired_count);
        }
    }

    /// The mailbox whose turn it is, by what can be seen now.
    fn choose<M: ActorMemory>(&mut self, memory: &M) -> Option<usize> {
        if self.count == 1 {
            return None;
        }
        let mut first = None;
        let mut overdue: Option<(u32, usize)> = None;
        for (index, side) in self.boxes.iter_mut().enumerate().take(self.count) {
            let Some(mailbox) = memory.mailbox(index) else {
                continue;
            };
            if side.replier.requests().is_empty(mailbox.requests()) {
                side.passed_over = 0;
                continue;
            }
            first = first.or(Some(index));
            let is_most = overdue.is_none_or(|(passed_over, _)| side.passed_over > passed_over);
            if side.passed_over >= self.passed_over_max && is_most {
                overdue = Some((side.passed_over, index));
            }
            side.passed_over = side.passed_over.saturating_add(1);
        }
        let chosen = overdue.map(|(_, index)| index).or(first)?;
        if let Some(side) = self.boxes.get_mut(chosen) {
            side.passed_over = 0;
        }
        Some(chosen)
    }

    fn pop<Q: Pod, M: ActorMemory>(
        &mut self,
        memory: &M,
        index: usize,
    ) -> Result<Envelope<WireHeader, Q>, PopError> {
        match (self.boxes.get_mut(index), memory.mailbox(index)) {
            (Some(side), Some(mailbox)) if !side.is_ended => {
                let popped = side.replier.try_pop(mailbox.requests());
                side.is_ended = matches!(popped, Err(PopError::Closed));
                popped
            }
            _ => Err(PopError::Closed),
        }
    }
}
