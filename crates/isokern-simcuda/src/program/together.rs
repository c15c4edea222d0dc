//! Decoded operations that threads do together: barriers of a block, collectives of a warp.

use super::operation::{Change, Source, Target};
use crate::registers::{Predicate, Word};

/// A barrier of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Barrier {
    /// Which of the sixteen.
    pub barrier: Word,
    /// How many threads it takes; all of the block otherwise.
    pub threads: Option<Word>,
    /// Whether the threads of a warp must come together.
    pub aligned: bool,
    /// What arriving means.
    pub kind: BarrierKind,
}

/// What arriving at a barrier means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarrierKind {
    /// Wait for the others.
    Wait,
    /// Count and go on.
    Arrive,
    /// Wait, and reduce a predicate over all threads.
    Reduce(Reduction, Predicate, Target),
}

/// How predicates of a block become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// How many hold.
    Count,
    /// Whether all hold.
    All,
    /// Whether any holds.
    Any,
}

/// An operation between lanes, over the lanes of a member mask.
#[derive(Debug, Clone)]
pub struct Collective {
    /// The lanes that take part; `None` for those that run it, as before sm_70.
    pub members: Option<Word>,
    /// What they do.
    pub kind: CollectiveKind,
}

/// What lanes do together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectiveKind {
    /// Wait for each other.
    Synchronize,
    /// Read another lane's value.
    Shuffle {
        /// How the other lane is found.
        mode: Shuffle,
        /// Where the value goes.
        target: Option<u16>,
        /// Where it goes whether that lane was in range.
        in_range: Option<u16>,
        /// The value.
        source: Word,
        /// The distance or index.
        lane: Word,
        /// Segment mask and clamp.
        control: Word,
    },
    /// Whether a predicate holds.
    Vote {
        /// Where the answer goes.
        target: u16,
        /// How.
        mode: Vote,
        /// The predicate.
        source: Predicate,
    },
    /// The lanes in which a predicate holds.
    Ballot {
        /// Where they go.
        target: u16,
        /// The predicate.
        source: Predicate,
    },
    /// The lanes with the same value.
    Match {
        /// Whether all lanes must have it.
        all: bool,
        /// Where the lanes go.
        target: Option<u16>,
        /// Where it goes whether all have it.
        agree: Option<u16>,
        /// The value.
        source: Source,
    },
    /// One value of all.
    Reduce {
        /// How.
        change: Change,
        /// Whether values are signed.
        signed: bool,
        /// Where it goes.
        target: u16,
        /// The value.
        source: Word,
    },
    /// Chooses one lane.
    Elect {
        /// Where its index goes.
        target: Option<u16>,
        /// Where it goes who it is.
        chosen: Option<u16>,
    },
}

/// How a shuffle finds the lane to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of PTX")]
pub enum Shuffle {
    Up,
    Down,
    Butterfly,
    Index,
}

/// What a vote asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of PTX")]
pub enum Vote {
    All,
    Any,
    Uniform,
}
