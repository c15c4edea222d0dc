//! Where a sample is in the buffer that is lent with it.

use isokern_core::actor::ModelReply;
use isokern_core::compute::ModelMetadata;
use isokern_core::{ComputeModel, InferenceError};
use isokern_cpu::{CpuModel, CpuProgram};

use crate::samples::Packed;

/// Where inputs and outputs are.
#[derive(Debug)]
pub(super) enum Place {
    /// In the arena of a model without state, which the buffer is.
    Arena(CpuProgram<'static>),
    /// At the start and where the reply says, for a model whose arena stays with its state.
    Ends {
        /// Bytes of all inputs.
        input_bytes: usize,
        /// Bytes that are lent.
        buffer_bytes: usize,
        /// Where the outputs are.
        reply: ModelReply,
    },
}

impl Place {
    /// Returns how many bytes are lent with a question.
    pub(super) fn buffer_bytes(&self) -> usize {
        match self {
            Self::Arena(program) => program.model().arena_bytes(),
            Self::Ends { buffer_bytes, .. } => *buffer_bytes,
        }
    }

    /// Writes a sample to its place.
    pub(super) fn write_inputs(
        &self,
        buffer: &mut [u8],
        mut sample: &[u8],
    ) -> Result<(), InferenceError> {
        match self {
            Self::Arena(program) => {
                for position in 0..program.model().input_count() {
                    let input = program.input_at_in(buffer, position)?;
                    let (now, later) = sample.split_at(input.len());
                    input.copy_from_slice(now);
                    sample = later;
                }
            }
            Self::Ends { input_bytes, .. } => buffer[..*input_bytes].copy_from_slice(sample),
        }
        Ok(())
    }

    /// Lets `read` see the outputs, in order, where they are.
    pub(super) fn read_outputs(
        &self,
        buffer: &mut [u8],
        mut read: impl FnMut(&[u8]),
    ) -> Result<(), InferenceError> {
        match self {
            Self::Arena(program) => {
                for position in 0..program.model().output_count() {
                    read(program.output_at_in(buffer, position)?);
                }
            }
            Self::Ends { reply, .. } => {
                read(&buffer[reply.output_offset as usize..][..reply.output_bytes as usize]);
            }
        }
        Ok(())
    }
}

/// A model that takes bytes, whatever the types of its inputs and outputs are.
#[derive(Debug)]
pub(super) struct ByteModel(pub(super) CpuModel<'static>);

impl ComputeModel<[u8], [u8]> for ByteModel {
    fn init(&mut self) -> Result<(), InferenceError> {
        self.0.init()
    }

    fn infer_one(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), InferenceError> {
        self.0.infer_one(&Packed(input), &mut Packed(output))
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        self.0.drain()
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        self.0.reset()
    }

    fn metadata(&self) -> ModelMetadata {
        self.0.metadata()
    }
}
