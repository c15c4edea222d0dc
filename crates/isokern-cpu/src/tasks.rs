//! Models as tasks: workers run them operator by operator, and let more urgent ones pass between.
//!
//! A task is *run this model on that request, from operator `pc` on*. What it works in is a
//! [`ModelPlace`]: an arena, in which the inputs were written before the task was submitted and in
//! which the outputs are afterwards. So nothing is copied, and a task that gave way keeps its
//! activations: there is one place for each task in flight, however many workers there are.
//!
//! The asking side and the workers share a [`ModelTasks`]: models, places, and for models with
//! state the streams. As a [`TaskHandler`](isokern_core::megakernel::TaskHandler) it gives way when
//! a more urgent class has work. A place goes round:
//!
//! ```text
//!          1 ask              2 run               3 run to the end
//!   Free ─────────▶ Asked ───────────▶ Begun(next) ─────────────▶ Done
//!    ▲                │                  ▲ │   │                    │
//!    │                │            2 run └─┘   │ 4 fault            │
//!    │                ▼                        ▼                    │ 5 answer
//!    └────────── 6 release ◀──────────────── Failed                 │
//!    ▲                                                              │
//!    └──────────────────────────────────────────────────────────────┘
//! ```
//!
//! 1. [`ask`](ModelTasks::ask) writes the inputs and gives the [`ModelRequest`] to submit.
//! 2. [`run`](ModelTasks::run) runs operators until the model is done or the worker wants to stop.
//!    The next claim goes on at `continuation_pc`, which is the next operator.
//! 3. The last operator has run.
//! 4. The task is faulted, with a code that [`ModelFault`] reads.
//! 5. [`answer`](ModelTasks::answer) reads the outputs; the place is free again.
//! 6. [`release`](ModelTasks::release) makes the place of a task free that ended without outputs:
//!    faulted, or cancelled.
//!
//! # Streams
//!
//! A model with state runs on the state of a [`ModelStream`], which belongs to the stream and not
//! to place or worker. Two tasks of one stream in flight would have no order, so the second
//! [`ask`](ModelTasks::ask) is refused: [`TaskAskError::StreamInUse`]. A step that did not end
//! leaves no half state: the step after it begins on the initial state, as after
//! [`reset`](ModelTasks::reset).

mod ask;
mod cell;
mod handler;
mod place;
mod run;
mod stream;
#[cfg(feature = "std")]
mod table;

pub use cell::TaskCell;
pub use isokern_model::tasks::{ModelFault, ModelRequest, TaskAskError};
pub use place::ModelPlace;
pub use run::ModelStep;
pub use stream::ModelStream;
#[cfg(feature = "std")]
pub use table::{ModelTable, ModelTableError, ModelTablePlan, TableTasks};

use isokern_model::{AllOperators, OperatorSet};
use thiserror::Error;

use crate::program::CpuProgram;

/// Models, the places they run in, and the streams of those with state: what the asking side and
/// the workers of a megakernel share.
///
/// `P` and `Q` are the cells of places and streams: [`Cell`](core::cell::Cell) where one thread
/// asks and runs, `std::sync::Mutex` between threads, or a [`TaskCell`] of your own. A place fits
/// every model of the table.
///
/// ```
/// use core::cell::Cell;
/// use isokern_cpu::core::TaskSlot;
/// use isokern_cpu::tasks::{ModelPlace, ModelStep, ModelTasks};
/// use isokern_cpu::{CpuBackend, model};
///
/// model::include_model! {
///     pub mod digits = "../../../tests/models/digits.ikm";
/// }
///
/// let programs = [CpuBackend::new().load_program(digits::BLOB)?];
/// let mut arena = digits::Arena::new();
/// let places = [Cell::new(Some(ModelPlace::lent(arena.as_mut_slice())))];
/// let tasks = ModelTasks::stateless(&programs, &places)?;
///
/// let request = tasks.ask(0, 0, None, |program, arena| {
///     program.input_in(arena).map(|input| input.fill(digits::INPUT_ZERO_POINT as i8))
/// })?;
/// // What a worker does, stopped after every operator.
/// let mut task = request.task();
/// while let ModelStep::Stopped { next } = tasks.run(&task, |_| true) {
///     task = task.claim()?.yield_at(next, 0)?;
/// }
/// let best = tasks.answer(0, |program, arena| {
///     let scores = program.output_in(arena)?;
///     Ok::<_, isokern_cpu::core::InferenceError>(scores.iter().copied().max())
/// })??;
/// assert!(best.is_some());
/// assert_eq!(task.yield_count() as usize, programs[0].model().operator_count() - 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ModelTasks<'t, 'm, P, Q = core::cell::Cell<Option<ModelStream<'m>>>, S = AllOperators> {
    programs: &'t [CpuProgram<'m, S>],
    places: &'t [P],
    streams: &'t [Q],
}

