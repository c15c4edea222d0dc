//! The loop that runs the operators of a model.

use core::ops::Range;

use crate::memory::Memory;
use crate::model::Model;
use crate::operators::{fails, run_kind};
use crate::record::OpRecord;
use isokern_core::Team;
use thiserror::Error;

use crate::kind::{AllOperators, OpSet, OperatorSet};
use crate::loops::Loops;

/// Why operators did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The executor was built without this operator's kind.
    #[error(
        "operator {index} is of a kind this program was built without. Fix: build the executor \
         with the operator set of this model"
    )]
    NotBuilt {
        /// Index of the operator.
        index: u16,
    },
    /// An index that the operator reads is that of nothing.
    #[error(
        "operator {index} was given an index outside of what it picks from. Fix: pass indices \
         below the size of that dimension"
    )]
    Index {
        /// Index of the operator.
        index: u16,
    },
}

/// Runs the operators `range` of `model` in `memory`, with a barrier after each.
///
/// All ranks of the team call this with the same arguments. What the operators
/// before the range wrote must still be there; running `0..n` at once or in
/// pieces gives the same bytes. Indices behind the last operator do nothing.
///
/// # Errors
///
/// [`RunError::NotBuilt`], on every rank alike and before any operator of the
/// range ran, if `L` lacks an operator kind of the model. [`RunError::Index`], on every
/// rank alike, before the operator that it names; those before it ran.
pub fn run_ops<T: Team, L: Loops>(
    team: &T,
    loops: &L,
    model: &Model<'_>,
    memory: &Memory<'_>,
    range: Range<usize>,
) -> Result<(), RunError> {
    run_ops_of::<AllOperators, T, L>(team, loops, model, memory, range)
}

/// As [`run_ops`], for the kinds of `S` alone.
///
/// Programs for several sets of kinds then share the code of the loops, which `L` has for all.
///
/// # Errors
///
/// [`RunError::NotBuilt`] as [`run_ops`], also if `S` lacks a kind of the model.
#[inline(never)] // A frame of its own, gone when the caller does something else.
pub fn run_ops_of<S: OperatorSet, T: Team, L: Loops>(
    team: &T,
    loops: &L,
    model: &Model<'_>,
    memory: &Memory<'_>,
    range: Range<usize>,
) -> Result<(), RunError> {
    check_built(const { S::KINDS.and(L::OPERATORS) }, model)?;
    // Counts are 16 bits wide in a model; short numbers take fewer registers of a device.
    let end = range.end.min(model.operator_count()) as u32;
    for index in range.start.min(end as usize) as u32..end {
        if let Some(site) = &model.site_at(index) {
            if fails::<S, L>(site, memory) {
                return Err(RunError::Index { index: index as u16 });
            }
            run_kind::<S, T, L>((team, loops), site, memory);
        }
        team.sync();
    }
    Ok(())
}

/// Checks that the executor was built with every kind of the model.
#[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
fn check_built(built: OpSet, model: &Model<'_>) -> Result<(), RunError> {
    if built.contains_all(model.operator_set()) {
        return Ok(());
    }
    let is_missing = |record: &OpRecord| !built.contains_code(record.kind);
    let missing = model.sections.operators.iter().position(is_missing);
    let index = missing.and_then(|index| u16::try_from(index).ok()).unwrap_or(0);
    Err(RunError::NotBuilt { index })
}
