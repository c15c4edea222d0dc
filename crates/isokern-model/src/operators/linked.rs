//! One operator of a known kind, for programs that choose kinds when they are linked.
//!
//! An operator of another kind is checked as one of `O`, and gives an error or a cost that is none.

use isokern_core::Team;

use super::{HasKind, check, fails_of, run};
use crate::loops::Loops;
use crate::memory::Memory;
use crate::operator::Cost;
use crate::site::OperatorSite;

/// Checks one operator, which is of kind `O`, and returns what it costs.
///
/// # Errors
///
/// The name of the first field that is not valid.
pub fn check_one<O: HasKind>(site: &OperatorSite<'_>) -> Result<Cost, &'static str> {
    check::<O>(site)
}

/// Returns whether the values that one checked operator of kind `O` reads make it fail.
#[must_use]
pub fn fails_one<O: HasKind>(site: &OperatorSite<'_>, memory: &Memory<'_>) -> bool {
    O::CAN_FAIL && fails_of::<O>(site, memory)
}

/// Runs the calling rank's share of one checked operator of kind `O`, without a barrier.
pub fn run_one<O: HasKind, T: Team, L: Loops>(
    (team, loops): (&T, &L),
    site: &OperatorSite<'_>,
    memory: &Memory<'_>,
) {
    run::<O, T, L>((team, loops), site, memory);
}
