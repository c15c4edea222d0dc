//! A table of models for tasks of a replay, in memory of its device.

use isokern_core::compute::ModelArtifact;
use isokern_core::device::{
    DeviceTasks, MODEL_TASKS_ENTRY, TASK_MODELS_MAX, TaskModel, TaskModels, TaskStream,
};
use isokern_core::megakernel::{NewTask, TaskContext, TaskHandler, TaskStep};
use isokern_core::{Solo, TaskSlot};
use isokern_model::Model;

use crate::device::Device;
use crate::resident::mapped;

const LINE: u64 = 128;

/// One model without state, with places for its inputs and outputs.
#[derive(Debug)]
pub struct ReplayModel<'d> {
    device: &'d Device,
    table: TaskModels,
    address: u64,
    input_len: usize,
    output_len: usize,
    arena_bytes: u32,
    operator_count: usize,
}

impl<'d> ReplayModel<'d> {
    /// Returns the table of a model with so many places; the block that begins copies the model.
    ///
    /// # Panics
    ///
    /// When it has state.
    #[must_use]
    pub fn new(device: &'d Device, artifact: &ModelArtifact, places: u32) -> Self {
        let blob = artifact.bytes();
        let model = Model::parse(blob).expect("the artifact is a model");
        assert_eq!(model.state_bytes(), 0, "its tasks are independent");
        let (input_len, output_len) = (model.input_bytes(), model.output_bytes());
        let strides = [
            TaskModels::PORTS_AT + (input_len + output_len) as u64,
            TaskModels::MARK_BYTES + model.arena_bytes() as u64,
        ];
        let [payload_stride, arena_stride] = strides.map(|bytes| bytes.next_multiple_of(LINE));
        let staging = mapped(device, blob.len() as u64);
        device.memory.write(staging, blob).expect("it was allocated");
        let mut models = [TaskModel::default(); TASK_MODELS_MAX];
        let address = device.upload(&vec![0; blob.len()]);
        models[0] = TaskModel { address, bytes: blob.len() as u64, staging };
        let arenas = device.upload(&vec![0; (arena_stride * u64::from(places)) as usize]);
        let table = TaskModels {
            model_count: 1,
            place_count: places,
            stream_count: 0,
            reserved: 0,
            payload: mapped(device, payload_stride * u64::from(places)),
            payload_stride,
            arena: arenas,
            arena_stride,
            state: 0,
            state_stride: 0,
            models,
        };
        let address = mapped(device, size_of::<TaskModels>() as u64);
        device.memory.write(address, bytemuck::bytes_of(&table)).expect("it was allocated");
        let arena_bytes = model.arena_bytes() as u32;
        let operator_count = model.operator_count();
        Self { device, table, address, input_len, output_len, arena_bytes, operator_count }
    }

    /// Returns where the table is.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// Returns the bytes of an input.
    #[must_use]
    pub const fn input_len(&self) -> usize {
        self.input_len
    }

    /// Returns the bytes of the model's activations.
    #[must_use]
    pub const fn arena_bytes(&self) -> u32 {
        self.arena_bytes
    }

    /// Returns how many operators it has.
    #[must_use]
    pub const fn operator_count(&self) -> usize {
        self.operator_count
    }

    /// Writes inputs to a place, and returns the task.
    ///
    /// # Panics
    ///
    /// When they are not as many as the model takes.
    #[must_use]
    pub fn ask(&self, place: u32, inputs: &[i8]) -> NewTask {
        assert_eq!(inputs.len(), self.input_len);
        let inputs = bytemuck::cast_slice(inputs);
        self.device.memory.write(self.ports(place), inputs).expect("it was allocated");
        let param = TaskStream::default().param();
        NewTask::new(0).with_input(place).with_output(place).with_param(param)
    }

    /// Returns the outputs of the task of a place, which has ended.
    #[must_use]
    pub fn answer(&self, place: u32) -> Vec<i8> {
        let at = self.ports(place) + self.input_len as u64;
        bytemuck::cast_slice(&self.device.download(at, self.output_len)).to_vec()
    }

    fn ports(&self, place: u32) -> u64 {
        self.table.payload + u64::from(place) * self.table.payload_stride + TaskModels::PORTS_AT
    }
}

/// The handler that the blocks of [`ReplayModel`] have, as the host names it.
#[derive(Debug, Clone, Copy)]
pub struct OnBlocks;

impl TaskHandler for OnBlocks {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, _: &TaskSlot, _: &mut C) -> TaskStep {
        unreachable!("blocks run it")
    }
}

impl DeviceTasks for OnBlocks {
    const ENTRY: &'static str = MODEL_TASKS_ENTRY;
}
