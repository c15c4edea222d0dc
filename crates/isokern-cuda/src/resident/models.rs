//! Models that actors of a host run: reserved device memory, and how they get there without a
//! driver call.

use std::sync::{Mutex, MutexGuard, PoisonError};

use isokern_core::compute::ModelArtifact;
use isokern_core::device::{BlockOrder, HostModel, TaskModel};
use isokern_core::ring::LINE_BYTES;
use isokern_model::Model;

use super::error::ResidentError;
use super::grid::Grid;
use super::plan::ResidentPlan;
use super::task_tables::ModelSizes;
use crate::backend::packed;
use crate::driver::{Context, DeviceBuffer};
use crate::error::CudaError;

const LINE: u64 = LINE_BYTES as u64;

/// The reserve for models and what is in it.
#[derive(Debug)]
pub(super) struct Models {
    reserve: DeviceBuffer,
    bytes: u64,
    places: Mutex<Places>,
    /// Held while a block may copy a model: no other is to read it meanwhile.
    copying: Mutex<()>,
}

#[derive(Debug, Default)]
struct Places {
    used: u64,
    models: Vec<Place>,
}

/// Where one model is.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// From the start of the reserve, and of the staging area.
    at: u64,
    bytes: u64,
    arena_bytes: u64,
    state_bytes: u64,
    /// Whether a block has copied it from the staging area.
    is_copied: bool,
}

/// A model that a [`CudaHost`](super::CudaHost) has loaded; its actors run it.
///
/// A copy is the same model. It stays until the host is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadedModel {
    model: HostModel,
    input_bytes: u32,
    output_bytes: u32,
    has_state: bool,
}

impl LoadedModel {
    /// Returns its number on its host.
    #[must_use]
    pub const fn model(&self) -> HostModel {
        self.model
    }

    /// Returns the bytes of its inputs, packed.
    #[must_use]
    pub const fn input_bytes(&self) -> u32 {
        self.input_bytes
    }

    /// Returns whether it keeps state from step to step.
    pub(super) const fn has_state(&self) -> bool {
        self.has_state
    }

    /// Returns the bytes of its outputs, packed.
    #[must_use]
    pub const fn output_bytes(&self) -> u32 {
        self.output_bytes
    }
}

