//! A request: a model, a place, a stream.

use isokern_core::TaskSlot;
use isokern_core::megakernel::NewTask;

/// A request to submit: a model, the place with its inputs, and its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the place is taken until this is submitted and answered, or released"]
pub struct ModelRequest {
    /// Index of the model: the op handle.
    pub model: u32,
    /// Index of the place: the input handle, and the output handle.
    pub place: u32,
    /// The parameter: the stream of a model with state, as its backend says it; 0 for one without.
    pub param: u32,
}

impl ModelRequest {
    /// Returns the request as a task of normal priority.
    #[must_use]
    pub const fn task(self) -> TaskSlot {
        TaskSlot::ready(self.model)
            .with_input_handle(self.place)
            .with_output_handle(self.place)
            .with_param(self.param)
    }
}

impl From<ModelRequest> for NewTask {
    /// Returns a task of normal priority; [`NewTask::with_priority`] and the like change that.
    fn from(request: ModelRequest) -> Self {
        Self::new(request.model)
            .with_input(request.place)
            .with_output(request.place)
            .with_param(request.param)
    }
}
