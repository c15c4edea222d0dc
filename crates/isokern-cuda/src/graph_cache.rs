//! Which batch sizes have recorded work.

/// How many sizes are kept beside the two of `init`.
pub(crate) const PREPARED_MAX: usize = 6;

/// Recorded work by batch size. Nothing is allocated here.
#[derive(Debug)]
pub(crate) struct GraphCache<G> {
    /// One sample, and a whole chunk.
    always: [Option<Slot<G>>; 2],
    prepared: [Option<Slot<G>>; PREPARED_MAX],
    /// The one that makes room next.
    next: usize,
}

#[derive(Debug)]
struct Slot<G> {
    samples: usize,
    graph: G,
}

impl<G> GraphCache<G> {
    /// Keeps nothing.
    pub(crate) const fn new() -> Self {
        Self { always: [None, None], prepared: [const { None }; PREPARED_MAX], next: 0 }
    }

    /// Keeps the recorded work of a size for good: for one sample, and for a whole chunk.
    pub(crate) fn keep_always(&mut self, samples: usize, graph: G) {
        if let Some(slot) = self.always.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(Slot { samples, graph });
        }
    }

    /// Keeps the recorded work of a size, in place of the one that was kept first.
    pub(crate) fn keep(&mut self, samples: usize, graph: G) {
        if let Some(slot) = self.prepared.get_mut(self.next) {
            *slot = Some(Slot { samples, graph });
        }
        self.next = (self.next + 1) % PREPARED_MAX;
    }

    /// Returns the recorded work of a size.
    pub(crate) fn get(&self, samples: usize) -> Option<&G> {
        let mut slots = self.always.iter().chain(&self.prepared).flatten();
        slots.find(|slot| slot.samples == samples).map(|slot| &slot.graph)
    }
}

#[cfg(test)]
mod tests {
    use super::{GraphCache, PREPARED_MAX};

    #[test]
    fn the_sizes_of_init_stay_and_the_first_prepared_makes_room() {
        let mut graphs = GraphCache::new();
        graphs.keep_always(1, "one");
        graphs.keep_always(99, "chunk");
        for samples in 2..2 + PREPARED_MAX {
            graphs.keep(samples, "prepared");
        }
        assert_eq!(graphs.get(2), Some(&"prepared"));
        graphs.keep(50, "new");
        assert_eq!(graphs.get(2), None, "2 was the first");
        for (samples, graph) in [(1, "one"), (99, "chunk"), (3, "prepared"), (50, "new")] {
            assert_eq!(graphs.get(samples), Some(&graph));
        }
        assert_eq!(graphs.get(4711), None);
    }
}
