//! Checks the tensor records: types, sizes, places and lifetimes.

use isokern_core::DType;

use crate::error::FormatError;
use crate::model::Model;
use crate::tensor::{Tensor, TensorRecord};

pub(super) fn check(model: &Model<'_>) -> Result<(), FormatError> {
    for index in 0..model.tensor_count() {
        let number = u16::try_from(index).unwrap_or(u16::MAX);
        let record = model.tensor_record(index);
        let fault = match &record {
            Some(record) => values(record)
                .and_then(|()| place(record, model.arena_bytes()))
                .and_then(|()| lifetime(model, record, number)),
            None => Err("record"),
        };
        fault.map_err(|field| FormatError::Tensor { index: number, field })?;
    }
    Ok(())
}

fn values(record: &TensorRecord) -> Result<(), &'static str> {
    require(record.dtype == DType::I8.code(), "dtype")?;
    require((1..=4).contains(&record.rank), "rank")?;
    let rank = usize::from(record.rank);
    require(record.dims.iter().all(|&size| size > 0), "dims")?;
    require(record.dims.iter().skip(rank).all(|&size| size == 1), "dims")?;
    require(record.scale.is_finite() && record.scale > 0.0, "scale")?;
    require(i8::try_from(record.zero_point).is_ok(), "zero_point")?;
    require(record.reserved == 0, "reserved")
}

fn place(record: &TensorRecord, arena_bytes: usize) -> Result<(), &'static str> {
    // Saturating products: a size that does not fit an address does not fit the arena.
    let end = Tensor::from_record(record).len().checked_add(record.arena_offset as usize);
    require(end.is_some_and(|end| end <= arena_bytes), "arena_offset")
}

fn lifetime(model: &Model<'_>, record: &TensorRecord, number: u16) -> Result<(), &'static str> {
    let header = model.header();
    let last_step = model.operator_count() + 1;
    require(record.first_step <= record.last_step, "last_step")?;
    require(usize::from(record.last_step) <= last_step, "last_step")?;
    if u32::from(number) == header.output_tensor {
        require(usize::from(record.last_step) == last_step, "last_step")?;
    }
    if u32::from(number) == header.input_tensor {
        require(record.first_step == 0, "first_step")?;
        return require(record.root == number, "root");
    }
    // Exactly one operator writes it: the one that runs at its first step.
    let writer = usize::from(record.first_step).checked_sub(1);
    let written = writer.and_then(|index| model.op_record(index)).map(|op| op.output);
    require(written == Some(number), "first_step")
}

fn require(holds: bool, field: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(field) }
}
