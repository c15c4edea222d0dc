//! Words of weights that are read in one piece.

use bytemuck::{Pod, Zeroable};

/// Weights of `N` neighbouring outputs, four terms each.
pub(super) trait Lanes<const N: usize>: Pod {
    /// Returns one word per output.
    fn words(self) -> [u32; N];
}

/// The weights of one output.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub(super) struct Single([u32; 1]);

/// The weights of four outputs: 16 bytes, aligned, for one wide load.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(16))]
pub(super) struct Quad([u32; 4]);

impl Lanes<1> for Single {
    #[inline(always)]
    fn words(self) -> [u32; 1] {
        self.0
    }
}

impl Lanes<4> for Quad {
    #[inline(always)]
    fn words(self) -> [u32; 4] {
        self.0
    }
}
