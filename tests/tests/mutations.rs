//! Packed models changed at random: refused by name, or run to an answer.
//!
//! The checksum is made right again after each change, and often all that follows from what was
//! changed as well: sections, sizes, lists, places, lifetimes, sums, totals (`mend`, which the fuzz
//! target of packed models uses too). So the checks after the first are attacked. Which value of
//! which field is refused: `check_pairs` in `isokern-model`.

#[path = "../../fuzz/src/mend.rs"]
#[allow(unreachable_pub, reason = "the fuzz workspace has it in a library")]
mod mend;
#[path = "../../fuzz/src/records.rs"]
mod records;

use std::collections::BTreeSet;

use isokern_core::ModelSource;
use isokern_core::compute::ModelArtifact;
use isokern_cpu::{CpuBackend, InstructionSet};
use isokern_model::header::HEADER_BYTES;
use isokern_model::layout::Layout;
use isokern_model::{FormatError, Model, digest};
use isokern_tests::vectors::own_cases;
use mend::mend;
use proptest::prelude::{Just, ProptestConfig, any, prop_oneof, proptest};
use proptest::strategy::Strategy;

/// Work above which an accepted mutant is not run, to bound the test's time.
const WORK_MAX: u64 = 1 << 23;

fn blobs() -> Vec<Vec<u8>> {
    let layouts = [Layout::Row, Layout::Packed];
    own_cases()
        .iter()
        .flat_map(|case| layouts.map(|layout| case.convert(layout).bytes().to_vec()))
        .collect()
}

/// Repairs beyond magic, version, length and checksum.
const NO_REPAIR: u8 = 0;
/// Everything that follows from something else is written anew.
const ALL_REPAIRS: u8 = u8::MAX;

/// Loads a mutant, and runs it if it is accepted. Returns whether it was.
fn try_run(blob: &[u8]) -> bool {
    let artifact = ModelArtifact::from_bytes(blob);
    let model = match Model::parse(artifact.bytes()) {
        Ok(model) => model,
        Err(error) => {
            assert!(error.to_string().contains("Fix:"), "{error}");
            return false;
        }
    };
    if model.ops().map(|op| op.cost().work).sum::<u64>() > WORK_MAX {
        return true;
    }
    let mut expected = None;
    for instructions in InstructionSet::available() {
        let mut arena = vec![0; model.arena_bytes()];
        let mut state = vec![0; model.state_bytes()];
        let source = ModelSource::new(artifact.bytes(), &mut arena).with_state(&mut state);
        let backend = CpuBackend::new().with_instruction_set(instructions);
        let mut loaded = backend.load(source).expect("was just accepted");
        loaded.init().expect("memory is lent");
        digest::generate_input(9, loaded.input_mut().expect("is ready"));
        let output = loaded.run().expect("an accepted model runs").to_vec();
        let wanted = expected.get_or_insert_with(|| output.clone());
        assert!(*wanted == output, "{instructions}: an accepted mutant has other bytes");
    }
    true
}

/// A change: where (as a fraction of the blob) and what.
#[derive(Debug, Clone)]
enum Change {
    Flip(u16, u8),
    Word(u16, u32),
    Move(u16, u16, u8),
    Cut(u16),
}

