//! What a requester remembers of its questions until their answers are collected.

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorMemory};

/// An answer, joined to the header its question was sent with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer<P> {
    /// As it was sent: trace id and quality of service are what the sender wrote.
    pub header: MessageHeader,
    /// The reply, or why there is none.
    pub result: Result<P, ActorError>,
}

/// One place for each slot of the ring. The low part of a sequence is its place, so that the
/// far side can say whom it answers without knowing this table.
pub(super) struct InFlight<M: ActorMemory, P> {
    places: M::PerSlot<Place<P>>,
    lap: u32,
}

enum Place<P> {
    Free,
    /// Nobody waits for the answer any more.
    Abandoned(u32),
    Waiting(MessageHeader),
    Answered(Answer<P>),
}

impl<M: ActorMemory, P: Copy> InFlight<M, P> {
    pub(super) fn new() -> Self {
        Self { places: M::per_slot(|_| Place::Free), lap: 0 }
    }

    /// The sequence for the next question; `None` while every place waits or holds an answer
    /// that nobody collected.
    pub(super) fn next_sequence(&mut self) -> Option<u32> {
        let place = self.places.as_ref().iter().position(|place| matches!(place, Place::Free))?;
        self.lap = self.lap.wrapping_add(1);
        Some(self.lap.wrapping_mul(self.place_count()).wrapping_add(place as u32))
    }

    /// Notes a question that was pushed under its header's sequence.
    pub(super) fn begin(&mut self, header: MessageHeader) {
        if let Some(place) = self.place(header.sequence()) {
            *place = Place::Waiting(header);
        }
    }

    /// Notes an answer; `false` when nobody asked that.
    pub(super) fn answer(&mut self, sequence: u32, result: Result<P, ActorError>) -> bool {
        let Some(place) = self.place(sequence) else {
            return false;
        };
        match place {
            Place::Waiting(header) if header.sequence() == sequence => {
                *place = Place::Answered(Answer { header: *header, result });
            }
            Place::Abandoned(abandoned) if *abandoned == sequence => *place = Place::Free,
            _ => return false,
        }
        true
    }

    /// Answers everything that waits, because nothing more will come; how many that were.
    pub(super) fn answer_all(&mut self, error: ActorError) -> u32 {
        let mut answered_count = 0;
        for place in self.places.as_mut() {
            match place {
                Place::Waiting(header) => {
                    *place = Place::Answered(Answer { header: *header, result: Err(error) });
                }
                Place::Abandoned(_) => *place = Place::Free,
                Place::Free | Place::Answered(_) => continue,
            }
            answered_count += 1;
        }
        answered_count
    }

    /// Collects the answer to one question, if it is there.
    pub(super) fn collect(&mut self, sequence: u32) -> Option<Answer<P>> {
        let place = self.place(sequence)?;
        match place {
            Place::Answered(answer) if answer.header.sequence() == sequence => {
                let answer = *answer;
                *place = Place::Free;
                Some(answer)
            }
            _ => None,
        }
    }

    /// Collects the answer to the oldest question that has one.
    pub(super) fn collect_oldest(&mut self) -> Option<Answer<P>> {
        let newest = self.lap.wrapping_mul(self.place_count());
        let answered = self.places.as_ref().iter().filter_map(|place| match place {
            Place::Answered(answer) => Some(answer.header.sequence()),
            _ => None,
        });
        let oldest = answered.max_by_key(|sequence| newest.wrapping_sub(*sequence) as i32)?;
        self.collect(oldest)
    }

    /// Forgets a question: its answer is dropped when it comes, or now.
    pub(super) fn abandon(&mut self, sequence: u32) {
        let Some(place) = self.place(sequence) else {
            return;
        };
        match place {
            Place::Waiting(header) if header.sequence() == sequence => {
                *place = Place::Abandoned(sequence);
            }
            Place::Answered(answer) if answer.header.sequence() == sequence => {
                *place = Place::Free;
            }
            _ => {}
        }
    }

    fn place(&mut self, sequence: u32) -> Option<&mut Place<P>> {
        let index = sequence.checked_rem(self.place_count())?;
        self.places.as_mut().get_mut(index as usize)
    }

    fn place_count(&self) -> u32 {
        self.places.as_ref().len() as u32
    }
}
