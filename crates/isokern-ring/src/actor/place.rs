//! A place for one question: what is known of it, and the queue it is in.

use isokern_core::MessageHeader;

use super::in_flight::Answer;
use super::queue::{Neighbours, Queued};

/// A place of the table. Its content is reached by two methods alone, so that tests can count
/// how often a question makes the table look at one.
pub(super) struct Place<P> {
    content: Content<P>,
    neighbours: Neighbours,
}

pub(super) enum Content<P> {
    Free,
    /// Nobody waits for the answer now.
    Abandoned(u32),
    Waiting(MessageHeader),
    Answered(Answer<P>),
}

impl<P> Place<P> {
    /// Returns a free place in no queue.
    pub(super) const fn new() -> Self {
        Self { content: Content::Free, neighbours: Neighbours::NONE }
    }

    pub(super) fn content(&self) -> &Content<P> {
        #[cfg(test)]
        looks::count_one();
        &self.content
    }

    pub(super) fn content_mut(&mut self) -> &mut Content<P> {
        #[cfg(test)]
        looks::count_one();
        &mut self.content
    }
}

impl<P> Queued for Place<P> {
    fn neighbours(&mut self) -> &mut Neighbours {
        #[cfg(test)]
        looks::count_one();
        &mut self.neighbours
    }
}

#[cfg(test)]
pub(crate) mod looks {
    //! How often this thread has looked at a place.

    use core::cell::Cell;

    std::thread_local! {
        static COUNT: Cell<u64> = const { Cell::new(0) };
    }

    pub(super) fn count_one() {
        COUNT.set(COUNT.get() + 1);
    }

    pub(crate) fn count() -> u64 {
        COUNT.get()
    }
}
