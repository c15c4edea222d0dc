//! What a warp runs in.

use super::Launch;
use super::barrier::Barriers;
use super::block::Shared;
use super::engine::Engine;
use crate::program::Program;

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
}
