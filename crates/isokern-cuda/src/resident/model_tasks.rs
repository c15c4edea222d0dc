//! Models as tasks of the device's megakernel: the side that asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use isokern_core::device::{DeviceTasks, HostModels, MODEL_TASKS_ENTRY, TaskStream};
use isokern_core::megakernel::{TaskContext, TaskHandler, TaskStep};
use isokern_core::{InferenceError, Solo, TaskSlot};
use isokern_model::tasks::{ModelFault, ModelRequest, TaskAskError};

use super::error::ResidentError;
use super::grid::Grid;
use super::host::CudaHost;
use super::models::LoadedModel;
use super::task_tables::Table;
use crate::error::{CudaError, PayloadError};

/// Models of a [`CudaHost`] whose runs are tasks of its megakernel: operator by
/// operator, on whichever block is free, with more urgent tasks between.
///
/// The same steps as `isokern_cpu::tasks`: [`ask`](Self::ask) writes inputs to a place and returns
/// the request to submit, and after the task's end [`answer`](Self::answer) reads the outputs. A
/// task that gave way keeps its activations in its place, in device memory. A model with state
/// runs on a stream, whose steps run one after the other.
///
/// A clone is the same table. It is the handler of
/// `isokern_ring::megakernel` on its host; on any other its tasks end as faulted.
///
/// ```no_run
/// # use core::future::Future;
/// # use isokern_core::call::{Clock, PollingSleep};
/// # #[derive(Clone)]
/// # struct Ticks;
/// # impl Clock for Ticks {
/// #     fn now_ns(&self) -> u64 { 0 }
/// #     fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
/// #         PollingSleep::new(self, moment_ns)
/// #     }
/// # }
/// use isokern_core::compute::ModelArtifact;
/// use isokern_cuda::{Context, CudaHost, Device, ResidentPlan};
///
/// let digits = ModelArtifact::from_bytes(include_bytes!("../../../../tests/models/digits.ikm"));
/// let context = Context::primary(Device::new(0)?)?;
/// let plan = ResidentPlan::new(0).with_workers(4, 8).with_model_tasks(&[&digits], 8, 0)?;
/// let host = CudaHost::start(&context, Ticks, plan)?;
/// let tasks = host.model_tasks(&[host.load(&digits)?], 8, &[])?;
/// let request = tasks.ask(0, 0, None, &[0; 64])?;
/// // isokern_ring::megakernel(&host, tasks.clone(), config)?, and there
/// // submitter.try_submit(request.into())?; once it has ended:
/// let mut scores = [0; 10];
/// tasks.answer(0, &mut scores)?;
/// # drop(request);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CudaModelTasks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    table: Arc<Table>,
    desk: Mutex<Desk>,
}

/// What the asking side knows of places and streams.
#[derive(Debug)]
struct Desk {
    /// The model that each place was asked for.
    places: Vec<Option<u32>>,
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
    model: u32,
    /// The place of the task in flight.
    user: Option<u32>,
    /// Whether the last step ended; a stream begins with one that did not.
    is_whole: bool,
}

impl<C> CudaHost<C> {
    /// Makes a table of loaded models whose runs are tasks: 1 to 16 of them, with so many places,
    /// one for each task in flight, and streams, each of the model with this index in `models`.
    ///
    /// # Errors
    ///
    /// [`ResidentError::TaskTable`], [`ResidentError::OtherHost`], [`ResidentError::ReserveFull`].
    pub fn model_tasks(
        &self,
        models: &[LoadedModel],
        places: u32,
        streams: &[u32],
    ) -> Result<CudaModelTasks, ResidentError> {
        CudaModelTasks::new(self.grid(), models, places, streams)
    }
}

impl CudaModelTasks {
    fn new(
        grid: &Arc<Grid>,
        models: &[LoadedModel],
        places: u32,
        streams: &[u32],
    ) -> Result<Self, ResidentError> {
        let wrong = ResidentError::TaskTable { models: models.len(), places };
        if streams.iter().any(|model| *model as usize >= models.len()) {
            return Err(wrong);
        }
        let stream_count = u32::try_from(streams.len()).map_err(|_| wrong)?;
        let table = Table::new(grid, models, places, stream_count)?;
        let stream = |model: &u32| Stream { model: *model, user: None, is_whole: false };
        let desk = Desk {
            places: vec![None; places as usize],
            streams: streams.iter().map(stream).collect(),
        };
        Ok(Self { shared: Arc::new(Shared { table, desk: Mutex::new(desk) }) })
    }

