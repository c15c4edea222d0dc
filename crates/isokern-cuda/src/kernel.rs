//! The batch kernels as loaded on a device, with what a launch may use there.
#![allow(unsafe_code)]

use std::sync::Arc;

use cudarc::driver::sys::CUdevice_attribute as Attribute;
use isokern_core::device::{
    BATCH_VERSION, BatchLaunch, BatchParameters, DeviceLimits, ENTRY_BATCH, ENTRY_BATCH_ALL,
    ModelFootprint, plan_batch,
};
use isokern_model::{BaseOperators, Model, OpSet, OperatorSet};

use crate::driver::{Context, DeviceBuffer, Function, LaunchShape, Module, Stream};
use crate::error::CudaError;
use crate::ptx;
use crate::state::StatePlace;

/// The kernels of one module. Models get the one with the fewest kinds that has all of theirs.
#[derive(Debug)]
pub(crate) struct Kernels {
    /// For [`BaseOperators`]; none where all models run on one entry.
    base: Option<Arc<Kernel>>,
    all: Arc<Kernel>,
}

impl Kernels {
    /// Returns the kernels this crate ships, in the text that fits the device.
    pub(crate) fn shipped(context: &Context) -> Result<Self, CudaError> {
        let text = ptx::shipped_ptx(context.device().compute_capability()?)?;
        let module = load(context, text.as_bytes())?;
        let base = Kernel::of(context, &module, ENTRY_BATCH)?;
        let all = Kernel::of(context, &module, ENTRY_BATCH_ALL)?;
        Ok(Self { base: Some(base.into()), all: all.into() })
    }

    /// Returns the kernel `entry` of a PTX text, for all models.
    pub(crate) fn of_entry(context: &Context, ptx: &[u8], entry: &str) -> Result<Self, CudaError> {
        let module = load(context, ptx)?;
        Ok(Self { base: None, all: Kernel::of(context, &module, entry)?.into() })
    }

    /// Returns the kernel for a model of these kinds.
    pub(crate) fn for_kinds(&self, kinds: OpSet) -> &Arc<Kernel> {
        let base = self.base.as_ref().filter(|_| is_base(kinds));
        base.unwrap_or(&self.all)
    }

    /// Returns the context they are loaded in.
    pub(crate) fn context(&self) -> &Context {
        self.all.context()
    }
}

/// Returns whether a model of these kinds runs on the kernel for the first kinds.
const fn is_base(kinds: OpSet) -> bool {
    BaseOperators::KINDS.contains_all(kinds)
}

/// Loads a PTX text that the driver can read.
pub(crate) fn load(context: &Context, ptx: &[u8]) -> Result<Module, CudaError> {
    ptx::check_release(ptx, context.device().driver().version())?;
    Module::load(context, ptx)
}

/// A kernel that takes [`BatchParameters`].
#[derive(Debug)]
pub(crate) struct Kernel {
    function: Function,
    limits: DeviceLimits,
}

impl Kernel {
    /// Returns the kernel `entry` of a module.
    fn of(context: &Context, module: &Module, entry: &str) -> Result<Self, CudaError> {
        let device = context.device();
        let function = module.function(entry)?;
        let fixed = function.static_shared_bytes()?;
        let optin =
            device.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?;
        let dynamic = optin.saturating_sub(fixed);
        // Once and for all models: launches then differ in nothing that the function keeps.
        function.allow_shared_bytes(dynamic)?;
        let reserved =
            device.attribute(Attribute::CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK)?;
        let per_multiprocessor = device
            .attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR)?;
        let limits = DeviceLimits {
            multiprocessors: device.multiprocessors()?,
            shared_bytes_per_block: dynamic,
            shared_bytes_per_multiprocessor: per_multiprocessor,
            shared_bytes_reserved: reserved.saturating_add(fixed),
            threads_per_multiprocessor: device
                .attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR)?,
            registers: device.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK)?,
            registers_per_thread: function.registers()?,
            threads_per_block: function.threads_max()?,
        };
        Ok(Self { function, limits })
    }

    /// Returns the context it is loaded in.
    pub(crate) fn context(&self) -> &Context {
        self.function.context()
    }

    /// Returns what launches are planned with.
    pub(crate) const fn limits(&self) -> &DeviceLimits {
        &self.limits
    }
}

/// A model on the device with the kernel that runs it; shared by all its streams.
#[derive(Debug)]
pub(crate) struct UploadedModel {
    kernel: Arc<Kernel>,
    blob: DeviceBuffer,
    footprint: ModelFootprint,
    state: Option<StatePlace>,
    /// Bytes of one sample's inputs.
    pub(crate) input_bytes: usize,
    /// Bytes of one sample's outputs.
    pub(crate) output_bytes: usize,
}

