//! Checks who imports whom, and what the no_std crates may pull in, over `cargo metadata`; and
//! that the core's chapters import each other one way, over its source.
//!
//! The rule is the table below. A crate that is missing from it breaks the rule, so a new
//! crate cannot join the workspace without an answer to the question where it belongs.

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use xtask::source;

/// What a crate may import of ours.
#[derive(Clone, Copy)]
enum Imports {
    /// These and no others.
    Only(&'static [&'static str]),
    /// Any: the applications and the tests, which join crates.
    Any,
}

const CORE: &str = "isokern-core";
const MODEL: &str = "isokern-model";
const OPS: &str = "isokern-ops";
const CPU: &str = "isokern-cpu";

/// The arrows. Ring, cpu and cuda never name each other; cuda and simcuda meet as PTX text.
const RULE: &[(&str, Imports)] = &[
    (CORE, Imports::Only(&[])),
    (MODEL, Imports::Only(&[CORE])),
    (OPS, Imports::Only(&[CORE, MODEL])),
    (CPU, Imports::Only(&[CORE, MODEL, OPS])),
    ("isokern-capi", Imports::Only(&[CPU, "isokern-ring", "isokern-import"])),
    ("isokern-embassy", Imports::Only(&[CORE, CPU, "isokern-ring"])),
    ("isokern-import", Imports::Only(&[CORE, MODEL, OPS, CPU])),
    ("isokern-ring", Imports::Only(&[CORE])),
    ("isokern-guard", Imports::Only(&[CORE])),
    ("isokern-cuda", Imports::Only(&[CORE, MODEL])),
    ("isokern-simcuda", Imports::Only(&[])),
    ("isokern-ptx", Imports::Only(&["isokern-simcuda"])),
    ("xtask", Imports::Only(&["isokern-ptx"])),
    ("isokern-programs", Imports::Only(&["isokern-simcuda"])),
    ("isokern", Imports::Any),
    ("isokern-cli", Imports::Any),
    ("isokern-python", Imports::Any),
    ("isokern-messages", Imports::Any),
    ("isokern-test-actors", Imports::Only(&[CORE])),
    ("isokern-tests", Imports::Any),
];

/// The crates that build without std.
const NO_STD: &[&str] = &[CORE, MODEL, OPS, CPU, "isokern-ring", "isokern-capi", "isokern-embassy"];

/// What the core may take from others.
const CORE_THIRD_PARTY: &[&str] =
    &["bytemuck", "critical-section", "defmt", "thiserror", "heapless", "serde"];

/// Features of a crate, `default` not counted.
const FEATURES_MAX: usize = 4;

/// Crates whose features follow another project's versions.
const MANY_FEATURES: &[&str] = &["isokern-cuda"];

/// A crate and what it imports of ours, for any purpose: build scripts and tests count.
struct Edges {
    name: String,
    imports: Vec<String>,
}

/// Returns the places where `crates` break `rule`, in words.
fn broken_edges(crates: &[Edges], rule: &[(&str, Imports)]) -> Vec<String> {
    let mut broken = Vec::new();
    for Edges { name, imports } in crates {
        let Some((_, allowed)) = rule.iter().find(|(found, _)| found == name) else {
            broken.push(format!("{name} has no row in the table of tests/tests/layering.rs"));
            continue;
        };
        let Imports::Only(allowed) = allowed else {
            continue;
        };
        let not_allowed = imports.iter().filter(|import| !allowed.contains(&import.as_str()));
        broken.extend(not_allowed.map(|import| format!("{name} must not import {import}")));
    }
    broken
}

fn metadata() -> Metadata {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(root).no_deps();
    command.exec().expect("`cargo metadata` reads the workspace")
}

/// Returns whether a dependency is of this repository: it has a path and no registry.
fn is_ours(dependency: &Dependency) -> bool {
    dependency.path.is_some()
}

fn edges(metadata: &Metadata) -> Vec<Edges> {
    let edges_of = |package: &Package| Edges {
        name: package.name.to_string(),
        imports: package
            .dependencies
            .iter()
            .filter(|dependency| is_ours(dependency))
            .map(|dependency| dependency.name.clone())
            .collect(),
    };
    metadata.packages.iter().map(edges_of).collect()
}

fn no_std_packages(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    metadata.packages.iter().filter(|package| NO_STD.contains(&package.name.as_str()))
}

fn shipped(package: &Package) -> impl Iterator<Item = &Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development)
}

