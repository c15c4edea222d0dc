//! Counts the checks of packed models, and the pairs of values that show where each one refuses.
//!
//! A check is a call of `require`, `.ok_or` or `return Err` in the check code of `isokern-model`;
//! its name is the field it names, or the variant of the error. A pair is a call of `pair` or
//! `pair_until` in the suite `check_pairs`, whose first literal is that name; the first line of a
//! file of the suite says which file of checks it is about. A call in a loop counts once. The page
//! of the format must have every name.

use super::Violation;
use std::collections::BTreeMap;
use std::fmt;
use xtask::source;

/// The crate that checks.
const CRATE: &str = "crates/isokern-model/";
/// The files that check; a name with `/` at its end is a folder.
const CHECKS: [&str; 4] = ["src/check.rs", "src/check/", "src/operators.rs", "src/operators/"];
/// The suite.
const SUITE: &str = "tests/check_pairs/";
/// The page that says what is checked.
const PAGE: &str = "docs/format.md";
/// What the first line of a file of the suite starts with, before a path in backticks.
const ABOUT: &str = "//! Pairs of `";

/// How many checks and pairs there are, by file of checks and by name.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    rows: BTreeMap<String, BTreeMap<String, Count>>,
    nameless: Vec<Violation>,
    page: String,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    checks: usize,
    pairs: usize,
}

impl Pairs {
    /// Counts both in files, which are pairs of path and text.
    pub(super) fn read(texts: &[(&str, String)]) -> Self {
        let page = texts.iter().find(|(path, _)| *path == PAGE).map(|(_, text)| text.clone());
        let mut counts = Self { page: page.unwrap_or_default(), ..Self::default() };
        for (path, text) in texts {
            let Some(inner) = path.strip_prefix(CRATE) else { continue };
            let is_in =
                |place: &&str| inner == *place || place.ends_with('/') && inner.starts_with(*place);
            if CHECKS.iter().any(is_in) {
                counts.add_checks(inner, text);
            } else if let Some(about) = about(text).filter(|_| inner.starts_with(SUITE)) {
                for call in calls(text, &["pair(", "pair_until("]) {
                    counts.count(about, call.first_literal()).pairs += 1;
                }
            }
        }
        counts
    }

    fn add_checks(&mut self, file: &str, text: &str) {
        for call in calls(text, &["require(", "require_header(", ".ok_or(", "return Err("]) {
            let name = call.last_literal().or_else(|| call.variant());
            if name.is_none() {
                let message = "this check names no field, and no variant of an error".to_owned();
                let path = format!("{CRATE}{file}");
                self.nameless.push(Violation { path, line: call.line, message });
            }
            self.count(file, name).checks += 1;
        }
    }

    fn count(&mut self, file: &str, name: Option<String>) -> &mut Count {
        let names = self.rows.entry(file.to_owned()).or_default();
        names.entry(name.unwrap_or_default()).or_default()
    }

    /// Finds checks with fewer pairs than there are checks of their name, pairs of no check, and
    /// names that the page does not have.
    pub(super) fn check(&self) -> Vec<Violation> {
        let mut violations = self.nameless.clone();
        for (file, names) in &self.rows {
            for (name, count) in names {
                let Count { checks, pairs } = *count;
                let is_fine = pairs >= checks && checks > 0;
                let message = format!("`{name}` has {checks} checks, and {pairs} pairs in {SUITE}");
                let path = format!("{CRATE}{file}");
                violations.extend((!is_fine).then_some(Violation { path, line: 0, message }));
                let message = format!("`{name}` is checked in {file}, and not on this page");
                let path = PAGE.to_owned();
                let is_told = name.is_empty() || self.page.contains(&format!("`{name}`"));
                violations.extend((!is_told).then_some(Violation { path, line: 0, message }));
            }
        }
        violations
    }
}

impl fmt::Display for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = |names: &BTreeMap<String, Count>| {
            names
                .values()
                .fold((0, 0), |(checks, pairs), count| (checks + count.checks, pairs + count.pairs))
        };
        writeln!(f, "{:<36} {:>6} {:>6}", "checks of packed models", "checks", "pairs")?;
        let (mut all_checks, mut all_pairs) = (0, 0);
        for (file, names) in &self.rows {
            let (checks, pairs) = total(names);
            (all_checks, all_pairs) = (all_checks + checks, all_pairs + pairs);
            writeln!(f, "{file:<36} {checks:>6} {pairs:>6}")?;
        }
        write!(f, "{:<36} {all_checks:>6} {all_pairs:>6}", "total")
    }
}

/// Returns the file of checks that a file of the suite is about.
fn about(text: &str) -> Option<&str> {
    Some(text.strip_prefix(ABOUT)?.split_once('`')?.0)
}

/// A call in the source, with its arguments.
struct Call {
    line: usize,
    arguments: String,
}

impl Call {
    fn literals(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.arguments.split('"').skip(1).step_by(2).collect::<Vec<_>>().into_iter()
    }

    fn first_literal(&self) -> Option<String> {
        self.literals().next().map(str::to_owned)
    }

    fn last_literal(&self) -> Option<String> {
        self.literals().next_back().map(str::to_owned)
    }

    /// Returns the variant of the error that the arguments make.
    fn variant(&self) -> Option<String> {
        let (_, rest) = self.arguments.split_once("FormatError::")?;
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    }
}

/// Returns the calls whose name and opening parenthesis are one of `starts`.
fn calls(text: &str, starts: &[&str]) -> Vec<Call> {
    let chars: Vec<char> = text.chars().collect();
    let code: Vec<char> = source::code_only(text).chars().collect();
    let starts_at = |at: usize| {
        let found = starts
            .iter()
            .find(|start| start.chars().eq(code[at..].iter().copied().take(start.len())))?;
        let before: String = code[..at].iter().rev().take(3).collect();
        let is_whole = found.starts_with('.')
            || !before.starts_with(|c: char| c.is_alphanumeric() || c == '_') && before != " nf";
        is_whole.then_some(at + found.len())
    };
    let call = |from: usize| {
        let line = code[..from].iter().filter(|c| **c == '\n').count() + 1;
        let arguments = chars[from..closing(&code, from)].iter().collect();
        Call { line, arguments }
    };
    (0..code.len()).filter_map(starts_at).map(call).collect()
}

/// Returns where the parenthesis closes that is open at `from`.
fn closing(code: &[char], from: usize) -> usize {
    let mut depth = 1_usize;
    for (at, c) in code.iter().enumerate().skip(from) {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    code.len()
}

#[cfg(test)]
#[path = "pairs_tests.rs"]
mod tests;
