//! Lowers TRANSPOSE, which puts the dimensions of a tensor in another order.
//!
//! `micro/kernels/transpose.cc`, `transpose_common.cc`.

use super::moved::{Boxes, strides, whole};
use super::site::Site;
use crate::error::{CopyFault, ImportError};
use crate::graph::Element::{self, Float32, Int8, Int16};

const TYPES: [Element; 3] = [Float32, Int8, Int16];

/// Lowers to one box.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let read = site.read(0, "input", &TYPES)?;
    let rank = read.rank(site, "input", (1, 5))?;
    site.constant_of(1, "perm", &[Element::Int32])?;
    let stride = strides(&read.dims);
    let (mut shape, mut axes, mut taken) = (Vec::new(), Vec::new(), vec![false; rank]);
    for found in site.integers_for(1, "perm", rank)? {
        let dim = site.is_in("perm", found, 0, rank as i64 - 1)? as usize;
        if taken[dim] {
            return Err(site.copy_fault(CopyFault::Repeated { field: "perm", found }));
        }
        taken[dim] = true;
        shape.push(read.dims[dim]);
        axes.push(whole(read.dims[dim], stride[dim]));
    }
    let mut boxes = Boxes::new(&shape);
    boxes.add(0, 0, &axes);
    boxes.write(site, 0, &[read], &shape)
}
