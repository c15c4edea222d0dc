//! Shows accesses to the search for races.

use std::sync::Arc;

use super::Views;
use super::race::{Position, Race, Races, Site, Touch};
use crate::machine::Launch;
use crate::machine::buffers::Owner;
use crate::machine::queue::is_shared;
use crate::program::Program;
use crate::program::operation::Reach;

impl Views {
    /// Looks for races from now on.
    pub(crate) fn watch(&mut self) {
        self.races = Some(Races::default());
    }

    /// Takes the races found.
    pub(crate) fn take_races(&mut self) -> Vec<Race> {
        self.races.as_mut().map(Races::take).unwrap_or_default()
    }

    /// Returns the last accesses to the eight bytes around an address, as lines of text.
    pub(crate) fn recent(&self, address: u64, count: usize) -> Vec<String> {
        self.races.as_ref().map(|races| races.recent(address, count)).unwrap_or_default()
    }

    /// Notes that a block starts whose races are looked for.
    pub(crate) fn watch_block(
        &mut self,
        serial: u64,
        index: [u32; 3],
        launch: &Launch,
        program: &Arc<Program>,
    ) {
        if let Some(races) = &mut self.races {
            races.begin(serial, index, launch, program);
        }
    }

    /// Returns whether anybody looks for races.
    #[inline]
    pub(crate) const fn watches(&self) -> bool {
        self.races.is_some()
    }

    /// Notes an access by a thread of a block, after what it acquires and releases by it.
    pub(crate) fn touch(&mut self, touch: Touch) {
        let owner = touch.owner;
        let Some(block) = self.index(owner.block).map(|index| &self.blocks[index]) else { return };
        let Some(view) = block.threads.get(owner.thread as usize) else { return };
        let (epoch, now, born) = (view.epoch, self.now, block.born);
        let position = Position { horizon: &view.sight.horizon, epoch, now, born };
        let space = if is_shared(touch.address) { owner.block } else { 0 };
        if let Some(races) = &mut self.races {
            races.touch(space, touch, position);
        }
    }

    /// Notes an access by the host. It is in one piece for all, so it races with plain ones and
    /// with those that are not in one piece for the host.
    pub(crate) fn touch_host(&mut self, address: u64, bytes: u32, value: u64, stores: bool) {
        let (owner, site) = (Owner::HOST, Site::default());
        let touch =
            Touch { owner, address, bytes, value, stores, reach: Some(Reach::System), site };
        let (epoch, now, born) = (self.host.epoch, self.now, self.host_born);
        let position = Position { horizon: &self.host.sight.horizon, epoch, now, born };
        if let Some(races) = &mut self.races {
            races.touch(0, touch, position);
        }
    }

    /// Notes that a grid has ended: the host may read what it left.
    pub(crate) const fn grid_ended(&mut self) {
        self.host_born = self.launch();
    }
}
