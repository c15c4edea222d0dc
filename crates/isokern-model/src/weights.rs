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

/// The weights among an operator's constants: always the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredWeights<'m> {
    /// There are none.
    None,
    /// Weights in one order, whatever the blob's layout.
    Fixed(&'m [i8]),
    /// Weights whose order follows the blob's layout. In the packed layout the last constant is
    /// their sums.
    ByLayout(Weights<'m>),
}
