//! What the windows of a convolution share over all positions.

use isokern_model::geometry::Window;
use isokern_model::tensor::Image;

/// The image that the windows of an output read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows<'a> {
    pub(crate) input: Image,
    pub(crate) window: &'a Window,
    /// Columns of the output.
    pub(crate) width: usize,
}

impl Windows<'_> {
    /// Row and column of a position of the output.
    #[inline]
    pub(crate) fn place(&self, position: usize) -> (usize, usize) {
        let width = self.width.max(1);
        let row = position / width;
        (row, position - row * width)
    }
}
