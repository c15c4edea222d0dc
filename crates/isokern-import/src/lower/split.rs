//! Lowers SPLIT and SPLIT_V: parts of one tensor along one dimension.
//!
//! How long a part is follows from its output's shape, as in TFLite Micro
//! (`micro/kernels/split.cc`, `split_v.cc`).

use super::moved::{Boxes, strides, whole};
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element::{self, Float32, Int8, Int16, Int32};

const TYPES: [Element; 4] = [Float32, Int8, Int16, Int32];

/// Lowers a split into equal parts: the axis, then the tensor.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=usize::from(u16::MAX))?;
    parts(site, 1, 0, true)
}

/// Lowers a split into any parts: the tensor, their sizes, and the axis.
pub(super) fn lower_v(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(3..=3, 1..=usize::from(u16::MAX))?;
    parts(site, 0, 2, false)
}

fn parts(
    site: &mut Site<'_, '_>,
    input: usize,
    axis: usize,
    are_equal: bool,
) -> Result<(), ImportError> {
    let read = site.read(input, "input", &TYPES)?;
    let axis = site.axis("axis", site.integer(axis, "axis")?, read.dims.len())?;
    let stride = strides(&read.dims);
    let count = site.output_count();
    let (mut first, reads) = (0, [read]);
    for position in 0..count {
        let dims = &reads[0].dims;
        let left = dims[axis] - first;
        let size = match site.output_size(position, axis)? {
            _ if are_equal => dims[axis] / count as u32,
            // What is left over is missing from the last.
            _ if position + 1 == count => left,
            size => size.min(left),
        };
        let mut shape = dims.clone();
        shape[axis] = size;
        let mut boxes = Boxes::new(&shape);
        let axes = shape.iter().zip(&stride).map(|(&size, &stride)| whole(size, stride));
        boxes.add(0, first * stride[axis], &axes.collect::<Vec<_>>());
        boxes.write(site, position, &reads, &shape)?;
        first += size;
    }
    Ok(())
}
