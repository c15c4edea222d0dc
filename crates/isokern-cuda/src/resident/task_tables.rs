//! Tables of models for tasks: memory of their places and streams, and how orders name them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use isokern_core::device::{HostModels, TASK_MODELS_MAX, TaskModel, TaskModels};
use isokern_core::ring::{LINE_BYTES, SharedWord};

use super::error::ResidentError;
use super::grid::Grid;
use super::models::LoadedModel;
use super::pools::PoolPlace;

const LINE: u64 = LINE_BYTES as u64;
/// Bytes of the mark before an arena and before a state, which keeps what follows aligned.
const MARK: u64 = TaskModels::MARK_BYTES;

/// The tables that somebody still has.
#[derive(Debug, Default)]
pub(super) struct Tables(Mutex<Vec<Weak<Table>>>);

/// A table, with what its tasks run in; free again when nobody has it.
#[derive(Debug)]
pub(super) struct Table {
    grid: Arc<Grid>,
    mapped: PoolPlace,
    #[expect(dead_code, reason = "it is taken until the table is gone")]
    device: PoolPlace,
    number: u32,
    models: Vec<LoadedModel>,
    words: TaskModels,
}

/// How many bytes of what a table takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TableRoom {
    payload_stride: u64,
    arena_stride: u64,
    state_stride: u64,
    places: u64,
    streams: u64,
}

impl TableRoom {
    /// Returns the room for models of these sizes.
    pub(super) fn new(models: &[ModelSizes], places: u32, streams: u32) -> Self {
        let most = |size: fn(&ModelSizes) -> u64| models.iter().map(size).max().unwrap_or(0);
        Self {
            payload_stride: (TaskModels::PORTS_AT + most(|it| it.port_bytes))
                .next_multiple_of(LINE),
            arena_stride: (MARK + most(|it| it.arena_bytes)).next_multiple_of(LINE),
            state_stride: (MARK + most(|it| it.state_bytes)).next_multiple_of(LINE),
            places: places.into(),
            streams: streams.into(),
        }
    }

    /// Returns the bytes of mapped memory.
    pub(super) const fn mapped_bytes(&self) -> u64 {
        Self::TABLE_BYTES.saturating_add(self.places.saturating_mul(self.payload_stride))
    }

    /// Returns the bytes of device memory.
    pub(super) const fn device_bytes(&self) -> u64 {
        let arenas = self.places.saturating_mul(self.arena_stride);
        arenas.saturating_add(self.streams.saturating_mul(self.state_stride))
    }

    const TABLE_BYTES: u64 = (size_of::<TaskModels>() as u64).next_multiple_of(LINE);
}

/// What a model needs of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ModelSizes {
    /// Inputs and outputs together.
    pub(super) port_bytes: u64,
    pub(super) arena_bytes: u64,
    pub(super) state_bytes: u64,
}

impl Table {
    /// Makes a table of these models, with so many places and streams.
    pub(super) fn new(
        grid: &Arc<Grid>,
        models: &[LoadedModel],
        places: u32,
        streams: u32,
    ) -> Result<Arc<Self>, ResidentError> {
        if models.is_empty() || models.len() > TASK_MODELS_MAX || places == 0 {
            return Err(ResidentError::TaskTable { models: models.len(), places });
        }
        if models.iter().any(|model| model.model().host != grid.number()) {
            return Err(ResidentError::OtherHost);
        }
        let sizes = models.iter().map(|model| grid.models().sizes(model));
        let sizes = sizes.collect::<Option<Vec<_>>>().ok_or(ResidentError::OtherHost)?;
        let room = TableRoom::new(&sizes, places, streams);
        let mapped = grid.pools().take(room.mapped_bytes())?;
        let device = grid.task_places().take(room.device_bytes())?;
        grid.blocks().mapped().clear(mapped.at(), room.mapped_bytes());
        let base = grid.task_memory() + device.at();
        let words = TaskModels {
            model_count: models.len() as u32,
            place_count: places,
            stream_count: streams,
            reserved: 0,
            payload: grid.blocks().mapped().address(mapped.at() + TableRoom::TABLE_BYTES),
            payload_stride: room.payload_stride,
            arena: base,
            arena_stride: room.arena_stride,
            state: base + room.places * room.arena_stride,
            state_stride: room.state_stride,
            models: [TaskModel::default(); TASK_MODELS_MAX],
        };
        let mut tables = grid.tables().lock();
        let free = tables.iter().position(|table| table.strong_count() == 0);
        let number = free.unwrap_or(tables.len());
        let table = Arc::new(Self {
            grid: Arc::clone(grid),
            mapped,
            device,
            number: number as u32,
            models: models.to_vec(),
            words,
        });
        match tables.get_mut(number) {
            Some(place) => *place = Arc::downgrade(&table),
            None => tables.push(Arc::downgrade(&table)),
        }
        Ok(table)
    }

    /// Returns its number on its host.
    pub(super) fn number(&self) -> HostModels {
        HostModels { host: self.grid.number(), number: self.number }
    }

    /// Returns the models.
    pub(super) fn models(&self) -> &[LoadedModel] {
        &self.models
    }

    /// Returns how many places there are.
    pub(super) const fn place_count(&self) -> u32 {
        self.words.place_count
    }

    /// Returns the device's address of the table.
    pub(super) fn address(&self) -> u64 {
        self.grid.blocks().mapped().address(self.mapped.at())
    }

    /// Writes the table for the order that begins. Where models are to be copied from is in it, by
    /// number, unless that was done.
    pub(super) fn write(&self, models: impl Iterator<Item = TaskModel>) {
        let mut words = self.words;
        words.models.iter_mut().zip(models).for_each(|(place, model)| *place = model);
        self.grid.blocks().mapped().write(self.mapped.at(), bytemuck::bytes_of(&words));
    }

    /// Writes inputs to the payload of a place, which has no outputs from then on.
    pub(super) fn write_inputs(&self, place: u32, inputs: &[u8]) {
        let (mapped, at) = (self.grid.blocks().mapped(), self.payload(place));
        if let Some(done) = mapped.word(at) {
            done.store_relaxed(0);
        }
        mapped.write(at + TaskModels::PORTS_AT, inputs);
    }

    /// Returns whether the outputs of a task are in the payload of a place.
    pub(super) fn is_done(&self, place: u32) -> bool {
        let done = self.grid.blocks().mapped().word(self.payload(place));
        done.is_some_and(|done| done.load_acquire() != 0)
    }

    /// Reads so many bytes after the first `skip` of the payload of a place.
    pub(super) fn read_outputs(&self, place: u32, skip: u32, target: &mut [u8]) {
        let at = self.payload(place) + TaskModels::PORTS_AT + u64::from(skip);
        self.grid.blocks().mapped().read(at, target);
    }

    fn payload(&self, place: u32) -> u64 {
        let first = self.mapped.at() + TableRoom::TABLE_BYTES;
        first + u64::from(place) * self.words.payload_stride
    }
}

impl Tables {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Table>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the table with a number.
    pub(super) fn get(&self, number: u32) -> Option<Arc<Table>> {
        self.lock().get(number as usize)?.upgrade()
    }
}
