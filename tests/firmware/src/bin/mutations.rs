//! Changes every byte of a model in turn: each change is refused at load, or runs to
//! an answer.
//!
//! A fault or a panic ends the program with a failing status. The model is in RAM
//! here. Most changes are made with the checksum put right again, so that the checks
//! after it are the ones that must hold.
#![no_std]
#![no_main]

use isokern_cpu::core::ModelSource;
use isokern_cpu::model::digest;
use isokern_cpu::model::header::CHECKSUM_START;
use isokern_cpu::{CpuBackend, model};
use isokern_firmware::console::{print_digest, print_number};
use isokern_firmware::processor::entry;
use isokern_firmware::{ending, lend};

model::include_model! {
    mod digits = "../../../models/digits.ikm";
}

const BYTES: usize = digits::BLOB.len();

/// Where the header keeps the checksum.
const CHECKSUM: core::ops::Range<usize> = 16..20;

/// Arena for changed models: some ask for more than the model they were made of.
const ARENA_BYTES: usize = 4096;

/// The most elementary steps an accepted model may take to be run here.
const WORK_MAX: u64 = 1 << 24;

/// Memory that is aligned as a model must be.
#[repr(C, align(64))]
struct Blob([u8; BYTES]);

/// How the changed models fared.
#[derive(Default)]
struct Tally {
    refused: u32,
    answered: u32,
    answered_unsealed: u32,
    not_run: u32,
    failed: u32,
    answers: u64,
}

#[entry]
fn main() -> ! {
    let blob = lend!(Blob = Blob([0; BYTES]));
    let arena = lend!(model::embed::Arena<ARENA_BYTES> = model::embed::Arena::new());
    let mut tally = Tally::default();
    for index in 0..BYTES {
        let bit = 1 << (index % 8);
        for (mask, sealed) in [(0xFF, false), (0xFF, true), (bit, true)] {
            change(&mut blob.0, index, mask, sealed);
            tally.add(try_run(&blob.0, arena.as_mut_slice()), sealed);
        }
    }
    print_number("changed", 3 * BYTES as u32);
    print_number("refused", tally.refused);
    print_number("answered", tally.answered);
    print_number("answered_unsealed", tally.answered_unsealed);
    print_number("not_run", tally.not_run);
    print_digest("digest", tally.answers);
    if tally.failed > 0 {
        ending::fail("an accepted model did not run");
    }
    ending::succeed()
}

/// Makes `blob` the model with the byte at `index` changed.
fn change(blob: &mut [u8; BYTES], index: usize, mask: u8, sealed: bool) {
    blob.copy_from_slice(digits::BLOB);
    blob[index] ^= mask;
    if sealed && !CHECKSUM.contains(&index) {
        let checksum = digest::crc32(&blob[CHECKSUM_START..]);
        blob[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
    }
}

/// What became of a changed model.
enum Fate {
    Refused,
    Answered(u64),
    NotRun,
    Failed,
}

fn try_run(blob: &[u8], arena: &mut [u8]) -> Fate {
    let Ok(mut loaded) = CpuBackend::new().load(ModelSource::new(blob, arena)) else {
        return Fate::Refused;
    };
    if loaded.model().ops().map(|op| op.cost().work).sum::<u64>() > WORK_MAX {
        return Fate::NotRun;
    }
    if loaded.init().is_err() {
        return Fate::Failed;
    }
    let Ok(input) = loaded.input_mut() else {
        return Fate::Failed;
    };
    digest::generate_input(1, input);
    loaded.run().map_or(Fate::Failed, |output| Fate::Answered(digest::fnv1a(output)))
}

impl Tally {
    fn add(&mut self, fate: Fate, sealed: bool) {
        match fate {
            Fate::Refused => self.refused += 1,
            Fate::NotRun => self.not_run += 1,
            Fate::Failed => self.failed += 1,
            Fate::Answered(answer) => {
                self.answered += 1;
                self.answered_unsealed += u32::from(!sealed);
                self.answers = self.answers.rotate_left(1) ^ answer;
            }
        }
    }
}
