//! Kinds of operators as values, for programs that choose them when they are linked.
//!
//! A [`CpuBackend`](crate::CpuBackend) has its kinds as a type, which a program in Rust chooses
//! when it is compiled. A library that was compiled before its program is known has one static
//! [`LinkedKind`] for each kind instead. The program names those of its model, and the linker drops
//! the code of the others.

use core::ops::Range;

#[cfg(not(feature = "std"))]
use isokern_core::Solo;
use isokern_model::operators::HasKind;
#[cfg(not(feature = "std"))]
use isokern_model::operators::linked::run_one;
use isokern_model::operators::linked::{check_one, fails_one};
use isokern_model::{Cost, FormatError, Memory, Model, OpKind, OperatorSite, RunError};

use crate::instruction_set::InstructionSet;

/// The code of one kind of operator.
///
/// ```
/// use isokern_cpu::linked::{LinkedKind, parse};
/// use isokern_cpu::model::operators::add::Add;
/// use isokern_cpu::model::{FormatError, OpKind, include_model};
///
/// include_model! {
///     pub mod digits = "../../../tests/models/digits.ikm";
/// }
///
/// static ADD: LinkedKind = LinkedKind::of::<Add>();
///
/// // The first operator is a convolution.
/// let error = parse(digits::BLOB, |kind| (kind == OpKind::Add).then_some(&ADD)).unwrap_err();
/// assert_eq!(error, FormatError::NotBuilt { index: 0 });
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LinkedKind {
    kind: OpKind,
    check: fn(&OperatorSite<'_>) -> Result<Cost, &'static str>,
    fails: Option<fn(&OperatorSite<'_>, &Memory<'_>) -> bool>,
    run: fn(InstructionSet, &OperatorSite<'_>, &Memory<'_>),
}

impl LinkedKind {
    /// Returns the code of the kind `K`, with all loops of this processor.
    #[must_use]
    pub const fn of<K: HasKind>() -> Self {
        Self {
            kind: K::KIND,
            check: check_one::<K>,
            fails: if K::CAN_FAIL { Some(fails_one::<K>) } else { None },
            run: run::<K>,
        }
    }

    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> OpKind {
        self.kind
    }
}

/// Checks a model as [`Model::parse`] does, with the checks of the kinds that `find` finds.
///
/// # Errors
///
/// As [`Model::parse`], and [`FormatError::NotBuilt`] for an operator of another kind.
pub fn parse<'m, 'k>(
    blob: &'m [u8],
    find: impl Fn(OpKind) -> Option<&'k LinkedKind>,
) -> Result<Model<'m>, FormatError> {
    Model::parse_by(blob, |site| Some((find(site.kind()?)?.check)(site)))
}

/// Runs all operators of a model on this processor, alone, with the code that `find` finds.
///
/// # Errors
///
/// [`RunError::NotBuilt`] and [`RunError::Index`], before the operator that they name; those before
/// it ran.
pub fn run_all<'k>(
    model: &Model<'_>,
    find: impl Fn(OpKind) -> Option<&'k LinkedKind>,
    memory: &Memory<'_>,
) -> Result<(), RunError> {
    run_steps(model, 0..model.operator_count(), find, memory)
}

/// Runs some operators of a model, by their numbers, as [`run_all`] runs all.
///
/// # Errors
///
/// As [`run_all`]; [`RunError::NotBuilt`] also for a number that is none.
pub fn run_steps<'k>(
    model: &Model<'_>,
    steps: Range<usize>,
    find: impl Fn(OpKind) -> Option<&'k LinkedKind>,
    memory: &Memory<'_>,
) -> Result<(), RunError> {
    let instructions = InstructionSet::detect();
    for index in steps {
        let number = index as u16; // A model has at most 65 535 operators.
        let not_built = RunError::NotBuilt { index: number };
        let site = &model.operator_site(index).ok_or(not_built)?;
        let kind = site.kind().and_then(&find).ok_or(not_built)?;
        if kind.fails.is_some_and(|fails| fails(site, memory)) {
            return Err(RunError::Index { index: number });
        }
        (kind.run)(instructions, site, memory);
    }
    Ok(())
}

/// Runs one operator of kind `K` with the fastest loops.
#[cfg(not(feature = "std"))]
fn run<K: HasKind>(_: InstructionSet, site: &OperatorSite<'_>, memory: &Memory<'_>) {
    run_one::<K, _, _>((&Solo, &crate::instruction_set::loops()), site, memory);
}

/// Runs one operator of kind `K` with the loops of a set.
#[cfg(feature = "std")]
fn run<K: HasKind>(instructions: InstructionSet, site: &OperatorSite<'_>, memory: &Memory<'_>) {
    instructions.run_one::<K>(site, memory);
}
