//! The committed seeds reach every kind of operator, in each target that takes models.

use std::collections::BTreeSet;
use std::path::Path;

use isokern_cpu::core::compute::ModelArtifact;
use isokern_import::convert;
use isokern_model::layout::Layout;
use isokern_model::{Model, OpKind};

use crate::sketch::sketch;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let files = folder.read_dir().expect("the target has seeds");
    files.map(|file| std::fs::read(file.unwrap().path()).expect("a seed is readable")).collect()
}

/// Says which kinds are missing.
fn assert_all_kinds(blobs: impl Iterator<Item = Vec<u8>>) {
    let mut found = BTreeSet::new();
    for blob in blobs {
        let artifact = ModelArtifact::from_bytes(&blob);
        let Ok(model) = Model::parse(artifact.bytes()) else { continue };
        found.extend(model.ops().map(|op| op.kind().name()));
    }
    let missing = OpKind::ALL.iter().map(|kind| kind.name()).filter(|name| !found.contains(name));
    let missing: Vec<&str> = missing.collect();
    assert!(missing.is_empty(), "no seed has {missing:?}");
}

#[test]
fn files_reach_every_kind() {
    let blob = |file: Vec<u8>| convert(&file, Layout::Row).ok().map(|conversion| conversion.blob);
    assert_all_kinds(seeds("read_tflite").into_iter().filter_map(blob));
}

#[test]
fn packed_models_reach_every_kind() {
    assert_all_kinds(seeds("read_ikm").into_iter().map(|mut seed| {
        assert_eq!(seed.pop(), Some(u8::MAX), "a seed asks for all repairs");
        seed
    }));
}

#[test]
fn descriptions_reach_every_kind() {
    let blob = |seed: Vec<u8>| sketch(&seed).encode(Layout::Row).ok();
    assert_all_kinds(seeds("write_ikm").into_iter().filter_map(blob));
}
