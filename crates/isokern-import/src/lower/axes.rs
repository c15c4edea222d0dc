//! The dimensions that a reduction takes away, and what is left.

use isokern_model::encode::DraftOp;
use isokern_model::operators::reduce::{Reduce, ReduceBody};

use super::operand::Value;
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element;
use crate::quantize::Multiplier;

pub(super) use isokern_model::operators::reduce::ReduceOperation as Reduction;

/// Returns the constant axes at input 1 of an operator, each once and counted from the front.
pub(super) fn read(site: &Site<'_, '_>, rank: usize) -> Result<Vec<usize>, ImportError> {
    let constant = site.constant_of(1, "axes", &[Element::Int32])?;
    let mut axes = Vec::new();
    for found in constant.integers().unwrap_or_default() {
        let axis = site.axis("axis", found, rank)?;
        if !axes.contains(&axis) {
            axes.push(axis);
        }
    }
    Ok(axes)
}

/// A reduction of one tensor to another.
pub(super) struct Reduced<'v> {
    pub(super) input: &'v Value,
    pub(super) axes: &'v [usize],
    pub(super) output: &'v Value,
    /// Whether dimensions that are reduced are left with size 1.
    pub(super) keeps_dims: bool,
}

impl Reduced<'_> {
    /// Returns how many elements each element of the output is made of.
    pub(super) fn terms(&self) -> u32 {
        // At most 2^28, as long as a tensor.
        self.axes.iter().filter_map(|&axis| self.input.tensor.dims.get(axis)).product()
    }

    /// Checks the shape of the output, and emits the reduction; sums need a multiplier.
    pub(super) fn emit(
        &self,
        site: &mut Site<'_, '_>,
        operation: Reduction,
        multiplier: Option<Multiplier>,
    ) -> Result<(), ImportError> {
        let dims = &self.input.tensor.dims;
        let left =
            dims.iter().enumerate().filter_map(|(dim, &size)| match self.axes.contains(&dim) {
                true if self.keeps_dims => Some(1),
                true => None,
                false => Some(size),
            });
        site.shape(self.output, &left.collect::<Vec<u32>>())?;
        let (reduced, kept) = view(dims, self.axes);
        let mut body =
            ReduceBody { reduced, kept, operation: operation.code(), ..ReduceBody::default() };
        if let Some(multiplier) = multiplier {
            let zero_points = [self.input, self.output].map(|value| value.tensor.zero_point);
            body.offset = i32::from(zero_points[0]).wrapping_mul(self.terms().cast_signed());
            // A zero point of INT8 fits.
            body.zero_point = zero_points[1] as i8;
            (body.multiplier, body.shift) = (multiplier.mantissa, multiplier.shift);
        }
        site.emit(DraftOp::new::<Reduce>(&body, &[self.input.place], &[self.output.place]));
        Ok(())
    }
}

/// Returns the sizes that are reduced and kept by turns, of neighbours merged to one.
fn view(dims: &[u32], axes: &[usize]) -> ([u32; 4], [u32; 3]) {
    let (mut reduced, mut kept) = ([1; 4], [1; 3]);
    // The places by turns, from the last: reduced 3, kept 2, reduced 2, and so on.
    let mut turn = 0;
    for (dim, &size) in dims.iter().enumerate().rev().filter(|(_, size)| **size > 1) {
        if axes.contains(&dim) != (turn % 2 == 0) {
            turn += 1;
        }
        if turn % 2 == 0 {
            reduced[3 - turn / 2] *= size;
        } else {
            kept[2 - turn / 2] *= size;
        }
    }
    (reduced, kept)
}

#[cfg(test)]
mod tests {
    use super::view;

    #[test]
    fn dimensions_are_reduced_and_kept_by_turns() {
        assert_eq!(view(&[1, 4, 5, 3], &[1, 2]), ([1, 1, 20, 1], [1, 1, 3]));
        assert_eq!(view(&[1, 4, 5, 3], &[3]), ([1, 1, 1, 3], [1, 1, 20]));
        assert_eq!(view(&[1, 4, 5, 3], &[]), ([1, 1, 1, 1], [1, 1, 60]));
        assert_eq!(view(&[1, 4, 5, 3], &[0, 1, 2, 3]), ([1, 1, 1, 60], [1, 1, 1]));
        assert_eq!(view(&[2, 3, 4, 5, 6, 7], &[0, 2, 4]), ([2, 4, 6, 1], [3, 5, 7]));
        assert_eq!(view(&[2, 3, 4, 5, 6, 7], &[5, 1, 3]), ([1, 3, 5, 7], [2, 4, 6]));
    }
}
