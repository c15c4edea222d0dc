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
use crate::operator::Cost;
use crate::operators::check_kind;
use crate::site::OperatorSite;

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
    #[inline]
    pub fn parse_for<S: OperatorSet>(blob: &'m [u8]) -> Result<Self, FormatError> {
        Self::parse_by(blob, check_kind::<S>)
    }

    /// Checks `blob`, whose operators `check_kind` checks, and views it.
    ///
    /// As [`parse`](Self::parse), for programs that choose kinds when they are linked. `check_kind`
    /// returns what [`check_one`](crate::operators::linked::check_one) says of an operator, or
    /// `None` for one of a kind that the program does not have.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse), and [`FormatError::NotBuilt`] for an operator that
    /// `check_kind` has no checks for.
    #[inline(never)] // Not inlined: firmware's stack holds checks or a run, not both.
    pub fn parse_by(
        blob: &'m [u8],
        check_kind: impl Fn(&OperatorSite<'_>) -> Option<Result<Cost, &'static str>>,
    ) -> Result<Self, FormatError> {
        let model = Self::unchecked(blob, header::check(blob)?);
        ports::check(&model)?;
        constants::check(&model)?;
        tensors::check(&model)?;
        totals(&model, check_kind)?;
        memory::check(&model)?;
        Ok(model)
    }
}

/// Checks every operator, and the totals the header states.
fn totals(
    model: &Model<'_>,
    check_kind: impl Fn(&OperatorSite<'_>) -> Option<Result<Cost, &'static str>>,
) -> Result<(), FormatError> {
    let (mut macs, mut work, mut set) = (0_u64, 0_u64, OpSet::EMPTY);
    let mut lists = operators::Stretches::of(model);
    for (index, record) in model.sections.operators.iter().enumerate() {
        let cost = operators::check(model, (index, record), &mut lists, &check_kind)?;
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
