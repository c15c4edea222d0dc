//! Queues through the places of a table: joining, leaving and looking take the same few steps
//! however long the table is.

/// Where a place is in its queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neighbours {
    before: u32,
    after: u32,
}

/// A place that can be in a queue, one at a time.
pub(super) trait Queued {
    fn neighbours(&mut self) -> &mut Neighbours;
}

/// The two ends of a queue, as places of the table that every call is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    first: u32,
    last: u32,
}

/// No place: tables have at most 2³⁰.
const NOBODY: u32 = u32::MAX;

impl Neighbours {
    pub(super) const NONE: Self = Self { before: NOBODY, after: NOBODY };
}

impl Queue {
    pub(super) const EMPTY: Self = Self { first: NOBODY, last: NOBODY };

    pub(super) const fn first(&self) -> Option<u32> {
        if self.first == NOBODY { None } else { Some(self.first) }
    }

    /// Returns the place after this one.
    pub(super) fn after<T: Queued>(places: &mut [T], index: u32) -> Option<u32> {
        let after = places.get_mut(index as usize)?.neighbours().after;
        (after != NOBODY).then_some(after)
    }

    /// Appends a place that is in no queue.
    pub(super) fn join<T: Queued>(&mut self, places: &mut [T], index: u32) {
        if let Some(place) = places.get_mut(index as usize) {
            *place.neighbours() = Neighbours { before: self.last, after: NOBODY };
            match places.get_mut(self.last as usize) {
                Some(last) => last.neighbours().after = index,
                None => self.first = index,
            }
            self.last = index;
        }
    }

    /// Puts a place that is in no queue at the front.
    pub(super) fn jump<T: Queued>(&mut self, places: &mut [T], index: u32) {
        if let Some(place) = places.get_mut(index as usize) {
            *place.neighbours() = Neighbours { before: NOBODY, after: self.first };
            match places.get_mut(self.first as usize) {
                Some(first) => first.neighbours().before = index,
                None => self.last = index,
            }
            self.first = index;
        }
    }

    /// Takes a place of this queue out of it.
    pub(super) fn leave<T: Queued>(&mut self, places: &mut [T], index: u32) {
        let Some(place) = places.get_mut(index as usize) else {
            return;
        };
        let Neighbours { before, after } = core::mem::replace(place.neighbours(), Neighbours::NONE);
        match places.get_mut(before as usize) {
            Some(place) => place.neighbours().after = after,
            None => self.first = after,
        }
        match places.get_mut(after as usize) {
            Some(place) => place.neighbours().before = before,
            None => self.last = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Neighbours, Queue, Queued};
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use std::collections::VecDeque;
    use std::vec::Vec;

    impl Queued for Neighbours {
        fn neighbours(&mut self) -> &mut Neighbours {
            self
        }
    }

    fn walk(queue: Queue, places: &mut [Neighbours]) -> Vec<u32> {
        let mut next = queue.first();
        core::iter::from_fn(|| {
            let index = next?;
            next = Queue::after(places, index);
            Some(index)
        })
        .collect()
    }

    proptest! {
        #[test]
        fn queues_are_what_deques_are(steps in vec(any::<(u8, u8)>(), 0..200)) {
            let mut places = [Neighbours::NONE; 8];
            let (mut queue, mut deque) = (Queue::EMPTY, VecDeque::new());
            for (what, place) in steps {
                let index = u32::from(place % 8);
                if let Some(position) = deque.iter().position(|at| *at == index) {
                    deque.remove(position);
                    queue.leave(&mut places, index);
                } else if what % 2 == 0 {
                    deque.push_back(index);
                    queue.join(&mut places, index);
                } else {
                    deque.push_front(index);
                    queue.jump(&mut places, index);
                }
                prop_assert_eq!(walk(queue, &mut places), Vec::from_iter(deque.iter().copied()));
            }
        }
    }
}
