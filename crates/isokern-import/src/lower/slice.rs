//! Lowers SLICE: a box of a tensor.
//!
//! TFLite Micro also takes places that are computed while the model runs
//! (`micro/kernels/slice.cc`), and reads outside the tensor where they are not in it.

use super::moved::{Boxes, strides, whole};
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element::{self, Bool, Float32, Int8, Int16, Int32};

const TYPES: [Element; 5] = [Float32, Int8, Int16, Int32, Bool];

/// Lowers to a box; a size of -1 is all that is left.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(3..=3, 1..=1)?;
    let read = site.read(0, "input", &TYPES)?;
    let rank = read.rank(site, "input", (1, 5))?;
    let begin = site.integers_for(1, "begin", rank)?;
    let sizes = site.integers_for(2, "size", rank)?;
    let (mut start, mut shape, mut axes) = (0, Vec::new(), Vec::new());
    let places = begin.iter().zip(&sizes).zip(read.dims.iter().zip(strides(&read.dims)));
    for ((&begin, &size), (&all, stride)) in places {
        let begin = site.is_in("begin", begin, 0, i64::from(all) - 1)?;
        let left = all - begin;
        let size = if size == -1 { left } else { site.is_in("size", size, 1, left.into())? };
        start += begin * stride;
        shape.push(size);
        axes.push(whole(size, stride));
    }
    let mut boxes = Boxes::new(&shape);
    boxes.add(0, start, &axes);
    boxes.write(site, 0, &[read], &shape)
}
