//! The asking side: inputs into a place, outputs out of it.

use isokern_core::InferenceError;
use isokern_model::OperatorSet;
use isokern_model::tasks::{ModelRequest, TaskAskError};

use super::ModelTasks;
use super::cell::{Taken, TaskCell};
use super::place::{ModelPlace, Stage};
use super::stream::ModelStream;
use crate::program::CpuProgram;

impl<'m, P, Q, S> ModelTasks<'_, 'm, P, Q, S>
where
    P: TaskCell<ModelPlace<'m>>,
    Q: TaskCell<ModelStream<'m>>,
    S: OperatorSet,
{
    /// Takes a free place for a run of a model, lets `write` write the inputs into its arena, and
    /// returns what to submit. A model with state wants the stream whose next step this is.
    ///
    /// If `write` fails the place stays free.
    ///
    /// # Errors
    ///
    /// [`TaskAskError`], before `write` is called; what `write` returns is passed on with
    /// [`TaskAskError::Inputs`].
    pub fn ask(
        &self,
        place: u32,
        model: u32,
        stream: Option<u32>,
        write: impl FnOnce(&CpuProgram<'m, S>, &mut [u8]) -> Result<(), InferenceError>,
    ) -> Result<ModelRequest, TaskAskError> {
        let program = self.programs.get(model as usize);
        let program = program.ok_or(TaskAskError::NoModel { model })?;
        let taken = self.take_place(place, ModelPlace::is_free)?;
        let mut taken = taken.ok_or(TaskAskError::PlaceInUse { place })?;
        let found = taken.value().ok_or(TaskAskError::PlaceInUse { place })?;
        match (program.model().state_bytes(), stream) {
            (0, None) => {
                write(program, found.arena()).map_err(TaskAskError::Inputs)?;
            }
            (0, Some(_)) => return Err(TaskAskError::NoState { model }),
            (_, None) => return Err(TaskAskError::NoStreamNamed { model }),
            (_, Some(stream)) => {
                let mut taken = self.take_stream(stream)?;
                let state = taken.value().ok_or(TaskAskError::NoStream { stream })?;
                if state.model() != model {
                    return Err(TaskAskError::StreamOfOther { stream, model: state.model() });
                }
                write(program, found.arena()).map_err(TaskAskError::Inputs)?;
                state.user = Some(place);
            }
        }
        found.stage = Stage::Asked { model, next: 0 };
        Ok(ModelRequest { model, place, param: stream.unwrap_or(0) })
    }

    /// Lets `read` read the outputs of a task that is done, and makes its place free, and its
    /// stream.
    ///
    /// # Errors
    ///
    /// [`TaskAskError::NotDone`] before the task has run to its end, or when it failed; the place
    /// stays as it is.
    pub fn answer<R>(
        &self,
        place: u32,
        read: impl FnOnce(&CpuProgram<'m, S>, &mut [u8]) -> R,
    ) -> Result<R, TaskAskError> {
        let taken = self.take_place(place, ModelPlace::is_done)?;
        let mut taken = taken.ok_or(TaskAskError::NotDone { place })?;
        let found = taken.value().ok_or(TaskAskError::NotDone { place })?;
        let Stage::Done { model } = found.stage else {
            return Err(TaskAskError::NotDone { place });
        };
        let program = self.programs.get(model as usize).ok_or(TaskAskError::NoModel { model })?;
        let answer = read(program, found.arena());
        found.stage = Stage::Free;
        self.leave_stream(place);
        Ok(answer)
    }

    /// Makes the place of a task free that ended without outputs, faulted or cancelled, and its
    /// stream; the next step of that begins on the initial state.
    ///
    /// To be called when the task has ended and not before: what runs in a place that was released
    /// faults at its next claim.
    ///
    /// # Errors
    ///
    /// [`TaskAskError::NoPlace`], and [`TaskAskError::PlaceInUse`] while a worker has it.
    pub fn release(&self, place: u32) -> Result<(), TaskAskError> {
        let taken = self.take_place(place, |_| true)?;
        let mut taken = taken.ok_or(TaskAskError::PlaceInUse { place })?;
        if let Some(found) = taken.value() {
            found.stage = Stage::Free;
        }
        self.leave_stream(place);
        Ok(())
    }

    /// Makes the next step of a stream begin on the initial state.
    ///
    /// # Errors
    ///
    /// [`TaskAskError::StreamInUse`] while a task of the stream is in flight.
    pub fn reset(&self, stream: u32) -> Result<(), TaskAskError> {
        let mut taken = self.take_stream(stream)?;
        let found = taken.value().ok_or(TaskAskError::NoStream { stream })?;
        found.is_whole = false;
        Ok(())
    }

    /// Lets `read` see the state of a stream as its last whole step left it.
    ///
    /// # Errors
    ///
    /// [`TaskAskError::StreamInUse`] while a task of the stream is in flight.
    pub fn state<R>(&self, stream: u32, read: impl FnOnce(&[u8]) -> R) -> Result<R, TaskAskError> {
        let mut taken = self.take_stream(stream)?;
        let found = taken.value().ok_or(TaskAskError::NoStream { stream })?;
        let program = self.programs.get(found.model() as usize);
        let program = program.ok_or(TaskAskError::NoModel { model: found.model() })?;
        let model = program.model();
        if !found.is_whole {
            model.reset_state(found.state());
            found.is_whole = true;
        }
        Ok(read(found.state().get(..model.state_bytes()).unwrap_or(&[])))
    }

    /// Returns a place that is free now.
    #[must_use]
    pub fn free_place(&self) -> Option<u32> {
        let mut places = (0_u32..).zip(self.places);
        places
            .find(|(_, cell)| cell.look(ModelPlace::is_free) == Some(true))
            .map(|(place, _)| place)
    }

    /// Takes a place that no worker may want, as `is_ours` says of it; nothing if it is not.
    fn take_place(
        &self,
        place: u32,
        is_ours: impl Fn(&ModelPlace<'m>) -> bool,
    ) -> Result<Option<Taken<'_, ModelPlace<'m>, P>>, TaskAskError> {
        let cell = self.places.get(place as usize).ok_or(TaskAskError::NoPlace { place })?;
        let is_ours = cell.look(is_ours) == Some(true);
        Ok(is_ours.then(|| Taken::of(cell)).flatten())
    }

    /// Takes a stream without a task in flight, whose worker might want it.
    fn take_stream(&self, stream: u32) -> Result<Taken<'_, ModelStream<'m>, Q>, TaskAskError> {
        let none = TaskAskError::NoStream { stream };
        let cell = self.streams.get(stream as usize).ok_or(none)?;
        match cell.look(|found| found.user) {
            Some(None) => Taken::of(cell).ok_or(none),
            Some(Some(place)) => Err(TaskAskError::StreamInUse { stream, place }),
            None => Err(none),
        }
    }

    /// Makes the stream of a place's task free, if it has one.
    fn leave_stream(&self, place: u32) {
        for cell in self.streams {
            if cell.look(|stream| stream.user == Some(place)) == Some(true)
                && let Some(mut taken) = Taken::of(cell)
                && let Some(stream) = taken.value()
            {
                stream.user = None;
            }
        }
    }
}
