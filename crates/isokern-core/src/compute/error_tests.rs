//! Codes stay, and every message says what to do.

use std::string::ToString;

use super::{BackendError, InferenceError, InferenceErrorKind};

const BACKEND_ERRORS: [(BackendError, u32, InferenceErrorKind); 8] = [
    (
        BackendError::DeviceOutOfMemory { requested_bytes: 2, available_bytes: 1 },
        1,
        InferenceErrorKind::ResourceUnavailable,
    ),
    (
        BackendError::UnsupportedFeature { feature: "cooperative launch" },
        2,
        InferenceErrorKind::ResourceUnavailable,
    ),
    (BackendError::CompileFailed { driver_code: 218 }, 3, InferenceErrorKind::InvalidArtifact),
    (BackendError::DispatchFailed { driver_code: 719 }, 4, InferenceErrorKind::ExecutionFailed),
    (BackendError::DeviceLost { driver_code: 46 }, 5, InferenceErrorKind::DeviceLost),
    (BackendError::InvalidProgram { reason: "opcode 99" }, 6, InferenceErrorKind::InvalidArtifact),
    (
        BackendError::CooperativeResidencyExceeded {
            requested_blocks: 265,
            resident_blocks_max: 264,
        },
        7,
        InferenceErrorKind::ResourceUnavailable,
    ),
    (
        BackendError::InvalidConfiguration { reason: "worker_count is 0" },
        8,
        InferenceErrorKind::ExecutionFailed,
    ),
];

/// Checks that the message ends in one sentence that starts with `Fix:`.
fn assert_says_what_to_do(message: &str) {
    let (fact, fix) = message.split_once(". Fix: ").expect(message);
    assert!(!fact.is_empty() && fix.len() > 10 && fix.ends_with('.'), "{message}");
}

#[test]
fn backend_errors_keep_code_and_kind_on_the_way_up() {
    for (error, code, kind) in BACKEND_ERRORS {
        let seen = InferenceError::from(error);
        assert_eq!((seen.code(), seen.kind(), seen.operator()), (code, kind, None), "{error}");
        assert_says_what_to_do(&error.to_string());
    }
}

#[test]
fn kinds_keep_their_codes() {
    let codes = InferenceErrorKind::ALL.map(InferenceErrorKind::code);
    assert_eq!(codes, [1, 2, 3, 4, 5, 6, 7, 8]);
    for code in 0..=u8::MAX {
        let kind = InferenceErrorKind::from_code(code);
        assert_eq!(kind.map(InferenceErrorKind::code), (1..=8).contains(&code).then_some(code));
    }
}

#[test]
fn every_kind_says_what_to_do_with_and_without_details() {
    for kind in InferenceErrorKind::ALL {
        let plain = InferenceError::new(kind).to_string();
        assert_says_what_to_do(&plain);
        assert!(plain.starts_with(kind.name()) && !plain.contains("code 0"), "{plain}");
        let full = InferenceError::from(kind).with_operator(0).with_code(0xabc).to_string();
        assert_says_what_to_do(&full);
        assert!(full.contains("operator 0") && full.contains("0xabc"), "{full}");
    }
}
