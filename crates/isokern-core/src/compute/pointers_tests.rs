//! A pointer to a backend hides nothing of it, nor does one to a model.

use std::boxed::Box;
use std::sync::Arc;

use super::{
    BackendCapabilities, Batch, ComputeBackend, ComputeModel, DType, InferenceError,
    InferenceErrorKind, MemoryClass, Message, MessageHeader, ModelMetadata, PortMetadata,
};

/// Answers every method with a number of its own, which no provided method does.
struct Own {
    called: u32,
}

fn called<T>(code: u32) -> Result<T, InferenceError> {
    Err(InferenceError::new(InferenceErrorKind::ExecutionFailed).with_code(code))
}

impl ComputeModel<u8, u8> for Own {
    fn init(&mut self) -> Result<(), InferenceError> {
        self.called += 1;
        called(1)
    }

    fn infer_one(&mut self, input: &u8, output: &mut u8) -> Result<(), InferenceError> {
        *output = input + 1;
        called(2)
    }

    fn infer_batch(&mut self, _: Batch<'_, u8>, _: &mut [u8]) -> Result<(), InferenceError> {
        called(3)
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        called(4)
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        called(5)
    }

    fn metadata(&self) -> ModelMetadata {
        ModelMetadata::new(MemoryClass::Host, MemoryClass::Host, Some(6), None)
    }

    fn input_port(&self, position: usize) -> Option<PortMetadata> {
        Some(PortMetadata::new(DType::U8, position + 7))
    }

    fn output_port(&self, position: usize) -> Option<PortMetadata> {
        Some(PortMetadata::new(DType::U8, position + 8))
    }
}

fn check_model<M: ComputeModel<u8, u8>>(mut model: M) {
    let mut output = 0;
    assert_eq!(model.init(), called(1));
    assert_eq!(model.infer_one(&40, &mut output), called(2));
    let messages = [Message::new(MessageHeader::new(), 1_u8)];
    assert_eq!(model.infer_batch(Batch::new(&messages), &mut [0]), called(3));
    assert_eq!((model.drain(), model.reset()), (called(4), called(5)));
    assert_eq!((output, model.metadata().max_input_bytes()), (41, Some(6)));
    let bytes = |port: Option<PortMetadata>| port.map(|port| port.bytes());
    assert_eq!(bytes(model.input_port(10)), Some(17));
    assert_eq!(bytes(model.output_port(10)), Some(18));
}

#[test]
fn s4_every_method_of_a_model_is_reached_through_every_pointer() {
    let mut own = Own { called: 0 };
    check_model(&mut own);
    check_model(Box::new(&mut own));
    assert_eq!(own.called, 2);
    check_model(Box::new(own));
}

impl ComputeBackend<u8, u8> for Own {
    type Model = Self;
    type Error = InferenceError;
    type ModelDescriptor<'desc> = &'desc u32;

    fn capabilities(&self) -> BackendCapabilities {
        BackendCapabilities::new(true, Some(9), 0)
    }

    fn load_model(&self, desc: &u32) -> Result<Self, InferenceError> {
        if *desc == 0 { called(10) } else { Ok(Self { called: *desc + self.called }) }
    }
}

fn check_backend<'d, B>(backend: B)
where
    B: ComputeBackend<u8, u8, Model = Own, ModelDescriptor<'d> = &'d u32> + 'd,
{
    assert_eq!(backend.capabilities().max_batch(), Some(9));
    let error = backend.load_model(&0).err().map(Into::into);
    assert_eq!(error, called::<()>(10).err());
    assert!(backend.load_model(&11).is_ok_and(|model| model.called == 16));
}

#[test]
fn s4_every_method_of_a_backend_is_reached_through_every_pointer() {
    let mut own = Own { called: 5 };
    check_backend(&own);
    check_backend(&mut own);
    let nested = Arc::new(Box::new(&own));
    check_backend(&nested);
    check_backend(nested);
    check_backend(own);
}
