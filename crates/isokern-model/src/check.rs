//! Everything an executor relies on, checked once, in bounded time, without heap.
//!
//! The order matters: the header makes the sections readable, the tensors make
//! sizes trustworthy, the operators may then multiply them without overflow, and
//! the memory plan compares the places of all of them.

mod constants;
mod header;
mod memory;
mod operators;
mod ports;
mod tensors;

use crate::error::FormatError;
use crate::header::WORK_MAX;
use crate::kind::{AllOperators, OpSet, OperatorSet};
use crate::model::Model;

impl<'m> Model<'m> {
    /// Checks `blob` and views it.
    ///
    /// The time is bounded by the blob's length and the caps in [`header`](crate::header);
    /// no heap is used. What is checked is listed in `docs/format.md`.
    ///
    /// # Errors
    ///
    /// The first thing found wrong, as a [`FormatError`] that names the field.
    pub fn parse(blob: &'m [u8]) -> Result<Self, FormatError> {
        Self::parse_for::<AllOperators>(blob)
    }

    /// Checks `blob`, whose operators are all of kinds in `S`, and views it.
    ///
    /// As [`parse`](Self::parse), without the code that checks other kinds. `include_model!` and
    /// the CPU backend use it.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse), and [`FormatError::NotBuilt`] for an operator of another
    /// kind.
    #[inline(never)] // Not inlined: firmware's stack holds checks or a run, not both.
    pub fn parse_for<S: OperatorSet>(blob: &'m [u8]) -> Result<Self, FormatError> {
        let model = Self::unchecked(blob, header::check(blob)?);
        ports::check(&model)?;
        constants::check(&model)?;
        tensors::check(&model)?;
        totals::<S>(&model)?;
        memory::check(&model)?;
        Ok(model)
    }
}

/// Checks every operator, and the totals the header states.
fn totals<S: OperatorSet>(model: &Model<'_>) -> Result<(), FormatError> {
    let (mut macs, mut work, mut set) = (0_u64, 0_u64, OpSet::EMPTY);
    let mut lists = operators::Stretches::of(model);
    for (index, record) in model.sections.operators.iter().enumerate() {
        let cost = operators::check::<S>(model, index, record, &mut lists)?;
        macs = macs.saturating_add(cost.macs);
        work = work.saturating_add(cost.work);
        set = set.with_code(record.kind);
        require(work <= WORK_MAX, "work")?;
    }
    lists.check_end(model)?;
    require(macs == model.header().macs(), "macs")?;
    require(set == model.operator_set(), "operator_set")
}

fn require(holds: bool, field: &'static str) -> Result<(), FormatError> {
    if holds { Ok(()) } else { Err(FormatError::Header { field }) }
}
