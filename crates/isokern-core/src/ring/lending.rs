//! Lent buffers, and whose each is: two words of generations, one written by each side.
//!
//! ```text
//!            lender: lent := g                  borrower: returned := g
//!   Home ───────────────────────▶ Lent ───────────────────────────────▶ Back
//!    ▲                                                                    │
//!    └───────────────────── lender: only in its own table ────────────────┘
//! ```
//!
//! The buffer is the borrower's exactly while the words differ. Each store is a release and
//! each look at the other side's word an acquire, so what one side did to the bytes is seen
//! by the other, whatever way the handle itself took.

use super::tickets::next_turn;
use super::words::SharedWord;

/// The two words of one buffer, both 0 at first.
#[derive(Debug, Default)]
pub struct LendingWords<W> {
    lent: W,
    returned: W,
}

impl<W> LendingWords<W> {
    /// Joins the lender's word and the borrower's.
    #[must_use]
    pub const fn new(lent: W, returned: W) -> Self {
        Self { lent, returned }
    }

    /// Returns the same words, borrowed.
    #[must_use]
    pub const fn by_ref(&self) -> LendingWords<&W> {
        LendingWords { lent: &self.lent, returned: &self.returned }
    }
}

impl<W: SharedWord> LendingWords<W> {
    /// Hands the buffer over, as the lender, and returns the generation of this lending.
    ///
    /// `None` when it is lent already. Generations are never 0 and come again after 2³² - 2
    /// lendings of one buffer.
    #[inline]
    #[must_use]
    pub fn lend(&self) -> Option<u32> {
        let last = self.lent.load_relaxed();
        if !self.is_home() {
            return None;
        }
        let generation = next_turn(last);
        self.lent.store_release(generation);
        Some(generation)
    }

    /// Returns, to the lender, whether the bytes are here, with all the borrower did to them.
    #[inline]
    #[must_use]
    pub fn is_home(&self) -> bool {
        self.returned.load_acquire() == self.lent.load_relaxed()
    }

    /// Returns, to the lender, the generation of the last lending, 0 before the first.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.lent.load_relaxed()
    }

    /// Returns, to the borrower, whether the bytes are on its side under this generation.
    #[inline]
    #[must_use]
    pub fn is_borrowed(&self, generation: u32) -> bool {
        self.lent.load_acquire() == generation && self.returned.load_relaxed() != generation
    }

    /// Gives the buffer back; `false`, and nothing done, when this borrower does not have it
    /// under this generation.
    #[inline]
    #[must_use]
    pub fn give_back(&self, generation: u32) -> bool {
        let is_mine = self.is_borrowed(generation);
        if is_mine {
            self.returned.store_release(generation);
        }
        is_mine
    }
}

#[cfg(test)]
mod tests {
    use super::LendingWords;
    use crate::ring::HostWord;

    #[test]
    fn one_side_has_the_buffer_at_a_time() {
        let words = LendingWords::<HostWord>::default();
        assert!(words.is_home() && !words.is_borrowed(0) && !words.is_borrowed(1));
        let first = words.lend().expect("at home");
        assert!(!words.is_home() && words.is_borrowed(first));
        assert_eq!(words.lend(), None);
        assert!(!words.give_back(first + 1), "another generation");
        assert!(words.give_back(first));
        assert!(words.is_home() && !words.is_borrowed(first));
        assert!(!words.give_back(first), "once only");
        let second = words.lend().expect("back");
        assert_ne!(first, second);
        assert!(!words.is_borrowed(first) && words.is_borrowed(second));
    }

    #[test]
    fn generations_leave_zero_out() {
        let words = LendingWords::new(HostWord::new(u32::MAX - 1), HostWord::new(u32::MAX - 1));
        assert_eq!(words.lend(), Some(1));
        assert!(words.is_borrowed(1));
    }
}
