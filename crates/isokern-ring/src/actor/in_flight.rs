//! What a requester remembers of its questions until their answers are collected.

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorMemory};

use super::place::{Content, Place};
use super::queue::Queue;

/// An answer, joined to the header its question was sent with.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer<P> {
    /// As it was sent: trace id and quality of service are what the sender wrote.
    pub header: MessageHeader,
    /// The reply, or why there is none.
    pub result: Result<P, ActorError>,
}

/// One place for each slot of the ring. The low part of a sequence is its place, so that the
/// far side can say whom it answers without knowing this table.
///
/// Every place is in one of three queues, so that no step looks at more than a few of them.
pub(super) struct InFlight<M: ActorMemory, P> {
    places: M::PerSlot<Place<P>>,
    /// The place that was freed last comes first: it is near.
    free: Queue,
    /// Without a reply, oldest first.
    asked: Queue,
    /// With an answer that nobody has collected, in the order in which the replies came.
    answered: Queue,
    waiting_count: u32,
    lap: u32,
}

impl<M: ActorMemory, P: Copy> InFlight<M, P> {
    pub(super) fn new() -> Self {
        let mut places = M::per_slot(|_| Place::new());
        let mut free = Queue::EMPTY;
        for index in 0..places.as_ref().len() {
            free.join(places.as_mut(), index as u32);
        }
        let (asked, answered) = (Queue::EMPTY, Queue::EMPTY);
        Self { places, free, asked, answered, waiting_count: 0, lap: 0 }
    }

    /// Returns the sequence for the next question; `None` while every place waits or holds an
    /// answer that nobody collected.
    pub(super) fn next_sequence(&mut self) -> Option<u32> {
        let place = self.free.first()?;
        self.lap = self.lap.wrapping_add(1);
        Some(self.lap.wrapping_mul(self.place_count()).wrapping_add(place))
    }

    /// Notes a question that was pushed under its header's sequence, which is the last that
    /// [`next_sequence`](Self::next_sequence) gave.
    pub(super) fn begin(&mut self, header: MessageHeader) {
        let index = self.index(header.sequence());
        let places = self.places.as_mut();
        if let Some(place) = places.get_mut(index as usize)
            && let content @ Content::Free = place.content_mut()
        {
            *content = Content::Waiting(header);
            self.waiting_count += 1;
            self.free.leave(places, index);
            self.asked.join(places, index);
        }
    }

    /// Notes an answer; `false` when nobody asked that.
    pub(super) fn answer(&mut self, sequence: u32, result: Result<P, ActorError>) -> bool {
        let index = self.index(sequence);
        let places = self.places.as_mut();
        let Some(place) = places.get_mut(index as usize) else {
            return false;
        };
        let content = place.content_mut();
        match content {
            Content::Waiting(header) if header.sequence() == sequence => {
                *content = Content::Answered(Answer { header: *header, result });
                self.waiting_count -= 1;
                self.asked.leave(places, index);
                self.answered.join(places, index);
            }
            Content::Abandoned(abandoned) if *abandoned == sequence => {
                *content = Content::Free;
                self.asked.leave(places, index);
                self.free.jump(places, index);
            }
            _ => return false,
        }
        true
    }

    /// Answers everything that waits, because nothing more will come.
    pub(super) fn answer_all(&mut self, error: ActorError) {
        while let Some(index) = self.asked.first() {
            let sequence = match self.places.as_ref().get(index as usize).map(Place::content) {
                Some(Content::Waiting(header)) => header.sequence(),
                Some(Content::Abandoned(sequence)) => *sequence,
                _ => return,
            };
            if !self.answer(sequence, Err(error)) {
                return;
            }
        }
    }

    /// Collects the answer to one question, if it is there.
    pub(super) fn collect(&mut self, sequence: u32) -> Option<Answer<P>> {
        let index = self.index(sequence);
        let places = self.places.as_mut();
        let content = places.get_mut(index as usize)?.content_mut();
        match content {
            Content::Answered(answer) if answer.header.sequence() == sequence => {
                let answer = *answer;
                *content = Content::Free;
                self.answered.leave(places, index);
                self.free.jump(places, index);
                Some(answer)
            }
            _ => None,
        }
    }

    /// Collects the answer that came first.
    pub(super) fn collect_oldest(&mut self) -> Option<Answer<P>> {
        let index = self.answered.first()?;
        match self.places.as_ref().get(index as usize)?.content() {
            Content::Answered(answer) => self.collect(answer.header.sequence()),
            _ => None,
        }
    }

    /// Forgets a question: its answer is dropped when it comes, or now. `false` when there is
    /// no such question.
    pub(super) fn abandon(&mut self, sequence: u32) -> bool {
        let index = self.index(sequence);
        if let Some(content) = self.places.as_mut().get_mut(index as usize).map(Place::content_mut)
            && let Content::Waiting(header) = content
            && header.sequence() == sequence
        {
            *content = Content::Abandoned(sequence);
            self.waiting_count -= 1;
            return true;
        }
        self.collect(sequence).is_some()
    }

    /// Shows the answers that nobody has collected, in the order in which the replies came.
    pub(super) fn look(&mut self, mut see: impl FnMut(&Answer<P>)) {
        let places = self.places.as_mut();
        let mut next = self.answered.first();
        while let Some(index) = next {
            if let Some(Content::Answered(answer)) = places.get(index as usize).map(Place::content)
            {
                see(answer);
            }
            next = Queue::after(places, index);
        }
    }

    /// Counts the questions without a reply that somebody waits for.
    pub(super) const fn waiting_count(&self) -> u32 {
        self.waiting_count
    }

    fn index(&self, sequence: u32) -> u32 {
        sequence.checked_rem(self.place_count()).unwrap_or_default()
    }

    fn place_count(&self) -> u32 {
        self.places.as_ref().len() as u32
    }
}
