//! A backend whose payload is a type of its own: it says its length, and no more.

use std::vec;
use std::vec::Vec;

use super::{
    BackendCapabilities, Batch, BufferDescriptor, ComputeBackend, ComputeModel, Fallback,
    FallbackDescriptor, InferenceError, InferenceErrorKind, MemoryClass, Message, MessageHeader,
    ModelMetadata, Payload,
};

struct Frame {
    data: Vec<f32>,
}

impl Payload for Frame {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::new(self.data.len() * 4)
    }
}

struct Scale {
    k: f32,
}

impl ComputeModel<Frame, Frame> for Scale {
    fn init(&mut self) -> Result<(), InferenceError> {
        Ok(())
    }

    fn infer_one(&mut self, input: &Frame, output: &mut Frame) -> Result<(), InferenceError> {
        output.data = input.data.iter().map(|x| x * self.k).collect();
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

struct Backend;

impl ComputeBackend<Frame, Frame> for Backend {
    type Model = Scale;
    type Error = InferenceError;
    type ModelDescriptor<'desc> = &'desc [u8];

    fn capabilities(&self) -> BackendCapabilities {
        BackendCapabilities::new(false, Some(8), 0)
    }

    fn load_model(&self, bytes: &[u8]) -> Result<Scale, InferenceError> {
        let [k] = bytes else {
            return Err(InferenceErrorKind::InvalidArtifact.into());
        };
        Ok(Scale { k: f32::from(*k) })
    }
}

#[test]
fn section4_a_users_own_payload_says_its_length_and_no_more() {
    let backend = Fallback::new(Backend, Backend);
    let desc = FallbackDescriptor { primary: &[][..], secondary: &[3][..] };
    let mut model = backend.load_model(desc).expect("the second loads");
    model.init().expect("there is nothing to do");
    let (input, mut output) = (Frame { data: vec![1.0, 2.0] }, Frame { data: Vec::new() });
    model.infer_one(&input, &mut output).expect("it scales");
    assert_eq!(output.data, [3.0, 6.0]);
    let messages = [Message::new(MessageHeader::new(), input)];
    assert_eq!(messages[0].header().payload_bytes(), 8);
    model.infer_batch(Batch::new(&messages), &mut [output]).expect("as a loop of one");
    assert!(messages[0].host_bytes().is_none() && messages[0].device_view().is_none());
}
