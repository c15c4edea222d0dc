//! Keeps the map of crates in `docs/README.md` true: every crate has a row, and its lines of Rust
//! are within a tenth of what the row says.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the rows of the map: names and lines.
fn rows(page: &str) -> Vec<(&str, usize)> {
    let cells = page.lines().filter_map(|line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        let lines = cells.next()?.replace(' ', "").parse().ok()?;
        Some((name, lines))
    });
    cells.collect()
}

/// Returns how many lines the Rust files of a folder have.
fn lines_of(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let counts = entries.map(|entry| {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            return lines_of(&path);
        }
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let count = || fs::read_to_string(&path).expect("a source is text").lines().count();
        if is_rust { count() } else { 0 }
    });
    counts.sum()
}

/// Returns whether `told` is within a tenth of `found`.
const fn is_near(told: usize, found: usize) -> bool {
    told.abs_diff(found) * 10 <= found
}

#[test]
fn rows_and_tenths_are_read() {
    let page = "| crate | lines | who |\n|---|--:|---|\n| `a` | 1 200 | x |\n| b | 3 | y |\n";
    assert_eq!(rows(page), [("a", 1200)]);
    assert!(is_near(1200, 1300) && !is_near(1200, 1400) && !is_near(1200, 1080));
}

#[test]
fn the_map_names_every_crate_with_its_size() {
    let page = fs::read_to_string(root().join("docs/README.md")).expect("docs/README.md is there");
    let rows = rows(&page);
    let mut crates: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("crates is a folder")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| path.file_name().expect("it has a name").to_string_lossy().into_owned())
        .collect();
    crates.sort();
    let mut named: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    named.sort_unstable();
    assert_eq!(named, crates, "the map in docs/README.md has other crates");
    for (name, told) in rows {
        let found = lines_of(&root().join("crates").join(name).join("src"));
        let near = is_near(told, found);
        assert!(
            near,
            "docs/README.md says {told} lines of {name}, which has {found}. Fix: write {found}"
        );
    }
}

/// Returns the models in a folder of `tests/models`, by name and by path from there.
fn tflite_files(folder: &str) -> impl Iterator<Item = (String, String)> {
    let entries = fs::read_dir(root().join("tests/models").join(folder)).expect("it is a folder");
    let names = entries.map(|entry| entry.expect("an entry can be read").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".tflite")).map(move |name| {
        let path = format!("{folder}/{name}");
        (name, path)
    })
}

/// A package has no files of other folders, so the program keeps copies of what its demo runs.
#[test]
fn the_demo_has_the_files_of_the_models() {
    let files = [
        ("digits.ikm", "digits.ikm"),
        ("digits.test.i8", "models/digits.test.i8"),
        ("digits.test.labels.u8", "models/digits.test.labels.u8"),
        ("digits.out.tflm.i8", "vectors/digits.out.tflm.i8"),
        ("matrix/indices.in.i8", "vectors/indices.in.i8"),
    ];
    let files = files.map(|(copy, original)| (copy.to_owned(), original.to_owned()));
    let models = ["models", "streams"].into_iter().flat_map(tflite_files);
    let models = models.map(|(name, original)| (format!("matrix/{name}"), original));
    for (copy, original) in files.into_iter().chain(models) {
        let read =
            |path: PathBuf| fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let copied = read(root().join("crates/isokern-cli/demo").join(&copy));
        let is_same = copied == read(root().join("tests/models").join(&original));
        assert!(
            is_same,
            "crates/isokern-cli/demo/{copy} is not tests/models/{original}. Fix: copy it"
        );
    }
}
