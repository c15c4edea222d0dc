//! Checks that no crate dispatches at run time: the word `dyn` is in no line of code.
//!
//! Backends and teams plug in through generics, so that the same source compiles for a GPU
//! and for a microcontroller without heap. Three crates that never run there are exempt.

use std::path::{Path, PathBuf};
use xtask::source;

/// Folders whose Rust files are read. Each crate is one folder below `crates`.
const FOLDERS: &[&str] = &["crates", "kernels-ptx", "xtask"];

/// The crates in which `dyn` is allowed.
const EXEMPT: &[&str] = &["isokern-import", "isokern-cli", "isokern-simcuda"];

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = folder.read_dir() else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a folder of the repository is readable").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && name != "target" && !EXEMPT.contains(&name) {
            rust_files(&path, files);
        } else if path.is_file() && name.ends_with(".rs") {
            files.push(path);
        }
    }
}

#[test]
fn no_crate_dispatches_at_run_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in FOLDERS {
        rust_files(&root.join(folder), &mut files);
    }
    assert!(files.len() >= 10, "found only {} files", files.len());
    let mut found = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("source is UTF-8");
        let lines = source::lines_with(&text, "dyn");
        found.extend(lines.iter().map(|line| format!("{}:{line}", path.display())));
    }
    assert!(found.is_empty(), "use a generic parameter or an enum instead of `dyn`: {found:#?}");
}

#[test]
fn a_planted_word_is_found() {
    let planted = "//! Not dyn here.\nfn f(x: &dyn Fn()) {}\ntype T = Box<dyn\n    Fn()>;\n";
    assert_eq!(source::lines_with(planted, "dyn"), [2, 3]);
    let clean = "/* dyn */ const A: &str = \"dyn\"; fn dynamic() {} // dyn\n";
    assert!(source::lines_with(clean, "dyn").is_empty());
}
