//! Rules for every text file: names, depth, spaces, unfinished marks, places, page lengths.

use super::{File, Violation};

/// Folders above a file, at most.
const DEPTH_MAX: usize = 4;

/// Names that say nothing about what is inside.
pub(super) const EMPTY_NAMES: [&str; 7] =
    ["util", "utils", "common", "misc", "helpers", "types", "prelude"];

/// Marks of unfinished work. Written in two halves, or this file would break its own rule.
const UNFINISHED: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X")];

/// Folders that exist on one machine only; halved for the same reason.
const MACHINE_PATHS: [&str; 3] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/fa", "rm")];

/// Pages that must stay short, with their most lines. A name with `/` at its end is a folder.
const PAGES: [(&str, usize); 3] =
    [("README.md", 150), ("docs/architecture.md", 300), ("docs/decisions/", 60)];

/// Endings of files that hold numbers, even where the bytes happen to be letters.
const DATA_ENDINGS: [&str; 7] = [".i8", ".u8", ".i32", ".f32", ".tflite", ".ikm", ".npy"];

/// Starting points for the fuzzer: any bytes, under names without an ending.
const SEEDS: &str = "fuzz/seeds/";

/// Returns whether a file holds data, to which no rule for text applies.
pub(super) fn is_data(path: &str) -> bool {
    path.starts_with(SEEDS) || DATA_ENDINGS.iter().any(|ending| path.ends_with(ending))
}

/// Checks what a path alone can break; also for files that are not text.
pub(super) fn check_path(path: &str) -> Vec<Violation> {
    let file = File { path, text: "" };
    let mut violations = Vec::new();
    let depth = path.matches('/').count();
    if depth > DEPTH_MAX {
        let message = format!("{depth} folders deep; at most {DEPTH_MAX}");
        violations.push(file.violation(0, message));
    }
    for part in path.split('/') {
        let stem = part.split('.').next().unwrap_or_default();
        if EMPTY_NAMES.contains(&stem) {
            let message = format!("`{stem}` says nothing; name what is inside");
            violations.push(file.violation(0, message));
        }
    }
    violations
}

/// Checks the text of one file.
pub(super) fn check(file: &File<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let number = index + 1;
        if line.trim_end() != line {
            violations.push(file.violation(number, "space at the end of the line"));
        }
        for mark in UNFINISHED.iter().filter(|mark| has_word(line, mark)) {
            let message = format!("`{mark}`: finish it, or write down what is not supported");
            violations.push(file.violation(number, message));
        }
        for place in MACHINE_PATHS.iter().filter(|place| has_path(line, place)) {
            let message = format!("`{place}` is a folder of one machine");
            violations.push(file.violation(number, message));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        violations.push(file.violation(0, "the last line has no end"));
    }
    violations.extend(check_page(file));
    violations
}

fn check_page(file: &File<'_>) -> Option<Violation> {
    let covers =
        |page: &str| page == file.path || page.ends_with('/') && file.path.starts_with(page);
    let (_, lines_max) = PAGES.into_iter().find(|(page, _)| covers(page))?;
    let lines = file.text.lines().count();
    (lines > lines_max).then(|| file.violation(0, format!("{lines} lines; at most {lines_max}")))
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric()).any(|found| found == word)
}

/// Returns whether an absolute path starts here; the same letters inside a longer path do not
/// count.
fn has_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-}".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::{File, check, check_path, is_data};

    fn messages(path: &str, text: &str) -> Vec<String> {
        let mut found = check_path(path);
        found.extend(check(&File { path, text }));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn clean_text_passes() {
        assert!(messages("docs/a.md", "net/work/ and fixme\n").is_empty());
        assert!(messages("crates/a/src/b/c.rs", "").is_empty());
    }

    #[test]
    fn planted_violations_are_found() {
        let fix = concat!("// FIX", "ME later\n");
        let place = concat!("see /wo", "rk/a\n");
        let cases = [
            ("a/utils/b.rs", "", "a/utils/b.rs: `utils`"),
            ("a/types.rs", "", "a/types.rs: `types`"),
            ("a/b/c/d/e/f.rs", "", "a/b/c/d/e/f.rs: 5 folders"),
            ("a.md", "x \n", "a.md:1: space"),
            ("a.md", "x", "a.md: the last line"),
            ("a.md", fix, "a.md:1: `FIX"),
            ("a.md", place, "a.md:1: `/wo"),
        ];
        for (path, text, start) in cases {
            let found = messages(path, text);
            assert!(found.len() == 1 && found[0].starts_with(start), "{start}: {found:?}");
        }
    }

    #[test]
    fn numbers_and_seeds_are_not_text() {
        assert!(is_data("tests/vectors/a.i8") && is_data("fuzz/seeds/read_ikm/empty"));
        assert!(!is_data("fuzz/src/a.rs") && !is_data("docs/i8.md"));
    }

    #[test]
    fn pages_have_a_length() {
        assert!(messages("README.md", &"x\n".repeat(150)).is_empty());
        assert_eq!(messages("README.md", &"x\n".repeat(151)).len(), 1);
        assert_eq!(messages("docs/decisions/0001.md", &"x\n".repeat(61)).len(), 1);
        assert!(messages("docs/format.md", &"x\n".repeat(500)).is_empty());
    }
}
