//! Blocks, warps, barriers, faults.

mod access;
mod address;
mod atomic;
mod barrier;
mod block;
pub(crate) mod buffers;
mod call;
mod chains;
mod collective;
mod engine;
mod fault;
mod frame;
mod grid;
mod lane_bytes;
mod marks;
mod note;
pub mod prediction;
mod profile;
pub(crate) mod queue;
pub(crate) mod random;
mod shuffle;
mod slice;
mod special;
mod surroundings;
mod traffic;
pub(crate) mod warp;

pub use engine::Engine;
pub use fault::{Fault, FaultKind, Place};
pub use grid::Grid;
pub use note::Note;
pub use prediction::{Prediction, predict};
pub use profile::{Counts, LineCounts, Profile};

/// A kernel to run. The driver has checked it against the device.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The kernel, as [`Program::entry`](crate::program::Program::entry) gave it.
    pub entry: usize,
    /// Blocks in x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block in x, y and z.
    pub block: [u32; 3],
    /// Shared memory beyond what the kernel declares, in bytes a block.
    pub dynamic_shared: u32,
    /// The parameters, laid out as [`Parameter`](crate::program::Parameter) says.
    pub parameters: Vec<u8>,
    /// How many blocks may run at a time; the others wait until one ends.
    pub resident_max: u32,
}

/// What a slice of work ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Some thread has more to do.
    Running,
    /// All threads have ended.
    Finished,
}

/// What was executed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Instructions times threads that ran them.
    pub thread_instructions: u64,
    /// Instructions of warps.
    pub warp_instructions: u64,
}
