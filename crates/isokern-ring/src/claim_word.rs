//! The word with compare-and-swap of this target: its own, or one under a critical section.

/// A word that many may claim.
#[cfg(target_has_atomic = "32")]
pub(crate) type ClaimWord = isokern_core::ring::HostWord;

/// A word that many may claim, under a critical section.
#[cfg(all(not(target_has_atomic = "32"), feature = "critical-section"))]
pub(crate) type ClaimWord = crate::guarded_word::GuardedWord;

/// A word that cannot be claimed: this target has no compare-and-swap and the feature
/// `critical-section` is off, so whatever needs a claim is not there.
#[cfg(all(not(target_has_atomic = "32"), not(feature = "critical-section")))]
pub(crate) type ClaimWord = isokern_core::ring::HostWord;
