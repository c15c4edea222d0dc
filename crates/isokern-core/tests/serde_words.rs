//! The words of enums in configurations and reports: both spellings are read.

#![cfg(feature = "serde")]

use isokern_core::compute::{
    DType, InferenceErrorKind, MemoryClass, NumericProfile, PlacementDecision,
};
use isokern_core::kernel::{HealthStatus, KernelMode};
use isokern_core::megakernel::{MegakernelExecutionMode, MegakernelPressure, MegakernelTopology};

/// Reads a value under the name of its variant and under its word in small letters.
fn check_words<T>(values: &[T])
where
    T: serde::Serialize + serde::de::DeserializeOwned + core::fmt::Debug + PartialEq,
{
    for value in values {
        let name = format!("{value:?}");
        let mut word = String::new();
        for (place, letter) in name.char_indices() {
            if place > 0 && letter.is_uppercase() {
                word.push('_');
            }
            word.extend(letter.to_lowercase());
        }
        for spelled in [&name, &word] {
            let quoted = format!("\"{spelled}\"");
            assert_eq!(serde_json::from_str::<T>(&quoted).ok().as_ref(), Some(value), "{quoted}");
        }
        let written = serde_json::to_string(value).expect("the value has a text");
        assert!([&name, &word].contains(&&String::from(written.trim_matches('"'))), "{written}");
        let shouted = format!("\"{}\"", name.to_uppercase());
        if name.to_uppercase() != name {
            assert!(serde_json::from_str::<T>(&shouted).is_err(), "{shouted}");
        }
    }
}

#[test]
fn s2_every_enum_is_read_by_its_name_and_by_its_word() {
    check_words(&KernelMode::ALL);
    check_words(&[HealthStatus::Healthy, HealthStatus::Degraded, HealthStatus::Unhealthy]);
    check_words(&DType::ALL);
    check_words(&NumericProfile::ALL);
    check_words(&InferenceErrorKind::ALL);
    check_words(&[PlacementDecision::ZeroCopy, PlacementDecision::AdaptRequired]);
    check_words(&[MemoryClass::Host, MemoryClass::PinnedHost, MemoryClass::Shared]);
    let device = serde_json::from_str::<MemoryClass>(r#"{"device":3}"#);
    assert_eq!(device.ok(), Some(MemoryClass::Device(3)));
    check_words(&[
        MegakernelPressure::Empty,
        MegakernelPressure::Light,
        MegakernelPressure::Balanced,
        MegakernelPressure::Saturated,
    ]);
    check_words(&[MegakernelExecutionMode::Interpreter, MegakernelExecutionMode::Jit]);
    check_words(&[
        MegakernelTopology::Empty,
        MegakernelTopology::SparseFrontier,
        MegakernelTopology::HybridFrontier,
        MegakernelTopology::DenseFrontier,
        MegakernelTopology::FusedDense,
        MegakernelTopology::MemoryConstrained,
    ]);
}