#[test]
fn crates_import_only_what_the_table_allows() {
    let edges = edges(&metadata());
    assert!(edges.len() >= 8, "found only {} crates", edges.len());
    let broken = broken_edges(&edges, RULE);
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_planted_edge_is_found() {
    let edge = |name: &str, import: &str| Edges {
        name: name.to_owned(),
        imports: vec![CORE.to_owned(), import.to_owned()],
    };
    let planted = [
        edge("isokern-ring", CPU),
        edge("isokern-cuda", "isokern-ring"),
        edge("isokern-cuda", OPS),
        edge(CPU, "isokern-cuda"),
        edge("isokern-unheard-of", CORE),
    ];
    let broken = broken_edges(&planted, RULE);
    assert_eq!(broken.len(), planted.len(), "{broken:#?}");
    for (message, Edges { name, .. }) in broken.iter().zip(&planted) {
        assert!(message.starts_with(name.as_str()), "{message}");
    }
    assert!(broken_edges(&[edge("isokern-cli", CPU)], RULE).is_empty());
}

#[test]
fn the_table_has_no_cycle() {
    for (name, imports) in RULE {
        let Imports::Only(imports) = imports else {
            continue;
        };
        for import in *imports {
            let (_, back) = RULE.iter().find(|(found, _)| found == import).expect("a row each");
            let Imports::Only(back) = back else {
                panic!("{name} imports {import}, which imports anything");
            };
            assert!(!back.contains(name), "{name} and {import} import each other");
        }
    }
}

#[test]
fn no_std_crates_stay_without_std_by_default() {
    let metadata = metadata();
    for package in no_std_packages(&metadata) {
        let name = &package.name;
        let default = package.features.get("default").map_or(&[][..], Vec::as_slice);
        assert!(default.is_empty(), "{name}: no default features, so that std is a choice");
        for dependency in shipped(package) {
            let what = format!("{name} -> {}", dependency.name);
            let std = dependency.features.iter().any(|feature| feature == "std");
            assert!(!std, "{what}: turn std on through a feature of {name}");
            let defaults = dependency.uses_default_features && !is_ours(dependency);
            assert!(!defaults, "{what}: needs `default-features = false`");
        }
    }
}

#[test]
fn the_core_takes_little_from_others() {
    let metadata = metadata();
    let core = no_std_packages(&metadata).find(|package| package.name.as_str() == CORE);
    for dependency in shipped(core.expect("the core is a member")) {
        let name = dependency.name.as_str();
        assert!(CORE_THIRD_PARTY.contains(&name), "{CORE} must not depend on {name}");
    }
}

/// A ring needs no histogram and no executor of its own: the first is a feature that nothing else
/// switches on, the second is for tests and examples.
#[test]
fn s4_the_ring_s_std_brings_no_histogram_and_no_executor() {
    let metadata = metadata();
    let ring = metadata.packages.iter().find(|package| package.name.as_str() == "isokern-ring");
    let ring = ring.expect("the ring is a member");
    let shipped: Vec<_> = shipped(ring).filter(|dependency| !is_ours(dependency)).collect();
    let always = shipped.iter().filter(|dependency| !dependency.optional);
    let always: BTreeSet<_> = always.map(|dependency| dependency.name.as_str()).collect();
    assert_eq!(always, BTreeSet::from(["bytemuck", "thiserror"]));
    assert!(shipped.iter().all(|dependency| dependency.name != "pollster"), "{shipped:?}");
    for (feature, parts) in &ring.features {
        let brings = parts.iter().any(|part| part.contains("hdrhistogram"));
        let is_own = feature == "latency-histogram";
        assert_eq!(brings, is_own, "{feature}: {parts:?}");
        let is_switched_on = parts.iter().any(|part| part == "latency-histogram");
        assert!(!is_switched_on, "{feature}: {parts:?}");
    }
}

#[test]
fn crates_have_few_features() {
    for package in &metadata().packages {
        let name = package.name.as_str();
        let count = package.features.keys().filter(|feature| *feature != "default").count();
        let exempt = MANY_FEATURES.contains(&name);
        assert!(exempt || count <= FEATURES_MAX, "{name} has {count} features");
    }
}

/// A chapter, which is a module at the core's root, and the other names below it that its code
/// uses: chapters, unless something is wrong.
type Chapters = BTreeMap<String, BTreeSet<String>>;

/// Returns what the code of `text` names directly below `crate::`, comments and literals left out.
fn names_below_crate(text: &str) -> BTreeSet<String> {
    let code = source::code_only(text);
    let mut names = BTreeSet::new();
    for (start, _) in code.match_indices("crate::") {
        let path = &code[start + "crate::".len()..];
        match path.strip_prefix('{') {
            Some(list) => names.extend(first_segments(list)),
            None => names.extend(first_word(path)),
        }
    }
    names
}

/// Returns the first segment of each path in a braced list, given from after its brace.
fn first_segments(list: &str) -> Vec<String> {
    let mut depth = 1_usize;
    let mut segments = Vec::from_iter(first_word(list));
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => segments.extend(first_word(&list[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    segments
}

fn first_word(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// Returns the chapter a source file of the core belongs to: the first part of its path.
fn chapter_of(path: &Path) -> String {
    let first = path.components().next().expect("a file has a path").as_os_str();
    let first = first.to_str().expect("names are UTF-8");
    first.strip_suffix(".rs").unwrap_or(first).to_owned()
}

/// Returns each chapter with the other names below `crate::` that its files use.
fn chapters<'t>(files: impl IntoIterator<Item = (&'t Path, &'t str)>) -> Chapters {
    let mut chapters = Chapters::new();
    for (path, text) in files {
        let chapter = chapter_of(path);
        let mut names = names_below_crate(text);
        names.remove(&chapter);
        chapters.entry(chapter).or_default().extend(names);
    }
    chapters
}

/// Returns what is wrong with the imports of chapters, in words.
fn broken_chapters(mut chapters: Chapters) -> Vec<String> {
    let mut broken = Vec::new();
    let known: BTreeSet<String> = chapters.keys().cloned().collect();
    for (chapter, imports) in &mut chapters {
        for name in imports.difference(&known) {
            broken.push(format!("{chapter} uses crate::{name}: name the chapter it is in"));
        }
        imports.retain(|name| known.contains(name));
    }
    // A chapter whose imports are all clear of cycles is clear of them, too.
    while let Some(clear) = chapters.iter().find(|(_, imports)| imports.is_empty()) {
        let clear = clear.0.clone();
        chapters.remove(&clear);
        for imports in chapters.values_mut() {
            imports.remove(&clear);
        }
    }
    let in_cycles = chapters.iter().map(|(chapter, imports)| {
        format!(
            "{chapter} imports {imports:?}, of which one imports {chapter}, or leads to a cycle"
        )
    });
    broken.extend(in_cycles);
    broken
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn chapters_of_the_core_import_each_other_one_way() {
    let metadata = metadata();
    let core = no_std_packages(&metadata).find(|package| package.name.as_str() == CORE);
    let manifest = core.expect("the core is a member").manifest_path.as_std_path();
    let source = manifest.with_file_name("src");
    let mut paths = Vec::new();
    rust_files(&source, &mut paths);
    let read = |path: &PathBuf| fs::read_to_string(path).expect("source is UTF-8");
    let texts: Vec<String> = paths.iter().map(read).collect();
    let files = paths.iter().zip(&texts).map(|(path, text)| {
        (path.strip_prefix(&source).expect("it was found there"), text.as_str())
    });
    let chapters = chapters(files.filter(|(path, _)| *path != Path::new("lib.rs")));
    // Eight, the macros `kernel_set`, `numbered` and `pointers`, and the `formats` of `defmt`.
    assert_eq!(chapters.len(), 12, "{chapters:#?}");
    let broken = broken_chapters(chapters);
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_planted_cycle_of_chapters_is_found() {
    let call = "use crate::kernel::{KernelError, GpuKernel};\nuse crate::{compute::DType, trace};";
    let kernel = "//! Of crate::actor.\n/* crate::actor */ const A: &str = \"crate::actor\";";
    let planted = "fn f(call: &crate::call::Quota<{ 1 }>) {}";
    let files = |kernel| {
        let of = |path, text| (Path::new(path), text);
        [
            of("call/quota.rs", call),
            of("call.rs", ""),
            of("kernel.rs", kernel),
            of("compute.rs", ""),
        ]
    };
    let expected = ["call uses crate::trace: name the chapter it is in".to_owned()];
    assert_eq!(broken_chapters(chapters(files(kernel))), expected);
    let broken = broken_chapters(chapters(files(planted)));
    assert_eq!(broken.len(), 3, "{broken:#?}");
    assert!(broken[1].starts_with("call imports") && broken[2].starts_with("kernel imports"));
}
