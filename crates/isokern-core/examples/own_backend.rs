//! A backend with payloads and an error of its own, and one in reserve.
//!
//! `cargo run -p isokern-core --features std --example own_backend`

use core::fmt;
use std::sync::Arc;

use isokern_core::compute::{
    BackendCapabilities, BufferDescriptor, Fallback, FallbackDescriptor, MemoryClass,
    ModelArtifact, ModelMetadata,
};
use isokern_core::{
    Batch, ComputeBackend, ComputeModel, InferenceError, InferenceErrorKind, Message,
    MessageHeader, Payload,
};

/// A payload that says how long it is; its samples are this program's own business.
#[derive(Clone, Debug, Default, PartialEq)]
struct Frame {
    samples: Vec<f32>,
}

impl Payload for Frame {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::new(self.samples.len() * 4)
    }
}

struct Scale {
    factor: f32,
}

impl ComputeModel<Frame, Frame> for Scale {
    fn init(&mut self) -> Result<(), InferenceError> {
        Ok(())
    }

    fn infer_one(&mut self, input: &Frame, output: &mut Frame) -> Result<(), InferenceError> {
        output.samples = input.samples.iter().map(|sample| sample * self.factor).collect();
        Ok(())
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        Ok(())
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        Ok(())
    }

    fn metadata(&self) -> ModelMetadata {
        ModelMetadata::new(MemoryClass::Host, MemoryClass::Host, None, None)
    }
}

/// The model is one byte, its factor.
#[derive(Debug)]
struct NotOneByte(usize);

impl fmt::Display for NotOneByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the model has {} bytes. Fix: pass one byte, the factor.", self.0)
    }
}

impl core::error::Error for NotOneByte {}

impl From<NotOneByte> for InferenceError {
    fn from(_: NotOneByte) -> Self {
        InferenceErrorKind::InvalidArtifact.into()
    }
}

struct Scaler;

impl ComputeBackend<Frame, Frame> for Scaler {
    type Model = Scale;
    type Error = NotOneByte;
    type ModelDescriptor<'desc> = &'desc ModelArtifact;

    fn capabilities(&self) -> BackendCapabilities {
        BackendCapabilities::new(false, Some(8), 0)
    }

    fn load_model(&self, artifact: &ModelArtifact) -> Result<Scale, NotOneByte> {
        match artifact.bytes() {
            [factor] => Ok(Scale { factor: f32::from(*factor) }),
            other => Err(NotOneByte(other.len())),
        }
    }
}

fn main() -> Result<(), InferenceError> {
    let triple = ModelArtifact::new(Arc::new(vec![3]), Some("triple".to_string()));
    let empty = ModelArtifact::from_bytes(vec![]);
    if let Err(error) = Scaler.load_model(&empty) {
        println!("{error}");
    }

    // Both sides of a fallback may be held by pointers.
    let backend = Fallback::new(Arc::new(Scaler), &Scaler);
    let descriptor = FallbackDescriptor { primary: &empty, secondary: &triple };
    let mut model = backend.load_model(descriptor).map_err(InferenceError::from)?;
    println!("{:?}, because: {:?}", model.which(), model.reason().map(InferenceError::kind));

    model.init()?;
    let frames = [vec![1.0], vec![2.0, 4.0]].map(|samples| Frame { samples });
    let messages = frames.map(|frame| Message::new(MessageHeader::new(), frame));
    let mut outputs = [Frame::default(), Frame::default()];
    model.infer_batch(Batch::new(&messages), &mut outputs)?;
    println!("{:?} {:?}", outputs[0].samples, outputs[1].samples);
    let refused = model.infer_batch(Batch::new(&messages), &mut outputs[..1]);
    println!("{:?}", refused.map_err(InferenceError::kind));
    Ok(())
}
