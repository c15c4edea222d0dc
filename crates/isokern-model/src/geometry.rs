//! Windows over an image: which input cells an output position reads.

use bytemuck::{Pod, Zeroable};

/// A kernel's extent, stride, dilation and leading padding, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Window {
    /// Rows of the kernel.
    pub kernel_height: u16,
    /// Columns of the kernel.
    pub kernel_width: u16,
    /// Rows between two output rows.
    pub stride_height: u16,
    /// Columns between two output columns.
    pub stride_width: u16,
    /// Rows between two kernel rows.
    pub dilation_height: u16,
    /// Columns between two kernel columns.
    pub dilation_width: u16,
    /// Rows of padding above the image. What is below follows from the output's height.
    pub pad_top: u16,
    /// Columns of padding left of the image.
    pub pad_left: u16,
}

/// One dimension of a [`Window`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// Cells of the kernel.
    pub kernel: usize,
    /// Cells between two outputs.
    pub stride: usize,
    /// Cells between two kernel cells.
    pub dilation: usize,
    /// Cells of padding in front.
    pub pad: usize,
}

impl Window {
    /// Returns the vertical dimension.
    #[must_use]
    pub const fn rows(&self) -> Axis {
        Axis {
            kernel: self.kernel_height as usize,
            stride: self.stride_height as usize,
            dilation: self.dilation_height as usize,
            pad: self.pad_top as usize,
        }
    }

    /// Returns the horizontal dimension.
    #[must_use]
    pub const fn columns(&self) -> Axis {
        Axis {
            kernel: self.kernel_width as usize,
            stride: self.stride_width as usize,
            dilation: self.dilation_width as usize,
            pad: self.pad_left as usize,
        }
    }
}

impl Axis {
    /// Returns cells from the first to the last kernel cell, both counted.
    #[must_use]
    pub const fn extent(&self) -> usize {
        self.kernel.saturating_sub(1) * self.dilation + 1
    }

    /// Returns the kernel cells of output `position` that are inside `0..len`, and the
    /// input cell that the first of them reads.
    ///
    /// ```
    /// use isokern_model::geometry::Axis;
    ///
    /// let axis = Axis { kernel: 3, stride: 2, dilation: 1, pad: 1 };
    /// assert_eq!(axis.inside(0, 5), (1, 3, 0)); // cell 0 falls into the padding
    /// assert_eq!(axis.inside(1, 5), (0, 3, 1));
    /// assert_eq!(axis.inside(2, 5), (0, 2, 3)); // cell 2 is past the end
    /// ```
    #[must_use]
    #[cfg_attr(target_arch = "riscv32", inline(never))] // Once in firmware, whose flash is short.
    #[cfg_attr(not(target_arch = "riscv32"), inline)]
    pub const fn inside(&self, position: usize, len: usize) -> (usize, usize, usize) {
        let start = position * self.stride;
        let step = if self.dilation == 0 { 1 } else { self.dilation };
        let first = if start >= self.pad { 0 } else { (self.pad - start).div_ceil(step) };
        let first_cell = (start + first * step).saturating_sub(self.pad);
        let room = if first_cell < len { (len - 1 - first_cell) / step + 1 } else { 0 };
        let end = if first + room < self.kernel { first + room } else { self.kernel };
        let first = if first < end { first } else { end };
        (first, end, first_cell)
    }

    /// Returns how `cells` neighbouring kernel cells are in the input: cells of a run, and runs.
    ///
    /// Undilated they are one run of neighbours; dilated, each is a run of its own.
    ///
    /// ```
    /// use isokern_model::geometry::Axis;
    ///
    /// let axis = Axis { kernel: 3, stride: 1, dilation: 1, pad: 0 };
    /// assert_eq!([axis.runs(3), axis.runs(0)], [(3, 1), (0, 0)]);
    /// assert_eq!(Axis { dilation: 2, ..axis }.runs(3), (1, 3));
    /// ```
    #[must_use]
    #[inline]
    pub const fn runs(&self, cells: usize) -> (usize, usize) {
        match self.dilation {
            1 => (cells, (cells > 0) as usize),
            _ => (1, cells),
        }
    }

    /// Returns the number of outputs of TFLite's SAME padding, and the padding in front.
    ///
    /// The odd cell of padding goes after (`kernels/padding.h` in TensorFlow Lite).
    ///
    /// # Panics
    ///
    /// If `stride` is 0.
    #[must_use]
    pub const fn same(kernel: usize, stride: usize, dilation: usize, len: usize) -> (usize, usize) {
        let outputs = len.div_ceil(stride);
        let extent = kernel.saturating_sub(1) * dilation + 1;
        let total = (outputs.saturating_sub(1) * stride + extent).saturating_sub(len);
        (outputs, total / 2)
    }

    /// Returns the number of outputs of VALID padding: every window is inside.
    ///
    /// # Panics
    ///
    /// If `stride` is 0.
    #[must_use]
    pub const fn valid(kernel: usize, stride: usize, dilation: usize, len: usize) -> usize {
        let extent = kernel.saturating_sub(1) * dilation + 1;
        if len < extent { 0 } else { (len - extent) / stride + 1 }
    }
}
