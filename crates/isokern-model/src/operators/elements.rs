//! Copies of elements from a tensor or a constant to a tensor.

use isokern_core::Cells;

/// Where elements are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Elements<'a> {
    /// In a tensor.
    Tensor(Cells<'a>),
    /// In a constant.
    Constant(&'a [i8]),
}

impl Elements<'_> {
    /// Returns the `N` bytes from `start`; zeros unless all are inside.
    #[inline(always)]
    pub(super) fn load<const N: usize>(self, start: usize) -> [i8; N] {
        match self {
            Self::Tensor(cells) => cells.load(start),
            Self::Constant(bytes) => element(bytes, start),
        }
    }

    /// Copies `len` bytes from `start` to the cells from `at`; nothing unless all are inside.
    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    #[cfg_attr(not(target_arch = "nvptx64"), inline(always))]
    pub(super) fn copy_to(self, to: Cells<'_>, at: usize, start: usize, len: usize) {
        match self {
            Self::Tensor(cells) => to.copy_cells(at, cells.window(start, len)),
            Self::Constant(bytes) => {
                let bytes = bytes.get(start..).and_then(|tail| tail.get(..len));
                to.copy_from(at, bytes.unwrap_or(&[]));
            }
        }
    }
}

/// Returns the `N` bytes of an element; zeros outside, where no checked operator reads.
#[inline(always)]
pub(super) fn element<const N: usize>(bytes: &[i8], start: usize) -> [i8; N] {
    bytes.get(start..).and_then(|tail| tail.first_chunk()).copied().unwrap_or([0; N])
}
