//! Where samples become tasks, and the ends of tasks outputs: on threads or on a GPU.

use std::sync::Arc;

use isokern_core::InferenceError;
use isokern_cpu::tasks::{ModelRequest, ModelTable, TaskAskError};
use isokern_cuda::CudaModelTasks;

use super::MODEL;

/// The places of one model's tasks.
pub trait Desk {
    /// Whether the end of a task wakes who waits for it.
    const WAKES: bool;

    /// Returns a place that is free now.
    fn free_place(&self) -> Option<u32>;

    /// Writes a packed sample to a place, and returns what to submit.
    ///
    /// # Errors
    ///
    /// The backend's.
    fn ask(
        &mut self,
        place: u32,
        stream: Option<u32>,
        sample: &[u8],
    ) -> Result<ModelRequest, TaskAskError>;

    /// Lets `read` see each output of a task that is done, and makes its place free.
    ///
    /// # Errors
    ///
    /// The backend's, and the model's.
    fn answer(
        &mut self,
        place: u32,
        read: &mut impl FnMut(&[u8]),
    ) -> Result<Result<(), InferenceError>, TaskAskError>;

    /// Makes the place of a task free that has no outputs.
    ///
    /// # Errors
    ///
    /// The backend's.
    fn release(&mut self, place: u32) -> Result<(), TaskAskError>;

    /// Makes the next step of a stream begin on the initial state.
    ///
    /// # Errors
    ///
    /// The backend's.
    fn reset(&mut self, stream: u32) -> Result<(), TaskAskError>;
}

/// Places of a table on the processor.
#[derive(Debug)]
pub struct TableDesk(pub(super) Arc<ModelTable>);

impl Desk for TableDesk {
    const WAKES: bool = true;

    fn free_place(&self) -> Option<u32> {
        self.0.tasks().free_place()
    }

    fn ask(
        &mut self,
        place: u32,
        stream: Option<u32>,
        sample: &[u8],
    ) -> Result<ModelRequest, TaskAskError> {
        self.0.tasks().ask(place, MODEL, stream, |program, arena| {
            let mut rest = sample;
            for position in 0..program.model().input_count() {
                let input = program.input_at_in(arena, position)?;
                let (now, later) = rest.split_at(input.len());
                input.copy_from_slice(now);
                rest = later;
            }
            Ok(())
        })
    }

    fn answer(
        &mut self,
        place: u32,
        read: &mut impl FnMut(&[u8]),
    ) -> Result<Result<(), InferenceError>, TaskAskError> {
        self.0.tasks().answer(place, |program, arena| {
            for position in 0..program.model().output_count() {
                read(program.output_at_in(arena, position)?);
            }
            Ok(())
        })
    }

    fn release(&mut self, place: u32) -> Result<(), TaskAskError> {
        self.0.tasks().release(place)
    }

    fn reset(&mut self, stream: u32) -> Result<(), TaskAskError> {
        self.0.tasks().reset(stream)
    }
}

/// Places of a table on a GPU.
#[derive(Debug)]
pub struct DeviceDesk {
    tasks: CudaModelTasks,
    /// Bytes of each output.
    outputs: Vec<usize>,
    answer: Vec<u8>,
}

impl DeviceDesk {
    /// Returns the places of a table with one model, whose outputs have these bytes.
    pub(super) fn new(tasks: CudaModelTasks, outputs: Vec<usize>) -> Self {
        let answer = vec![0; outputs.iter().sum()];
        Self { tasks, outputs, answer }
    }
}

impl Desk for DeviceDesk {
    const WAKES: bool = false;

    fn free_place(&self) -> Option<u32> {
        self.tasks.free_place()
    }

    fn ask(
        &mut self,
        place: u32,
        stream: Option<u32>,
        sample: &[u8],
    ) -> Result<ModelRequest, TaskAskError> {
        self.tasks.ask(place, MODEL, stream, sample)
    }

    fn answer(
        &mut self,
        place: u32,
        read: &mut impl FnMut(&[u8]),
    ) -> Result<Result<(), InferenceError>, TaskAskError> {
        self.tasks.answer(place, &mut self.answer)?;
        let mut rest = self.answer.as_slice();
        for bytes in &self.outputs {
            let (output, later) = rest.split_at(*bytes);
            read(output);
            rest = later;
        }
        Ok(Ok(()))
    }

    fn release(&mut self, place: u32) -> Result<(), TaskAskError> {
        self.tasks.release(place)
    }

    fn reset(&mut self, stream: u32) -> Result<(), TaskAskError> {
        self.tasks.reset(stream)
    }
}
