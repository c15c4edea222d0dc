//! The loop that runs the operators of a model.

use core::ops::Range;

use crate::memory::Memory;
use crate::model::Model;
use isokern_core::Team;
use thiserror::Error;

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
/// range ran, if `L` lacks an operator kind of the model.
#[inline(never)] // A frame of its own, gone when the caller does something else.
pub fn run_ops<T: Team, L: Loops>(
    team: &T,
    loops: &L,
    model: &Model<'_>,
    memory: Memory<'_>,
    range: Range<usize>,
) -> Result<(), RunError> {
    if !L::OPERATORS.contains_all(model.operator_set()) {
        let missing = model.ops().position(|op| !L::OPERATORS.contains(op.kind()));
        let index = missing.and_then(|index| u16::try_from(index).ok()).unwrap_or(0);
        return Err(RunError::NotBuilt { index });
    }
    for index in range.start..range.end.min(model.operator_count()) {
        // In one place: a copy of an operator is 170 bytes of firmware's stack.
        let mut op = model.op(index);
        if let Some(op) = &mut op {
            op.run(team, loops, memory);
        }
        team.sync();
    }
    Ok(())
}
