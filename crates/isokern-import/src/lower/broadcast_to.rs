//! Lowers BROADCAST_TO, which repeats a tensor along dimensions, and BROADCAST_ARGS, which computes
//! the shape that two shapes broadcast to.
//!
//! `micro/kernels/broadcast_to.cc`, `broadcast_args.cc`.

use super::moved::{Boxes, strides, whole};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::graph::Element::{
    self, Bool, Float32, Int8, Int16, Int32, Int64, UInt8, UInt32, UInt64,
};

const TYPES: [Element; 9] = [Float32, Int8, Int16, Int32, Int64, UInt8, UInt32, UInt64, Bool];

/// Lowers BROADCAST_TO to one box.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let read = site.read(0, "input", &TYPES)?;
    let rank = read.rank(site, "input", (0, 5))?;
    let sizes = site.integers(1, "shape")?;
    let mut shape = Vec::new();
    for &size in &sizes {
        shape.push(site.is_in("shape", size, 1, i32::MAX.into())?);
    }
    let fault = || {
        let [a, b] = [&read.dims, &shape].map(|dims| format!("{dims:?}"));
        site.fault(OperatorFault::Broadcast { a, b })
    };
    let missing = shape.len().checked_sub(rank).filter(|_| shape.len() <= 5).ok_or_else(fault)?;
    let mut axes = Vec::new();
    for (dim, &size) in shape.iter().enumerate() {
        let own = dim.checked_sub(missing).map(|dim| (read.dims[dim], strides(&read.dims)[dim]));
        axes.push(match own {
            None | Some((1, _)) => whole(size, 0),
            Some((own, stride)) if own == size => whole(size, stride),
            Some(_) => return Err(fault()),
        });
    }
    let mut boxes = Boxes::new(&shape);
    boxes.add(0, 0, &axes);
    boxes.write(site, 0, &[read], &shape)
}

/// Lowers BROADCAST_ARGS of two constants, to a constant.
pub(super) fn lower_args(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let element = site.constant_of(0, "first shape", &[Int32, Int64])?.element;
    site.constant_of(1, "second shape", &[element])?;
    let [a, b] = [site.integers(0, "first shape")?, site.integers(1, "second shape")?];
    let rank = a.len().max(b.len());
    let mut data = Vec::new();
    for place in 0..rank {
        let at = |shape: &[i64]| {
            let place = (place + shape.len()).checked_sub(rank);
            place.and_then(|place| shape.get(place)).copied().unwrap_or(1)
        };
        let size = match (at(&a), at(&b)) {
            (1, size) | (size, 1) => size,
            (one, other) if one == other => one,
            _ => {
                let [a, b] = [&a, &b].map(|shape| format!("{shape:?}"));
                return Err(site.fault(OperatorFault::Broadcast { a, b }));
            }
        };
        let width = element.size_bytes();
        data.extend_from_slice(&size.to_le_bytes()[..width]);
    }
    site.fold_as(0, (element, &[rank as u32]), data)
}
