//! The four reference models against digests of what TFLite Micro computes for them.
//!
//! `models/reference.json` has the digests, for inputs made from seeds, and
//! `models/make_reference.py` made it. The models are other people's: they are taken from
//! `../shared/models`, or from `models` in the folder that `ISOKERN_VECTORS` names, and their
//! tests are skipped where they are not.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use isokern_core::compute::ModelArtifact;
use isokern_cpu::{ArtifactBackend, CpuModel, InstructionSet};
use isokern_import::convert;
use isokern_model::Model;
use isokern_model::digest::generate_input;
use isokern_model::layout::Layout;
use isokern_tests::trials::{run, trial, trial_unless};
use isokern_tests::vectors::other_folder;
use libtest_mimic::Trial;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Name, multiply-accumulates, arena bytes at best, and bytes of the packed estimate.
const BARS: [(&str, u64, usize, usize); 4] = [
    ("kws_dscnn_int8", 2_656_768, 16_000, 27_837),
    ("ad01_int8", 264_192, 768, 271_394),
    ("ic_resnet8_int8", 12_501_632, 49_152, 81_133),
    ("vww_mnv1_int8", 7_489_664, 55_296, 234_053),
];

/// Constants of an operator made of dot products, in the layout without sums of weights.
const DOT_CONSTANTS: usize = 4;

#[derive(Deserialize)]
struct Reference {
    seeds: Vec<u32>,
    models: BTreeMap<String, Facts>,
}

/// What is known of a model. Digests are the first 16 hex digits of SHA-256.
#[derive(Deserialize)]
struct Facts {
    file: String,
    /// All digits of the file's own.
    sha256: String,
    /// Of the output, for each seed.
    outputs: Vec<String>,
    operators: Vec<Operator>,
}

#[derive(Deserialize)]
struct Operator {
    op: String,
    /// Of the multipliers and shifts; one pair where all are equal.
    scales: Option<String>,
    /// Of the output, for the first seeds.
    outputs: Vec<String>,
}

fn main() -> ExitCode {
    let reference: &'static Reference = Box::leak(Box::new(reference()));
    let whole = trial("p09_four_models_have_digests", || {
        let digests = |facts: &Facts| facts.operators.len() * facts.outputs.len();
        let counts: Vec<(&str, usize)> =
            reference.models.iter().map(|(name, facts)| (name.as_str(), digests(facts))).collect();
        let wanted = [
            ("ad01_int8", 10 * 8),
            ("ic_resnet8_int8", 16 * 8),
            ("kws_dscnn_int8", 13 * 8),
            ("vww_mnv1_int8", 31 * 8),
        ];
        assert_eq!(counts, wanted);
    });
    let models = reference.models.iter().flat_map(|(name, facts)| trials(reference, name, facts));
    run(models.chain([whole]))
}

/// Returns the tests of a model, skipped where its file is not, or is another.
fn trials(reference: &'static Reference, name: &'static str, facts: &'static Facts) -> [Trial; 4] {
    let path = other_folder().join("models").join(&facts.file);
    let file = std::fs::read(&path).ok().filter(|file| hex(file) == facts.sha256);
    let missing = file.is_none().then(|| {
        let (folder, hash) = ("../shared/models", &facts.sha256);
        format!("{folder} has no {}, whose SHA-256 is {hash} (docs/testing.md)", facts.file)
    });
    let file: &'static [u8] = Box::leak(file.unwrap_or_default().into_boxed_slice());
    let missing = missing.as_deref();
    let name_of = |what: &str| format!("{name}::{what}");
    [
        trial_unless(missing, name_of("outputs"), move || outputs(reference, file, facts)),
        trial_unless(missing, name_of("operators"), move || operators(reference, file, facts)),
        trial_unless(missing, name_of("scales"), move || scales(file, facts)),
        trial_unless(missing, name_of("sizes"), move || sizes(file, name)),
    ]
}

