//! Packed models changed at random: refused by name, or run to an answer.
//!
//! The checksum is made right again after each change, so that the checks after it are the ones
//! under test. Which value of which field is refused: `check_pairs` in `isokern-model`.

use isokern_core::ModelSource;
use isokern_core::compute::ModelArtifact;
use isokern_cpu::{CpuBackend, InstructionSet};
use isokern_model::header::{CHECKSUM_START, HEADER_BYTES};
use isokern_model::layout::Layout;
use isokern_model::{Model, digest};
use isokern_tests::vectors::{cases, own_folder};
use proptest::prelude::{ProptestConfig, any, prop_oneof, proptest};
use proptest::strategy::Strategy;

/// Work above which an accepted mutant is not run, to bound the test's time.
const WORK_MAX: u64 = 1 << 23;

fn blobs() -> Vec<Vec<u8>> {
    let cases = cases(&own_folder());
    let layouts = [Layout::Row, Layout::Packed];
    cases
        .iter()
        .flat_map(|case| layouts.map(|layout| case.convert(layout).bytes().to_vec()))
        .collect()
}

/// Makes length and checksum of a changed blob right again.
fn seal(blob: &mut [u8]) {
    if blob.len() < HEADER_BYTES {
        return;
    }
    let bytes = (blob.len() as u32).to_le_bytes();
    blob[12..16].copy_from_slice(&bytes);
    let checksum = digest::crc32(&blob[CHECKSUM_START..]).to_le_bytes();
    blob[16..20].copy_from_slice(&checksum);
}

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
    ) {
        let blobs = blobs_once();
        let mut blob = blobs[usize::from(which) % blobs.len()].clone();
        for change in &changes {
            apply(&mut blob, change);
        }
        seal(&mut blob);
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
        seal(&mut mutant);
        refused += usize::from(!try_run(&mutant));
    }
    // What may change freely: scales, source hash, self-test, parameters in range.
    assert!(refused > constants * 8 / 2, "only {refused} of {} refused", constants * 8);
}
