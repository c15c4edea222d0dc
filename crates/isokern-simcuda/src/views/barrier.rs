//! Barriers: what all their threads have to see after them.

use std::sync::Arc;

use super::{Gathering, ThreadView, Views};
use crate::machine::warp::lanes;

impl Views {
    /// Notes that threads of a warp arrive at a barrier of their block.
    pub(crate) fn arrive(&mut self, serial: u64, barrier: u32, first_thread: u32, mask: u32) {
        let Some(index) = self.index(serial) else { return };
        let block = &mut self.blocks[index];
        let Some(gathering) = block.barriers.get_mut(barrier as usize & 15) else { return };
        if gathering.complete {
            *gathering = Gathering::default();
        }
        gathering.take(&mut block.threads, first_thread, mask);
    }

    /// Notes that threads of a warp go on from a barrier; `live` threads of the block have not
    /// ended.
    pub(crate) fn leave(
        &mut self,
        serial: u64,
        barrier: u32,
        first_thread: u32,
        mask: u32,
        live: u32,
    ) {
        let Some(index) = self.index(serial) else { return };
        let now = self.now;
        let block = &mut self.blocks[index];
        let Some(gathering) = block.barriers.get_mut(barrier as usize & 15) else { return };
        if !gathering.complete {
            if gathering.threads.len() as u64 >= u64::from(live) {
                block.met = now;
            }
            gathering.complete(serial);
        }
        for lane in lanes(mask) {
            if let Some(view) = block.threads.get_mut(first_thread as usize + lane) {
                view.sight = gathering.sight.clone();
            }
        }
    }

    /// Notes that lanes of a warp wait for each other and see what each of them stored.
    pub(crate) fn meet(&mut self, serial: u64, first_thread: u32, mask: u32) {
        let Some(index) = self.index(serial) else { return };
        let threads = &mut self.blocks[index].threads;
        let mut gathering = Gathering::default();
        gathering.take(threads, first_thread, mask);
        gathering.complete(serial);
        for lane in lanes(mask) {
            if let Some(view) = threads.get_mut(first_thread as usize + lane) {
                view.sight = gathering.sight.clone();
            }
        }
    }
}

impl Gathering {
    fn take(&mut self, threads: &mut [ThreadView], first_thread: u32, mask: u32) {
        for lane in lanes(mask) {
            let thread = first_thread + lane as u32;
            let Some(view) = threads.get_mut(thread as usize) else { continue };
            self.sight.join(&view.sight);
            self.threads.push((thread, view.epoch));
            view.epoch += 1;
        }
    }

    fn complete(&mut self, serial: u64) {
        Arc::make_mut(&mut self.sight.horizon).raise(serial, &self.threads);
        self.threads.clear();
        self.complete = true;
    }
}
