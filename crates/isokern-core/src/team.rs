//! A team of cooperating threads, the one shape in which an operator runs.
//!
//! An operator is written once, for a team. On a microcontroller or a CPU core
//! the team is [`Solo`]; on a GPU it is a block of threads.
//!
//! ```
//! use isokern_core::{Cells, Solo, Team};
//!
//! /// Doubles every element; each rank doubles its share.
//! fn double<T: Team>(team: &T, cells: Cells<'_>) {
//!     for index in team.share(cells.len()) {
//!         cells.set(index, cells.get(index) * 2);
//!     }
//! }
//!
//! let mut arena = [1, 2, 3];
//! double(&Solo, Cells::from_mut(&mut arena));
//! assert_eq!(arena, [2, 4, 6]);
//! ```
//!
//! | module | what is in it |
//! |---|---|
//! | this one | [`Team`], [`Solo`], and [`Share`]: who does which part |
//! | [`cells`] | [`Cells`]: the view of the arena that every rank has |
//!
//! # For operator authors
//!
//! Between two calls of [`Team::sync`] the ranks must write disjoint elements
//! and must not read an element that another rank writes. [`Team::share`] deals
//! out tile indices so that this holds when each tile owns its outputs. Operators
//! do not call `sync` themselves: the interpreter does, between operators, and
//! every rank reaches every `sync`, so no early return may depend on the rank.
//!
//! # For team authors
//!
//! `sync` is a barrier with memory ordering: everything written by any rank
//! before it is visible to every rank after it.

pub mod cells;

pub use cells::Cells;

/// Threads that run one operator together.
///
/// ```
/// use isokern_core::{Solo, Team};
///
/// let team = Solo;
/// assert_eq!((team.rank(), team.size()), (0, 1));
/// assert!(team.share(3).eq(0..3));
/// ```
pub trait Team {
    /// Returns the index of the calling thread in its team, `0..size()`.
    fn rank(&self) -> usize;

    /// Returns the number of threads in the team, at least 1.
    fn size(&self) -> usize;

    /// Waits until every rank has arrived; orders all writes before it.
    fn sync(&self);

    /// Deals `count` tiles round robin and returns the calling rank's share.
    ///
    /// The shares of all ranks are disjoint and together hold `0..count`.
    fn share(&self, count: usize) -> Share {
        Share { next: self.rank(), end: count, step: self.size().max(1) }
    }
}

/// The team of one: a CPU core or a microcontroller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Solo;

impl Team for Solo {
    #[inline]
    fn rank(&self) -> usize {
        0
    }

    #[inline]
    fn size(&self) -> usize {
        1
    }

    #[inline]
    fn sync(&self) {}
}

/// The tile indices of one rank; made by [`Team::share`].
#[derive(Debug, Clone)]
pub struct Share {
    next: usize,
    end: usize,
    step: usize,
}

impl Iterator for Share {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.next >= self.end {
            return None;
        }
        let tile_index = self.next;
        self.next = tile_index.saturating_add(self.step);
        Some(tile_index)
    }
}

#[cfg(test)]
mod tests {
    use super::{Share, Solo, Team};

    struct Rank(usize, usize);

    impl Team for Rank {
        fn rank(&self) -> usize {
            self.0
        }

        fn size(&self) -> usize {
            self.1
        }

        fn sync(&self) {}
    }

    #[test]
    fn shares_are_disjoint_and_complete() {
        for size in 1..6 {
            for count in 0..20 {
                let mut owners = [0_u8; 20];
                for rank in 0..size {
                    for tile_index in Rank(rank, size).share(count) {
                        owners[tile_index] += 1;
                    }
                }
                assert!(owners[..count].iter().all(|&owner_count| owner_count == 1));
                assert!(owners[count..].iter().all(|&owner_count| owner_count == 0));
            }
        }
    }

    #[test]
    fn a_team_that_claims_size_zero_still_makes_progress() {
        assert!(Rank(0, 0).share(3).eq(0..3));
    }

    #[test]
    fn a_share_near_the_end_of_the_index_range_ends() {
        let share = Share { next: usize::MAX - 1, end: usize::MAX, step: usize::MAX };
        assert_eq!(share.count(), 1);
        assert_eq!(Solo.share(0).count(), 0);
    }
}