/// Compares the outputs for every seed, in both layouts and with every instruction set.
fn outputs(reference: &Reference, file: &[u8], facts: &Facts) {
    for layout in [Layout::Row, Layout::Packed] {
        for instructions in InstructionSet::available() {
            let mut model = load(file, layout, instructions);
            for (seed, wanted) in reference.seeds.iter().zip(&facts.outputs) {
                generate_input(*seed, model.input_mut().expect("is ready"));
                let output = model.run().expect("every operator is built in");
                let label = format!("{}, {instructions}, seed {seed}", layout.name());
                assert_eq!(digest(output), *wanted, "{label}");
            }
        }
    }
}

/// Compares what every operator writes, in both layouts.
fn operators(reference: &Reference, file: &[u8], facts: &Facts) {
    for layout in [Layout::Row, Layout::Packed] {
        let mut model = load(file, layout, InstructionSet::detect());
        for (number, seed) in reference.seeds.iter().enumerate() {
            generate_input(*seed, model.input_mut().expect("is ready"));
            for (index, operator) in facts.operators.iter().enumerate() {
                model.run_operators(index..index + 1).expect("every operator is built in");
                let Some(wanted) = operator.outputs.get(number) else { continue };
                let output = model.operator_output(index).expect("the operator is there");
                let label = format!("{}, operator {index} ({})", layout.name(), operator.op);
                assert_eq!(digest(output), *wanted, "{label}, seed {seed}");
            }
        }
    }
}

/// Compares multipliers and shifts of every operator that has some.
fn scales(file: &[u8], facts: &Facts) {
    let artifact = artifact(file, Layout::Row);
    let model = Model::parse(artifact.bytes()).expect("the blob is a model");
    assert_eq!(model.operator_count(), facts.operators.len());
    for (index, operator) in facts.operators.iter().enumerate() {
        let site = model.operator_site(index).expect("the operator is there");
        let label = format!("operator {index} ({})", operator.op);
        assert_eq!(site.constant_count() == DOT_CONSTANTS, operator.scales.is_some(), "{label}");
        let Some(wanted) = &operator.scales else { continue };
        let pairs = site.constant::<i32>(2).iter().zip(site.constant::<i8>(3));
        let (mut multipliers, mut shifts): (Vec<i32>, Vec<i8>) = pairs.unzip();
        if multipliers.iter().all(|one| *one == multipliers[0])
            && shifts.iter().all(|one| *one == shifts[0])
        {
            multipliers.truncate(1);
            shifts.truncate(1);
        }
        let mut bytes: Vec<u8> = multipliers.iter().flat_map(|one| one.to_le_bytes()).collect();
        bytes.extend(shifts.iter().map(|one| one.cast_unsigned()));
        assert_eq!(hex(&bytes)[..16], *wanted, "{label}");
    }
}

/// Compares work, arena and file with their bars.
fn sizes(file: &[u8], name: &str) {
    let bar = BARS.iter().find(|bar| bar.0 == name).expect("each model has a bar");
    let (_, macs, arena_best, blob_best) = *bar;
    let report = convert(file, Layout::Row).expect("the model converts").report;
    eprintln!("{name}: arena {}, file {}", report.arena_bytes, report.blob_bytes);
    assert_eq!(report.macs, macs);
    assert_eq!(report.arena_lower_bound, arena_best);
    assert!(report.arena_bytes * 100 <= arena_best * 102 + 25_600, "{}", report.arena_bytes);
    assert!(report.blob_bytes <= blob_best + 4096, "{} bytes", report.blob_bytes);
    let model = load(file, Layout::Row, InstructionSet::PLAIN);
    assert_eq!(model.model().arena_bytes(), report.arena_bytes);
    assert_eq!(model.model().header().macs(), macs);
}

fn artifact(file: &[u8], layout: Layout) -> ModelArtifact {
    ModelArtifact::from_bytes(convert(file, layout).expect("the model converts").blob)
}

fn load(file: &[u8], layout: Layout, instructions: InstructionSet) -> CpuModel<'static> {
    let backend = ArtifactBackend::new().with_instruction_set(instructions);
    let mut model = backend.load(&artifact(file, layout)).expect("the artifact is a model");
    model.init().expect("memory is there");
    model
}

fn digest(values: &[i8]) -> String {
    hex(bytemuck::cast_slice(values))[..16].to_owned()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn reference() -> Reference {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/reference.json");
    let text = std::fs::read(&path).expect("the file is in the repository");
    serde_json::from_slice(&text).expect("the file is JSON as described")
}
