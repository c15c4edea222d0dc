//! How many tests passed, failed and were skipped, from what test programs print.
//!
//! Three kinds of lines count, in the words of libtest, rustdoc and libtest-mimic alike:
//!
//! - `running 3 tests`: a program starts;
//! - `test NAME ... ignored` with the reason after a comma or in parentheses, and
//!   `test NAME ... FAILED`: what a test is called that did not pass;
//! - `test result: ok. 2 passed; 0 failed; 1 ignored; ...`: the program ends, and how many there
//!   were. The totals are the sums of these alone.

use crate::failure::Failure;
use core::fmt;

/// What was printed so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    started: u64,
    ended: u64,
    passed: u64,
    failed: u64,
    skipped: u64,
    failures: Vec<String>,
    /// Reasons in the order they came, and the tests that were skipped for each.
    skips: Vec<(String, Vec<String>)>,
}

/// What a test is said to have been skipped for where it does not say.
const NO_REASON: &str = "no stated reason";

impl Tally {
    /// Reads a line of the output; lines of no meaning here are passed over.
    pub(super) fn read(&mut self, line: &str) {
        let line = without_colours(line);
        let line = line.trim();
        if is_start(line) {
            self.started += 1;
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.read_result(result);
        } else if let Some((name, outcome)) =
            line.strip_prefix("test ").and_then(|test| test.split_once(" ... "))
        {
            self.read_test(name.trim(), outcome.trim());
        }
    }

    /// Adds the counts of a program's last line: `ok. 2 passed; 0 failed; 1 ignored; ...`.
    fn read_result(&mut self, result: &str) {
        let Some((_, counts)) = result.split_once(". ") else { return };
        self.ended += 1;
        for count in counts.split(';') {
            let Some((number, what)) = count.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }

    fn read_test(&mut self, name: &str, outcome: &str) {
        if let Some(rest) = outcome.strip_prefix("ignored") {
            let reason = rest.strip_prefix(',').map(str::trim);
            let in_parentheses = || rest.trim().strip_prefix('(')?.strip_suffix(')');
            let reason = reason.or_else(in_parentheses).unwrap_or(NO_REASON);
            match self.skips.iter_mut().find(|(known, _)| known == reason) {
                Some((_, names)) => names.push(name.to_owned()),
                None => self.skips.push((reason.to_owned(), vec![name.to_owned()])),
            }
        } else if outcome.starts_with("FAILED") {
            self.failures.push(name.to_owned());
        }
    }

    /// Fails when a test failed, when a program ended early, and when there was no test at all.
    pub(super) fn judge(&self) -> Result<(), Failure> {
        if self.failed > 0 {
            return Err(Failure::Check(format!("tests failed: {}", self.failed)));
        }
        let early = self.started.saturating_sub(self.ended);
        if early > 0 {
            return Err(Failure::Check(format!("test programs without a last line: {early}")));
        }
        if self.ended == 0 {
            return Err(Failure::Check("no test program ran".to_owned()));
        }
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.failures {
            writeln!(f, "failed:  {name}")?;
        }
        for (reason, names) in &self.skips {
            writeln!(f, "skipped ({reason}):")?;
            names.iter().try_for_each(|name| writeln!(f, "    {name}"))?;
        }
        let named: usize = self.skips.iter().map(|(_, names)| names.len()).sum();
        let unnamed = self.skipped.saturating_sub(named as u64);
        if unnamed > 0 {
            writeln!(f, "skipped: {unnamed} tests whose names were not printed")?;
        }
        let Self { passed, failed, skipped, .. } = self;
        write!(f, "xtask test: {passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Returns whether a line is `running 1 test` or `running 12 tests`.
fn is_start(line: &str) -> bool {
    let rest = line.strip_prefix("running ");
    let count = rest.and_then(|rest| rest.strip_suffix(" tests").or(rest.strip_suffix(" test")));
    count.is_some_and(|count| count.parse::<u64>().is_ok())
}

/// Returns the line without the escape sequences that colour it.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        text + &part[end..]
    })
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
