//! Lowers GATHER, GATHER_ND and EMBEDDING_LOOKUP, which pick parts of a tensor by indices.
//!
//! `micro/kernels/gather.cc`, `gather_nd.cc`, `embedding_lookup.cc`. TFLite Micro does not look
//! whether an index of GATHER is inside, and takes the numbers of one of GATHER_ND together; here
//! each choice outside of the tensor ends the inference with an error.

use isokern_core::DType;
use isokern_model::operators::gather::INDEX_NUMBERS_MAX;

use super::conversions::dequantised;
use super::gathered::{Gathered, like};
use super::moved::{Read, strides};
use super::site::Site;
use crate::error::{CopyFault, ImportError, TensorFault};
use crate::graph::Element::{self, Float32, Int8, Int32};

const TYPES: [Element; 2] = [Float32, Int8];

fn product(sizes: &[u32]) -> u32 {
    sizes.iter().fold(1, |product, &size| product.saturating_mul(size))
}

/// Lowers GATHER: the tensor, then indices along one of its dimensions.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let source = site.read(0, "input", &TYPES)?;
    let indices = site.read(1, "indices", &[Int32])?;
    let rank = source.rank(site, "input", (1, 6))?;
    let axis = site.axis("axis", site.option::<i32>("axis")?.into(), rank)?;
    let batch_dims = i64::from(site.option::<i32>("batch_dims")?);
    let counted = indices.dims.len() as i64;
    let batch_dims = if batch_dims < 0 { batch_dims + counted } else { batch_dims };
    let batch_dims = site.is_in("batch_dims", batch_dims, 0, counted.min(axis as i64))? as usize;
    let (batches, listed) = indices.dims.split_at(batch_dims);
    if source.dims[..batch_dims] != *batches {
        let [a, b] = [&indices.dims, &source.dims].map(|dims| format!("{dims:?}"));
        return Err(site.copy_fault(CopyFault::Concatenated { a, b }));
    }
    let shape = [&source.dims[..axis], listed, &source.dims[axis + 1..]].concat();
    let gathered = Gathered {
        batches: product(batches),
        repeats: product(&source.dims[batch_dims..axis]),
        choices: source.dims[axis],
        count: product(listed),
        block: product(&source.dims[axis + 1..]),
        steps: vec![1],
    };
    let output = site.output_of(0, &[source.element])?;
    site.shape(&output, &shape)?;
    gathered.emit(site, &source, &indices, output.place)
}

/// Lowers GATHER_ND: the tensor, then indices of several numbers, one for each of its first
/// dimensions.
pub(super) fn lower_nd(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let source = site.read(0, "input", &TYPES)?;
    let indices = site.read(1, "indices", &[Int32])?;
    let rank = source.rank(site, "input", (1, 6))?;
    indices.rank(site, "indices", (1, 6))?;
    let Some((&numbers, listed)) = indices.dims.split_last() else { return Ok(()) };
    let most = rank.min(INDEX_NUMBERS_MAX) as i64;
    let numbers = site.is_in("numbers of an index", numbers.into(), 1, most)? as usize;
    let (chosen, block) = source.dims.split_at(numbers);
    let gathered = Gathered {
        batches: 1,
        repeats: 1,
        choices: product(chosen),
        count: product(listed),
        block: product(block),
        steps: strides(chosen),
    };
    let output = site.output_of(0, &[source.element])?;
    site.shape(&output, &[listed, block].concat())?;
    gathered.emit(site, &source, &indices, output.place)
}

/// Lowers EMBEDDING_LOOKUP: numbers of rows, then the table of them, of which FLOAT32 is made where
/// the output has it.
pub(super) fn lower_embedding(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let indices = site.read(0, "indices", &[Int32])?;
    indices.rank(site, "indices", (1, 1))?;
    let source = site.read(1, "table", &TYPES)?;
    source.rank(site, "table", (2, 6))?;
    let (count, row) = (indices.dims[0], &source.dims[1..]);
    let gathered = Gathered {
        batches: 1,
        repeats: 1,
        choices: source.dims[0],
        count,
        block: product(row),
        steps: vec![1],
    };
    let types = if source.element == Float32 { vec![Float32] } else { vec![Float32, Int8] };
    let output = site.output_of(0, &types)?;
    site.shape(&output, &[&[count], row].concat())?;
    if source.element == site.element(&output) {
        return gathered.emit(site, &source, &indices, output.place);
    }
    let scale = scale_of_table(site, &source)?;
    let rows = site.temporary(like(&output.tensor, DType::I8, scale));
    gathered.emit(site, &source, &indices, rows)?;
    dequantised(site, rows, output.place);
    Ok(())
}

fn scale_of_table(site: &Site<'_, '_>, table: &Read<'_>) -> Result<f32, ImportError> {
    let (scale, zero_point) = site.scale_of_input(1)?;
    if zero_point == 0 {
        return Ok(scale);
    }
    let fault = TensorFault::ZeroPoint { found: zero_point.into(), least: 0, most: 0 };
    Err(site.tensor_fault("table", table.index, fault))
}
