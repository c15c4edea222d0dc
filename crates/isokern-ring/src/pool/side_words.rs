//! What says that a side of a pool is gone.

use isokern_core::ring::HostWord;

/// Whether a side is gone: a word each, written by the side as it is dropped.
#[derive(Debug, Default)]
pub struct SideWords<W = HostWord> {
    pub(super) lender: W,
    pub(super) borrower: W,
}

impl SideWords {
    /// Returns the words of two sides that are there.
    pub(super) const fn new() -> Self {
        Self { lender: HostWord::new(0), borrower: HostWord::new(0) }
    }

    /// Returns the same words, borrowed.
    pub(super) const fn by_ref(&self) -> SideWords<&HostWord> {
        SideWords { lender: &self.lender, borrower: &self.borrower }
    }
}