/// Where the memory of one launch is, as addresses of the device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaunchMemory {
    /// The inputs, one after the other.
    pub(crate) inputs: u64,
    /// The outputs, one after the other.
    pub(crate) outputs: u64,
    /// How many of each.
    pub(crate) samples: usize,
    /// How many streams they are of, one after the other; of a model without state any number.
    pub(crate) streams: usize,
    /// The blocks' arenas, 0 if they are in shared memory.
    pub(crate) scratch: u64,
    /// The fault record.
    pub(crate) fault: u64,
}

impl UploadedModel {
    /// Copies a checked model to the device.
    ///
    /// The state outlives all work of this model.
    pub(crate) fn upload(
        kernel: Arc<Kernel>,
        model: &Model<'_>,
        state: Option<StatePlace>,
    ) -> Result<Self, CudaError> {
        let (context, blob) = (kernel.context(), model.blob());
        let footprint = ModelFootprint {
            model_bytes: blob.len() as u64,
            arena_bytes: model.arena_bytes() as u64,
        };
        let stream = Stream::new(context)?;
        let mut device_blob = DeviceBuffer::new(context, blob.len())?;
        device_blob.upload(blob, &stream)?;
        let (input_bytes, output_bytes) = (model.input_bytes(), model.output_bytes());
        Ok(Self { kernel, blob: device_blob, footprint, state, input_bytes, output_bytes })
    }

    /// Returns whether steps depend on the ones before: then those of a stream run in order, on one
    /// block.
    pub(crate) const fn has_state(&self) -> bool {
        self.state.is_some()
    }

    /// Returns the context it is in.
    pub(crate) fn context(&self) -> &Context {
        self.kernel.context()
    }

    /// Returns how `samples` samples of so many streams are launched.
    fn plan(&self, samples: usize, streams: usize) -> Result<BatchLaunch, CudaError> {
        let limits = self.kernel.limits();
        // A stream is one block's; without state each sample is one.
        let streams = if self.has_state() { samples.min(streams) } else { samples };
        Ok(plan_batch(&self.footprint, limits, streams as u64)?)
    }

    /// Returns how many streams have a state.
    pub(crate) fn streams(&self) -> usize {
        self.state.map_or(1, |state| state.streams)
    }

    /// Returns global memory for the arenas of launches of up to `samples_max` samples of all
    /// streams.
    pub(crate) fn scratch(&self, samples_max: usize) -> Result<Option<DeviceBuffer>, CudaError> {
        match self.plan(samples_max, self.streams())?.scratch_bytes {
            0 => Ok(None),
            bytes => {
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                DeviceBuffer::new(self.context(), bytes).map(Some)
            }
        }
    }

    /// Puts the kernel into a stream.
    ///
    /// # Safety
    ///
    /// * The addresses of `memory` are memory of as many bytes as its samples take, and as the
    ///   plan of these samples takes of scratch.
    /// * Until the work has ended it is alive, and no other work uses it.
    pub(crate) unsafe fn launch(
        &self,
        stream: &Stream,
        memory: LaunchMemory,
    ) -> Result<(), CudaError> {
        let launch = self.plan(memory.samples, memory.streams)?;
        let of_stream = memory.samples.checked_div(memory.streams).unwrap_or(memory.samples);
        let parameters = BatchParameters {
            version: BATCH_VERSION,
            flags: launch.flags.bits(),
            model: self.blob.address(),
            model_bytes: self.footprint.model_bytes,
            inputs: memory.inputs,
            input_bytes: self.input_bytes as u64,
            outputs: memory.outputs,
            output_bytes: self.output_bytes as u64,
            sample_count: memory.samples as u64,
            arena_bytes: launch.arena_bytes,
            scratch: if launch.scratch_bytes == 0 { 0 } else { memory.scratch },
            scratch_stride: launch.arena_bytes,
            fault: memory.fault,
            state: self.state.map_or(0, |state| state.address),
            state_stride: self.state.map_or(0, |state| state.stride),
            stream_samples: if self.has_state() { of_stream as u64 } else { 1 },
        };
        let shape =
            LaunchShape::new(launch.blocks, launch.threads).with_shared_bytes(launch.shared_bytes);
        // SAFETY: the kernel takes these parameters; their memory is the caller's promise, and
        // the model was checked before it was copied.
        unsafe { self.kernel.function.launch(stream, shape, &parameters) }
    }
}

#[cfg(test)]
mod tests {
    use super::is_base;
    use isokern_model::{BaseOperators, OpSet, OperatorSet};

    #[test]
    fn kinds_beyond_the_first_take_the_kernel_for_all() {
        assert!(is_base(BaseOperators::KINDS));
        assert!(is_base(OpSet::EMPTY));
        for word in 0..4 {
            for bit in 0..32 {
                let mut words = [0; 4];
                words[word] = 1 << bit;
                let is_first = word == 0 && (1..=8).contains(&bit);
                assert_eq!(is_base(OpSet::from_words(words)), is_first, "code {}", 32 * word + bit);
            }
        }
    }
}
