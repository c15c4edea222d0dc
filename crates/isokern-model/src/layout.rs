//! Weight layouts: where the weight of an output's term is.

isokern_core::numbered! {
    /// The order of convolution and fully connected weights.
    ///
    /// A depthwise kernel has the same order in both layouts: kernel row, kernel
    /// column, channel.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Layout: u8, code, from_code {
        /// `[output][row][term]`, no padding: the smallest file, for firmware.
        Row = 0,
        /// `[row][term / 4][output][4]`, outputs padded to 16 and the terms of each row
        /// to 4 with zeros: what four-term dot products and vector units read in one
        /// piece.
        Packed = 1,
    }
}

/// Outputs per block of the packed layout.
pub const BLOCK_OUTPUTS: usize = 16;
/// Terms per group of the packed layout.
pub const GROUP_TERMS: usize = 4;

/// The terms of one dot product: rows of neighbouring activations.
///
/// A convolution has a row per kernel row, with kernel column and input channel
/// inside, the channel fastest; a fully connected operator has one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Terms {
    /// Number of rows.
    pub rows: usize,
    /// Terms of a row.
    pub row_terms: usize,
}

impl Terms {
    /// Returns the number of terms of the whole dot product.
    #[must_use]
    pub const fn count(self) -> usize {
        self.rows.saturating_mul(self.row_terms)
    }

    /// Returns the number of groups of four in a row of the packed layout.
    #[must_use]
    pub const fn row_groups(self) -> usize {
        self.row_terms.div_ceil(GROUP_TERMS)
    }
}

impl Layout {
    /// Returns the word the program and its reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Packed => "packed",
        }
    }

    /// Returns bytes that the weights of `outputs` dot products take; `None` if too many.
    #[must_use]
    pub const fn weight_bytes(self, outputs: usize, terms: Terms) -> Option<usize> {
        let (outputs, row_bytes) = match self {
            Self::Row => (outputs, terms.row_terms),
            Self::Packed => {
                let Some(outputs) = outputs.checked_next_multiple_of(BLOCK_OUTPUTS) else {
                    return None;
                };
                (outputs, terms.row_groups().saturating_mul(GROUP_TERMS))
            }
        };
        match outputs.checked_mul(terms.rows) {
            Some(rows) => rows.checked_mul(row_bytes),
            None => None,
        }
    }

    /// Returns the index of the weight of `output` for the given term of a row.
    ///
    /// ```
    /// use isokern_model::layout::{Layout, Terms};
    ///
    /// let terms = Terms { rows: 3, row_terms: 9 };
    /// assert_eq!(Layout::Row.weight_index(10, terms, 2, 1, 5), 2 * 27 + 9 + 5);
    /// // A row has 3 groups; term 5 is the second of group 1; 10 outputs take 16 places.
    /// assert_eq!(Layout::Packed.weight_index(10, terms, 2, 1, 5), ((3 + 1) * 16 + 2) * 4 + 1);
    /// ```
    #[must_use]
    #[inline]
    pub const fn weight_index(
        self,
        outputs: usize,
        terms: Terms,
        output: usize,
        row: usize,
        term: usize,
    ) -> usize {
        match self {
            Self::Row => (output * terms.rows + row) * terms.row_terms + term,
            Self::Packed => {
                let group = row * terms.row_groups() + term / GROUP_TERMS;
                let padded_outputs = outputs.next_multiple_of(BLOCK_OUTPUTS);
                (group * padded_outputs + output) * GROUP_TERMS + term % GROUP_TERMS
            }
        }
    }
}
