//! The terms of a dot product in portions that fit onto the stack.

use core::ops::Range;

use isokern_model::layout::Terms;

/// The terms of a dot product that are added at once: whole kernel rows, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pass {
    pub(crate) rows: Range<usize>,
    /// Terms of each of these rows.
    pub(crate) terms: Range<usize>,
}

impl Pass {
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.rows.end.saturating_sub(self.rows.start)
            * self.terms.end.saturating_sub(self.terms.start)
    }
}

/// The passes of a dot product, in the order of its terms.
#[derive(Debug)]
pub(crate) struct Passes {
    terms: Terms,
    /// Rows of a pass, and terms of each.
    size: (usize, usize),
    row: usize,
    term: usize,
}

impl Passes {
    /// Returns passes of at most `most` terms each, a multiple of 4.
    #[inline]
    pub(crate) fn new(terms: Terms, most: usize) -> Self {
        let row_terms = terms.row_terms.max(1);
        let pieces = row_terms.div_ceil(most).max(1);
        let piece = row_terms.div_ceil(pieces).next_multiple_of(4).min(row_terms);
        Self { terms, size: ((most / row_terms).max(1), piece), row: 0, term: 0 }
    }
}

impl Iterator for Passes {
    type Item = Pass;

    #[inline]
    fn next(&mut self) -> Option<Pass> {
        if self.row >= self.terms.rows {
            return None;
        }
        let rows = self.row..self.terms.rows.min(self.row + self.size.0);
        let terms = self.term..self.terms.row_terms.min(self.term + self.size.1);
        self.term = terms.end;
        if self.term >= self.terms.row_terms {
            (self.row, self.term) = (rows.end, 0);
        }
        Some(Pass { rows, terms })
    }
}
