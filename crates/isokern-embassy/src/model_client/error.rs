//! Errors: models that a client does not fit.

use thiserror::Error;

/// Why a model has no such client.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ModelClientError {
    /// The input has another length.
    #[error("the model's input has {need} values, `IN` is {have}. Fix: use its `INPUT_LEN`")]
    InputLength {
        /// `IN`.
        have: usize,
        /// Bytes of the model's input.
        need: usize,
    },
    /// The output has another length.
    #[error("the model's output has {need} values, `OUT` is {have}. Fix: use its `OUTPUT_LEN`")]
    OutputLength {
        /// `OUT`.
        have: usize,
        /// Bytes of the model's output.
        need: usize,
    },
    /// The buffers are no arenas.
    #[error("a buffer has {have} bytes, the model needs {need}. Fix: use its `ARENA_BYTES`")]
    ArenaTooShort {
        /// `BYTES`.
        have: usize,
        /// Bytes of the model's arena.
        need: usize,
    },
    /// The model has several inputs or outputs.
    #[error(
        "the model has {inputs} inputs and {outputs} outputs, this client one of each. Fix: write \
         them into lent buffers, with `Lender`, `Requester` and `CpuProgram::input_at_in`"
    )]
    SeveralPorts {
        /// Inputs of the model.
        inputs: usize,
        /// Outputs of the model.
        outputs: usize,
    },
}
