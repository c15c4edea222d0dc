//! Faults: what a kernel did that ends it, and where.

use core::fmt;

use thiserror::Error;

use crate::memory::AccessError;
use crate::ptx::ast::Space;

/// A report of what ended a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// Where.
    pub place: Place,
}

/// The kernel, line and thread of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The kernel's name.
    pub kernel: String,
    /// The function the instruction is in.
    pub function: String,
    /// The line in the PTX text.
    pub line: u32,
    /// The instruction as text.
    pub instruction: String,
    /// The block's index.
    pub block: [u32; 3],
    /// The thread's index in the block: the lowest that is concerned.
    pub thread: [u32; 3],
}

/// What ended a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// An access outside live memory.
    #[error("illegal address: {0}")]
    Access(#[from] AccessError),
    /// An access outside the memory of the block or thread.
    #[error("{bytes} bytes at {offset:#x} are outside the {have} bytes of {space:?} memory")]
    Window {
        /// The state space.
        space: Space,
        /// The offset in it.
        offset: u64,
        /// Bytes of the access.
        bytes: u32,
        /// Bytes there are.
        have: u64,
    },
    /// An access that is not aligned to its size.
    #[error("misaligned address: {bytes} bytes at {address:#x}")]
    Misaligned {
        /// The address.
        address: u64,
        /// Bytes of the access.
        bytes: u32,
    },
    /// An address of another state space than the instruction names.
    #[error("address {address:#x} is not one of {space:?} memory")]
    WrongSpace {
        /// The address.
        address: u64,
        /// The space the instruction names.
        space: Space,
    },
    /// An aligned barrier that not all threads of the warp reached together.
    #[error(
        "aligned barrier on a split warp: lanes {arrived:#010x} are here, {missing:#010x} are not. \
         Fix: let all threads of a warp reach it, or use barrier.sync"
    )]
    DivergentBarrier {
        /// Lanes that wait at this barrier.
        arrived: u32,
        /// Lanes that are elsewhere and will not come.
        missing: u32,
    },
    /// A barrier at which threads wait that nobody will release.
    #[error("barrier {barrier} never completes: {arrived} of {expected} threads have arrived")]
    StuckBarrier {
        /// The barrier's number.
        barrier: u32,
        /// Threads that wait.
        arrived: u32,
        /// Threads it takes.
        expected: u32,
    },
    /// Lanes of one warp wait for each other and none of them can go on.
    #[error("lanes {waiting:#010x} wait for lanes of their warp that will not come")]
    StuckWarp {
        /// Lanes that wait.
        waiting: u32,
    },
    /// A barrier with impossible operands.
    #[error("barrier {barrier} with {threads} threads: {why}")]
    BadBarrier {
        /// The barrier's number.
        barrier: u32,
        /// The thread count it was given.
        threads: u32,
        /// What is wrong.
        why: &'static str,
    },
    /// A warp-wide operation whose member mask does not fit the lanes that run it.
    #[error("member mask {mask:#010x} does not name the lanes that run this, {running:#010x}")]
    BadMask {
        /// The mask.
        mask: u32,
        /// The lanes.
        running: u32,
    },
    /// `trap`.
    #[error("trap")]
    Trap,
    /// `brkpt`.
    #[error("breakpoint without a debugger")]
    Breakpoint,
    /// A jump or call to what is no instruction.
    #[error("jump to {target:#x}, which is no {what}")]
    BadTarget {
        /// The target.
        target: u64,
        /// What was expected.
        what: &'static str,
    },
    /// Calls nest too deep, or local memory is used up.
    #[error("stack overflow: {bytes} bytes of local memory, {depth} calls deep")]
    StackOverflow {
        /// Local memory in use.
        bytes: u64,
        /// Calls that have not returned.
        depth: u32,
    },
}

impl FaultKind {
    /// Returns the `CUresult` with which the driver reports it.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::Access(_) | Self::Window { .. } => 700,
            Self::StackOverflow { .. } => 714,
            Self::DivergentBarrier { .. } | Self::BadBarrier { .. } | Self::BadMask { .. } => 715,
            Self::Misaligned { .. } => 716,
            Self::WrongSpace { .. } => 717,
            Self::BadTarget { .. } => 718,
            Self::StuckBarrier { .. } | Self::StuckWarp { .. } | Self::Trap | Self::Breakpoint => {
                719
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        write_place(f, &self.place)
    }
}

/// Writes a place, on lines of its own.
pub(crate) fn write_place(f: &mut fmt::Formatter<'_>, place: &Place) -> fmt::Result {
    let Place { kernel, function, line, instruction, block, thread } = place;
    write!(f, "\n  in kernel {kernel}")?;
    if function != kernel {
        write!(f, ", function {function}")?;
    }
    let ([bx, by, bz], [tx, ty, tz]) = (block, thread);
    write!(f, ", PTX line {line}: {instruction}\n  ")?;
    write!(f, "block ({bx}, {by}, {bz}), thread ({tx}, {ty}, {tz})")
}

/// A fault of some lanes, before it is known where.
pub(crate) type Failed = (FaultKind, u32);
