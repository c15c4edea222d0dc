//! Borrowed memory of a device: an address, a length, and the space the address is of.
//!
//! The host cannot follow such an address, so a view has no bytes to read here. It is how a
//! payload in device memory reaches a model without a copy: [`DeviceView`] to read,
//! [`DeviceViewMut`] to write. Both are payloads themselves, and so is what lends them, for
//! example a buffer of `isokern-cuda`.
//!
//! A view is borrowed as a slice is: while it lives, and until the work it was given to has
//! ended, its memory stays. That is the promise of whoever makes one from an address, the one
//! `unsafe` step. Everything afterwards is checked: a backend takes a view of its own
//! [`DeviceSpace`] and of its model's length, and refuses any other.
#![allow(unsafe_code)]

use core::marker::PhantomData;

use super::dtype::DType;
use super::memory::{BufferDescriptor, MemoryClass};
use super::payload::{Payload, PayloadMut};

/// One address space of a device: addresses of one mean nothing in another.
///
/// For CUDA it is a context. `id` is the backend's own number, equal for equal spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceSpace {
    ordinal: u8,
    id: u64,
}

impl DeviceSpace {
    /// Names a space on the device with this ordinal.
    #[must_use]
    pub const fn new(ordinal: u8, id: u64) -> Self {
        Self { ordinal, id }
    }

    /// Returns the device's ordinal.
    #[must_use]
    pub const fn ordinal(self) -> u8 {
        self.ordinal
    }

    /// Returns the class of memory in this space.
    #[must_use]
    pub const fn memory_class(self) -> MemoryClass {
        MemoryClass::Device(self.ordinal)
    }
}

/// Memory of a device, to read.
///
/// ```
/// # #![allow(unsafe_code)]
/// use isokern_core::Payload;
/// use isokern_core::compute::{DeviceSpace, DeviceView, MemoryClass};
///
/// let space = DeviceSpace::new(0, 1);
/// // SAFETY: there is no device here, so no work ever uses the address.
/// let samples = unsafe { DeviceView::new(space, 0x7000, 128) };
/// assert_eq!(samples.buffer_descriptor().memory_class(), MemoryClass::Device(0));
/// assert_eq!(samples.host_bytes(), None);
///
/// let (first, second) = samples.split_at(64).expect("it has 128 bytes");
/// assert_eq!((first.bytes(), second.address()), (64, 0x7040));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DeviceView<'a> {
    place: Place,
    borrowed: PhantomData<&'a [u8]>,
}

/// Memory of a device, to write.
#[derive(Debug)]
pub struct DeviceViewMut<'a> {
    place: Place,
    borrowed: PhantomData<&'a mut [u8]>,
}

/// Where a view is.
#[derive(Clone, Copy, Debug)]
struct Place {
    space: DeviceSpace,
    address: u64,
    bytes: usize,
    dtype: Option<DType>,
}

impl<'a> DeviceView<'a> {
    /// Lends memory of a device by its address.
    ///
    /// # Safety
    ///
    /// * `bytes` bytes at `address` are memory that the device can read in `space`.
    /// * They are alive and nobody writes them for the lifetime, and until work that was given
    ///   the view has ended. Work that wrote them before has ended, or comes before in the
    ///   stream that reads them.
    #[must_use]
    pub const unsafe fn new(space: DeviceSpace, address: u64, bytes: usize) -> Self {
        let place = Place { space, address, bytes, dtype: None };
        Self { place, borrowed: PhantomData }
    }
}

impl<'a> DeviceViewMut<'a> {
    /// Lends memory of a device by its address.
    ///
    /// # Safety
    ///
    /// * `bytes` bytes at `address` are memory that the device can read and write in `space`.
    /// * They are alive and nobody else uses them for the lifetime, and until work that was
    ///   given the view has ended. Work that used them before has ended, or comes before in
    ///   the stream that writes them.
    #[must_use]
    pub const unsafe fn new(space: DeviceSpace, address: u64, bytes: usize) -> Self {
        let place = Place { space, address, bytes, dtype: None };
        Self { place, borrowed: PhantomData }
    }

    /// Lends it for reading.
    #[must_use]
    pub const fn as_view(&self) -> DeviceView<'_> {
        DeviceView { place: self.place, borrowed: PhantomData }
    }

    /// Lends it on, for a shorter time.
    #[must_use]
    pub const fn reborrow(&mut self) -> DeviceViewMut<'_> {
        DeviceViewMut { place: self.place, borrowed: PhantomData }
    }
}

/// What both kinds of views have: the place they are at.
macro_rules! of_a_place {
    ($view:ident) => {
        impl $view<'_> {
            /// Returns the view with the type of its elements. Without it, it is untyped bytes.
            #[must_use]
            pub const fn with_dtype(self, dtype: Option<DType>) -> Self {
                Self { place: Place { dtype, ..self.place }, ..self }
            }

            /// Divides it: `bytes` bytes and the rest, `None` if it has fewer.
            #[must_use]
            pub const fn split_at(self, bytes: usize) -> Option<(Self, Self)> {
                match self.place.split_at(bytes) {
                    Some((first, rest)) => {
                        let borrowed = PhantomData;
                        Some((Self { place: first, borrowed }, Self { place: rest, borrowed }))
                    }
                    None => None,
                }
            }

            /// Returns the space its address is of.
            #[must_use]
            pub const fn space(&self) -> DeviceSpace {
                self.place.space
            }

            /// Returns its address on the device.
            #[must_use]
            pub const fn address(&self) -> u64 {
                self.place.address
            }

            /// Returns its length.
            #[must_use]
            pub const fn bytes(&self) -> usize {
                self.place.bytes
            }
        }
    };
}

of_a_place! { DeviceView }
of_a_place! { DeviceViewMut }

impl Payload for DeviceView<'_> {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        self.place.descriptor()
    }

    fn dtype(&self) -> Option<DType> {
        self.place.dtype
    }

    fn device_view(&self) -> Option<DeviceView<'_>> {
        Some(*self)
    }
}

impl Payload for DeviceViewMut<'_> {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        self.place.descriptor()
    }

    fn dtype(&self) -> Option<DType> {
        self.place.dtype
    }

    fn device_view(&self) -> Option<DeviceView<'_>> {
        Some(self.as_view())
    }
}

impl PayloadMut for DeviceViewMut<'_> {
    fn device_view_mut(&mut self) -> Option<DeviceViewMut<'_>> {
        Some(self.reborrow())
    }
}

impl Place {
    /// Describes it as a payload: untyped, or typed at any alignment.
    const fn descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::new(self.bytes).with_memory_class(self.space.memory_class())
    }

    const fn split_at(self, bytes: usize) -> Option<(Self, Self)> {
        match self.bytes.checked_sub(bytes) {
            Some(rest) => {
                let address = self.address.wrapping_add(bytes as u64);
                Some((Self { bytes, ..self }, Self { address, bytes: rest, ..self }))
            }
            None => None,
        }
    }
}
