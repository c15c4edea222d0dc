//! The three ways to keep a kernel running, as words.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// The mode of a kernel: called, fed by a ring, or part of a megakernel.
///
/// ```
/// use isokern_core::KernelMode;
///
/// assert_eq!("ring".parse(), Ok(KernelMode::Ring));
/// assert_eq!(KernelMode::Megakernel.to_string(), "megakernel");
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum KernelMode {
    /// Launched for each call, gone after the answer.
    #[cfg_attr(feature = "serde", serde(alias = "Batch"))]
    Batch,
    /// A resident actor that takes messages from a ring.
    #[cfg_attr(feature = "serde", serde(alias = "Ring"))]
    Ring,
    /// Tasks that resident workers take from a queue ([`megakernel`](crate::megakernel)).
    #[cfg_attr(feature = "serde", serde(alias = "Megakernel"))]
    Megakernel,
}

impl KernelMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Batch, Self::Ring, Self::Megakernel];

    /// Says whether this is [`Batch`](Self::Batch).
    #[must_use]
    pub const fn is_batch(self) -> bool {
        matches!(self, Self::Batch)
    }

    /// Says whether this is [`Ring`](Self::Ring).
    #[must_use]
    pub const fn is_ring(self) -> bool {
        matches!(self, Self::Ring)
    }

    /// Says whether this is [`Megakernel`](Self::Megakernel).
    #[must_use]
    pub const fn is_megakernel(self) -> bool {
        matches!(self, Self::Megakernel)
    }

    /// Returns the mode's word: `batch`, `ring` or `megakernel`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Ring => "ring",
            Self::Megakernel => "megakernel",
        }
    }

    /// Returns the least that the mode adds to the work itself, in µs a call, measured on the
    /// CPU backend; NaN where no record exists.
    ///
    /// | mode | path | µs | returned |
    /// |---|---|--:|---|
    /// | batch | `CpuKernel::execute`, which has no limit | 0.44 | yes |
    /// | | `execute_with_timeout` | 19.73 | no |
    /// | | `execute_with_context`, with a deadline | 19.42 | no |
    /// | ring | `ModelActor`, spinning, on another core | 2.66 | yes |
    /// | megakernel | no record yet: `isokern bench --mode megakernel` measures it | | NaN |
    ///
    /// The rows with a limit are of a clock whose thread each call woke. It no longer does, and in
    /// the next record a limit adds 0.24 to 0.87 µs to `execute`, by looks at the clock.
    ///
    /// Every row is the median of the differences to a direct call (`CpuModel::infer_one`, for
    /// the ring `CpuModel::run`) of the keyword-spotting model, on two virtual cores of an
    /// Intel Xeon with AVX-512 VNNI; the record is *What a mode adds* of 2026-11-21 in
    /// `docs/benchmarks.md`, where the rows of KWS are. They grow with the model, its operators
    /// and its input; an actor that sleeps adds to them. No GPU was measured.
    #[must_use]
    pub const fn typical_overhead_us(self) -> f64 {
        match self {
            Self::Batch => 0.44,
            Self::Ring => 2.66,
            Self::Megakernel => f64::NAN,
        }
    }
}

impl fmt::Display for KernelMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no [`KernelMode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a kernel mode. Fix: write batch, ring or megakernel.")]
pub struct KernelModeError;

impl FromStr for KernelMode {
    type Err = KernelModeError;

    fn from_str(text: &str) -> Result<Self, KernelModeError> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(KernelModeError)
    }
}

#[cfg(test)]
mod tests {
    use super::{KernelMode, KernelModeError};
    use std::string::ToString;

    #[test]
    fn words_and_modes_belong_together() {
        for mode in KernelMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
            let is = [mode.is_batch(), mode.is_ring(), mode.is_megakernel()];
            assert_eq!(is.iter().filter(|&&is| is).count(), 1);
        }
        assert_eq!("Batch".parse::<KernelMode>(), Err(KernelModeError));
        assert_eq!("".parse::<KernelMode>(), Err(KernelModeError));
    }

    #[test]
    fn an_overhead_is_a_time_or_not_measured() {
        for mode in KernelMode::ALL {
            let overhead_us = mode.typical_overhead_us();
            assert_eq!(overhead_us.is_nan(), mode.is_megakernel());
            assert!(overhead_us.is_nan() || overhead_us > 0.0, "{mode}: {overhead_us}");
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_uses_the_same_words() {
        for mode in KernelMode::ALL {
            let text = serde_json::to_string(&mode).unwrap();
            assert_eq!(text.trim_matches('"'), mode.as_str());
            assert_eq!(serde_json::from_str::<KernelMode>(&text).unwrap(), mode);
        }
    }
}