fn change() -> impl Strategy<Value = Change> {
    let word = prop_oneof![
        any::<u32>(),
        (0_u32..300).prop_map(|value| value),
        (0_u32..4).prop_map(|value| u32::MAX - value),
        (0_u32..32).prop_map(|bit| 1 << bit),
    ];
    prop_oneof![
        4 => (any::<u16>(), 0_u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        4 => (any::<u16>(), word).prop_map(|(at, value)| Change::Word(at, value)),
        1 => (any::<u16>(), any::<u16>(), any::<u8>()).prop_map(|(a, b, n)| Change::Move(a, b, n)),
        1 => any::<u16>().prop_map(Change::Cut),
    ]
}

fn apply(blob: &mut Vec<u8>, change: &Change) {
    // Half of the changes go to header and records, which are a small part of a blob.
    let scale = |at: u16, len: usize| match at % 2 {
        0 => usize::from(at) * len / 65_536,
        _ => usize::from(at) * len.min(HEADER_BYTES * 8) / 65_536,
    };
    let len = blob.len();
    match *change {
        _ if len == 0 => {}
        Change::Flip(at, bit) => blob[scale(at, len)] ^= 1 << bit,
        Change::Word(at, value) => {
            let at = scale(at, len) / 4 * 4;
            for (byte, new) in blob[at..].iter_mut().zip(value.to_le_bytes()) {
                *byte = new;
            }
        }
        Change::Move(from, to, count) => {
            let (from, to) = (scale(from, len), scale(to, len));
            let count = usize::from(count).min(len - from).min(len - to);
            blob.copy_within(from..from + count, to);
        }
        Change::Cut(at) => blob.truncate(scale(at, len)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn mutants_are_refused_or_run(
        which in any::<u16>(),
        changes in proptest::collection::vec(change(), 1..4),
        repairs in prop_oneof![Just(NO_REPAIR), Just(ALL_REPAIRS), any::<u8>()],
    ) {
        let blobs = blobs_once();
        let mut blob = blobs[usize::from(which) % blobs.len()].clone();
        for change in &changes {
            apply(&mut blob, change);
        }
        mend(&mut blob, repairs);
        try_run(&blob);
    }
}

fn blobs_once() -> &'static [Vec<u8>] {
    static BLOBS: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    BLOBS.get_or_init(blobs)
}

#[test]
fn every_flipped_bit_of_header_and_records_is_refused_or_runs() {
    let blob = blobs_once().iter().min_by_key(|blob| blob.len()).expect("there are models");
    let constants = Model::parse(ModelArtifact::from_bytes(blob).bytes())
        .expect("is valid")
        .header()
        .constants_offset as usize;
    let mut refused = 0;
    for bit in 0..constants * 8 {
        let mut mutant = blob.clone();
        mutant[bit / 8] ^= 1 << (bit % 8);
        mend(&mut mutant, NO_REPAIR);
        refused += usize::from(!try_run(&mutant));
    }
    // What may change freely: scales, source hash, self-test, parameters in range.
    assert!(refused > constants * 8 / 2, "only {refused} of {} refused", constants * 8);
}

/// Returns what refuses a mutant: the variant, and the field where it has one.
fn check_of(error: FormatError) -> String {
    match error {
        FormatError::Header { field } => format!("header {field}"),
        FormatError::Tensor { field, .. } => format!("tensor {field}"),
        FormatError::Operator { field, .. } => format!("operator {field}"),
        other => format!("{other:?}").split(' ').next().unwrap_or_default().to_owned(),
    }
}

/// Changes one word of every record of every model in turn, and tells which checks refused it and
/// how many mutants were accepted.
fn checks_reached(repairs: u8) -> (BTreeSet<String>, usize) {
    let (mut reached, mut accepted_count) = (BTreeSet::new(), 0);
    for blob in blobs_once() {
        let records = Model::parse(ModelArtifact::from_bytes(blob).bytes())
            .expect("is valid")
            .header()
            .constants_offset as usize;
        for word in (HEADER_BYTES..records).step_by(2) {
            for change in [1_u8, 2, 0x80] {
                let mut mutant = blob.clone();
                mutant[word] ^= change;
                mend(&mut mutant, repairs);
                match Model::parse(ModelArtifact::from_bytes(&mutant).bytes()) {
                    Ok(_) => accepted_count += 1,
                    Err(error) => _ = reached.insert(check_of(error)),
                }
            }
        }
    }
    (reached, accepted_count)
}

/// What a repair is for, in the words of the check that comes first.
const REPAIRED: [&str; 7] = [
    "header macs",
    "header operator_set",
    "operator constant_start",
    "operator list_start",
    "tensor bytes",
    "tensor last_step",
    "tensor root",
];

#[test]
fn p14_mended_mutants_reach_the_checks_behind_the_first() {
    let (sealed, sealed_count) = checks_reached(NO_REPAIR);
    let (mended, mended_count) = checks_reached(ALL_REPAIRS);
    for check in REPAIRED {
        assert!(!mended.contains(check), "`{check}` refuses what was mended");
    }
    for check in ["operator list_start", "tensor bytes", "tensor last_step", "tensor root"] {
        assert!(sealed.contains(check), "`{check}` refuses nothing that was not mended");
    }
    for check in ["header arena_bytes", "operator input_b"] {
        assert!(!sealed.contains(check), "`{check}` is reached with no repair");
    }
    // The last needs no repair where the output becomes a tensor of the state, which has no step.
    for check in ["header arena_bytes", "operator input_b", "operator output"] {
        assert!(mended.contains(check), "`{check}` is reached by nothing: {mended:?}");
    }
    assert!(mended_count > 2 * sealed_count, "{mended_count} accepted, {sealed_count} unmended");
}
