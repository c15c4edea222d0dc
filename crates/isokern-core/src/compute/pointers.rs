//! What points to a backend is one, and what points to a model for its one user.

use super::backend::ComputeBackend;
use super::batch::Batch;
use super::capabilities::BackendCapabilities;
use super::error::InferenceError;
use super::metadata::ModelMetadata;
use super::model::ComputeModel;
use super::payload::Payload;
use super::port::PortMetadata;
use crate::pointers::for_pointers;

macro_rules! compute_backend {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<InP, OutP, B> ComputeBackend<InP, OutP> for $pointer
        where
            InP: Payload + ?Sized,
            OutP: Payload + ?Sized,
            B: ComputeBackend<InP, OutP>,
        {
            type Model = B::Model;
            type Error = B::Error;
            type ModelDescriptor<'desc>
                = B::ModelDescriptor<'desc>
            where
                Self: 'desc;

            fn capabilities(&self) -> BackendCapabilities {
                B::capabilities(self)
            }

            fn load_model<'desc>(
                &self,
                desc: B::ModelDescriptor<'desc>,
            ) -> Result<Self::Model, Self::Error> {
                B::load_model(self, desc)
            }
        }
    };
}

macro_rules! compute_model {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<InP, OutP, M> ComputeModel<InP, OutP> for $pointer
        where
            InP: Payload + ?Sized,
            OutP: Payload + ?Sized,
            M: ComputeModel<InP, OutP> + ?Sized,
        {
            fn init(&mut self) -> Result<(), InferenceError> {
                M::init(self)
            }

            fn infer_one(&mut self, input: &InP, output: &mut OutP) -> Result<(), InferenceError> {
                M::infer_one(self, input, output)
            }

            fn infer_batch(
                &mut self,
                inputs: Batch<'_, InP>,
                outputs: &mut [OutP],
            ) -> Result<(), InferenceError>
            where
                InP: Sized,
                OutP: Sized,
            {
                M::infer_batch(self, inputs, outputs)
            }

            fn drain(&mut self) -> Result<(), InferenceError> {
                M::drain(self)
            }

            fn reset(&mut self) -> Result<(), InferenceError> {
                M::reset(self)
            }

            fn metadata(&self) -> ModelMetadata {
                M::metadata(self)
            }

            fn input_port(&self, position: usize) -> Option<PortMetadata> {
                M::input_port(self, position)
            }

            fn output_port(&self, position: usize) -> Option<PortMetadata> {
                M::output_port(self, position)
            }
        }
    };
}

for_pointers! { compute_backend, B }

// A step needs the model for itself, which `&` and `Arc` do not give.
compute_model! { &mut M }
#[cfg(feature = "std")]
compute_model! { std::boxed::Box<M> }
