//! The loop that runs the operators of a model: a range of them, or from one on until somebody
//! wants to stop.

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

impl RunError {
    /// Returns the error as the fault code of a task: the cause in the upper half, the operator in
    /// the lower. Codes below 65 536 are for faults of others.
    ///
    /// ```
    /// use isokern_model::RunError;
    ///
    /// let error = RunError::Index { index: 7 };
    /// assert_eq!(error.fault_code(), 0x0002_0007);
    /// assert_eq!(RunError::of_fault_code(0x0002_0007), Some(error));
    /// assert_eq!(RunError::of_fault_code(7), None);
    /// ```
    #[must_use]
    pub const fn fault_code(self) -> u32 {
        match self {
            Self::NotBuilt { index } => NOT_BUILT << 16 | index as u32,
            Self::Index { index } => INDEX << 16 | index as u32,
        }
    }

    /// Returns the error of a fault code; `None` for a code that is none of a model.
    #[must_use]
    pub const fn of_fault_code(code: u32) -> Option<Self> {
        let index = (code & 0xffff) as u16;
        match code >> 16 {
            NOT_BUILT => Some(Self::NotBuilt { index }),
            INDEX => Some(Self::Index { index }),
            _ => None,
        }
    }
}

/// Causes in fault codes, which never change.
const NOT_BUILT: u32 = 1;
const INDEX: u32 = 2;

/// Runs the operators `range` of `model` in `memory`, with a barrier after each.
///
/// All ranks of the team call this with the same arguments. What the operators
/// before the range wrote must still be there; running `0..n` at once or in
/// pieces gives the same bytes. Indices past the last operator do nothing.
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

/// Runs operators as [`run_ops`] does, for the kinds of `S` alone.
///
/// Programs for several sets of kinds then share the code of the loops, which `L` has for all.
///
/// # Errors
///
/// [`RunError::NotBuilt`] as [`run_ops`], also if `S` lacks a kind of the model.
#[inline(never)] // Its stack frame must be gone before the caller's next step.
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

/// The progress of a run that may stop between operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a run that stopped has to go on"]
pub enum Progress {
    /// The last operator has run: the outputs are there.
    Done,
    /// It stopped before this operator, on request.
    Stopped {
        /// Where to go on.
        next: u32,
    },
}

/// Runs the operators of `model` from `first` on, and asks `stops` before each but the first
/// whether to stop there: the step of a task that runs a model.
///
/// At least one operator runs, so a run that goes on where it stopped comes to its end, however
/// often it is stopped. What it wrote must still be there when it goes on; the bytes are then those
/// of [`run_ops`]. A `first` past the last operator runs nothing and is [`Progress::Done`].
///
/// All ranks of the team call this with the same arguments, and `stops` answers all of them alike;
/// each rank asks after the barrier.
///
/// ```
/// use isokern_core::{Cells, Solo};
/// use isokern_model::{AllOperators, Memory, Model, PlainLoops, Progress, run_until_of};
///
/// # let bytes = include_bytes!("../../../tests/models/digits.ikm");
/// # #[repr(align(16))] struct Blob<const N: usize>([u8; N]);
/// # let blob = Blob(*bytes);
/// let model = Model::parse(&blob.0)?;
/// let mut arena = [0_i8; 1536];
/// let memory = Memory::stateless(Cells::from_mut(&mut arena));
/// let (mut next, mut claim_count) = (0, 0);
/// loop {
///     claim_count += 1;
///     match run_until_of::<AllOperators, _, _>(
///         &Solo, &PlainLoops::new(), &model, &memory, next, |_| true,
///     )? {
///         Progress::Done => break,
///         Progress::Stopped { next: at } => next = at,
///     }
/// }
/// assert_eq!(claim_count, model.operator_count());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`run_ops_of`].
pub fn run_until_of<S: OperatorSet, T: Team, L: Loops>(
    team: &T,
    loops: &L,
    model: &Model<'_>,
    memory: &Memory<'_>,
    first: u32,
    mut stops: impl FnMut(u32) -> bool,
) -> Result<Progress, RunError> {
    for index in first..model.operator_count() as u32 {
        if index > first && stops(index) {
            return Ok(Progress::Stopped { next: index });
        }
        let at = index as usize;
        run_ops_of::<S, T, L>(team, loops, model, memory, at..at + 1)?;
    }
    Ok(Progress::Done)
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
