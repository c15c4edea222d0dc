//! `traceparent`: the recommendation's own cases, and any text at all.

use std::string::{String, ToString};

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{TraceContext, TraceparentError};

const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn refused(text: &str) -> TraceparentError {
    text.parse::<TraceContext>().unwrap_err()
}

#[test]
fn each_fault_has_its_own_error() {
    let long = SAMPLED.len() + 3;
    assert_eq!(refused(""), TraceparentError::Length { bytes: 0 });
    assert_eq!(refused(&SAMPLED[..54]), TraceparentError::Length { bytes: 54 });
    assert_eq!(refused(&(SAMPLED.to_string() + "-01")), TraceparentError::Length { bytes: long });
    assert_eq!(refused(&SAMPLED.replace("00-4", "ff-4")), TraceparentError::Version);
    assert_eq!(refused(&SAMPLED.replace("36-00", "36.00")), TraceparentError::Separator { at: 35 });
    assert_eq!(refused(&SAMPLED.replace("4b", "4B")), TraceparentError::HexDigit { at: 4 });
    assert_eq!(refused(&SAMPLED.replace("-01", "-0x")), TraceparentError::HexDigit { at: 54 });
    let no_trace = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
    assert_eq!(refused(no_trace), TraceparentError::ZeroTraceId);
    let no_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
    assert_eq!(refused(no_span), TraceparentError::ZeroSpanId);
}

#[test]
fn later_versions_may_say_more() {
    let later = SAMPLED.replace("00-4", "01-4");
    let known: TraceContext = SAMPLED.parse().unwrap();
    assert_eq!(later.parse(), Ok(known));
    assert_eq!((later.clone() + "-what-else").parse(), Ok(known));
    assert_eq!(refused(&(later + "what")), TraceparentError::Separator { at: 55 });
}

#[test]
fn flags_without_a_meaning_are_not_passed_on() {
    let all: TraceContext = SAMPLED.replace("-01", "-ff").parse().unwrap();
    assert_eq!(all.flags(), 3);
    assert_eq!(all.with_sampled(false).flags(), 2);
    assert!(all.to_string().ends_with("-03"));
}

#[test]
fn ids_of_zeros_cannot_be_made() {
    assert_eq!(TraceContext::try_new([0; 16], [1; 8]), None);
    assert_eq!(TraceContext::try_new([1; 16], [0; 8]), None);
    let trace = TraceContext::try_new([1; 16], [1; 8]).unwrap().with_sampled(true);
    assert_eq!(trace.try_child([0; 8]), None);
    let child = trace.try_child([2; 8]).unwrap();
    assert_eq!((child.trace_id(), child.span_id(), child.flags()), ([1; 16], [2; 8], 1));
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(
        trace_id in any::<[u8; 16]>(),
        span_id in any::<[u8; 8]>(),
        sampled in any::<bool>(),
    ) {
        if let Some(trace) = TraceContext::try_new(trace_id, span_id) {
            let trace = trace.with_sampled(sampled);
            prop_assert_eq!(trace.to_string().parse(), Ok(trace));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Ok(trace) = text.parse::<TraceContext>() {
            prop_assert_eq!(trace.to_string().len(), 55);
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_still_canonical(at in 0..55_usize, byte in 0..128_u8) {
        let mut bytes = SAMPLED.as_bytes().to_vec();
        bytes[at] = byte;
        let text = String::from_utf8(bytes).unwrap();
        match text.parse::<TraceContext>() {
            // Version and unknown flags are the only parts which need not come back.
            Ok(trace) => prop_assert_eq!(&trace.to_string()[3..53], &text[3..53]),
            Err(error) => prop_assert!(error.to_string().contains("Fix:")),
        }
    }
}
