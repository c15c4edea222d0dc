//! Parts of an output whose windows have the same cells inside the image.

use core::ops::Range;

use isokern_model::geometry::Axis;

/// Neighbouring outputs along an axis, whose windows have the same kernel cells inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The outputs.
    pub(super) outputs: Range<usize>,
    /// The kernel cells inside, some at least.
    pub(super) kernel: Range<usize>,
    /// The input cell that the first of them reads, at the first output.
    pub(super) first_cell: usize,
}

/// Returns the stretch that begins at `output`, up to `end`.
///
/// Whole windows have their first cell a stride after the one before; at both ends of the image
/// each output is a stretch of its own.
pub(super) fn stretch_from(axis: &Axis, output: usize, end: usize, len: usize) -> Stretch {
    let (first, last, first_cell) = axis.inside(output, len);
    let mut next = output + 1;
    if first == 0 && last == axis.kernel {
        // The last whole window ends at the last cell of the image.
        let room = (len + axis.pad).saturating_sub(axis.extent());
        let whole = room.checked_div(axis.stride).unwrap_or(0) + 1;
        next = whole.clamp(next, end.max(next));
    }
    Stretch { outputs: output..next, kernel: first..last, first_cell }
}

#[cfg(test)]
mod tests {
    use super::stretch_from;
    use isokern_model::geometry::Axis;

    #[test]
    fn stretches_have_one_window() {
        for (kernel, stride, dilation, pad) in
            [(3, 1, 1, 1), (3, 2, 1, 0), (5, 2, 2, 3), (1, 1, 1, 0), (4, 3, 1, 2), (2, 5, 1, 0)]
        {
            let axis = Axis { kernel, stride, dilation, pad };
            for len in 1..20 {
                for outputs in 1..12 {
                    let mut output = 0;
                    while output < outputs {
                        let stretch = stretch_from(&axis, output, outputs, len);
                        assert_eq!(stretch.outputs.start, output);
                        for one in stretch.outputs.clone() {
                            let (first, end, cell) = axis.inside(one, len);
                            assert_eq!(first..end, stretch.kernel, "{axis:?} {len} {one}");
                            let ahead = (one - output) * stride;
                            assert!(first == end || cell == stretch.first_cell + ahead);
                        }
                        output = stretch.outputs.end;
                    }
                    assert_eq!(output, outputs);
                }
            }
        }
    }
}
