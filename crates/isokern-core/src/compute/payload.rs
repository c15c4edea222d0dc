//! What can be handed to a model: bytes, their description, and their type.
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
//! [true, false].as_bytes();
//! ```
//!
//! # For backend authors
//!
//! Look at all three before the first byte moves:
//!
//! * [`buffer_descriptor`](Payload::buffer_descriptor): the length must be the
//!   model's, and [`decide_placement`](crate::compute::decide_placement) must
//!   have said what to do with the memory class;
//! * [`dtype`](Payload::dtype): `Some` and not the model's is
//!   [`ShapeOrTypeMismatch`](crate::compute::InferenceErrorKind); `None` means
//!   untyped bytes and is taken;
//! * [`as_bytes`](Payload::as_bytes): native-endian, exactly
//!   `buffer_descriptor().bytes()` long.

use super::dtype::DType;
use super::memory::BufferDescriptor;

/// Bytes a model may read.
///
/// ```
/// use isokern_core::{DType, Payload};
///
/// let samples = [1_i16, -1];
/// assert_eq!(samples.as_bytes(), [1, 0, 0xff, 0xff]);
/// assert_eq!(samples.buffer_descriptor().alignment(), 2);
/// assert_eq!(samples[..1].dtype(), Some(DType::I16));
/// ```
pub trait Payload {
    /// Returns length, alignment and place of the bytes.
    ///
    /// Must agree with [`as_bytes`](Self::as_bytes) in length.
    fn buffer_descriptor(&self) -> BufferDescriptor;

    /// Returns the bytes.
    fn as_bytes(&self) -> &[u8];

    /// Returns the type of the elements, `None` for untyped bytes.
    fn dtype(&self) -> Option<DType> {
        None
    }
}

/// Bytes a model may also write.
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
/// scores.as_bytes_mut().copy_from_slice(&[0x80, 0x7f]);
/// assert_eq!(scores, [-128, 127]);
/// ```
pub trait PayloadMut: Payload {
    /// Returns the bytes for writing; the length never changes.
    fn as_bytes_mut(&mut self) -> &mut [u8];
}
