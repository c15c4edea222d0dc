//! What a warp runs in.

use super::Launch;
use super::barrier::Barriers;
use super::block::Shared;
use super::engine::Engine;
use crate::program::Program;
use crate::views::{Read, Site, Touch};

/// Everything an instruction may reach besides its warp.
pub(crate) struct Surroundings<'a> {
    pub(crate) engine: &'a mut Engine,
    pub(crate) program: &'a Program,
    pub(crate) launch: &'a Launch,
    pub(crate) shared: &'a mut Shared,
    pub(crate) barriers: &'a mut Barriers,
    /// The index of the block.
    pub(crate) block: [u32; 3],
    /// The number of the block in buffers.
    pub(crate) serial: u64,
    pub(crate) multiprocessor: u32,
    pub(crate) grid_id: u64,
    /// The index in the block of the warp's lane 0.
    pub(crate) first_thread: u32,
    /// The last instruction that reached memory.
    pub(crate) pc: u32,
}

impl Surroundings<'_> {
    /// Shows an access to the search for races, where there is one.
    #[inline]
    pub(crate) fn touch(&mut self, function: usize, access: Read, value: u64, stores: bool) {
        let pc = self.pc;
        let Some(views) = self.engine.views().filter(|views| views.watches()) else { return };
        let Read { owner, address, bytes, order } = access;
        let (reach, site) = (order.reach(), Site { function, pc });
        views.touch(Touch { owner, address, bytes, value, stores, reach, site });
    }
}
