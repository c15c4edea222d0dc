//! The mailboxes of an actor: whose turn it is, and what is owed to whom.

use bytemuck::Pod;
use isokern_core::actor::{
    ActorMemory, Envelope, MAILBOX_COUNT_MAX, Mailbox, Outcome, ReplyHeader,
};
use isokern_core::ring::{DeviceControl, PopError, ReplierState, WireHeader};

use super::tally::{Tally, Totals};

/// The replying sides of all mailboxes.
pub(super) struct Mail {
    boxes: [Side; MAILBOX_COUNT_MAX],
    count: usize,
    passed_over_max: u32,
    totals: Totals,
}

/// The replying side of one mailbox.
#[derive(Default)]
struct Side {
    replier: ReplierState,
    /// What became of its messages without reply.
    tally: Tally,
    /// How often it had a message while another was served.
    passed_over: u32,
    is_ended: bool,
}

/// A message as it came.
pub(super) struct Letter<Q> {
    pub(super) header: WireHeader,
    /// Zero when it came from a requester, which keeps it.
    pub(super) trace_id: [u8; 16],
    pub(super) body: Q,
}

/// What the mailboxes hold.
pub(super) enum Next<Q> {
    /// A message, and the mailbox it came from.
    Message(usize, Letter<Q>),
    /// None at the moment.
    Nothing,
    /// Nothing more comes: every mailbox is closed and empty.
    NobodyLeft,
}

impl Mail {
    pub(super) fn new(count: usize, passed_over_max: u32) -> Self {
        Self {
            boxes: Default::default(),
            count: count.min(MAILBOX_COUNT_MAX),
            passed_over_max,
            totals: Totals::default(),
        }
    }

    /// Takes the next message: of a mailbox that was passed over too often, else of the first
    /// that has one.
    pub(super) fn next<Q: Pod, M: ActorMemory>(&mut self, memory: &M) -> Next<Q> {
        let chosen = self.choose(memory);
        let mut ended_count = 0;
        for index in chosen.into_iter().chain(0..self.count) {
            match self.pop(memory, index) {
                Ok(letter) => {
                    self.totals.count_taken();
                    return Next::Message(index, letter);
                }
                Err(PopError::Empty) => {}
                Err(PopError::Closed) => ended_count += 1,
            }
        }
        if ended_count >= self.count { Next::NobodyLeft } else { Next::Nothing }
    }

    /// Counts what became of a message, before its reply or acknowledgement says so.
    pub(super) fn count(&mut self, outcome: Outcome) {
        self.totals.count(outcome);
    }

    /// Answers a message.
    pub(super) fn reply<P: Pod, M: ActorMemory>(
        &mut self,
        memory: &M,
        index: usize,
        reply: Envelope<ReplyHeader, P>,
    ) {
        if let (Some(side), Some(mailbox)) = (self.boxes.get_mut(index), memory.mailbox(index)) {
            // Never full: the message was taken. Closed only by a requester of another kind,
            // which then wants no reply.
            let _ = side.replier.reply(mailbox.replies(), reply);
        }
    }

    /// Lets go of a message that gets no reply. What became of it is shown at the latest with
    /// its acknowledgement.
    pub(super) fn acknowledge<M: ActorMemory>(
        &mut self,
        memory: &M,
        index: usize,
        outcome: Outcome,
    ) {
        if let (Some(side), Some(mailbox)) = (self.boxes.get_mut(index), memory.mailbox(index)) {
            side.tally.count(outcome);
            if side.replier.tells_next(mailbox.requests()) {
                side.tally.show(mailbox.replies());
            }
            side.replier.acknowledge(mailbox.requests());
        }
    }

    pub(super) const fn taken_count(&self) -> u64 {
        self.totals.taken_count()
    }

    /// Refuses further pushes; what is in the rings is still taken.
    pub(super) fn refuse<M: ActorMemory>(&mut self, memory: &M) {
        for (index, side) in self.boxes.iter_mut().enumerate().take(self.count) {
            if let Some(mailbox) = memory.mailbox(index) {
                side.replier.refuse(mailbox.requests());
            }
        }
    }

    /// Returns whether every requester has closed. Messages may be left.
    pub(super) fn is_deserted<M: ActorMemory>(&self, memory: &M) -> bool {
        self.boxes.iter().enumerate().take(self.count).all(|(index, side)| {
            let mailbox = memory.mailbox(index);
            mailbox.is_none_or(|mailbox| side.replier.requests().sees_closed(mailbox.requests()))
        })
    }

    /// Says that no more replies come.
    pub(super) fn close<M: ActorMemory>(&mut self, memory: &M) {
        for (index, side) in self.boxes.iter_mut().enumerate().take(self.count) {
            if let Some(mailbox) = memory.mailbox(index) {
                side.replier.close(mailbox.requests(), mailbox.replies());
            }
        }
    }

    /// Shows every count that has changed.
    pub(super) fn show_counts<M: ActorMemory>(&mut self, device: &mut DeviceControl, memory: &M) {
        for (index, side) in self.boxes.iter_mut().enumerate().take(self.count) {
            if let Some(mailbox) = memory.mailbox(index) {
                side.tally.show(mailbox.replies());
            }
        }
        self.totals.show(device, memory.device_line());
    }

    /// Returns the mailbox whose turn it is, by what can be seen now.
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

    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    fn pop<Q: Pod, M: ActorMemory>(
        &mut self,
        memory: &M,
        index: usize,
    ) -> Result<Letter<Q>, PopError> {
        match (self.boxes.get_mut(index), memory.mailbox(index)) {
            (Some(side), Some(mailbox)) if !side.is_ended => {
                let requests = mailbox.requests();
                if side.tally.is_hidden() && side.replier.requests().is_empty(requests) {
                    // The acknowledgements held back are told next.
                    side.tally.show(mailbox.replies());
                }
                let is_of_link = |envelope: &Envelope<WireHeader, Q>| {
                    let header = envelope.header;
                    header.kind() == WireHeader::LINK
                };
                let popped = side.replier.try_pop_followed(requests, is_of_link);
                side.is_ended = matches!(popped, Err(PopError::Closed));
                let (Envelope { header, body }, trace_id) = popped?;
                Ok(Letter { header, trace_id: trace_id.unwrap_or_default(), body })
            }
            _ => Err(PopError::Closed),
        }
    }
}
