//! Memory classes: where bytes live, and what a backend must know about a buffer before it
//! touches it.
//!
//! [`MemoryClass`] names the place, [`BufferDescriptor`] adds length and
//! alignment. Both are plain numbers: no pointer, no handle, no lifetime.
//! Whether a backend takes a class as it is decides
//! [`placement`](crate::compute::placement).

use core::fmt;

/// A class of memory: where bytes are, and who can reach them.
///
/// ```
/// use isokern_core::compute::MemoryClass;
///
/// assert_eq!(MemoryClass::default(), MemoryClass::Host);
/// assert_eq!(MemoryClass::Device(3).to_string(), "device 3");
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MemoryClass {
    /// Ordinary memory of the host.
    #[default]
    #[cfg_attr(feature = "serde", serde(alias = "host"))]
    Host,
    /// Page-locked host memory: a device can copy from and to it on its own.
    #[cfg_attr(feature = "serde", serde(alias = "pinned_host"))]
    PinnedHost,
    /// Memory of the device with this ordinal.
    #[cfg_attr(feature = "serde", serde(alias = "device"))]
    Device(u8),
    /// Mapped memory: host and device both load and store it in place.
    #[cfg_attr(feature = "serde", serde(alias = "shared"))]
    Shared,
}

impl MemoryClass {
    /// The number of device ordinals that have a code: 0 to 15.
    pub const CODED_DEVICE_COUNT: u8 = 16;

    /// Returns the stable number of this class, `None` where it has none.
    ///
    /// | class | code |
    /// |---|--:|
    /// | `Host` | 0 |
    /// | `PinnedHost` | 1 |
    /// | `Device(0)` to `Device(15)` | 2 to 17 |
    /// | `Shared` | 18 |
    ///
    /// It is also the bit of the class in a
    /// [`PlacementAcceptance`](crate::compute::PlacementAcceptance). An
    /// ordinal above 15 has no code and never borrows another device's.
    ///
    /// ```
    /// use isokern_core::compute::MemoryClass;
    ///
    /// assert_eq!(MemoryClass::Device(15).code(), Some(17));
    /// assert_eq!(MemoryClass::Device(16).code(), None);
    /// ```
    #[must_use]
    pub const fn code(self) -> Option<u8> {
        match self {
            Self::Host => Some(0),
            Self::PinnedHost => Some(1),
            Self::Device(ordinal) if ordinal < Self::CODED_DEVICE_COUNT => Some(2 + ordinal),
            Self::Device(_) => None,
            Self::Shared => Some(18),
        }
    }

    /// Returns the class with this [`code`](Self::code), `None` for any other
    /// number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Host),
            1 => Some(Self::PinnedHost),
            2..=17 => Some(Self::Device(code - 2)),
            18 => Some(Self::Shared),
            _ => None,
        }
    }
}

impl fmt::Display for MemoryClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::PinnedHost => f.write_str("pinned host"),
            Self::Device(ordinal) => write!(f, "device {ordinal}"),
            Self::Shared => f.write_str("shared"),
        }
    }
}

/// Length, alignment and place of one buffer.
///
/// ```
/// use isokern_core::compute::{BufferDescriptor, MemoryClass};
///
/// const INPUT: BufferDescriptor =
///     BufferDescriptor::new(490).with_alignment(16).with_memory_class(MemoryClass::Shared);
/// assert_eq!(INPUT.bytes(), 490);
/// assert_eq!(INPUT.alignment(), 16);
/// assert_eq!(INPUT.memory_class(), MemoryClass::Shared);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferDescriptor {
    bytes: usize,
    alignment: usize,
    memory_class: MemoryClass,
}

impl BufferDescriptor {
    /// Describes `bytes` bytes of host memory with no alignment (1).
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        Self { bytes, alignment: 1, memory_class: MemoryClass::Host }
    }

    /// Describes one `T` in host memory.
    #[must_use]
    pub const fn of<T>() -> Self {
        Self { bytes: size_of::<T>(), alignment: align_of::<T>(), memory_class: MemoryClass::Host }
    }

    /// Describes a slice in host memory.
    #[must_use]
    pub const fn of_slice<T>(elements: &[T]) -> Self {
        Self {
            bytes: size_of_val(elements),
            alignment: align_of::<T>(),
            memory_class: MemoryClass::Host,
        }
    }

    /// Returns the same buffer with a known alignment in bytes.
    ///
    /// # Panics
    ///
    /// When `alignment` is not a power of two: no address has such an alignment.
    #[must_use]
    pub const fn with_alignment(self, alignment: usize) -> Self {
        assert!(alignment.is_power_of_two(), "an alignment is a power of two");
        Self { alignment, ..self }
    }

    /// Returns the same buffer in another place.
    #[must_use]
    pub const fn with_memory_class(self, memory_class: MemoryClass) -> Self {
        Self { memory_class, ..self }
    }

    /// Returns the length in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.bytes
    }

    /// Returns the alignment in bytes which the start is sure to have, a power
    /// of two.
    #[must_use]
    pub const fn alignment(self) -> usize {
        self.alignment
    }

    /// Returns where the bytes live.
    #[must_use]
    pub const fn memory_class(self) -> MemoryClass {
        self.memory_class
    }
}

#[cfg(test)]
mod tests {
    use super::{BufferDescriptor, MemoryClass};

    #[test]
    fn every_code_reads_back_as_the_class_that_wrote_it() {
        let mut coded = 0;
        for code in 0..=u8::MAX {
            if let Some(class) = MemoryClass::from_code(code) {
                assert_eq!(class.code(), Some(code));
                coded += 1;
            }
        }
        assert_eq!(coded, 19);
    }

    #[test]
    fn an_ordinal_above_the_table_has_no_code() {
        for ordinal in MemoryClass::CODED_DEVICE_COUNT..=u8::MAX {
            assert_eq!(MemoryClass::Device(ordinal).code(), None, "device {ordinal}");
        }
    }

    #[test]
    fn a_slice_is_described_by_its_elements() {
        let descriptor = BufferDescriptor::of_slice(&[0_u32; 5]);
        assert_eq!(descriptor.bytes(), 20);
        assert_eq!(descriptor.alignment(), 4);
        assert_eq!(descriptor.memory_class(), MemoryClass::Host);
        assert_eq!(BufferDescriptor::of::<u64>().bytes(), 8);
    }
}
