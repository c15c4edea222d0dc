//! The tasks that wait for a moment, soonest first.

use core::task::Waker;

/// A binary heap over places that are used again.
///
/// A place belongs to one sleep from [`join`](Self::join) to [`leave`](Self::leave), also
/// after its waker was taken; so its number needs no generation.
#[derive(Debug, Default)]
pub(crate) struct Sleepers {
    places: Vec<Place>,
    free: Vec<usize>,
    /// Numbers of places; each comes after the one at half its index.
    heap: Vec<usize>,
    joined_count: u64,
}

#[derive(Debug)]
struct Place {
    moment_ns: u64,
    /// Who joined first is woken first.
    arrival: u64,
    /// `None` once it was taken.
    waker: Option<Waker>,
    heap_index: usize,
}

impl Sleepers {
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new(), heap: Vec::new(), joined_count: 0 }
    }

    /// Takes a sleeper in and returns the number of its place.
    pub(crate) fn join(&mut self, moment_ns: u64, waker: Waker) -> usize {
        let heap_index = self.heap.len();
        let place = Place { moment_ns, arrival: self.joined_count, waker: Some(waker), heap_index };
        self.joined_count += 1;
        let number = match self.free.pop() {
            Some(number) => {
                self.places[number] = place;
                number
            }
            None => {
                self.places.push(place);
                // Leaving never allocates: there is room for every number.
                self.free.reserve(self.places.len());
                self.places.len() - 1
            }
        };
        self.heap.push(number);
        self.rise(heap_index);
        number
    }

    /// Gives a sleeper another waker and returns the old one, for the caller to drop when
    /// it no longer holds a lock.
    pub(crate) fn replace_waker(&mut self, number: usize, waker: Waker) -> Option<Waker> {
        match &mut self.places[number].waker {
            Some(old) if old.will_wake(&waker) => Some(waker),
            Some(old) => Some(core::mem::replace(old, waker)),
            None => Some(waker),
        }
    }

    /// Gives a place back; returns the waker if nobody took it.
    pub(crate) fn leave(&mut self, number: usize) -> Option<Waker> {
        let waker = self.places[number].waker.take();
        if waker.is_some() {
            self.remove_from_heap(self.places[number].heap_index);
        }
        self.free.push(number);
        waker
    }

    /// Takes the waker of the soonest sleeper whose moment has come.
    pub(crate) fn take_due(&mut self, now_ns: u64) -> Option<Waker> {
        let &number = self.heap.first()?;
        if self.places[number].moment_ns > now_ns {
            return None;
        }
        self.remove_from_heap(0);
        self.places[number].waker.take()
    }

    /// Returns the soonest moment anybody waits for.
    pub(crate) fn soonest_ns(&self) -> Option<u64> {
        self.heap.first().map(|&number| self.places[number].moment_ns)
    }

    /// Returns how many wait.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    fn order(&self, heap_index: usize) -> (u64, u64) {
        let place = &self.places[self.heap[heap_index]];
        (place.moment_ns, place.arrival)
    }

    fn swap(&mut self, one: usize, other: usize) {
        self.heap.swap(one, other);
        for heap_index in [one, other] {
            self.places[self.heap[heap_index]].heap_index = heap_index;
        }
    }

    fn remove_from_heap(&mut self, heap_index: usize) {
        let last = self.heap.len() - 1;
        self.swap(heap_index, last);
        self.heap.pop();
        if heap_index < last {
            self.rise(heap_index);
            self.sink(heap_index);
        }
    }

    fn rise(&mut self, mut heap_index: usize) {
        while heap_index > 0 {
            let parent = (heap_index - 1) / 2;
            if self.order(parent) <= self.order(heap_index) {
                return;
            }
            self.swap(parent, heap_index);
            heap_index = parent;
        }
    }

    fn sink(&mut self, mut heap_index: usize) {
        loop {
            let children = 2 * heap_index + 1..(2 * heap_index + 3).min(self.heap.len());
            let Some(child) = children.min_by_key(|&child| self.order(child)) else { return };
            if self.order(heap_index) <= self.order(child) {
                return;
            }
            self.swap(heap_index, child);
            heap_index = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use core::task::Waker;
    use std::collections::BTreeMap;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::Sleepers;

    proptest! {
        /// Against a sorted map: the same are due, in the same order, whoever leaves.
        #[test]
        fn the_soonest_comes_first(
            steps in proptest::collection::vec((0..4_u8, 0..50_u64, any::<usize>()), 0..300),
        ) {
            let mut sleepers = Sleepers::new();
            let mut model = BTreeMap::new();
            let mut joined: Vec<(usize, (u64, usize))> = Vec::new();
            for (arrival, (what, moment_ns, pick)) in steps.into_iter().enumerate() {
                match what {
                    0 | 1 => {
                        let number = sleepers.join(moment_ns, Waker::noop().clone());
                        model.insert((moment_ns, arrival), number);
                        joined.push((number, (moment_ns, arrival)));
                    }
                    2 if !joined.is_empty() => {
                        let (number, order) = joined.swap_remove(pick % joined.len());
                        let waited = model.remove(&order).is_some();
                        prop_assert_eq!(sleepers.leave(number).is_some(), waited);
                    }
                    _ => {
                        let first = model.first_key_value();
                        let due = first.is_some_and(|(key, _)| key.0 <= moment_ns);
                        prop_assert_eq!(sleepers.take_due(moment_ns).is_some(), due);
                        if due {
                            model.pop_first();
                        }
                    }
                }
                prop_assert_eq!(sleepers.len(), model.len());
                let soonest = model.first_key_value().map(|(key, _)| key.0);
                prop_assert_eq!(sleepers.soonest_ns(), soonest);
            }
        }
    }

    #[test]
    fn places_are_used_again() {
        let mut sleepers = Sleepers::new();
        for moment_ns in 0..100 {
            let number = sleepers.join(moment_ns, Waker::noop().clone());
            assert_eq!(number, 0);
            let due = moment_ns % 2 == 0 && sleepers.take_due(moment_ns).is_some();
            assert_eq!(sleepers.leave(number).is_none(), due);
        }
        assert_eq!(sleepers.places.len(), 1);
    }
}
