//! Failures on demand: the n-th call of a name, or of any name, returns a code and does nothing.

use core::str::FromStr;
use std::collections::HashMap;

use thiserror::Error;

use super::status::{Outcome, Status};

/// A call that is to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The call's name, or `*` for any.
    pub call: String,
    /// Which one, from 1.
    pub index: u64,
    /// What it returns.
    pub status: Status,
}

/// Text that is no failure.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not `call:index=code` with a code of the driver API. Fix: write for instance \
     `cuMemAlloc_v2:3=OUT_OF_MEMORY` or `*:17=700`"
)]
pub struct BadFailure(String);

impl FromStr for Failure {
    type Err = BadFailure;

    fn from_str(text: &str) -> Result<Self, BadFailure> {
        let parse = || {
            let (call, rest) = text.split_once(':')?;
            let (index, code) = rest.split_once('=')?;
            let index = index.trim().parse().ok().filter(|index| *index > 0)?;
            let code = code.trim();
            let number = code.parse().ok();
            let status = number.map_or_else(|| Status::from_name(code), Status::from_code)?;
            let call = call.trim();
            (!call.is_empty()).then(|| Self { call: call.to_owned(), index, status })
        };
        parse().ok_or_else(|| BadFailure(text.to_owned()))
    }
}

/// Counts calls and fails those that are planned to.
#[derive(Debug, Default)]
pub struct Injector {
    failures: Vec<Failure>,
    counts: HashMap<&'static str, u64>,
    total: u64,
}

impl Injector {
    /// Returns an injector with a plan; nothing is counted yet.
    #[must_use]
    pub fn new(failures: Vec<Failure>) -> Self {
        Self { failures, ..Self::default() }
    }

    /// Adds a failure. Its index counts from now on.
    pub fn add(&mut self, mut failure: Failure) {
        failure.index = failure.index.saturating_add(self.count(&failure.call));
        self.failures.push(failure);
    }

    /// Forgets all failures.
    pub fn clear(&mut self) {
        self.failures.clear();
    }

    /// Calls of a name so far, or of any name for `*`.
    #[must_use]
    pub fn count(&self, call: &str) -> u64 {
        if call == "*" { self.total } else { self.counts.get(call).copied().unwrap_or(0) }
    }

    /// Counts a call.
    ///
    /// # Errors
    ///
    /// The planned status, where this call is planned to fail.
    pub fn count_call(&mut self, call: &'static str) -> Outcome {
        let count = self.counts.entry(call).or_default();
        *count += 1;
        self.total += 1;
        let (count, total) = (*count, self.total);
        let hit = self.failures.iter().find(|failure| {
            failure.call == call && failure.index == count
                || failure.call == "*" && failure.index == total
        });
        hit.map_or(Ok(()), |failure| Err(failure.status))
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Injector, Status};

    #[test]
    fn the_planned_call_fails_and_no_other() {
        let mut injector =
            Injector::new(vec!["b:2=2".parse().unwrap(), "*:5=700".parse().unwrap()]);
        let outcomes: Vec<_> =
            ["b", "a", "b", "b", "a", "a"].map(|call| injector.count_call(call)).into();
        let (memory, address) = (Err(Status::OUT_OF_MEMORY), Err(Status::ILLEGAL_ADDRESS));
        assert_eq!(outcomes, [Ok(()), Ok(()), memory, Ok(()), address, Ok(())]);
        injector.add("a:1=1".parse().unwrap());
        assert_eq!(injector.count_call("a"), Err(Status::INVALID_VALUE));
        assert_eq!((injector.count("a"), injector.count("*")), (4, 7));
    }

    #[test]
    fn c14_every_code_of_the_driver_is_taken_by_number_and_by_name() {
        for (text, code) in [
            ("cuInit:1=803", 803),
            ("cuInit:1=34", 34),
            ("cuInit:1=CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", 803),
            ("cuInit:1=stub_library", 34),
            ("cuMemAlloc_v2:1=ECC_UNCORRECTABLE", 214),
        ] {
            let failure: Failure = text.parse().expect(text);
            assert_eq!(failure.status.code(), code, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "a", "a:0=1", "a:1=0", "a:1=12345", ":1=1", "a:x=1", "a=1:1", "a:1=OOPS"] {
            assert!(text.parse::<Failure>().is_err(), "{text}");
        }
    }
}
