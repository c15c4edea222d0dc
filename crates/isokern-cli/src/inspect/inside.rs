//! How much of the windows over an image is inside it.

use isokern_model::geometry::{Axis, Window};

use super::report::{OperatorReport, TensorReport};

/// Sums over all windows of an operator, of all its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inside {
    /// Kernel cells that read the image.
    pub(super) cells: u64,
    /// Kernel rows that do.
    pub(super) rows: u64,
    /// Neighbouring cells of such rows, which are read one after the other.
    pub(super) runs: u64,
    /// Windows of which all is inside.
    pub(super) windows: u64,
    /// Images, and rows and columns of windows in each.
    pub(super) places: [u32; 3],
}

/// Sums over the places of a window along one axis.
struct Along {
    cells: u64,
    runs: u64,
    whole: u64,
    places: u64,
}

impl Inside {
    /// Returns the sums of an operator over images; none for one of another shape.
    pub(super) fn new(
        window: &Window,
        report: &OperatorReport,
        tensors: &[TensorReport],
    ) -> Option<Self> {
        let shape = |index: &u16| Some(tensors.get(usize::from(*index))?.facts.shape.as_slice());
        let (input, output) = (shape(report.inputs.first()?)?, shape(report.outputs.first()?)?);
        let (&[images, height, width, _], &[_, rows, columns, _]) = (input, output) else {
            return None;
        };
        Some(Self::of_image(window, [height, width], [rows, columns]).times(images))
    }

    /// Returns the sums of one image of these heights and widths, of the input and of the output.
    fn of_image(window: &Window, input: [u32; 2], output: [u32; 2]) -> Self {
        let down = Along::new(window.rows(), input[0], output[0]);
        let across = Along::new(window.columns(), input[1], output[1]);
        Self {
            cells: down.cells * across.cells,
            rows: down.cells * across.places,
            runs: down.cells * across.runs,
            windows: down.whole * across.whole,
            places: [1, output[0], output[1]],
        }
    }

    fn times(self, count: u32) -> Self {
        let ([_, rows, columns], images) = (self.places, u64::from(count));
        Self {
            cells: self.cells * images,
            rows: self.rows * images,
            runs: self.runs * images,
            windows: self.windows * images,
            places: [count, rows, columns],
        }
    }
}

impl Along {
    fn new(axis: Axis, input: u32, output: u32) -> Self {
        let mut along = Self { cells: 0, runs: 0, whole: 0, places: output.into() };
        for place in 0..output as usize {
            let (first, end, _) = axis.inside(place, input as usize);
            along.cells += (end - first) as u64;
            along.runs += axis.runs(end - first).1 as u64;
            along.whole += u64::from(end - first == axis.kernel);
        }
        along
    }
}

#[cfg(test)]
mod tests {
    use super::Inside;
    use isokern_model::geometry::Window;

    /// Three by three cells on four rows of five, with a cell of padding around them.
    #[test]
    fn padding_is_not_counted() {
        let window = Window {
            kernel_height: 3,
            kernel_width: 3,
            stride_height: 1,
            stride_width: 1,
            dilation_height: 1,
            dilation_width: 1,
            pad_top: 1,
            pad_left: 1,
        };
        let places = [1, 4, 5];
        let inside = Inside::of_image(&window, [4, 5], [4, 5]);
        let expected =
            Inside { cells: 10 * 13, rows: 10 * 5, runs: 10 * 5, windows: 2 * 3, places };
        assert_eq!(inside, expected);
        // Columns two apart: of five windows three have two cells inside, one three.
        let dilated = Window { dilation_width: 2, pad_left: 2, ..window };
        let inside = Inside::of_image(&dilated, [4, 5], [4, 5]);
        let expected = Inside { cells: 110, rows: 50, runs: 110, windows: 2, places };
        assert_eq!(inside, expected);
        let places = [2, 4, 5];
        let expected = Inside { cells: 220, rows: 100, runs: 220, windows: 4, places };
        assert_eq!(inside.times(2), expected);
    }
}
