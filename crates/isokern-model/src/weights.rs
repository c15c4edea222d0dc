//! Weights of dot products, in the layout of their blob.

use crate::layout::{Layout, Terms};

/// Weights of dot products, in the blob's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights<'m> {
    /// The order of the values.
    pub layout: Layout,
    /// The values.
    pub values: &'m [i8],
    /// Each output's sum of weights (packed layout; empty in the row layout).
    pub sums: &'m [i32],
    /// Number of dot products.
    pub outputs: usize,
    /// Terms of one dot product.
    pub terms: Terms,
}
