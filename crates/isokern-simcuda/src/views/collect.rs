//! Forgets releases that nobody can read, so that kernels may run for days.

use super::{Release, Views};
use crate::program::operation::Reach;

/// Releases that are kept without looking.
const RELEASES_MIN: usize = 4096;

impl Views {
    /// Returns whether it is time to look which releases are still in use.
    #[inline]
    pub(crate) const fn is_full(&self) -> bool {
        self.releases.len() - self.free.len() > self.limit
    }

    /// Forgets all releases but those of changes, of threads, and of `waiting` stores.
    pub(crate) fn collect(&mut self, waiting: impl Iterator<Item = u32>) {
        let mut used = vec![false; self.releases.len()];
        let mut mark = |number: u32| {
            if let Some(used) = used.get_mut(number as usize) {
                *used = true;
            }
        };
        mark(0);
        waiting.for_each(&mut mark);
        let shared = self.blocks.iter().flat_map(|block| block.shared.iter().flatten());
        let histories = self.places.values().chain(shared.map(|history| &**history));
        histories.for_each(|history| history.releases().for_each(&mut mark));
        for view in self.blocks.iter_mut().flat_map(|block| &mut block.threads) {
            mark(view.released);
            view.observed.iter().for_each(|(number, _)| mark(*number));
            // Numbers are given again: this one may soon be another release's.
            view.acquired = (0, Reach::Block);
        }
        self.free.clear();
        for (number, used) in (0_u32..).zip(used) {
            if !used && let Some(release) = self.releases.get_mut(number as usize) {
                *release = Release::default();
                self.free.push(number);
            }
        }
        let kept = self.releases.len() - self.free.len();
        self.limit = (2 * kept).max(RELEASES_MIN);
    }
}

#[cfg(test)]
mod tests {
    use super::{RELEASES_MIN, Reach, Views};
    use crate::machine::buffers::{Owner, Waiting};
    use crate::program::operation::Order;
    use crate::views::Read;

    #[test]
    fn releases_are_forgotten_but_those_that_may_be_read() {
        let mut views = Views::new(1);
        (1..3).for_each(|block| views.begin(block, 1, 0));
        let [writer, reader] = [1, 2].map(|block| Owner { block, thread: 0 });
        let data = Waiting { stamp: views.stamp(writer, Order::None), ..word(writer, 64) };
        views.arrived(&data, 0, 0, &[]);
        let stamp = views.stamp(writer, Order::Release(Reach::Device));
        views.arrived(&Waiting { stamp, ..word(writer, 128) }, 0, 0, &[]);
        for _ in 0..20 * RELEASES_MIN {
            views.fence(reader, Reach::Device, false);
            if views.is_full() {
                views.collect(core::iter::empty());
            }
        }
        assert!(views.releases.len() < 3 * RELEASES_MIN, "{} are kept", views.releases.len());
        let mut load = |address, order| {
            let read = Read { owner: reader, address, bytes: 4, order };
            views.load(read, 1)
        };
        while load(128, Order::Acquire(Reach::Device)) == 0 {}
        assert!((0..100).all(|_| load(64, Order::None) == 1), "the release is still there");
    }

    fn word(owner: Owner, address: u64) -> Waiting {
        Waiting::new(owner, address, 4, 1)
    }
}
