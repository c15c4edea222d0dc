//! Lowers PAD and PADV2: a tensor with a margin of one value.
//!
//! Without a value of its own the margin is real zero (`micro/kernels/pad.cc`, `pad_common.cc`).

use super::moved::{Boxes, PieceAxis, strides, whole};
use super::site::Site;
use crate::error::{CopyFault, ImportError};
use crate::graph::Element::{self, Float32, Int8, Int16, Int32};

const TYPES: [Element; 4] = [Float32, Int8, Int16, Int32];

/// Lowers to the box of the input, and two of the margin for each dimension.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=3, 1..=1)?;
    let read = site.read(0, "input", &TYPES)?;
    let rank = read.rank(site, "input", (1, 5))?;
    site.constant_of(1, "paddings", &[Int32])?;
    let paddings = site.integers_for(1, "paddings", 2 * rank)?;
    let value = if site.input_count() == 3 {
        let value = site.read(2, "value", &[read.element])?;
        let is_one = value.dims.iter().all(|&size| size == 1);
        let is_alike = read.element != Int8 || site.scale_of_input(2)? == site.scale_of_output()?;
        if !(is_one && is_alike) {
            return Err(site.copy_fault(CopyFault::PadValue));
        }
        value
    } else {
        read.real_zero(site)?
    };
    let mut sizes = Vec::new();
    for (&size, margin) in read.dims.iter().zip(paddings.as_chunks::<2>().0) {
        let [before, after] = *margin;
        let most = i64::from(i32::MAX) - i64::from(size);
        let before = site.is_in("paddings", before, 0, most)?;
        let after = site.is_in("paddings", after, 0, most - i64::from(before))?;
        sizes.push((before, size, after));
    }
    let shape: Vec<u32> = sizes.iter().map(|(before, size, after)| before + size + after).collect();
    let mut boxes = Boxes::new(&shape);
    // The box inside; around it a box before and one after along each dimension, as wide as all
    // dimensions that come later.
    let inner: Vec<PieceAxis> = sizes
        .iter()
        .zip(strides(&read.dims))
        .map(|(&(first, size, _), stride)| PieceAxis { first, size, stride: stride.cast_signed() })
        .collect();
    boxes.add(0, 0, &inner);
    for (dim, &(before, size, after)) in sizes.iter().enumerate() {
        for (first, size) in [(0, before), (before + size, after)] {
            let axis = |place: usize| match place {
                _ if place < dim => PieceAxis { stride: 0, ..inner[place] },
                _ if place == dim => PieceAxis { first, size, stride: 0 },
                _ => whole(shape[place], 0),
            };
            boxes.add(1, 0, &(0..rank).map(axis).collect::<Vec<_>>());
        }
    }
    boxes.write(site, 0, &[read, value], &shape)
}
