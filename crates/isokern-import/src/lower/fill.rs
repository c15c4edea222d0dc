//! Lowers FILL, one value everywhere, and ZEROS_LIKE, stored zeros everywhere.
//!
//! `micro/kernels/fill.cc`, `zeros_like.cc`.

use super::moved::{Boxes, PieceAxis, Read, whole};
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element::{self, Float32, Int8, Int32, Int64};

const FILLED: [Element; 3] = [Float32, Int32, Int8];
const ZEROED: [Element; 4] = [Int64, Int32, Int8, Float32];

/// Lowers FILL: the shape, then the value.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let value = site.read(1, "value", &FILLED)?;
    value.rank(site, "value", (0, 0))?;
    let mut shape = Vec::new();
    for size in site.integers(0, "shape")? {
        shape.push(site.is_in("shape", size, 1, i32::MAX.into())?);
    }
    repeated(site, value, &shape)
}

/// Lowers ZEROS_LIKE; what is read decides shape and type alone.
pub(super) fn lower_zeros(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let read = site.read(0, "input", &ZEROED)?;
    let zero = vec![0; read.element.size_bytes()];
    repeated(site, read.of_bytes(zero), &read.dims)
}

fn repeated(site: &mut Site<'_, '_>, value: Read<'_>, shape: &[u32]) -> Result<(), ImportError> {
    let mut boxes = Boxes::new(shape);
    let axes: Vec<PieceAxis> = shape.iter().map(|&size| whole(size, 0)).collect();
    boxes.add(0, 0, &axes);
    boxes.write(site, 0, &[value], shape)
}
