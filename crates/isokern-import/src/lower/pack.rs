//! Lowers PACK and UNPACK: tensors one after the other along a new dimension, and back.
//!
//! `micro/kernels/pack.cc`, `unpack.cc`.

use super::moved::{Boxes, PieceAxis, Read, strides, whole};
use super::site::Site;
use crate::error::{CopyFault, ImportError};
use crate::graph::Element::{self, Float32, Int8, Int16, Int32, Int64};

const PACKED: [Element; 5] = [Float32, Int8, Int16, Int32, Int64];
const UNPACKED: [Element; 4] = [Float32, Int8, Int16, Int32];

/// Lowers PACK to a box for each input.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let count = site.input_count();
    site.arity(1..=255, 1..=1)?;
    site.is_in(
        "values_count",
        site.option::<i32>("values_count")?.into(),
        count as i64,
        count as i64,
    )?;
    let mut reads: Vec<Read<'_>> = Vec::new();
    for position in 0..count {
        let elements = reads.first().map_or(PACKED.to_vec(), |first| vec![first.element]);
        let read = site.read(position, "input", &elements)?;
        read.rank(site, "input", (0, 5))?;
        if let Some(first) = reads.first().filter(|first| first.dims != read.dims) {
            let [a, b] = [&read.dims, &first.dims].map(|dims| format!("{dims:?}"));
            return Err(site.copy_fault(CopyFault::Concatenated { a, b }));
        }
        reads.push(read);
    }
    let mut shape = reads[0].dims.clone();
    let axis = site.axis("axis", site.option::<i32>("axis")?.into(), shape.len() + 1)?;
    shape.insert(axis, count as u32);
    let stride = strides(&reads[0].dims);
    let inner = reads[0].dims.iter().zip(stride).map(|(&size, stride)| whole(size, stride));
    let inner: Vec<PieceAxis> = inner.collect();
    let mut boxes = Boxes::new(&shape);
    for from in 0..count {
        let mut axes = inner.clone();
        axes.insert(axis, PieceAxis { first: from as u32, size: 1, stride: 0 });
        boxes.add(from, 0, &axes);
    }
    boxes.write(site, 0, &reads, &shape)
}

/// Lowers UNPACK to a box for each output.
pub(super) fn lower_unpack(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=1, 1..=usize::from(u16::MAX))?;
    let read = site.read(0, "input", &UNPACKED)?;
    let rank = read.rank(site, "input", (1, 6))?;
    let axis = site.axis("axis", site.option::<i32>("axis")?.into(), rank)?;
    let count = site.output_count();
    site.is_in("num", site.option::<i32>("num")?.into(), count as i64, count as i64)?;
    site.is_in("num", count as i64, read.dims[axis].into(), read.dims[axis].into())?;
    let mut shape = read.dims.clone();
    let mut stride = strides(&read.dims);
    shape.remove(axis);
    let step = stride.remove(axis);
    let axes = shape.iter().zip(stride).map(|(&size, stride)| whole(size, stride));
    let (axes, reads): (Vec<_>, _) = (axes.collect(), [read]);
    for position in 0..count {
        let mut boxes = Boxes::new(&shape);
        boxes.add(0, position as u32 * step, &axes);
        boxes.write(site, position, &reads, &shape)?;
    }
    Ok(())
}
