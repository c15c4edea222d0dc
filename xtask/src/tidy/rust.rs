//! Rules for Rust source: first line, widths, lengths, words that may not be code.

use super::text::EMPTY_NAMES;
use super::{File, Violation};
use xtask::source;

/// Columns of a line, at most.
const COLUMNS_MAX: usize = 100;

/// Lines of a source file without its inline tests, at most.
const LINES_MAX: usize = 350;

/// Lines of a test file or of generated source, at most.
const TEST_LINES_MAX: usize = 600;

/// Files that may be longer than [`LINES_MAX`], each with its own limit and the reason why.
const LONGER: [(&str, usize); 0] = [];

/// Macros that represent work not done.
const UNFINISHED_MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// The page that lists the files which may hold unsafe code.
const DOORS_PAGE: &str = "docs/safety.md";

/// The files that may hold unsafe code, and whether each does.
pub(super) struct Doors {
    rows: Vec<Door>,
}

struct Door {
    path: String,
    /// Its line in the page.
    line: usize,
    is_open: bool,
}

impl Doors {
    /// Reads the table of doors: rows whose first cell is the path of a Rust file in backticks.
    pub(super) fn read(texts: &[(&str, String)]) -> Self {
        let text_of = |path: &str| texts.iter().find(|(found, _)| *found == path);
        let page = text_of(DOORS_PAGE).map_or("", |(_, text)| text);
        let rows = page.lines().enumerate().filter_map(|(index, line)| {
            let (path, _) = line.strip_prefix("| `")?.split_once('`')?;
            let text = text_of(path).map_or("", |(_, text)| text);
            let is_open = !source::lines_with(text, "unsafe").is_empty();
            let door = Door { path: path.to_owned(), line: index + 1, is_open };
            path.ends_with(".rs").then_some(door)
        });
        Self { rows: rows.collect() }
    }

    /// Finds rows of the page that name a file without unsafe code, or no file at all.
    pub(super) fn check_all_open(&self) -> Vec<Violation> {
        let page = File { path: DOORS_PAGE, text: "" };
        let closed = self.rows.iter().filter(|door| !door.is_open);
        closed
            .map(|door| page.violation(door.line, format!("`{}` has no unsafe code", door.path)))
            .collect()
    }

    fn has(&self, path: &str) -> bool {
        self.rows.iter().any(|door| door.path == path)
    }
}

/// Checks one Rust file.
pub(super) fn check(file: &File<'_>, doors: &Doors) -> Vec<Violation> {
    let code = source::code_only(file.text);
    let mut violations = Vec::new();
    violations.extend(check_first_line(file));
    violations.extend(check_length(file));
    violations.extend(check_width(file));
    violations.extend(check_words(file, &code));
    violations.extend(check_globs(file, &code));
    violations.extend(check_ignored(file, &code));
    if !doors.has(file.path) {
        let lines = source::words(&code).filter(|(_, word)| *word == "unsafe");
        let message = format!("`unsafe` in a file that {DOORS_PAGE} does not list");
        violations.extend(lines.map(|(line, _)| file.violation(line, message.as_str())));
    }
    violations
}

/// Returns the file starts with `//!`, and the first paragraph there is made of sentences.
fn check_first_line(file: &File<'_>) -> Option<Violation> {
    let paragraph: Vec<&str> =
        file.text.lines().map_while(|line| line.strip_prefix("//! ")).map(str::trim).collect();
    let Some(first) = paragraph.first() else {
        return Some(file.violation(1, "the first line must say in `//! ...` what this file does"));
    };
    let starts =
        first.starts_with(|c: char| c.is_uppercase() || c.is_numeric() || "`['".contains(c));
    let ends = paragraph.last().is_some_and(|last| last.ends_with(['.', '?', '!', ':', '`']));
    let is_sentence = starts && ends && paragraph.join(" ").split_whitespace().count() >= 3;
    (!is_sentence).then(|| file.violation(1, "the first paragraph must be a full sentence"))
}

fn check_length(file: &File<'_>) -> Option<Violation> {
    let is_test = file.path.split('/').any(|part| matches!(part, "tests" | "generated"));
    let listed = LONGER.into_iter().find(|(path, _)| *path == file.path);
    let lines_max = match listed {
        Some((_, lines_max)) => lines_max,
        None if is_test => TEST_LINES_MAX,
        None => LINES_MAX,
    };
    let lines = lines_without_tests(file.text);
    let message = || format!("{lines} lines; at most {lines_max}, so split it by idea");
    (lines > lines_max).then(|| file.violation(0, message()))
}

/// Returns the lines before the inline test module, which by habit is the last item of a file.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let starts_tests = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ");
    lines.windows(2).position(starts_tests).unwrap_or(lines.len())
}

fn check_width(file: &File<'_>) -> Vec<Violation> {
    let widths = file.text.lines().map(|line| line.chars().count()).enumerate();
    let wide = widths.filter(|(_, width)| *width > COLUMNS_MAX);
    wide.map(|(index, width)| {
        file.violation(index + 1, format!("{width} columns; at most {COLUMNS_MAX}"))
    })
    .collect()
}

/// Finds modules with names that say nothing, and macros that represent work not done.
fn check_words(file: &File<'_>, code: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut previous = "";
    for (line, word) in source::words(code) {
        if previous == "mod" && EMPTY_NAMES.contains(&word) {
            let message = format!("module `{word}` says nothing; name what is inside");
            violations.push(file.violation(line, message));
        }
        previous = word;
    }
    for (index, line) in code.lines().enumerate() {
        let calls = |name: &&str| {
            line.match_indices(&format!("{name}!"))
                .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        for name in UNFINISHED_MACROS.iter().filter(|name| calls(name)) {
            violations.push(file.violation(index + 1, format!("`{name}!` is work not done")));
        }
    }
    violations
}

/// Finds `use` declarations with a star in them.
fn check_globs(file: &File<'_>, code: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut in_use = false;
    for (index, line) in code.lines().enumerate() {
        let item = line.trim_start();
        let item = item.strip_prefix("pub ").unwrap_or(item);
        let item = item.strip_prefix("pub(crate) ").unwrap_or(item);
        let item = item.strip_prefix("pub(super) ").unwrap_or(item);
        in_use |= item.starts_with("use ");
        if in_use && line.contains('*') {
            violations.push(file.violation(index + 1, "glob import; name what is used"));
        }
        in_use &= !line.contains(';');
    }
    violations
}

fn check_ignored(file: &File<'_>, code: &str) -> Vec<Violation> {
    let lines = code.lines().enumerate();
    let bare = lines.filter(|(_, line)| line.contains("#[ignore]"));
    bare.map(|(index, _)| file.violation(index + 1, "`#[ignore]` without a reason")).collect()
}

#[cfg(test)]
#[path = "rust_tests.rs"]
mod tests;