impl<'t, 'm, P, S> ModelTasks<'t, 'm, P, core::cell::Cell<Option<ModelStream<'m>>>, S>
where
    P: TaskCell<ModelPlace<'m>>,
    S: OperatorSet,
{
    /// Returns tasks of models without state.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn stateless(
        programs: &'t [CpuProgram<'m, S>],
        places: &'t [P],
    ) -> Result<Self, TaskPlanError> {
        Self::new(programs, places, &[])
    }
}

impl<'t, 'm, P, Q, S> ModelTasks<'t, 'm, P, Q, S>
where
    P: TaskCell<ModelPlace<'m>>,
    Q: TaskCell<ModelStream<'m>>,
    S: OperatorSet,
{
    /// Returns tasks of these models, in these places, for these streams.
    ///
    /// # Errors
    ///
    /// [`TaskPlanError`]: a place or a stream is too short, in bytes, or its cell is empty.
    pub fn new(
        programs: &'t [CpuProgram<'m, S>],
        places: &'t [P],
        streams: &'t [Q],
    ) -> Result<Self, TaskPlanError> {
        let need = arena_bytes(programs);
        for (index, cell) in places.iter().enumerate() {
            let mut place = cell.take().ok_or(TaskPlanError::NoPlace { place: index })?;
            let have = place.arena().len();
            cell.put(place);
            if have < need {
                return Err(TaskPlanError::ArenaTooShort { place: index, have, need });
            }
        }
        for (index, cell) in streams.iter().enumerate() {
            let mut stream = cell.take().ok_or(TaskPlanError::NoStream { stream: index })?;
            let (model, have) = (stream.model(), stream.state().len());
            cell.put(stream);
            let program = programs.get(model as usize);
            let program = program.ok_or(TaskPlanError::NoModel { stream: index, model })?;
            let need = program.model().state_bytes();
            if have < need {
                return Err(TaskPlanError::StateTooShort { stream: index, have, need });
            }
        }
        Ok(Self { programs, places, streams })
    }

    /// Returns the models; the op handle of a task is an index in here.
    #[must_use]
    pub const fn programs(&self) -> &'t [CpuProgram<'m, S>] {
        self.programs
    }

    /// Returns how many tasks can be in flight.
    #[must_use]
    pub const fn place_count(&self) -> usize {
        self.places.len()
    }
}

impl<P, Q, S> Clone for ModelTasks<'_, '_, P, Q, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, Q, S> Copy for ModelTasks<'_, '_, P, Q, S> {}

/// Returns the bytes of arena that a place needs to fit every one of these models.
#[must_use]
pub fn arena_bytes<S: OperatorSet>(programs: &[CpuProgram<'_, S>]) -> usize {
    programs.iter().map(|program| program.model().arena_bytes()).max().unwrap_or(0)
}

/// Why places and streams do not fit the models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TaskPlanError {
    /// A place's arena is too short for a model of the table.
    #[error("place {place} has {have} bytes, the largest model needs {need}. Fix: lend {need}")]
    ArenaTooShort {
        /// Index of the place.
        place: usize,
        /// Bytes lent.
        have: usize,
        /// Bytes needed.
        need: usize,
    },
    /// A stream's memory is too short for the state of its model.
    #[error("stream {stream} has {have} bytes, its model's state needs {need}. Fix: lend {need}")]
    StateTooShort {
        /// Index of the stream.
        stream: usize,
        /// Bytes lent.
        have: usize,
        /// Bytes needed.
        need: usize,
    },
    /// A stream is of a model that is not in the table.
    #[error("stream {stream} is of model {model}, which is not there. Fix: name one of the table")]
    NoModel {
        /// Index of the stream.
        stream: usize,
        /// The model it names.
        model: u32,
    },
    /// The cell of a place is empty.
    #[error("the cell of place {place} is empty. Fix: put a place into it, before any task runs")]
    NoPlace {
        /// Index of the place.
        place: usize,
    },
    /// The cell of a stream is empty.
    #[error(
        "the cell of stream {stream} is empty. Fix: put a stream into it, before any task runs"
    )]
    NoStream {
        /// Index of the stream.
        stream: usize,
    },
}
