//! Stores arrive where others see them.

use super::history::Change;
use super::place::mask_of;
use super::{Stamp, Views};
use crate::machine::buffers::Waiting;
use crate::machine::queue::is_shared;
use crate::program::operation::Reach;

impl Views {
    /// Notes that a store arrives where the readers of `only` see it, or with 0 those of all other
    /// blocks; `old` is what it replaces, and `hidden` names blocks whose own stores hide it.
    pub(crate) fn arrived(&mut self, store: &Waiting, only: u64, old: u64, hidden: &[(u64, u8)]) {
        self.now += 1;
        let (address, place) = (store.address, store.address & !7);
        let mask = mask_of(address, store.bytes);
        let Stamp { epoch, mut release, reach } = store.stamp;
        let settled = self.index(only).map_or(0, |index| self.blocks[index].met);
        let history = if is_shared(address) {
            let Some(index) = self.index(only) else { return };
            self.blocks[index].shared_history_mut(address)
        } else {
            self.places.entry(place).or_default()
        };
        if is_shared(address) {
            history.settle_until(settled);
        }
        if release == 0 && reach.is_some() {
            // What follows a release at its own place releases the same.
            let before = history.writer_before(only, mask, u64::MAX);
            let before = before.filter(|before| before.writer == store.owner);
            release = before.map_or(0, |before| before.release);
        }
        let change = Change {
            at: self.now,
            only,
            mask,
            old: old << (8 * (address & 7)),
            writer: store.owner,
            epoch,
            release,
            reach: reach.unwrap_or(Reach::Block),
        };
        history.push(change);
        for (block, bytes) in hidden {
            history.push(Change { only: *block, mask: mask & !bytes, ..change });
        }
    }
}
