//! The payloads of the language itself: unit, scalars, slices, arrays, vectors, borrows.

use bytemuck::{Pod, bytes_of, bytes_of_mut, must_cast_slice, must_cast_slice_mut};

use super::device_view::{DeviceView, DeviceViewMut};
use super::dtype::DType;
use super::memory::BufferDescriptor;
use super::payload::{Payload, PayloadMut};

/// No bytes: a trigger, or an answer that is only "done".
impl Payload for () {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::new(0)
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(&[])
    }
}

impl PayloadMut for () {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(&mut [])
    }
}

impl<T: Pod> Payload for [T] {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::of_slice(self)
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(must_cast_slice(self))
    }

    fn dtype(&self) -> Option<DType> {
        DType::of::<T>()
    }
}

impl<T: Pod> PayloadMut for [T] {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(must_cast_slice_mut(self))
    }
}

impl<T: Pod, const N: usize> Payload for [T; N] {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::of::<Self>()
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(must_cast_slice(self.as_slice()))
    }

    fn dtype(&self) -> Option<DType> {
        DType::of::<T>()
    }
}

impl<T: Pod, const N: usize> PayloadMut for [T; N] {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(must_cast_slice_mut(self.as_mut_slice()))
    }
}

/// A borrow is the payload it points to: `&[T]`, `&[T; N]`, `&Tensor`.
impl<P: Payload + ?Sized> Payload for &P {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        (**self).buffer_descriptor()
    }

    fn dtype(&self) -> Option<DType> {
        (**self).dtype()
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        (**self).host_bytes()
    }

    fn device_view(&self) -> Option<DeviceView<'_>> {
        (**self).device_view()
    }
}

/// As `&P`, and writable where `P` is: `&mut [T]`.
impl<P: Payload + ?Sized> Payload for &mut P {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        (**self).buffer_descriptor()
    }

    fn dtype(&self) -> Option<DType> {
        (**self).dtype()
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        (**self).host_bytes()
    }

    fn device_view(&self) -> Option<DeviceView<'_>> {
        (**self).device_view()
    }
}

impl<P: PayloadMut + ?Sized> PayloadMut for &mut P {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        (**self).host_bytes_mut()
    }

    fn device_view_mut(&mut self) -> Option<DeviceViewMut<'_>> {
        (**self).device_view_mut()
    }
}

#[cfg(feature = "std")]
impl<T: Pod> Payload for std::vec::Vec<T> {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        self.as_slice().buffer_descriptor()
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(must_cast_slice(self.as_slice()))
    }

    fn dtype(&self) -> Option<DType> {
        DType::of::<T>()
    }
}

#[cfg(feature = "std")]
impl<T: Pod> PayloadMut for std::vec::Vec<T> {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(must_cast_slice_mut(self.as_mut_slice()))
    }
}

macro_rules! scalar_payloads {
    ($($scalar:ty),+ $(,)?) => {$(
        impl Payload for $scalar {
            fn buffer_descriptor(&self) -> BufferDescriptor {
                BufferDescriptor::of::<Self>()
            }

            fn host_bytes(&self) -> Option<&[u8]> {
                Some(bytes_of(self))
            }

            fn dtype(&self) -> Option<DType> {
                DType::of::<Self>()
            }
        }

        impl PayloadMut for $scalar {
            fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
                Some(bytes_of_mut(self))
            }
        }
    )+};
}

scalar_payloads!(i8, u8, i16, u16, i32, u32, i64, u64, i128, u128, isize, usize, f32, f64);