impl Models {
    /// Reserves the memory of a plan.
    pub(super) fn new(context: &Context, plan: &ResidentPlan) -> Result<Self, CudaError> {
        let bytes = plan.model_bytes;
        let reserve = DeviceBuffer::new(context, usize::try_from(bytes).unwrap_or(usize::MAX))?;
        Ok(Self { reserve, bytes, places: Mutex::default(), copying: Mutex::default() })
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves room for a model, writes it to the staging area and returns its number.
    fn add(&self, grid: &Grid, model: &Model<'_>) -> Result<u32, ResidentError> {
        let mut places = self.places();
        let bytes = model.blob().len() as u64;
        let free = self.bytes - places.used;
        // The last model may end where the reserve does.
        if bytes > free {
            return Err(ResidentError::ReserveFull { what: "models", asked: bytes, free });
        }
        let at = places.used;
        places.used = at.saturating_add(bytes).next_multiple_of(LINE).min(self.bytes);
        let blocks = grid.blocks();
        blocks.mapped().write(blocks.layout().staging + at, model.blob());
        let (arena_bytes, state_bytes) = (model.arena_bytes() as u64, model.state_bytes() as u64);
        places.models.push(Place { at, bytes, arena_bytes, state_bytes, is_copied: false });
        Ok(places.models.len() as u32 - 1)
    }

    /// Returns what a table for tasks needs of a model; `None` for a number of no model.
    pub(super) fn sizes(&self, model: &LoadedModel) -> Option<ModelSizes> {
        let Place { arena_bytes, state_bytes, .. } =
            *self.places().models.get(model.model.number as usize)?;
        let port_bytes = u64::from(model.input_bytes) + u64::from(model.output_bytes);
        Some(ModelSizes { port_bytes, arena_bytes, state_bytes })
    }

    /// Returns where models are, for a table of tasks, and the guard of the copies that the order
    /// which begins makes.
    pub(super) fn place_for_tasks(
        &self,
        grid: &Grid,
        models: &[LoadedModel],
    ) -> (Vec<TaskModel>, Copying<'_>) {
        let guard = self.copying.lock().unwrap_or_else(PoisonError::into_inner);
        let places = self.places();
        let numbers: Vec<u32> = models.iter().map(|model| model.model.number).collect();
        let placed = numbers.iter().filter_map(|number| places.models.get(*number as usize));
        let placed = placed.map(|place| TaskModel {
            address: self.reserve.address() + place.at,
            bytes: place.bytes,
            staging: if place.is_copied { 0 } else { staging(grid, place) },
        });
        (placed.collect(), Copying { models: self, numbers, _guard: guard })
    }

    /// Returns an order with a model for a block, and where the block is to copy it the guard of
    /// that copy.
    pub(super) fn place_in(
        &self,
        order: BlockOrder,
        grid: &Grid,
        block: u32,
        number: u32,
    ) -> Result<(BlockOrder, Option<Copying<'_>>), ResidentError> {
        let guard = self.copying.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.places().models.get(number as usize).copied();
        let place = place.ok_or(ResidentError::OtherHost)?;
        let plan = grid.plan();
        let (shared, device) = (plan.shared_bytes, plan.arena_bytes);
        let arena = if place.arena_bytes <= u64::from(shared) {
            0
        } else if place.arena_bytes <= u64::from(device) {
            grid.arena(block)
        } else {
            let need = place.arena_bytes;
            return Err(ResidentError::ArenaTooLarge { need, shared, device });
        };
        let (have, need) = (plan.model_state_bytes, place.state_bytes);
        if need > u64::from(have) {
            return Err(ResidentError::ModelStateTooLarge { have, need });
        }
        let order = BlockOrder {
            model: self.reserve.address() + place.at,
            model_bytes: place.bytes,
            staging: if place.is_copied { 0 } else { staging(grid, &place) },
            arena,
            model_state: if need == 0 { 0 } else { grid.model_state(block) },
            ..order
        };
        let copying = Copying { models: self, numbers: vec![number], _guard: guard };
        Ok((order, (!place.is_copied).then_some(copying)))
    }
}

/// Returns where a model is in the staging area, as the device sees it.
fn staging(grid: &Grid, place: &Place) -> u64 {
    let blocks = grid.blocks();
    blocks.mapped().address(blocks.layout().staging + place.at)
}

/// Models that a block is copying, alone.
#[derive(Debug)]
pub(super) struct Copying<'m> {
    models: &'m Models,
    numbers: Vec<u32>,
    _guard: MutexGuard<'m, ()>,
}

impl Copying<'_> {
    /// Notes that the block has copied them.
    pub(super) fn done(self) {
        let mut places = self.models.places();
        for number in &self.numbers {
            if let Some(place) = places.models.get_mut(*number as usize) {
                place.is_copied = true;
            }
        }
    }
}

impl Grid {
    /// Checks a model, and brings it to where a block copies it from.
    pub(super) fn load(&self, artifact: &ModelArtifact) -> Result<LoadedModel, ResidentError> {
        let packed = packed_artifact(artifact)?;
        let model = Model::parse(packed.bytes()).map_err(CudaError::from)?;
        let [input_bytes, output_bytes] = port_bytes(&model)?;
        let has_state = model.state_bytes() > 0;
        let number = self.models().add(self, &model)?;
        let model = HostModel { host: self.number(), number };
        Ok(LoadedModel { model, input_bytes, output_bytes, has_state })
    }
}

/// Returns a model that was checked, in the layout that blocks run.
pub(super) fn packed_artifact(artifact: &ModelArtifact) -> Result<ModelArtifact, CudaError> {
    packed(artifact, &Model::parse(artifact.bytes())?)
}

/// Returns the bytes of a model's inputs and of its outputs, which fit one buffer.
pub(super) fn port_bytes(model: &Model<'_>) -> Result<[u32; 2], ResidentError> {
    let too_large = |_| ResidentError::BufferTooLarge;
    let input_bytes = u32::try_from(model.input_bytes()).map_err(too_large)?;
    let output_bytes = u32::try_from(model.output_bytes()).map_err(too_large)?;
    let both = input_bytes.checked_add(output_bytes);
    both.map_or(Err(ResidentError::BufferTooLarge), |_| Ok([input_bytes, output_bytes]))
}
