//! Checks who imports whom, and what the no_std crates may pull in, over `cargo metadata`.
//!
//! The rule is the table below. A crate that is missing from it breaks the rule, so a new
//! crate cannot join the workspace without an answer to the question where it stands.

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};
use std::path::PathBuf;

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
    ("isokern-import", Imports::Only(&[CORE, MODEL, OPS, CPU])),
    ("isokern-ring", Imports::Only(&[CORE])),
    ("isokern-guard", Imports::Only(&[CORE])),
    ("isokern-cuda", Imports::Only(&[CORE, MODEL])),
    ("isokern-simcuda", Imports::Only(&[])),
    ("xtask", Imports::Only(&[])),
    ("isokern-programs", Imports::Only(&["isokern-simcuda"])),
    ("isokern-cli", Imports::Any),
    ("isokern-tests", Imports::Any),
];

/// The crates that build without std.
const NO_STD: &[&str] = &[CORE, MODEL, OPS, CPU, "isokern-ring"];

/// What the core may take from others.
const CORE_THIRD_PARTY: &[&str] =
    &["bytemuck", "critical-section", "thiserror", "heapless", "serde"];

/// Features of a crate, `default` not counted.
const FEATURES_MAX: usize = 3;

/// Crates whose features follow another project's versions.
const MANY_FEATURES: &[&str] = &["isokern-cuda"];

/// A crate and what it imports of ours, for any purpose: build scripts and tests count.
struct Edges {
    name: String,
    imports: Vec<String>,
}

/// The places where `crates` break `rule`, in words.
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

/// A dependency inside this repository has a path and no registry.
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

#[test]
fn crates_have_few_features() {
    for package in &metadata().packages {
        let name = package.name.as_str();
        let count = package.features.keys().filter(|feature| *feature != "default").count();
        let exempt = MANY_FEATURES.contains(&name);
        assert!(exempt || count <= FEATURES_MAX, "{name} has {count} features");
    }
}
