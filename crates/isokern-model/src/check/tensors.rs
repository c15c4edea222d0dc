//! Checks the tensor records: types, sizes, places and lifetimes.

use core::ops::RangeInclusive;

use isokern_core::DType;

use crate::error::FormatError;
use crate::model::Model;
use crate::operator::{Check, require};
use crate::tensor::{RANK_MAX, Region, TensorRecord};

pub(super) fn check(model: &Model<'_>) -> Result<(), FormatError> {
    for (record, index) in model.sections.tensors.iter().zip(0..) {
        values(record)
            .and_then(|dtype| place(model, record, dtype))
            .and_then(|()| lifetime(model, record, index))
            .map_err(|field| FormatError::Tensor { index, field })?;
    }
    Ok(())
}

/// Checks everything that concerns no other record; returns the element type.
fn values(record: &TensorRecord) -> Result<DType, &'static str> {
    let dtype = DType::from_code(record.dtype).ok_or("dtype")?;
    require(is_of_tensors(dtype), "dtype")?;
    let rank = usize::from(record.rank);
    require((1..=RANK_MAX).contains(&rank), "rank")?;
    require(record.dims.iter().all(|&size| size > 0), "dims")?;
    require(record.dims.iter().take(RANK_MAX - rank).all(|&size| size == 1), "dims")?;
    let bytes = record
        .dims
        .iter()
        .try_fold(dtype.size_bytes(), |bytes: usize, &size| bytes.checked_mul(size as usize));
    require(bytes == Some(record.bytes as usize), "bytes")?;
    require(record.scale.is_finite() && record.scale > 0.0, "scale")?;
    require(zero_points(dtype).contains(&record.zero_point), "zero_point")?;
    require(record.reserved == 0, "reserved")?;
    Ok(dtype)
}

/// Returns whether tensors have this type.
const fn is_of_tensors(dtype: DType) -> bool {
    match dtype {
        DType::I8
        | DType::U8
        | DType::I16
        | DType::I32
        | DType::U32
        | DType::I64
        | DType::U64
        | DType::F32
        | DType::Bool => true,
        DType::U16 | DType::F16 | DType::Bf16 | DType::F64 | _ => false,
    }
}

/// Returns the zero points a type may have.
fn zero_points(dtype: DType) -> RangeInclusive<i16> {
    // Not a `match`, of which compilers make tables, longer than this is.
    if dtype == DType::I8 {
        -128..=127
    } else if dtype == DType::U8 {
        0..=255
    } else {
        0..=0
    }
}

fn place(model: &Model<'_>, record: &TensorRecord, dtype: DType) -> Check {
    let region = Region::from_code(record.region).ok_or("region")?;
    let region_bytes = match region {
        Region::Arena => model.arena_bytes(),
        Region::State => model.state_bytes(),
    };
    let (offset, bytes) = (record.offset as usize, record.bytes as usize);
    require(offset.is_multiple_of(dtype.size_bytes()), "offset")?;
    require(offset.checked_add(bytes).is_some_and(|end| end <= region_bytes), "offset")
}

fn lifetime(model: &Model<'_>, record: &TensorRecord, number: u16) -> Check {
    let last_step = model.operator_count() + 1;
    let (first, last) = (usize::from(record.first_step), usize::from(record.last_step));
    require(first <= last, "last_step")?;
    require(last <= last_step, "last_step")?;
    if record.region == Region::State.code() {
        // Its bytes hold from one run to the next.
        require(first == 0, "first_step")?;
        require(last == last_step, "last_step")?;
        return require(record.root == number, "root");
    }
    let is_output = (0..model.output_count()).any(|at| model.output_index(at) == Some(number));
    require(!is_output || last == last_step, "last_step")?;
    if (0..model.input_count()).any(|at| model.input_index(at) == Some(number)) {
        require(first == 0, "first_step")?;
        return require(record.root == number, "root");
    }
    // Exactly one operator writes it, or uses it as scratch: the one that runs at its first step.
    let site = first.checked_sub(1).and_then(|index| model.operator_site(index));
    let is_named = site.is_some_and(|site| site.is_owner_of(number));
    require(is_named, "first_step")
}
