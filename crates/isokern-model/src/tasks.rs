//! Models as tasks: what the sides that ask and the sides that run agree on, on any backend.

mod ask_error;
mod fault;
mod request;

pub use ask_error::TaskAskError;
pub use fault::{
    CODE_ARENA_TOO_SHORT, CODE_STATE_TOO_SHORT, CODE_TASK_MODEL, CODE_TASK_OUTPUT, CODE_TASK_PC,
    CODE_TASK_PLACE, CODE_TASK_STREAM, ModelFault,
};
pub use request::ModelRequest;
