//! The host as one more participant: its accesses arrive in order, as those of x86-64 do, or are
//! ordered by nothing but their own acquires and releases, as those of ARM are.

use std::sync::Arc;

use super::history::Change;
use super::horizon::Seen;
use super::place::{low_bytes, mask_of, wide_mask};
use super::release::end_epoch;
use super::{Release, Stamp, Views, sight_of};
use crate::machine::buffers::Owner;
use crate::program::operation::Reach;

/// A load of the host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostRead {
    pub(crate) address: u64,
    pub(crate) bytes: u32,
    pub(crate) acquires: bool,
}

impl Views {
    /// Lets nothing order the host's accesses from now on but their own orders.
    pub(crate) const fn weaken_host(&mut self) {
        self.host_is_weak = true;
    }

    /// Returns what a store of the host carries: its moment and, if it releases, its release.
    pub(crate) fn host_stamp(&mut self, releases: bool) -> Stamp {
        let reach = Some(Reach::System);
        if self.host_is_weak && !releases {
            return Stamp { epoch: self.host.epoch, release: 0, reach };
        }
        let sight = Arc::new(end_epoch(&mut self.host, Owner::HOST));
        let release =
            self.add(Release([Some(Arc::clone(&sight)), Some(Arc::clone(&sight)), Some(sight)]));
        Stamp { epoch: self.host.epoch, release, reach }
    }

    /// Returns what the host reads where memory holds `value` and `waiting` stores of the device to
    /// it have not arrived.
    pub(crate) fn host_load(&mut self, read: HostRead, value: u64, waiting: usize) -> u64 {
        let HostRead { address, bytes, acquires } = read;
        let (place, mask) = (address & !7, mask_of(address, bytes));
        let Some(history) = self.places.get(&place) else { return value };
        let visible = || history.changes(0, mask).skip(waiting);
        let seen = self.host.sight.seen_at(0, place, mask);
        let must = |change: &Change| {
            change.at <= self.host_born.max(seen)
                || change.writer == Owner::HOST
                || self.host.sight.horizon.covers(change.writer, change.epoch)
        };
        let count = visible().take_while(|change| !must(change)).count();
        let back = match count {
            0 => 0,
            _ if !self.host_is_weak => 0,
            _ => self.random.below(count as u64 + 1) as usize,
        };
        let mut wide = value << (8 * (address & 7));
        let mut until = visible().next().map_or(0, |newest| newest.at + 1);
        for change in visible().take(back) {
            let bytes = wide_mask(change.mask);
            wide = wide & !bytes | change.old & bytes;
            until = change.at;
        }
        self.stale += u64::from(back > 0);
        let source = history.writer_before(0, mask, until).copied();
        let Some(source) = source else { return wide >> (8 * (address & 7)) & low_bytes(bytes) };
        if back < count {
            self.host.sight.saw(Seen { block: 0, place, mask, since: source.at });
        }
        if (acquires || !self.host_is_weak)
            && source.reach == Reach::System
            && let Some(sight) = sight_of(&self.releases, (source.release, Reach::System))
        {
            self.host.sight.join(sight);
        }
        wide >> (8 * (address & 7)) & low_bytes(bytes)
    }
}
