//! `cargo xtask tidy`: house rules in numbers, checked on every file git tracks or would track.
//!
//! Rules that rustfmt, rustc or clippy know are left to them: format, missing documentation,
//! length of functions (`too_many_lines`, threshold in `clippy.toml`). The rest is here, each
//! rule one function from text to violations, with a planted violation in its test.

mod kinds;
mod manifest;
mod pairs;
mod rust;
mod skips;
mod text;
mod words;

use crate::failure::Failure;
use crate::repository;
use core::fmt;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Violation {
    /// The file, relative to the root.
    path: String,
    /// The line from 1, or 0 when the file as a whole is meant.
    line: usize,
    /// What is wrong and what would be right.
    message: String,
}

/// A file with its text.
struct File<'a> {
    path: &'a str,
    text: &'a str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.path, self.message)
        } else {
            write!(f, "{}:{}: {}", self.path, self.line, self.message)
        }
    }
}

impl File<'_> {
    fn violation(&self, line: usize, message: impl Into<String>) -> Violation {
        Violation { path: self.path.to_owned(), line, message: message.into() }
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Prints every violation, sorted by file and line, and fails when there is one.
pub(crate) fn run() -> Result<(), Failure> {
    let paths = repository::files()?;
    let mut violations = Vec::new();
    let mut texts = Vec::new();
    for path in &paths {
        violations.extend(text::check_path(path));
        if text::is_data(path) {
            continue;
        }
        let full = repository::root().join(path);
        let bytes = std::fs::read(&full).map_err(|source| Failure::Path { path: full, source })?;
        if let Ok(text) = String::from_utf8(bytes) {
            texts.push((path.as_str(), text));
        }
    }
    let doors = rust::Doors::read(&texts);
    for (path, text) in &texts {
        violations.extend(check(&File { path, text }, &doors));
    }
    violations.extend(doors.check_all_open());
    let pairs = pairs::Pairs::read(&texts);
    violations.extend(pairs.check());
    let kinds = kinds::Kinds::read(&texts);
    violations.extend(kinds.check());
    violations.extend(words::Words::read(&texts).check());
    violations.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    violations.iter().for_each(|violation| println!("{violation}"));
    println!("{pairs}\n\n{kinds}\n");
    if violations.is_empty() {
        println!("tidy: {} files, no violation", paths.len());
        return Ok(());
    }
    Err(Failure::Rules(violations.len()))
}

fn check(file: &File<'_>, doors: &rust::Doors) -> Vec<Violation> {
    let mut violations = text::check(file);
    violations.extend(manifest::check(file));
    if file.is_rust() {
        violations.extend(rust::check(file, doors));
        violations.extend(skips::check(file));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::{File, Violation};

    #[test]
    fn a_violation_names_file_and_line() {
        let file = File { path: "a/b.rs", text: "" };
        assert_eq!(file.violation(3, "too long").to_string(), "a/b.rs:3: too long");
        assert_eq!(file.violation(0, "too long").to_string(), "a/b.rs: too long");
        assert!(file.is_rust());
    }

    #[test]
    fn equal_violations_compare_equal() {
        let violation = || Violation { path: "a".to_owned(), line: 1, message: "m".to_owned() };
        assert_eq!(violation(), violation());
    }
}
