//! Lowers CONCATENATION: tensors one after the other along one dimension.
//!
//! TFLite Micro copies bytes, of INT8 only between equal scales (`micro/kernels/concatenation.cc`).

use super::moved::{Boxes, PieceAxis, Read, strides};
use super::site::Site;
use crate::error::{CopyFault, ImportError};
use crate::graph::Element::{self, Bool, Float32, Int8, Int16, Int32, Int64};

const TYPES: [Element; 6] = [Float32, Int8, Int16, Int32, Int64, Bool];

/// Lowers to a box for each input. TFLite Micro takes at most 10.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=10, 1..=1)?;
    let fused = site.fused_activation()?;
    site.is_in("fused_activation_function", fused.into(), 0, 0)?;
    let mut reads: Vec<Read<'_>> = Vec::new();
    for position in 0..site.input_count() {
        let elements = reads.first().map_or(TYPES.to_vec(), |first| vec![first.element]);
        let read = site.read(position, "input", &elements)?;
        let rank = reads.first().map_or(read.dims.len(), |first| first.dims.len());
        read.rank(site, "input", (rank.max(1), rank.max(1)))?;
        if read.element == Int8 && site.scale_of_input(position)? != site.scale_of_output()? {
            return Err(site.copy_fault(CopyFault::Scales));
        }
        reads.push(read);
    }
    let axis = site.axis("axis", site.option::<i32>("axis")?.into(), reads[0].dims.len())?;
    let mut shape = reads[0].dims.clone();
    shape[axis] = reads.iter().fold(0, |size, read| size.saturating_add(read.dims[axis]));
    let mut boxes = Boxes::new(&shape);
    let mut first = 0;
    for (from, read) in reads.iter().enumerate() {
        let mut dims = read.dims.clone();
        dims[axis] = shape[axis];
        if dims != shape {
            let [a, b] = [&read.dims, &shape].map(|dims| format!("{dims:?}"));
            return Err(site.copy_fault(CopyFault::Concatenated { a, b }));
        }
        let axes = read.dims.iter().zip(strides(&read.dims)).enumerate();
        let axes: Vec<PieceAxis> = axes
            .map(|(dim, (&size, stride))| PieceAxis {
                first: if dim == axis { first } else { 0 },
                size,
                stride: stride.cast_signed(),
            })
            .collect();
        boxes.add(from, 0, &axes);
        first += read.dims[axis];
    }
    boxes.write(site, 0, &reads, &shape)
}
