//! How much memory of a plan a model takes.

use isokern_core::compute::ModelArtifact;
use isokern_core::ring::{LINE_BYTES, PoolLayout};
use isokern_model::Model;

use super::error::ResidentError;
use super::models::{packed_artifact, port_bytes};
use super::plan::ResidentPlan;
use super::task_tables::{ModelSizes, TableRoom};
use crate::error::CudaError;

impl ResidentPlan {
    /// Returns the plan with room for one more model and for one pool of `buffers` buffers of it,
    /// beside what it has room for: [`load`](super::CudaHost::load) and
    /// [`pool`](super::CudaHost::pool) find it. An arena larger than a block's shared memory has
    /// its place in device memory.
    ///
    /// ```
    /// use isokern_core::compute::ModelArtifact;
    /// use isokern_cuda::ResidentPlan;
    ///
    /// let digits = include_bytes!("../../../../tests/models/digits.ikm");
    /// let plan = ResidentPlan::new(1).with_model(&ModelArtifact::from_bytes(digits), 4)?;
    /// assert!(plan.model_bytes >= digits.len() as u64 && plan.pool_bytes > 4 * (64 + 10));
    /// # Ok::<(), isokern_cuda::ResidentError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ResidentError::Cuda`], if the bytes are no model that this build runs;
    /// [`ResidentError::BufferTooLarge`], [`ResidentError::EmptyPool`].
    pub fn with_model(self, artifact: &ModelArtifact, buffers: u32) -> Result<Self, ResidentError> {
        let packed = packed_artifact(artifact)?;
        let model = Model::parse(packed.bytes()).map_err(CudaError::from)?;
        let buffer_bytes = port_bytes(&model)?.iter().sum();
        if buffers == 0 || buffer_bytes == 0 {
            return Err(ResidentError::EmptyPool);
        }
        let lines = |bytes: u64| bytes.next_multiple_of(LINE_BYTES as u64);
        let sized = |bytes: usize| u32::try_from(bytes).map_err(|_| ResidentError::BufferTooLarge);
        let arena_bytes = match sized(model.arena_bytes())? {
            bytes if bytes <= self.shared_bytes => 0,
            bytes => bytes,
        };
        let pool_bytes = PoolLayout::new(buffers, buffer_bytes).bytes();
        Ok(Self {
            model_bytes: lines(self.model_bytes).saturating_add(lines(packed.bytes().len() as u64)),
            pool_bytes: lines(self.pool_bytes).saturating_add(lines(pool_bytes)),
            arena_bytes: self.arena_bytes.max(arena_bytes),
            model_state_bytes: self.model_state_bytes.max(sized(model.state_bytes())?),
            ..self
        })
    }

    /// Returns the plan with room for models whose runs are tasks, with places and streams
    /// ([`model_tasks`](super::CudaHost::model_tasks)), beside what it has room for.
    ///
    /// # Errors
    ///
    /// [`ResidentError::Cuda`], if bytes are no model that this build runs;
    /// [`ResidentError::BufferTooLarge`].
    pub fn with_model_tasks(
        self,
        artifacts: &[&ModelArtifact],
        places: u32,
        streams: u32,
    ) -> Result<Self, ResidentError> {
        let lines = |bytes: u64| bytes.next_multiple_of(LINE_BYTES as u64);
        let (mut plan, mut sizes) = (self, Vec::with_capacity(artifacts.len()));
        for artifact in artifacts {
            let packed = packed_artifact(artifact)?;
            let model = Model::parse(packed.bytes()).map_err(CudaError::from)?;
            let [input_bytes, output_bytes] = port_bytes(&model)?.map(u64::from);
            sizes.push(ModelSizes {
                port_bytes: input_bytes + output_bytes,
                arena_bytes: model.arena_bytes() as u64,
                state_bytes: model.state_bytes() as u64,
            });
            let bytes = lines(packed.bytes().len() as u64);
            plan.model_bytes = lines(plan.model_bytes).saturating_add(bytes);
        }
        let room = TableRoom::new(&sizes, places, streams);
        plan.pool_bytes = lines(plan.pool_bytes).saturating_add(room.mapped_bytes());
        plan.task_bytes = lines(plan.task_bytes).saturating_add(room.device_bytes());
        Ok(plan)
    }
}
