//! Counts the source files that name each kind of operator.
//!
//! The kinds are the rows of the table in `isokern-model`. A file names a kind where its code,
//! without comments and tests, has the kind as a word (`Conv2d`), with what its view and body are
//! called (`Conv2dView`, `Conv2dBody`) or as a module (`conv2d`), or a literal that is its name in
//! reports. A kind whose word means something else in Rust too counts only where the kind is
//! meant: as `AddView`, `OpKind::Add`, or in a path through `operators::add`.
//!
//! Faster loops are in folders of their own. A file there counts for the target in its name, or,
//! without one, for every target of the folder; the seam, where the loops of a folder are handed
//! out, does not count.

use super::Violation;
use std::collections::BTreeSet;
use std::fmt;
use xtask::source;

/// The table of kinds, and the line it starts with.
const TABLE: (&str, &str) = ("crates/isokern-model/src/operators.rs", "operators! {");
/// Crates that execute or make models.
const FOLDERS: [&str; 8] = [
    "crates/isokern-model/src/",
    "crates/isokern-ops/src/",
    "crates/isokern-cpu/src/",
    "crates/isokern-import/src/",
    "crates/isokern-cli/src/",
    "crates/isokern-cuda/src/",
    "kernels-ptx/src/",
    "kernels-ptx/device/src/",
];
/// Kinds whose word is also a trait of Rust, any table or what lends buffers, and whose module is
/// also a method or a keyword.
const OTHER_MEANINGS: [&str; 5] = ["Add", "Gather", "Move", "Pool", "Table"];
/// What faster loops are for.
const TARGETS: [&str; 7] =
    ["dual_mac", "lane_mac", "single_mac", "block_mac", "quad_mac", "avx2", "avx512"];
/// Folders of faster loops, and what they are for. Each has its seam in the file of its name.
const LOOPS: [(&str, &[&str]); 8] = [
    ("crates/isokern-ops/src/dual_mac", &["dual_mac"]),
    ("crates/isokern-ops/src/lane_mac", &["lane_mac"]),
    ("crates/isokern-ops/src/single_mac", &["single_mac"]),
    ("crates/isokern-ops/src/block_mac", &["block_mac"]),
    ("crates/isokern-ops/src/depthwise", &["dual_mac", "single_mac", "block_mac"]),
    ("crates/isokern-ops/src/scale", &["dual_mac", "single_mac", "block_mac"]),
    ("crates/isokern-ops/src/quad_mac", &["quad_mac"]),
    ("crates/isokern-cpu/src/vector", &["avx2", "avx512"]),
];
/// The instructions of the first of them on one processor: a file without a seam.
const INSTRUCTIONS: (&str, &[&str]) = ("crates/isokern-cpu/src/smlad", &["dual_mac"]);
/// Files that name a kind, outside the folders of faster loops and in one target, at most.
const OUTSIDE_MAX: usize = 6;
const TARGET_MAX: usize = 1;

/// What names each kind.
#[derive(Debug)]
pub(super) struct Kinds {
    rows: Vec<Row>,
}

/// A kind, and the files that name it.
#[derive(Debug)]
struct Row {
    /// Its line in the table.
    line: usize,
    kind: String,
    outside: BTreeSet<String>,
    /// For each of [`TARGETS`].
    inside: [BTreeSet<String>; TARGETS.len()],
}

impl Kinds {
    /// Reads the table and all sources, which are pairs of path and text.
    pub(super) fn read(texts: &[(&str, String)]) -> Self {
        let table = texts.iter().find(|(path, _)| *path == TABLE.0).map_or("", |(_, text)| text);
        let mut rows = Vec::new();
        for (line, names) in table_rows(table) {
            let mut row = Row::new(line, &names.kind);
            for (path, text) in texts.iter().filter(|(path, _)| is_source(path)) {
                if names.are_in(without_tests(text)) {
                    row.add(path);
                }
            }
            rows.push(row);
        }
        Self { rows }
    }

