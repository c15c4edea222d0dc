//! W3C trace context: which request of a larger system a call belongs to.
//!
//! The text form is the header `traceparent` of the W3C recommendation *Trace Context*
//! (level 1, with the random flag of level 2):
//!
//! ```text
//! 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//! version  trace id (16 bytes)        span id (8 bytes)  flags
//! ```

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// The position of a call in a distributed trace.
///
/// ```
/// use isokern_core::call::TraceContext;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace: TraceContext = text.parse()?;
/// assert!(trace.is_sampled());
/// assert_eq!(trace.trace_id()[..2], [0x4b, 0xf9]);
/// assert_eq!(trace.to_string(), text);
/// # Ok::<(), isokern_core::call::TraceparentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
}

impl TraceContext {
    const SAMPLED: u8 = 1;
    const RANDOM: u8 = 2;
    const KNOWN_FLAGS: u8 = Self::SAMPLED | Self::RANDOM;

    /// Returns the position with these ids, not sampled; `None` when one of them is all
    /// zero, which the recommendation forbids.
    #[must_use]
    pub const fn try_new(trace_id: [u8; 16], span_id: [u8; 8]) -> Option<Self> {
        if u128::from_be_bytes(trace_id) == 0 || u64::from_be_bytes(span_id) == 0 {
            return None;
        }
        Some(Self { trace_id, span_id, flags: 0 })
    }

    /// Returns the position with the sampled flag set or cleared.
    #[must_use]
    pub const fn with_sampled(self, sampled: bool) -> Self {
        let others = self.flags & !Self::SAMPLED;
        Self { flags: if sampled { others | Self::SAMPLED } else { others }, ..self }
    }

    /// Returns the position of a part of this call: the same trace and flags, another
    /// span. `None` when the span id is all zero.
    #[must_use]
    pub const fn try_child(self, span_id: [u8; 8]) -> Option<Self> {
        if u64::from_be_bytes(span_id) == 0 { None } else { Some(Self { span_id, ..self }) }
    }

    /// Returns the id of the whole trace.
    #[must_use]
    pub const fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// Returns the id of the caller's span.
    #[must_use]
    pub const fn span_id(&self) -> [u8; 8] {
        self.span_id
    }

    /// Returns the flags which the recommendation gives a meaning: bit 0 sampled, bit 1
    /// random trace id.
    #[must_use]
    pub const fn flags(&self) -> u8 {
        self.flags
    }

    /// Says whether the caller may have recorded the trace.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & Self::SAMPLED != 0
    }
}

/// Writes the header's value, version 00.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace_id, span_id) =
            (u128::from_be_bytes(self.trace_id), u64::from_be_bytes(self.span_id));
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{:02x}", self.flags)
    }
}

/// Why a text is no `traceparent`.
///
/// Positions are byte offsets from 0.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum TraceparentError {
    /// The text is shorter than 55 bytes, or longer where its version allows no more.
    #[error("traceparent has {bytes} bytes, version 00 has 55. Fix: pass the whole header value.")]
    Length {
        /// The bytes it has.
        bytes: usize,
    },
    /// A field starts where no dash is.
    #[error("traceparent has no dash at byte {at}. Fix: separate its fields by single dashes.")]
    Separator {
        /// Where the dash belongs.
        at: usize,
    },
    /// A character is not `0` to `9` or `a` to `f`.
    #[error("traceparent has no hex digit at byte {at}. Fix: write ids in lower-case hex.")]
    HexDigit {
        /// Where it is.
        at: usize,
    },
    /// The version is `ff`.
    #[error("traceparent has the version ff, which is invalid. Fix: send version 00.")]
    Version,
    /// The trace id is all zero.
    #[error("traceparent has a trace id of zeros. Fix: draw a random one, or send no header.")]
    ZeroTraceId,
    /// The span id is all zero.
    #[error("traceparent has a span id of zeros. Fix: draw a random one, or send no header.")]
    ZeroSpanId,
}

/// Reads the header's value: no spaces, lower case, ids that are not all zero.
///
/// A version above 00 may have more fields; they are ignored, as the recommendation asks.
impl FromStr for TraceContext {
    type Err = TraceparentError;

    fn from_str(text: &str) -> Result<Self, TraceparentError> {
        let bytes = text.as_bytes();
        let Some((fields, rest)) = bytes.split_first_chunk::<TEXT_BYTES>() else {
            return Err(TraceparentError::Length { bytes: bytes.len() });
        };
        let [version] = hex(fields, 0)?;
        match (version, rest.first()) {
            (0xff, _) => return Err(TraceparentError::Version),
            (_, None) => {}
            (0, Some(_)) => return Err(TraceparentError::Length { bytes: bytes.len() }),
            (_, Some(b'-')) => {}
            (_, Some(_)) => return Err(TraceparentError::Separator { at: TEXT_BYTES }),
        }
        for at in [2, 35, 52] {
            if fields[at] != b'-' {
                return Err(TraceparentError::Separator { at });
            }
        }
        let (trace_id, span_id) = (hex(fields, 3)?, hex(fields, 36)?);
        let [flags] = hex(fields, 53)?;
        if trace_id == [0; 16] {
            return Err(TraceparentError::ZeroTraceId);
        }
        if span_id == [0; 8] {
            return Err(TraceparentError::ZeroSpanId);
        }
        Ok(Self { trace_id, span_id, flags: flags & Self::KNOWN_FLAGS })
    }
}

const TEXT_BYTES: usize = 55;

/// Reads `N` bytes of lower-case hex from a fixed position.
fn hex<const N: usize>(
    fields: &[u8; TEXT_BYTES],
    start: usize,
) -> Result<[u8; N], TraceparentError> {
    let mut value = [0; N];
    for (index, byte) in value.iter_mut().enumerate() {
        for at in [start + 2 * index, start + 2 * index + 1] {
            let digit = match fields.get(at) {
                Some(digit @ b'0'..=b'9') => digit - b'0',
                Some(digit @ b'a'..=b'f') => digit - b'a' + 10,
                _ => return Err(TraceparentError::HexDigit { at }),
            };
            *byte = *byte << 4 | digit;
        }
    }
    Ok(value)
}
