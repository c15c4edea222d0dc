//! Payloads, handed to a model: a description, and the way to the bytes where there is one.
//!
//! A payload describes itself. Whether its bytes can be read here is another matter: they may
//! are in the memory of a device, or have no bytes at all.
//!
//! | payload | [`host_bytes`](Payload::host_bytes) | [`device_view`](Payload::device_view) |
//! |---|---|---|
//! | slices, arrays, scalars, tensors | yes | no |
//! | memory of a device | no | yes |
//! | memory that host and device share | yes | yes |
//! | a type of your own that only describes itself | no | no |
//!
//! # For callers
//!
//! Slices, arrays, scalars, tensors and messages are payloads already, for
//! every element type that is plain old data ([`bytemuck::Pod`]). A payload may
//! be unsized: `infer_one(&input[..], &mut output[..])` with `[i8]` is fine.
//!
//! `bool` is not among them: a byte which a device wrote need not be 0 or 1.
//! Send `u8` and compare with zero.
//!
//! ```compile_fail
//! use isokern_core::Payload;
//!
//! [true, false].host_bytes();
//! ```
//!
//! A payload of your own for a model of your own says how long it is, and no more:
//!
//! ```
//! use isokern_core::Payload;
//! use isokern_core::compute::BufferDescriptor;
//!
//! struct Frame {
//!     samples: Vec<f32>,
//! }
//!
//! impl Payload for Frame {
//!     fn buffer_descriptor(&self) -> BufferDescriptor {
//!         BufferDescriptor::new(self.samples.len() * 4)
//!     }
//! }
//! ```
//!
//! # For backend authors
//!
//! Look at all of these before the first byte moves:
//!
//! * [`buffer_descriptor`](Payload::buffer_descriptor): the length must be the
//!   model's, and [`decide_placement`](crate::compute::decide_placement) must
//!   have said what to do with the memory class;
//! * [`dtype`](Payload::dtype): `Some` and not the model's is
//!   [`ShapeOrTypeMismatch`](crate::compute::InferenceErrorKind); `None` means
//!   untyped bytes and is taken;
//! * [`host_bytes`](Payload::host_bytes) or [`device_view`](Payload::device_view), whichever
//!   the backend works on. `None` is a refusal by name and never a guess. The descriptor is
//!   what a payload says of itself; the length that counts is that of the bytes or the view.

use super::device_view::{DeviceView, DeviceViewMut};
use super::dtype::DType;
use super::memory::BufferDescriptor;

/// Typed bytes that a model may read.
///
/// ```
/// use isokern_core::{DType, Payload};
///
/// let samples = [1_i16, -1];
/// assert_eq!(samples.host_bytes(), Some(&[1, 0, 0xff, 0xff][..]));
/// assert_eq!(samples.buffer_descriptor().alignment(), 2);
/// assert_eq!(samples[..1].dtype(), Some(DType::I16));
/// assert!(samples.device_view().is_none());
/// ```
pub trait Payload {
    /// Returns length, alignment and place of the bytes.
    ///
    /// Must agree in length with [`host_bytes`](Self::host_bytes) and
    /// [`device_view`](Self::device_view), where there are any.
    fn buffer_descriptor(&self) -> BufferDescriptor;

    /// Returns the type of the elements, `None` for untyped bytes.
    fn dtype(&self) -> Option<DType> {
        None
    }

    /// Returns the bytes, native-endian, or `None` where the host cannot read them.
    fn host_bytes(&self) -> Option<&[u8]> {
        None
    }

    /// Returns the bytes as a device finds them, `None` where no device is known to.
    fn device_view(&self) -> Option<DeviceView<'_>> {
        None
    }
}

/// Typed bytes that a model may also write.
///
/// A shared borrow such as `&[i8]` is a [`Payload`] and not this:
///
/// ```compile_fail
/// fn writes<P: isokern_core::PayloadMut>(_: P) {}
///
/// writes(&[0_i8; 4][..]);
/// ```
///
/// ```
/// use isokern_core::PayloadMut;
///
/// let mut scores = [0_i8; 2];
/// if let Some(bytes) = scores.host_bytes_mut() {
///     bytes.copy_from_slice(&[0x80, 0x7f]);
/// }
/// assert_eq!(scores, [-128, 127]);
/// ```
pub trait PayloadMut: Payload {
    /// Returns the bytes for writing, or `None` where the host cannot; the length never
    /// changes.
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        None
    }

    /// Returns the bytes for a device to write, `None` where no device is known to.
    fn device_view_mut(&mut self) -> Option<DeviceViewMut<'_>> {
        None
    }
}
