//! Which batch sizes have recorded work: a few, the ones used last.

/// How many sizes are remembered.
const SIZES: usize = 8;

/// Recorded work by batch size. Nothing is allocated.
#[derive(Debug)]
pub(crate) struct Replays<G> {
    slots: [Option<Slot<G>>; SIZES],
    clock: u64,
}

#[derive(Debug)]
struct Slot<G> {
    samples: usize,
    used: u64,
    graph: Option<G>,
}

/// What is known of a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is new: recording it may not pay.
    First,
    /// It came before and is not recorded.
    Again,
    /// It is recorded.
    Kept,
}

impl<G> Replays<G> {
    /// Remembers nothing.
    pub(crate) const fn new() -> Self {
        Self { slots: [const { None }; SIZES], clock: 0 }
    }

    /// Notes that a size is asked for, and says what is known of it.
    pub(crate) fn turn(&mut self, samples: usize) -> Turn {
        self.clock += 1;
        let now = self.clock;
        if let Some(slot) = self.slots.iter_mut().flatten().find(|slot| slot.samples == samples) {
            slot.used = now;
            return if slot.graph.is_some() { Turn::Kept } else { Turn::Again };
        }
        *self.oldest() = Some(Slot { samples, used: now, graph: None });
        Turn::First
    }

    /// Keeps the recorded work of a size, in place of the size that was used least lately.
    pub(crate) fn keep(&mut self, samples: usize, graph: G) {
        self.turn(samples);
        let mut slots = self.slots.iter_mut().flatten();
        if let Some(slot) = slots.find(|slot| slot.samples == samples) {
            slot.graph = Some(graph);
        }
    }

    /// The recorded work of a size.
    pub(crate) fn get(&self, samples: usize) -> Option<&G> {
        let slot = self.slots.iter().flatten().find(|slot| slot.samples == samples);
        slot.and_then(|slot| slot.graph.as_ref())
    }

    /// An empty slot, or the one used least lately.
    fn oldest(&mut self) -> &mut Option<Slot<G>> {
        let age = |slot: &Option<Slot<G>>| slot.as_ref().map_or(0, |slot| slot.used);
        let found = (0..SIZES).min_by_key(|&index| age(&self.slots[index]));
        &mut self.slots[found.unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::{Replays, SIZES, Turn};

    #[test]
    fn a_size_is_recorded_when_it_comes_again_and_then_kept() {
        let mut replays = Replays::new();
        assert_eq!(replays.turn(3), Turn::First);
        assert_eq!(replays.turn(3), Turn::Again);
        replays.keep(3, "three");
        assert_eq!(replays.turn(3), Turn::Kept);
        assert_eq!(replays.get(3), Some(&"three"));
        assert_eq!(replays.get(4), None);
    }

    #[test]
    fn the_size_used_least_lately_makes_room() {
        let mut replays = Replays::new();
        for samples in 1..=SIZES {
            replays.keep(samples, samples);
        }
        assert_eq!(replays.turn(1), Turn::Kept);
        assert_eq!(replays.turn(100), Turn::First);
        assert_eq!(replays.get(2), None, "2 is the oldest");
        assert_eq!(replays.get(1), Some(&1));
    }
}
