//! A table that owns its models, places and streams, for threads.

use std::sync::Mutex;
use std::vec::Vec;

use isokern_core::TaskSlot;
use thiserror::Error;

use super::{ModelPlace, ModelStep, ModelStream, ModelTasks, arena_bytes};
use crate::program::CpuProgram;

/// The sizes that a [`ModelTable`] allocates.
///
/// ```
/// use isokern_cpu::tasks::ModelTablePlan;
///
/// let plan = ModelTablePlan { in_flight: 8, streams: &[0, 0], memory_limit: Some(1 << 20) };
/// assert_eq!(plan.streams.len(), 2); // two streams of model 0
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelTablePlan<'a> {
    /// Tasks in flight at most, each with a place.
    pub in_flight: usize,
    /// The model of each stream, by index.
    pub streams: &'a [u32],
    /// Bytes that places and streams may have together; no limit where there is none.
    pub memory_limit: Option<usize>,
}

/// [`ModelTasks`] with memory of their own: an arena for each task in flight, states for the
/// streams. Nothing is allocated after [`new`](Self::new).
///
/// ```
/// use isokern_cpu::ArtifactBackend;
/// use isokern_cpu::core::compute::ModelArtifact;
/// use isokern_cpu::tasks::{ModelTable, ModelTableError, ModelTablePlan};
///
/// let bytes = include_bytes!("../../../../tests/models/digits.ikm");
/// let program = ArtifactBackend::new().load_program(&ModelArtifact::from_bytes(bytes))?;
/// let arena_bytes = program.model().arena_bytes();
///
/// let plan = ModelTablePlan { in_flight: 3, ..ModelTablePlan::default() };
/// let table = ModelTable::new(vec![program.clone()], plan)?;
/// assert_eq!(table.memory_bytes(), 3 * arena_bytes.next_multiple_of(64));
///
/// let plan = ModelTablePlan { memory_limit: Some(arena_bytes), ..plan };
/// let refused = ModelTable::new(vec![program], plan).unwrap_err();
/// assert!(matches!(refused, ModelTableError::OverLimit { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ModelTable {
    programs: Vec<CpuProgram<'static>>,
    places: Vec<Mutex<Option<ModelPlace<'static>>>>,
    streams: Vec<Mutex<Option<ModelStream<'static>>>>,
    memory_bytes: usize,
}

/// The tasks of a [`ModelTable`].
pub type TableTasks<'t> = ModelTasks<
    't,
    'static,
    Mutex<Option<ModelPlace<'static>>>,
    Mutex<Option<ModelStream<'static>>>,
>;

impl ModelTable {
    /// Allocates places and streams for these models.
    ///
    /// # Errors
    ///
    /// [`ModelTableError`], with the bytes the plan takes, before anything is allocated where it is
    /// above the limit.
    pub fn new(
        programs: Vec<CpuProgram<'static>>,
        plan: ModelTablePlan<'_>,
    ) -> Result<Self, ModelTableError> {
        let arena_bytes = arena_bytes(&programs).next_multiple_of(LINE);
        let mut state_bytes = Vec::with_capacity(plan.streams.len());
        for &model in plan.streams {
            let program = programs.get(model as usize);
            let program = program.ok_or(ModelTableError::NoModel { model })?;
            state_bytes.push(program.model().state_bytes().next_multiple_of(LINE));
        }
        let arenas = arena_bytes.saturating_mul(plan.in_flight);
        let memory_bytes = state_bytes.iter().fold(arenas, |sum, &one| sum.saturating_add(one));
        if let Some(limit_bytes) = plan.memory_limit
            && memory_bytes > limit_bytes
        {
            let in_flight = plan.in_flight;
            return Err(ModelTableError::OverLimit { in_flight, memory_bytes, limit_bytes });
        }
        let out_of_memory = ModelTableError::OutOfMemory { memory_bytes };
        if memory_bytes > isize::MAX.unsigned_abs() {
            return Err(out_of_memory);
        }
        let place = |_| ModelPlace::owned(arena_bytes).map(|place| Mutex::new(Some(place)));
        let places = (0..plan.in_flight).map(place).collect::<Option<_>>().ok_or(out_of_memory)?;
        let owned = plan.streams.iter().zip(&state_bytes).map(|(&model, &bytes)| {
            ModelStream::owned(model, bytes).map(|stream| Mutex::new(Some(stream)))
        });
        let streams = owned.collect::<Option<_>>().ok_or(out_of_memory)?;
        Ok(Self { programs, places, streams, memory_bytes })
    }

    /// Returns the tasks, to ask and to run.
    #[must_use]
    pub fn tasks(&self) -> TableTasks<'_> {
        ModelTasks { programs: &self.programs, places: &self.places, streams: &self.streams }
    }

    /// Returns bytes of all places and streams.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Runs a task; see [`ModelTasks::run`].
    pub fn run(&self, task: &TaskSlot, stops: impl FnMut(u32) -> bool) -> ModelStep {
        self.tasks().run(task, stops)
    }
}

/// Bytes that memory is allocated in.
const LINE: usize = 64;

/// Why a table was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ModelTableError {
    /// The plan takes more than it may.
    #[error(
        "{in_flight} tasks in flight take {memory_bytes} bytes with their streams, \
         {limit_bytes} are allowed. Fix: allow more, or plan for fewer tasks in flight"
    )]
    OverLimit {
        /// Tasks in flight.
        in_flight: usize,
        /// Bytes of places and streams.
        memory_bytes: usize,
        /// Bytes allowed.
        limit_bytes: usize,
    },
    /// There is no memory for the plan.
    #[error("there are no {memory_bytes} bytes of memory. Fix: plan for fewer tasks in flight")]
    OutOfMemory {
        /// Bytes of places and streams.
        memory_bytes: usize,
    },
    /// A stream is of a model that is not in the table.
    #[error("a stream is of model {model}, which is not there. Fix: name one of the table")]
    NoModel {
        /// The model it names.
        model: u32,
    },
}