    /// Writes the inputs of a model, packed, to a free place, and returns what to submit. A model
    /// with state wants the stream whose next step this is.
    ///
    /// # Errors
    ///
    /// [`TaskAskError`]; the place stays free.
    pub fn ask(
        &self,
        place: u32,
        model: u32,
        stream: Option<u32>,
        inputs: &[u8],
    ) -> Result<ModelRequest, TaskAskError> {
        let (table, mut desk) = (&self.shared.table, self.desk());
        let loaded = table.models().get(model as usize);
        let loaded = loaded.ok_or(TaskAskError::NoModel { model })?;
        match desk.places.get(place as usize) {
            None => return Err(TaskAskError::NoPlace { place }),
            Some(Some(_)) => return Err(TaskAskError::PlaceInUse { place }),
            Some(None) => {}
        }
        let (have, need) = (inputs.len(), loaded.input_bytes() as usize);
        if have != need {
            let refused = CudaError::Payload(PayloadError::Bytes { have, need });
            return Err(TaskAskError::Inputs(InferenceError::from(&refused)));
        }
        let param = match (loaded.has_state(), stream) {
            (false, None) => 0,
            (false, Some(_)) => return Err(TaskAskError::NoState { model }),
            (true, None) => return Err(TaskAskError::NoStreamNamed { model }),
            (true, Some(stream)) => desk.take_stream(stream, model, place)?.param(),
        };
        table.write_inputs(place, inputs);
        desk.places[place as usize] = Some(model);
        Ok(ModelRequest { model, place, param })
    }

    /// Reads the outputs of a task that is done, packed, and makes its place free, and its stream.
    ///
    /// # Errors
    ///
    /// [`TaskAskError::NotDone`] before the task has run to its end, or when it failed;
    /// [`TaskAskError::Inputs`] for another length. The place stays as it is.
    pub fn answer(&self, place: u32, outputs: &mut [u8]) -> Result<(), TaskAskError> {
        let (table, mut desk) = (&self.shared.table, self.desk());
        let model = desk.places.get(place as usize).ok_or(TaskAskError::NoPlace { place })?;
        let loaded = model.and_then(|model| table.models().get(model as usize));
        let loaded = loaded.filter(|_| table.is_done(place));
        let loaded = loaded.ok_or(TaskAskError::NotDone { place })?;
        let (have, need) = (outputs.len(), loaded.output_bytes() as usize);
        if have != need {
            let refused = CudaError::Payload(PayloadError::Bytes { have, need });
            return Err(TaskAskError::Inputs(InferenceError::from(&refused)));
        }
        table.read_outputs(place, loaded.input_bytes(), outputs);
        desk.leave(place, true);
        Ok(())
    }

    /// Makes the place of a task free that ended without outputs, faulted or cancelled, and its
    /// stream; the next step of that begins on the initial state.
    ///
    /// To be called when the task has ended and not before.
    ///
    /// # Errors
    ///
    /// [`TaskAskError::NoPlace`].
    pub fn release(&self, place: u32) -> Result<(), TaskAskError> {
        let mut desk = self.desk();
        if place as usize >= desk.places.len() {
            return Err(TaskAskError::NoPlace { place });
        }
        desk.leave(place, false);
        Ok(())
    }

    /// Makes the next step of a stream begin on the initial state.
    ///
    /// # Errors
    ///
    /// [`TaskAskError::NoStream`]; [`TaskAskError::StreamInUse`] while a task of the stream is in
    /// flight.
    pub fn reset(&self, stream: u32) -> Result<(), TaskAskError> {
        let mut desk = self.desk();
        let found = desk.streams.get_mut(stream as usize);
        let found = found.ok_or(TaskAskError::NoStream { stream })?;
        if let Some(place) = found.user {
            return Err(TaskAskError::StreamInUse { stream, place });
        }
        found.is_whole = false;
        Ok(())
    }

    /// Returns a place that is free now.
    #[must_use]
    pub fn free_place(&self) -> Option<u32> {
        let desk = self.desk();
        (0..).zip(&desk.places).find(|(_, place)| place.is_none()).map(|(place, _)| place)
    }

    /// Returns how many tasks can be in flight.
    #[must_use]
    pub fn place_count(&self) -> u32 {
        self.shared.table.place_count()
    }

    /// Returns the models; the op handle of a task is an index in here.
    #[must_use]
    pub fn models(&self) -> &[LoadedModel] {
        self.shared.table.models()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.shared.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Takes a stream for a step of a model in a place.
    fn take_stream(
        &mut self,
        stream: u32,
        model: u32,
        place: u32,
    ) -> Result<TaskStream, TaskAskError> {
        let found = self.streams.get_mut(stream as usize);
        let found = found.ok_or(TaskAskError::NoStream { stream })?;
        if let Some(place) = found.user {
            return Err(TaskAskError::StreamInUse { stream, place });
        }
        if found.model != model {
            return Err(TaskAskError::StreamOfOther { stream, model: found.model });
        }
        found.user = Some(place);
        Ok(TaskStream { stream, begins_anew: !found.is_whole })
    }

    /// Makes a place free, and the stream of its task, whose step has ended or not.
    fn leave(&mut self, place: u32, is_whole: bool) {
        self.places[place as usize] = None;
        if let Some(stream) = self.streams.iter_mut().find(|it| it.user == Some(place)) {
            (stream.user, stream.is_whole) = (None, is_whole);
        }
    }
}

impl TaskHandler for CudaModelTasks {
    fn op_count(&self) -> u32 {
        self.models().len() as u32
    }

    /// Faults: the models are in device memory.
    fn run<C: TaskContext>(&self, _: &Solo, _: &TaskSlot, _: &mut C) -> TaskStep {
        TaskStep::Fault { code: ModelFault::NoModel.code() }
    }
}

impl DeviceTasks for CudaModelTasks {
    const ENTRY: &'static str = MODEL_TASKS_ENTRY;

    fn models(&self) -> Option<HostModels> {
        Some(self.shared.table.number())
    }
}
