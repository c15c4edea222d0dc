//! Feeds damaged TFLite files to the converter: errors are fine, panics are not.

use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use isokern_import::{ImportError, Options, convert_with};
use isokern_model::layout::Layout;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

/// Small models that together have every operator.
const SEEDS: [&str; 5] = ["dead_channels", "pool_add", "softmax_rows", "residual", "dense"];

/// One way to damage a file; places are reduced to its length.
#[derive(Debug, Clone)]
enum Damage {
    FlipBit { place: usize, bit: u8 },
    Truncate { length: usize },
    Overwrite { place: usize, word: u32 },
    Copy { from: usize, to: usize, length: usize },
    Remove { from: usize, length: usize },
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length_before = bytes.len();
        if length_before < 8 {
            return;
        }
        let at = |place: usize| place % length_before;
        match *self {
            Self::FlipBit { place, bit } => bytes[at(place)] ^= 1 << (bit % 8),
            Self::Truncate { length } => bytes.truncate(at(length)),
            Self::Overwrite { place, word } => {
                let place = at(place) / 4 * 4;
                let end = (place + 4).min(length_before);
                bytes[place..end].copy_from_slice(&word.to_le_bytes()[..end - place]);
            }
            Self::Copy { from, to, length } => {
                let (from, to) = (at(from), at(to));
                let length = length % 64;
                let length = length.min(length_before - from).min(length_before - to);
                bytes.copy_within(from..from + length, to);
            }
            Self::Remove { from, length } => {
                let from = at(from);
                let end = (from + length % 64).min(length_before);
                bytes.drain(from..end);
            }
        }
    }
}

fn any_word() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(u32::MAX),
        Just(u32::MAX - 1),
        Just(i32::MAX as u32),
        Just(i32::MIN as u32),
        Just(f32::NAN.to_bits()),
        Just(f32::INFINITY.to_bits()),
        Just(f32::MIN_POSITIVE.to_bits()),
        0_u32..256,
        (0_u32..32).prop_map(|bit| 1 << bit),
        any::<u32>(),
    ]
}

fn any_damage() -> impl Strategy<Value = Damage> {
    let place = any::<usize>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(place, bit)| Damage::FlipBit { place, bit }),
        place().prop_map(|length| Damage::Truncate { length }),
        (place(), any_word()).prop_map(|(place, word)| Damage::Overwrite { place, word }),
        (place(), place(), place()).prop_map(|(from, to, length)| Damage::Copy {
            from,
            to,
            length
        }),
        (place(), place()).prop_map(|(from, length)| Damage::Remove { from, length }),
    ]
}

fn seed(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models/models");
    std::fs::read(folder.join(format!("{name}.tflite"))).expect("the model is in the repository")
}

/// Converts, and returns only if that was quick; big models are not run.
fn converts_quickly(bytes: &[u8]) -> Result<(), ImportError> {
    let start = Instant::now();
    let options = Options { self_test_work_max: 1 << 22, ..Options::new(Layout::Packed) };
    let result = convert_with(bytes, options, |_| ());
    assert!(start.elapsed() < Duration::from_secs(10), "slow: {result:?}");
    if let Err(error) = &result {
        let message = error.to_string();
        assert!(message.contains("Fix: "), "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
    }
    result.map(|_| ())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn damaged_files_never_panic(
        name in proptest::sample::select(&SEEDS[..]),
        damages in proptest::collection::vec(any_damage(), 1..6),
    ) {
        let mut bytes = seed(name);
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        let _ = converts_quickly(&bytes);
    }
}

#[test]
fn every_word_of_a_small_file_may_be_anything() {
    let file = seed("softmax_steep");
    let mut refused = 0;
    for place in (0..file.len() - 3).step_by(2) {
        for word in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, 0x0001_0001, file.len() as u32] {
            let mut bytes = file.clone();
            bytes[place..place + 4].copy_from_slice(&word.to_le_bytes());
            refused += usize::from(converts_quickly(&bytes).is_err());
        }
    }
    assert!(refused > 100, "{refused} refused");
}

#[test]
fn every_length_of_a_small_file_is_refused_or_converts() {
    let file = seed("softmax_steep");
    for length in 0..file.len() {
        let _ = converts_quickly(&file[..length]);
    }
}
