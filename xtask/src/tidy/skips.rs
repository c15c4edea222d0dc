//! Rules for tests that may lack what they need: they are skipped by name, never passed.

use super::{File, Violation};
use xtask::source;

/// Checks one Rust file.
pub(super) fn check(file: &File<'_>) -> Vec<Violation> {
    let mut violations = check_words(file);
    violations.extend(check_harness(file));
    violations
}

/// Finds tests that say on the terminal that they were skipped: those end as passed.
fn check_words(file: &File<'_>) -> Vec<Violation> {
    let says = |line: &str| line.contains("print") && line.contains("!(\"skipped");
    let lines = file.text.lines().enumerate().filter(|(_, line)| says(line.trim_start()));
    let message = "who prints `skipped` passes; `isokern_tests::trials` skips by name";
    lines.map(|(index, _)| file.violation(index + 1, message)).collect()
}

/// Finds `#[test]` in a suite with a `main` of its own: nothing would run it.
fn check_harness(file: &File<'_>) -> Vec<Violation> {
    let is_suite = file.path.split('/').rev().nth(1) == Some("tests");
    let code = source::code_only(file.text);
    if !is_suite || !code.lines().any(|line| line.starts_with("fn main()")) {
        return Vec::new();
    }
    let lines = code.lines().enumerate().filter(|(_, line)| line.trim() == "#[test]");
    let message = "`#[test]` beside `main` never runs; make it one of the suite's trials";
    lines.map(|(index, _)| file.violation(index + 1, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::{File, check};

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&File { path, text }).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn who_prints_that_it_was_skipped_is_found() {
        let planted = "fn f() {\n    println!(\"skipped: no device\");\n}\n";
        assert!(found("a/tests/b.rs", planted)[0].starts_with("a/tests/b.rs:2: who prints"));
        let fine = "/// Never `println!(skipped)`.\nfn f() { println!(\"{} skipped\", 1); }\n";
        assert!(found("a/tests/b.rs", fine).is_empty());
    }

    #[test]
    fn a_test_that_nothing_runs_is_found() {
        let suite = "fn main() -> ExitCode {\n}\n\n#[test]\nfn f() {}\n";
        assert!(found("tests/tests/a.rs", suite)[0].starts_with("tests/tests/a.rs:4: `#[test]`"));
        assert!(found("crates/a/src/main.rs", suite).is_empty());
        assert!(found("tests/tests/a.rs", "#[test]\nfn f() {}\n").is_empty());
    }
}
