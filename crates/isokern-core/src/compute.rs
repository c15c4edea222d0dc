//! Models, what they read and write, and the backends that run them.
//!
//! ```
//! use isokern_core::{Batch, ComputeModel, DType, Message, MessageHeader, Payload};
//! use isokern_core::{InferenceError, InferenceErrorKind};
//! # use isokern_core::compute::{MemoryClass, ModelMetadata};
//! # struct Negate;
//! # impl ComputeModel<[i8; 2], [i8; 2]> for Negate {
//! #     fn init(&mut self) -> Result<(), InferenceError> { Ok(()) }
//! #     fn infer_one(&mut self, x: &[i8; 2], y: &mut [i8; 2]) -> Result<(), InferenceError> {
//! #         *y = x.map(|value| -value);
//! #         Ok(())
//! #     }
//! #     fn drain(&mut self) -> Result<(), InferenceError> { Ok(()) }
//! #     fn reset(&mut self) -> Result<(), InferenceError> { Ok(()) }
//! #     fn metadata(&self) -> ModelMetadata {
//! #         ModelMetadata::new(MemoryClass::Host, MemoryClass::Host, Some(2), Some(2))
//! #     }
//! # }
//!
//! /// Runs two inputs in one call, on whatever the model runs on.
//! fn run<M: ComputeModel<[i8; 2], [i8; 2]>>(
//!     model: &mut M,
//!     inputs: [[i8; 2]; 2],
//! ) -> Result<[[i8; 2]; 2], InferenceError> {
//!     let requests = inputs.map(|input| Message::new(MessageHeader::new(), input));
//!     let mut outputs = [[0; 2]; 2];
//!     model.init()?;
//!     model.infer_batch(Batch::new(&requests), &mut outputs)?;
//!     model.drain()?;
//!     Ok(outputs)
//! }
//!
//! assert_eq!([1_i8, 2].dtype(), Some(DType::I8));
//! assert_eq!(run(&mut Negate, [[1, 2], [3, 4]])?, [[-1, -2], [-3, -4]]);
//!
//! let requests = [Message::new(MessageHeader::new(), [1_i8, 2])];
//! let error = Negate.infer_batch(Batch::new(&requests), &mut []).unwrap_err();
//! assert_eq!(error.kind(), InferenceErrorKind::ShapeOrTypeMismatch);
//! # Ok::<(), InferenceError>(())
//! ```
//!
//! A [`ComputeBackend`] is where such a model comes from, and a [`ModelSource`] what most
//! backends load it from; [`backend`] has the example.
//!
//! | module | what is in it |
//! |---|---|
//! | [`backend`] | [`ComputeBackend`]: one kind of hardware that loads models |
//! | [`model`] | [`ComputeModel`]: one loaded model and its steps |
//! | [`source`] | [`ModelSource`]: bytes and arena, lent |
//! | `artifact` | `ModelArtifact`: bytes, owned and aligned (`std`) |
//! | [`fallback`] | [`Fallback`]: two backends as one |
//! | [`payload`] | [`Payload`], [`PayloadMut`]: what a model reads and writes |
//! | [`device_view`] | [`DeviceView`], [`DeviceViewMut`]: memory of a device, lent |
//! | [`tensor`], [`shape`], [`quantization`], [`dtype`] | what those bytes mean |
//! | [`message`], [`batch`] | payloads with an envelope, and several of them |
//! | [`port`] | one input or output, and its place in a packed payload |
//! | [`memory`], [`placement`] | where bytes live, and who takes them there |
//! | [`capabilities`], [`mode`] | the limits of a backend |
//! | [`metadata`], [`profile`] | what a model says about itself |
//! | [`error`] | [`InferenceError`], [`BackendError`] |

#[cfg(feature = "std")]
pub mod artifact;
pub mod backend;
mod backend_error;
pub mod batch;
pub mod capabilities;
pub mod device_view;
pub mod dtype;
pub mod error;
mod error_kind;
pub mod fallback;
mod fallback_model;
pub mod memory;
pub mod message;
mod message_flags;
mod message_header;
pub mod metadata;
pub mod mode;
pub mod model;
pub mod payload;
mod payload_impls;
pub mod placement;
mod pointers;
pub mod port;
pub mod profile;
pub mod quantization;
pub mod shape;
pub mod source;
pub mod tensor;
mod tensor_view;

#[cfg(feature = "std")]
pub use artifact::{ArtifactError, ModelArtifact};
pub use backend::ComputeBackend;
pub use backend_error::BackendError;
pub use batch::{Batch, BatchFlagError, GatherError};
pub use capabilities::BackendCapabilities;
pub use device_view::{DeviceSpace, DeviceView, DeviceViewMut};
pub use dtype::{DType, DTypeNameError};
pub use error::InferenceError;
pub use error_kind::InferenceErrorKind;
pub use fallback::{Fallback, FallbackDescriptor, FallbackError};
pub use fallback_model::{FallbackModel, FallbackSide};
pub use memory::{BufferDescriptor, MemoryClass};
pub use message::Message;
pub use message_flags::MessageFlags;
pub use message_header::MessageHeader;
pub use metadata::ModelMetadata;
pub use mode::{ModeBitsError, ModeSet};
pub use model::ComputeModel;
pub use payload::{Payload, PayloadMut};
pub use placement::{PlacementAcceptance, PlacementBitsError, PlacementDecision, decide_placement};
pub use port::PortMetadata;
pub use profile::NumericProfile;
pub use quantization::Quantization;
pub use shape::{Shape, ShapeError};
pub use source::ModelSource;
pub use tensor::Tensor;
pub use tensor_view::TensorView;

#[cfg(test)]
mod backend_tests;
#[cfg(test)]
mod batch_tests;
#[cfg(test)]
mod device_view_tests;
#[cfg(test)]
mod error_tests;
#[cfg(test)]
mod fallback_tests;
#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod own_payload_tests;
#[cfg(test)]
mod payload_tests;
#[cfg(test)]
mod placement_tests;
#[cfg(all(test, feature = "std"))]
mod pointers_tests;
#[cfg(all(test, feature = "serde"))]
mod serde_tests;
#[cfg(test)]
mod toys;
