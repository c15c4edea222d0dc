//! Constants of an operator before they have a place in a blob.

use std::vec;
use std::vec::Vec;

use bytemuck::Pod;

use crate::header::{CONSTANT_ALIGN, SECTION_ALIGN};
use crate::layout::{Layout, Terms};

/// Boundary of weights in the row layout: a word load on every target.
const ROW_ALIGN: usize = 16;

/// A constant of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    /// Values as they are stored.
    Values(Vec<u8>),
    /// Weights in one order, whatever the layout.
    Weights(Vec<i8>),
    /// Weights of dot products, whose order follows the layout.
    Dots {
        /// The weights in the row layout, `[output][row][term]`.
        values: Vec<i8>,
        /// Number of dot products.
        outputs: usize,
        /// Terms of each.
        terms: Terms,
    },
}

impl Constant {
    /// Returns a constant of these values.
    #[must_use]
    pub fn of<T: Pod>(values: &[T]) -> Self {
        Self::Values(bytemuck::cast_slice(values).to_vec())
    }

    /// Returns the number of weights, without padding of a layout.
    #[must_use]
    pub const fn weight_count(&self) -> usize {
        match self {
            Self::Values(_) => 0,
            Self::Weights(values) | Self::Dots { values, .. } => values.len(),
        }
    }

    /// Returns the constant as values of a type; empty if its bytes are not whole values.
    #[must_use]
    pub fn values<T: Pod>(&self) -> Vec<T> {
        let bytes: &[u8] = match self {
            Self::Values(bytes) => bytes,
            Self::Weights(values) | Self::Dots { values, .. } => bytemuck::cast_slice(values),
        };
        if !bytes.len().is_multiple_of(size_of::<T>().max(1)) {
            return Vec::new();
        }
        bytes.chunks_exact(size_of::<T>().max(1)).map(bytemuck::pod_read_unaligned).collect()
    }

    /// Returns its bytes in a layout and the boundary they start on, and the sums that come
    /// with packed weights.
    pub(crate) fn stored(&self, layout: Layout) -> (Vec<u8>, usize, Option<Vec<i32>>) {
        let align = if layout == Layout::Packed { SECTION_ALIGN } else { ROW_ALIGN };
        match self {
            Self::Values(bytes) => (bytes.clone(), CONSTANT_ALIGN, None),
            Self::Weights(values) => (bytemuck::cast_slice(values).to_vec(), align, None),
            Self::Dots { values, outputs, terms } => match layout {
                Layout::Row => (bytemuck::cast_slice(values).to_vec(), align, None),
                Layout::Packed => {
                    let (packed, sums) = packed(values, *outputs, *terms);
                    (bytemuck::cast_slice(&packed).to_vec(), align, Some(sums))
                }
            },
        }
    }
}

/// Returns the weights in the packed layout, and each output's sum.
fn packed(values: &[i8], outputs: usize, terms: Terms) -> (Vec<i8>, Vec<i32>) {
    let mut target = vec![0; Layout::Packed.weight_bytes(outputs, terms).unwrap_or(0)];
    let mut sums = vec![0_i32; outputs];
    for (output, sum) in sums.iter_mut().enumerate() {
        for (row, term) in places(terms) {
            let from = Layout::Row.weight_index(outputs, terms, output, row, term);
            let value = values.get(from).copied().unwrap_or(0);
            target[Layout::Packed.weight_index(outputs, terms, output, row, term)] = value;
            *sum = sum.wrapping_add(value.into());
        }
    }
    (target, sums)
}

/// Returns row and term of every place of a dot product, in the order of the row layout.
pub(crate) fn places(terms: Terms) -> impl Iterator<Item = (usize, usize)> {
    (0..terms.rows).flat_map(move |row| (0..terms.row_terms).map(move |term| (row, term)))
}
