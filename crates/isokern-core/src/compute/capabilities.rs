//! The limits of a backend, as numbers.

use super::dtype::DType;
use super::mode::ModeSet;
use super::placement::PlacementAcceptance;

/// The limits of a backend, for any model.
///
/// Limits only: sizes, counts, element types, memory classes, modes. Where the
/// hardware cannot but the right answer can be had another way, a backend
/// emulates and says nothing.
///
/// ```
/// use isokern_core::compute::{BackendCapabilities, MemoryClass, ModeSet};
/// use isokern_core::DType;
///
/// const CPU: BackendCapabilities = BackendCapabilities::new(false, None, DType::I8.mask())
///     .with_modes(ModeSet::empty().with_batch().with_ring());
/// assert!(CPU.supports_dtype(DType::I8) && !CPU.supports_dtype(DType::F32));
/// assert!(CPU.memory().accepts(MemoryClass::Host));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BackendCapabilities {
    device_streams: bool,
    max_batch: Option<usize>,
    dtype_mask: u64,
    modes: ModeSet,
    memory: PlacementAcceptance,
}

impl BackendCapabilities {
    /// Describes a backend which runs batch calls on host memory.
    ///
    /// `dtype_mask` is the union of [`DType::mask`] over the element types it
    /// takes.
    #[must_use]
    pub const fn new(device_streams: bool, max_batch: Option<usize>, dtype_mask: u64) -> Self {
        Self {
            device_streams,
            max_batch,
            dtype_mask,
            modes: ModeSet::empty().with_batch(),
            memory: PlacementAcceptance::empty().with_host(),
        }
    }

    /// Returns the description with exactly these modes.
    #[must_use]
    pub const fn with_modes(self, modes: ModeSet) -> Self {
        Self { modes, ..self }
    }

    /// Returns the description with exactly these memory classes, which
    /// payloads may live in without a copy.
    #[must_use]
    pub const fn with_memory(self, memory: PlacementAcceptance) -> Self {
        Self { memory, ..self }
    }

    /// Says whether work runs on streams of a device, so that a call may return
    /// before it is done and `drain` has something to wait for.
    #[must_use]
    pub const fn device_streams(self) -> bool {
        self.device_streams
    }

    /// Returns the most messages one device step takes, `None` for any number.
    ///
    /// A longer batch is split by the model or refused by name.
    #[must_use]
    pub const fn max_batch(self) -> Option<usize> {
        self.max_batch
    }

    /// Returns the element types, bit `n` for the [`DType`] with code `n`.
    #[must_use]
    pub const fn dtype_mask(self) -> u64 {
        self.dtype_mask
    }

    /// Says whether payloads may have elements of this type.
    #[must_use]
    pub const fn supports_dtype(self, dtype: DType) -> bool {
        self.dtype_mask & dtype.mask() != 0
    }

    /// Returns the modes it runs.
    #[must_use]
    pub const fn modes(self) -> ModeSet {
        self.modes
    }

    /// Returns the memory classes it takes as they are.
    #[must_use]
    pub const fn memory(self) -> PlacementAcceptance {
        self.memory
    }

    /// Returns what this backend and another one can both do.
    ///
    /// ```
    /// use isokern_core::compute::BackendCapabilities;
    ///
    /// let gpu = BackendCapabilities::new(true, Some(64), 0b10);
    /// let cpu = BackendCapabilities::new(false, None, 0b11);
    /// assert_eq!(gpu.intersect(cpu), BackendCapabilities::new(false, Some(64), 0b10));
    /// ```
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        let max_batch = match (self.max_batch, other.max_batch) {
            (Some(a), Some(b)) => Some(if a < b { a } else { b }),
            (Some(only), None) | (None, Some(only)) => Some(only),
            (None, None) => None,
        };
        Self {
            device_streams: self.device_streams && other.device_streams,
            max_batch,
            dtype_mask: self.dtype_mask & other.dtype_mask,
            modes: self.modes.intersect(other.modes),
            memory: self.memory.intersect(other.memory),
        }
    }
}
