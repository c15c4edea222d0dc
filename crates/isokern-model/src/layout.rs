//! Weight layouts: where the weight of output `o` and term `k` lies.
//!
//! `k` counts the terms of one dot product: kernel row, kernel column, input
//! channel, the last fastest. A depthwise kernel has the same order in both
//! layouts: kernel row, kernel column, channel.

/// How convolution and fully connected weights are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// `[output][k]`, no padding: the smallest file, for firmware.
    Row,
    /// `[k / 4][output][4]`, outputs padded to 16 and terms to 4 with zeros: what
    /// four-term dot products and vector units read in one piece.
    Packed,
}

/// Outputs per block of the packed layout.
pub const BLOCK_OUTPUTS: usize = 16;
/// Terms per group of the packed layout.
pub const GROUP_TERMS: usize = 4;

impl Layout {
    /// The number that stands for this layout in a blob.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Row => 0,
            Self::Packed => 1,
        }
    }

    /// The layout with this number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Row),
            1 => Some(Self::Packed),
            _ => None,
        }
    }

    /// The word the program and its reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Packed => "packed",
        }
    }

    /// Bytes that `outputs` dot products of `terms` terms take.
    #[must_use]
    pub const fn weight_bytes(self, outputs: usize, terms: usize) -> Option<usize> {
        match self {
            Self::Row => outputs.checked_mul(terms),
            Self::Packed => {
                let (Some(outputs), Some(terms)) = (
                    outputs.checked_next_multiple_of(BLOCK_OUTPUTS),
                    terms.checked_next_multiple_of(GROUP_TERMS),
                ) else {
                    return None;
                };
                outputs.checked_mul(terms)
            }
        }
    }

    /// The index of the weight of `output` and term `k`.
    ///
    /// ```
    /// use isokern_model::layout::Layout;
    ///
    /// assert_eq!(Layout::Row.weight_index(10, 9, 2, 5), 2 * 9 + 5);
    /// // Term 5 is the second of group 1; 10 outputs take 16 places a group.
    /// assert_eq!(Layout::Packed.weight_index(10, 9, 2, 5), (16 + 2) * 4 + 1);
    /// ```
    #[must_use]
    #[inline]
    pub const fn weight_index(
        self,
        outputs: usize,
        terms: usize,
        output: usize,
        k: usize,
    ) -> usize {
        match self {
            Self::Row => output * terms + k,
            Self::Packed => {
                let padded_outputs = outputs.next_multiple_of(BLOCK_OUTPUTS);
                (k / GROUP_TERMS * padded_outputs + output) * GROUP_TERMS + k % GROUP_TERMS
            }
        }
    }
}
