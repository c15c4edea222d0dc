//! What threads release, with stores and with fences.

use std::sync::Arc;

use super::horizon::Sight;
use super::place::shared_index;
use super::{Release, Stamp, ThreadView, Views, sight_of};
use crate::machine::buffers::Owner;
use crate::program::operation::{Order, Reach};

impl Views {
    /// Returns what a store of a thread carries, a releasing one with what it releases.
    pub(crate) fn stamp(&mut self, owner: Owner, order: Order) -> Stamp {
        let (Some(index), thread) = (self.index(owner.block), owner.thread as usize) else {
            return Stamp::PLAIN;
        };
        let Some(view) = self.blocks[index].threads.get(thread) else { return Stamp::PLAIN };
        let epoch = view.epoch;
        match order {
            Order::None => Stamp { epoch, release: 0, reach: None },
            Order::Relaxed(reach) | Order::Acquire(reach) => {
                Stamp { epoch, release: view.released, reach: Some(reach) }
            }
            Order::Release(reach) | Order::Both(reach) => {
                let release = self.release(index, owner, reach);
                // The store itself is of the epoch that follows.
                Stamp { epoch: epoch + 1, release, reach: Some(reach) }
            }
        }
    }

    /// Notes that a thread orders what it did before with what follows.
    pub(crate) fn fence(&mut self, owner: Owner, reach: Reach, sequential: bool) {
        let Some(index) = self.index(owner.block) else { return };
        let thread = owner.thread as usize;
        let Some(view) = self.blocks[index].threads.get_mut(thread) else { return };
        for found in view.observed.extract_if(.., |(_, distance)| *distance <= reach) {
            if let Some(sight) = sight_of(&self.releases, found) {
                view.sight.join(sight);
            }
        }
        let scopes = [Reach::Device, Reach::System].into_iter().filter(|scope| *scope <= reach);
        if sequential {
            let block = &mut self.blocks[index];
            let view = &mut block.threads[thread];
            view.sight.join(&block.sequential);
            for scope in scopes.clone() {
                view.sight.join(&self.sequential[scope as usize]);
            }
        }
        let release = self.release(index, owner, reach);
        self.blocks[index].threads[thread].released = release;
        let sight = sight_of(&self.releases, (release, Reach::Block)).cloned();
        if let (true, Some(sight)) = (sequential, sight) {
            self.blocks[index].sequential.join(&sight);
            for scope in scopes {
                self.sequential[scope as usize].join(&sight);
            }
        }
    }

    /// Ends a thread's epoch and notes what it released.
    fn release(&mut self, index: usize, owner: Owner, reach: Reach) -> u32 {
        self.prune(index, owner);
        let view = &mut self.blocks[index].threads[owner.thread as usize];
        let sight = end_epoch(view, owner);
        let mut release = self.releases.get(view.released as usize).cloned().unwrap_or_default();
        let sight = Arc::new(sight);
        for scope in [Reach::Block, Reach::Device, Reach::System] {
            if scope <= reach {
                release.0[scope as usize] = Some(Arc::clone(&sight));
            }
        }
        self.add(release)
    }

    pub(super) fn add(&mut self, release: Release) -> u32 {
        if let Some(number) = self.free.pop()
            && let Some(place) = self.releases.get_mut(number as usize)
        {
            *place = release;
            return number;
        }
        self.releases.push(release);
        u32::try_from(self.releases.len() - 1).unwrap_or(0)
    }

    /// Drops what was seen where it has to be seen anyway.
    fn prune(&mut self, index: usize, owner: Owner) {
        let block = &mut self.blocks[index];
        let view = &mut block.threads[owner.thread as usize];
        if view.sight.seen.len() < 64 {
            return;
        }
        let (shared, horizon) = (&block.shared, &view.sight.horizon);
        view.sight.seen.retain(|seen| {
            let history = match seen.block {
                0 => self.places.get(&seen.place),
                _ => shared.get(shared_index(seen.place)).and_then(Option::as_deref),
            };
            history.is_some_and(|history| {
                let mut old = history.changes(owner.block, seen.mask);
                old.any(|c| c.at <= seen.since && !horizon.covers(c.writer, c.epoch))
            })
        });
    }
}

/// Ends an epoch of a thread; gives what its release has to show.
pub(super) fn end_epoch(view: &mut ThreadView, owner: Owner) -> Sight {
    let mut sight = view.sight.clone();
    Arc::make_mut(&mut sight.horizon).raise(owner.block, &[(owner.thread, view.epoch)]);
    view.epoch += 1;
    sight
}
