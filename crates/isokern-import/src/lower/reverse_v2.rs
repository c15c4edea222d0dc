//! Lowers REVERSE_V2: a tensor backwards along dimensions next to each other.
//!
//! `micro/kernels/reverse.cc`.

use super::moved::{Boxes, PieceAxis, strides, whole};
use super::site::Site;
use crate::error::{CopyFault, ImportError};
use crate::graph::Element::{self, Bool, Float32, Int8, Int16, Int32, Int64, UInt8};

const TYPES: [Element; 7] = [Int32, Float32, UInt8, Int8, Int16, Int64, Bool];

/// Lowers to one box.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let read = site.read(0, "input", &TYPES)?;
    let rank = read.rank(site, "input", (1, 6))?;
    site.constant_of(1, "axis", &[Int32])?;
    let mut reversed = Vec::new();
    for found in site.integers(1, "axis")? {
        let axis = site.axis("axis", found, rank)?;
        if reversed.contains(&axis) {
            return Err(site.copy_fault(CopyFault::Repeated { field: "axis", found }));
        }
        reversed.push(axis);
    }
    reversed.sort_unstable();
    let are_neighbours = reversed.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    if reversed.is_empty() || !are_neighbours {
        return Err(site.copy_fault(CopyFault::AxesApart));
    }
    let mut start = 0;
    let axes = read.dims.iter().zip(strides(&read.dims)).enumerate();
    let axes: Vec<PieceAxis> = axes
        .map(|(dim, (&size, stride))| {
            let axis = whole(size, stride);
            if !reversed.contains(&dim) {
                return axis;
            }
            start += (size - 1) * stride;
            PieceAxis { stride: -axis.stride, ..axis }
        })
        .collect();
    let shape = read.dims.clone();
    let mut boxes = Boxes::new(&shape);
    boxes.add(0, start, &axes);
    boxes.write(site, 0, &[read], &shape)
}
