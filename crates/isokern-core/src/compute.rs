//! Models, what they read and write, and the backends that run them.

#[cfg(feature = "std")]
pub mod artifact;
pub mod backend;
mod backend_error;
pub mod batch;
pub mod capabilities;
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
mod error_tests;
#[cfg(test)]
mod fallback_tests;
#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod payload_tests;
#[cfg(test)]
mod placement_tests;
#[cfg(all(test, feature = "serde"))]
mod serde_tests;
#[cfg(test)]
mod toys;
