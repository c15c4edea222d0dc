//! Seeds that lost all that can be repaired are models again once they are mended.

use super::{REPAIRS, mend};
use crate::records::Records;
use isokern_cpu::core::compute::ModelArtifact;
use isokern_model::{FormatError, Model};
use std::path::Path;

/// Returns the committed seeds without the byte that chooses repairs.
fn seeds() -> Vec<Vec<u8>> {
    // The package is this workspace, or the one whose mutants are mended too (`tests/tests`).
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["seeds/read_ikm", "../fuzz/seeds/read_ikm"].map(|path| package.join(path));
    let files = folders.iter().find_map(|folder| folder.read_dir().ok()).expect("there are seeds");
    let seeds = files.map(|file| {
        let mut bytes = std::fs::read(file.unwrap().path()).expect("a seed is readable");
        assert_eq!(bytes.pop(), Some(u8::MAX), "a seed asks for all repairs");
        bytes
    });
    seeds.collect()
}

fn verdict(blob: &[u8]) -> Result<(), FormatError> {
    Model::parse(ModelArtifact::from_bytes(blob).bytes()).map(|_| ())
}

/// Breaks what one repair is for.
fn break_one(records: &mut Records<'_>, repair: usize) {
    let front = records.front();
    let packed_sums = |records: &mut Records<'_>| {
        for index in 0..front.operator_count.into() {
            let record = records.operator_at(index).expect("a seed has its operators");
            let last = record.constant_start + u16::from(record.constant_count);
            if front.layout == 1 && record.constant_count == 5 {
                records.write_constant(usize::from(last) - 1, &[0x55; 64]);
            }
        }
    };
    match repair {
        0 => records.header(|header| {
            (header.operators_offset, header.constants_offset) = (0, 0);
            header.constants_bytes = 0;
        }),
        1 => (0..front.tensor_count.into())
            .for_each(|index| records.tensor(index, |record| record.bytes = 0)),
        2 => (0..front.operator_count.into()).for_each(|index| {
            records.operator(index, |record| (record.list_start, record.constant_start) = (0, 0));
        }),
        3 => (0..front.constant_count.into())
            .for_each(|index| records.constant(index, |record| record.offset = 0)),
        4 => {
            (0..front.tensor_count.into())
                .for_each(|index| records.tensor(index, |record| record.offset = 0));
            records.header(|header| (header.arena_bytes, header.state_bytes) = (0, 0));
        }
        5 => (0..front.tensor_count.into()).for_each(|index| {
            records.tensor(index, |record| {
                (record.first_step, record.last_step, record.root) = (7, 0, index as u16);
            });
        }),
        6 => packed_sums(records),
        7 => records.header(|header| {
            (header.macs_low, header.macs_high) = (1, 1);
            header.operator_set = [0; 4];
        }),
        _ => panic!("there are eight repairs"),
    }
}

#[test]
fn nothing_is_refused_for_what_a_repair_is_for() {
    for seed in seeds() {
        assert_eq!(verdict(&seed), Ok(()));
        for repair in 0..REPAIRS.len() {
            let mut blob = seed.clone();
            let mut records = Records { blob: &mut blob };
            break_one(&mut records, repair);
            let is_broken = blob != seed;
            assert!(mend(&mut blob, 0));
            assert_eq!(verdict(&blob).is_err(), is_broken, "repair {repair} is not made");
            assert!(mend(&mut blob, 1 << repair));
            assert_eq!(verdict(&blob), Ok(()), "repair {repair}");
        }
    }
}

#[test]
fn all_repairs_together_mend_a_seed() {
    for seed in seeds() {
        let mut blob = seed.clone();
        // Sections last: the others are found by them.
        for repair in (0..REPAIRS.len()).rev() {
            break_one(&mut Records { blob: &mut blob }, repair);
        }
        blob[..20].fill(0);
        blob[10] = seed[10];
        assert!(verdict(&blob).is_err());
        assert!(mend(&mut blob, u8::MAX));
        assert_eq!(verdict(&blob), Ok(()));
    }
}

#[test]
fn what_has_no_header_is_left_alone() {
    for bytes in [&[][..], &[7; 127]] {
        let mut blob = bytes.to_vec();
        assert!(!mend(&mut blob, u8::MAX));
        assert_eq!(blob, bytes);
    }
    // A header alone is mended and refused, whatever it says.
    for fill in [0, 1, 0x7f, 0xff] {
        let mut blob = vec![fill; 500];
        assert!(mend(&mut blob, u8::MAX));
        assert!(verdict(&blob).is_err());
    }
}