    /// Finds kinds that too many files name.
    pub(super) fn check(&self) -> Vec<Violation> {
        let violation = |line, message| Violation { path: TABLE.0.to_owned(), line, message };
        if self.rows.is_empty() {
            return vec![violation(0, format!("no rows of kinds after `{}`", TABLE.1))];
        }
        let mut violations = Vec::new();
        for row in &self.rows {
            let kind = &row.kind;
            let mut limit = |files: &BTreeSet<String>, max: usize, place: &str| {
                let (count, list) = (files.len(), Vec::from_iter(files.iter().cloned()).join(", "));
                if count > max {
                    let what = format!("`{kind}` is named in {count} files {place}, at most {max}");
                    violations.push(violation(row.line, format!("{what}: {list}")));
                }
            };
            limit(&row.outside, OUTSIDE_MAX, "outside the folders of faster loops");
            for (target, files) in TARGETS.iter().zip(&row.inside) {
                limit(files, TARGET_MAX, &format!("for {target}"));
            }
        }
        violations
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<20} {:>7}", "files that name", "outside")?;
        TARGETS.iter().try_for_each(|target| write!(f, " {target:>8}"))?;
        for row in &self.rows {
            write!(f, "\n{:<20} {:>7}", row.kind, row.outside.len())?;
            row.inside.iter().try_for_each(|files| write!(f, " {:>8}", files.len()))?;
        }
        Ok(())
    }
}

impl Row {
    fn new(line: usize, kind: &str) -> Self {
        Self {
            line,
            kind: kind.to_owned(),
            outside: BTreeSet::new(),
            inside: TARGETS.map(|_| BTreeSet::new()),
        }
    }

    fn add(&mut self, path: &str) {
        let places = LOOPS.iter().chain(core::iter::once(&INSTRUCTIONS));
        let Some((folder, own)) = places.into_iter().find(|(folder, _)| is_of(path, folder)) else {
            self.outside.insert(path.to_owned());
            return;
        };
        let inner = &path[folder.len()..];
        if inner == ".rs" && *folder != INSTRUCTIONS.0 {
            return;
        }
        let named = own.iter().find(|target| is_of(inner.trim_start_matches('/'), target));
        for (target, files) in TARGETS.iter().zip(&mut self.inside) {
            if named.map_or_else(|| own.contains(target), |named| named == target) {
                files.insert(path.to_owned());
            }
        }
    }
}

/// The words of one kind.
struct Names {
    kind: String,
    module: String,
    /// In reports.
    name: String,
}

impl Names {
    fn are_in(&self, text: &str) -> bool {
        let Self { kind, module, name } = self;
        if source::literals(text).iter().any(|literal| literal == name) {
            return true;
        }
        let code = source::code_only(text);
        let has_word = |wanted: &str| source::words(&code).any(|(_, word)| word == wanted);
        if has_word(&format!("{kind}View")) || has_word(&format!("{kind}Body")) {
            return true;
        }
        if !OTHER_MEANINGS.contains(&kind.as_str()) {
            return has_word(kind) || has_word(module);
        }
        let dense: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let paths =
            [format!("OpKind::{kind}"), format!("Op::{kind}"), format!("operators::{module}")];
        paths.iter().any(|path| has_path(&dense, path))
    }
}

/// Returns the rows `code Kind "NAME" ...` of the table of kinds, with their lines.
fn table_rows(text: &str) -> impl Iterator<Item = (usize, Names)> {
    let lines = text.lines().zip(1..).skip_while(|(line, _)| *line != TABLE.1).skip(1);
    lines.take_while(|(line, _)| *line != "}").filter_map(|(line, number)| {
        let kind = line.split_whitespace().nth(1)?.trim_matches(',').to_owned();
        let name = line.split('"').nth(1)?.to_owned();
        Some((number, Names { module: snake_case(&kind), kind, name }))
    })
}

/// Returns `DepthwiseConv2d` as `depthwise_conv2d`.
fn snake_case(kind: &str) -> String {
    let mut snake = String::new();
    for c in kind.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// Returns whether a file is source of one of the crates, and no test.
fn is_source(path: &str) -> bool {
    let is_test = |part: &str| part == "tests" || part == "refusals.rs";
    let name = path.rsplit('/').next().unwrap_or(path);
    path.ends_with(".rs")
        && FOLDERS.iter().any(|folder| path.starts_with(folder))
        && !path.split('/').any(is_test)
        && !name.contains("tests")
}

/// Returns the text before the inline test module, which by habit is the last item of a file.
fn without_tests(text: &str) -> &str {
    let start = text.match_indices("\n#[cfg(test)]\nmod ").find(|(at, _)| {
        let item = text[at + 1..].lines().nth(1);
        item.is_some_and(|line| line.ends_with('{'))
    });
    start.map_or(text, |(at, _)| &text[..at])
}

/// Returns whether `path` is in the folder `start`, or a file whose name starts with it as whole
/// words.
fn is_of(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.starts_with(['/', '.', '_']))
}

/// Returns whether `path` is in code without spaces, and not as a part of longer words.
fn has_path(code: &str, path: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(path).any(|(at, _)| {
        !code[..at].ends_with(is_word) && !code[at + path.len()..].starts_with(is_word)
    })
}

#[cfg(test)]
#[path = "kinds_tests.rs"]
mod tests;
