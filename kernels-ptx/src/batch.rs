//! The batch kernel: one block per sample, until all samples are done.
//!
//! It has an entry for the kinds of [`BaseOperators`] and one for all kinds. A kernel takes as many
//! registers and as much stack as the worst of the functions that it can reach; so the first entry
//! does not pay for kinds that its models do not have. Both share the operators' code.
#![allow(unsafe_code)]

use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr;
use core::slice;

use isokern_core::device::{BATCH_VERSION, BatchFlags, BatchParameters, FaultCode, SHARED_ALIGN};
use isokern_core::{Cells, Team};
use isokern_model::{
    AllOperators, BaseOperators, Memory, Model, OperatorSet, RunError, run_ops_of,
};
use isokern_ops::quad_mac::QuadMacLoops;

use isokern_device::dot::Dp4a;
use isokern_device::fault::fault;
use isokern_device::ports::{read_inputs, write_outputs};
use isokern_device::team::BlockTeam;
use isokern_device::{block, registers};

/// The loops of a block.
const LOOPS: QuadMacLoops<Dp4a> = QuadMacLoops::for_operators();

/// Runs a model of [`BaseOperators`] over a batch of samples; see [`BatchParameters`].
///
/// Samples of a stream run one after the other, in one block. The grid may have any number of
/// blocks, a block any number of threads.
///
/// # Safety
///
/// The host owes what the fields of [`BatchParameters`] say: memory of that length at
/// every address, that nobody else writes while the kernel runs, and a model it has checked.
// SAFETY: the name is this crate's.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn isokern_batch(parameters: BatchParameters) {
    // SAFETY: by this function's contract.
    unsafe { run::<BaseOperators>(parameters) };
}

/// Runs a batch as [`isokern_batch`] does, for a model of any kinds.
///
/// # Safety
///
/// As for [`isokern_batch`].
// SAFETY: the name is this crate's.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn isokern_batch_all(parameters: BatchParameters) {
    // SAFETY: by this function's contract.
    unsafe { run::<AllOperators>(parameters) };
}

/// Runs a model of the kinds of `S`.
///
/// # Safety
///
/// As for [`isokern_batch`].
#[inline(always)] // A part of its entry.
unsafe fn run<S: OperatorSet>(parameters: BatchParameters) {
    let team = BlockTeam::start(parameters.fault);
    let parts = Parts::of(&parameters);
    // SAFETY: by this function's contract.
    let model = unsafe { checked_model(&team, &parameters, &parts) };
    // SAFETY: the arena is this block's alone, `arena_bytes` long, and its threads keep their
    // accesses apart between barriers, which is the operators' contract.
    let arena = unsafe { Cells::from_raw(parts.arena, parameters.arena_bytes as usize) };
    let batch = Batch::<S> {
        team: &team,
        parameters: &parameters,
        model: &model,
        arena,
        stream: Cell::new(registers::block().into()),
        sample: Cell::new(0),
        end: Cell::new(0),
        operators: PhantomData,
    };
    // SAFETY: by this function's contract.
    unsafe { batch.run() };
}

/// What a thread needs for a sample; in memory, so that a call takes few registers.
struct Batch<'a, S> {
    team: &'a BlockTeam,
    parameters: &'a BatchParameters,
    model: &'a Model<'a>,
    arena: Cells<'a>,
    /// The stream that runs, its sample that does, and where its samples end.
    stream: Cell<u64>,
    sample: Cell<u64>,
    end: Cell<u64>,
    operators: PhantomData<S>,
}

impl<S: OperatorSet> Batch<'_, S> {
    /// Runs the streams of this block.
    ///
    /// # Safety
    ///
    /// As for [`isokern_batch`].
    #[inline(never)] // The entry would hold registers around its loop.
    unsafe fn run(&self) {
        while self.stream.get() * self.parameters.stream_samples < self.parameters.sample_count {
            // SAFETY: by this function's contract.
            unsafe { self.run_stream(self.stream.get()) };
            self.stream.set(self.stream.get() + u64::from(registers::blocks()));
        }
    }

    /// Runs the samples of a stream, in order.
    ///
    /// # Safety
    ///
    /// As for [`isokern_batch`]; `stream` has samples in the batch.
    #[inline(always)]
    unsafe fn run_stream(&self, stream: u64) {
        // SAFETY: by this function's contract.
        let state = unsafe { stream_state(self.parameters, self.model, stream) };
        let memory = Memory { arena: self.arena, state };
        let first = stream * self.parameters.stream_samples;
        let end = first + self.parameters.stream_samples;
        self.sample.set(first);
        self.end.set(end.min(self.parameters.sample_count));
        while self.sample.get() < self.end.get() {
            let sample = self.sample.get();
            if self.team.index() == 0 {
                block::set_sample(sample);
            }
            // SAFETY: by this function's contract.
            let inputs = unsafe { sample_inputs(self.parameters, sample) };
            read_inputs(self.team, self.model, inputs, &memory);
            let all = 0..self.model.operator_count();
            match run_ops_of::<S, _, _>(self.team, &LOOPS, self.model, &memory, all) {
                Ok(()) => {}
                Err(RunError::NotBuilt { index }) => fault(FaultCode::Operator, index.into()),
                Err(RunError::Index { index }) => fault(FaultCode::Index, index.into()),
                Err(_) => fault(FaultCode::Operator, u64::MAX),
            }
            let sample = self.sample.get();
            // SAFETY: by this function's contract.
            let outputs = unsafe { sample_outputs(self.parameters, sample) };
            write_outputs(self.team, self.model, &memory, outputs);
            self.sample.set(sample + 1);
        }
    }
}

/// Where this block's arena and its copy of the model are.
struct Parts {
    arena: *mut i8,
    model: Option<*mut u8>,
}

impl Parts {
    /// Divides the block's shared memory, or ends in a fault if it is too little.
    #[inline(always)]
    fn of(parameters: &BatchParameters) -> Self {
        if parameters.version != BATCH_VERSION {
            fault(FaultCode::Parameters, BATCH_VERSION.into());
        }
        let flags = BatchFlags::from_bits(parameters.flags);
        let shared_arena = flags.contains(BatchFlags::ARENA_SHARED);
        let shared_model = flags.contains(BatchFlags::MODEL_SHARED);
        let arena_bytes = if shared_arena { parameters.arena_bytes } else { 0 };
        let model_bytes = if shared_model { parameters.model_bytes } else { 0 };
        let model_start = arena_bytes.saturating_add(SHARED_ALIGN - 1) & !(SHARED_ALIGN - 1);
        let needed = model_start.saturating_add(model_bytes);
        if needed > registers::dynamic_shared_bytes().into() {
            fault(FaultCode::SharedMemory, needed);
        }
        let dynamic = block::dynamic();
        let arena = if shared_arena {
            dynamic.cast()
        } else {
            let index = u64::from(registers::block());
            address(parameters.scratch + index * parameters.scratch_stride).cast()
        };
        let model = shared_model.then(|| dynamic.wrapping_add(model_start as usize));
        Self { arena, model }
    }
}

/// Returns the model, or ends in a fault if it is none or contradicts the parameters.
///
/// # Safety
///
/// As for [`isokern_batch`].
#[inline(never)] // Its registers are not those of the loop.
unsafe fn checked_model<'m>(
    team: &BlockTeam,
    parameters: &BatchParameters,
    parts: &Parts,
) -> Model<'m> {
    // SAFETY: by this function's contract.
    let blob = unsafe { model_bytes(team, parameters, parts) };
    let Some(model) = Model::of_checked(blob) else { fault(FaultCode::Model, blob.len() as u64) };
    check(parameters, &model);
    model
}

/// Returns the model's bytes, copied to shared memory if the parameters say so.
///
/// # Safety
///
/// As for [`isokern_batch`].
#[inline(always)]
unsafe fn model_bytes<'m>(
    team: &BlockTeam,
    parameters: &BatchParameters,
    parts: &Parts,
) -> &'m [u8] {
    let start = address(parameters.model).cast_const();
    let len = parameters.model_bytes as usize;
    if !parameters.model.is_multiple_of(SHARED_ALIGN) {
        fault(FaultCode::Parameters, SHARED_ALIGN);
    }
    let Some(copy) = parts.model else {
        // SAFETY: the host owes these bytes, and that nobody writes them.
        return unsafe { slice::from_raw_parts(start, len) };
    };
    let chunks = len / size_of::<Chunk>();
    for index in team.share(chunks) {
        let (from, to) = (start.cast::<Chunk>(), copy.cast::<Chunk>());
        // SAFETY: chunk `index` is inside both, which are aligned to a chunk.
        let chunk = unsafe { ptr::read(from.wrapping_add(index)) };
        // SAFETY: as above, and it is this rank's alone.
        unsafe { ptr::write(to.wrapping_add(index), chunk) };
    }
    let rest = chunks * size_of::<Chunk>();
    for index in team.share(len - rest) {
        // SAFETY: byte `rest + index` is inside.
        let byte = unsafe { ptr::read(start.wrapping_add(rest + index)) };
        // SAFETY: as above, and it is this rank's alone.
        unsafe { ptr::write(copy.wrapping_add(rest + index), byte) };
    }
    team.sync();
    // SAFETY: written above by all ranks, and by nobody afterwards.
    unsafe { slice::from_raw_parts(copy.cast_const(), len) }
}

/// What one thread moves at a time.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct Chunk([u32; 4]);

/// Ends in a fault if the parameters contradict the model.
fn check(parameters: &BatchParameters, model: &Model<'_>) {
    let arena_bytes = model.arena_bytes() as u64;
    if parameters.arena_bytes < arena_bytes {
        fault(FaultCode::Arena, arena_bytes);
    }
    let input_bytes = model.input_bytes() as u64;
    if parameters.input_bytes != input_bytes {
        fault(FaultCode::Parameters, input_bytes);
    }
    let output_bytes = model.output_bytes() as u64;
    if parameters.output_bytes != output_bytes {
        fault(FaultCode::Parameters, output_bytes);
    }
    let state_bytes = model.state_bytes() as u64;
    let has_state = parameters.state != 0 && parameters.state_stride >= state_bytes;
    if parameters.stream_samples == 0 || state_bytes > 0 && !has_state {
        fault(FaultCode::Parameters, state_bytes);
    }
}

/// Returns the state of a stream; empty for a model without.
///
/// # Safety
///
/// As for [`isokern_batch`]; `stream` has samples in the batch.
#[inline(always)]
unsafe fn stream_state<'a>(
    parameters: &BatchParameters,
    model: &Model<'_>,
    stream: u64,
) -> Cells<'a> {
    let state_bytes = model.state_bytes();
    if state_bytes == 0 {
        return Cells::from_mut(&mut []);
    }
    let start = address(parameters.state + stream * parameters.state_stride).cast();
    // SAFETY: the host owes these bytes; a stream's are one block's alone, whose threads keep
    // their accesses apart between barriers.
    unsafe { Cells::from_raw(start, state_bytes) }
}

/// Returns the inputs of a sample, one after the other.
///
/// # Safety
///
/// As for [`isokern_batch`]; `sample` is one of the batch.
#[inline(always)]
unsafe fn sample_inputs<'a>(parameters: &BatchParameters, sample: u64) -> Cells<'a> {
    #[cfg(not(feature = "plant-wrong-stride"))]
    let stride = parameters.input_bytes;
    #[cfg(feature = "plant-wrong-stride")]
    let stride = parameters.input_bytes - 1;
    let start = address(parameters.inputs + sample * stride).cast();
    // SAFETY: the host owes these bytes; the kernel reads them alone.
    unsafe { Cells::from_raw(start, parameters.input_bytes as usize) }
}

/// Returns the place for the outputs of a sample, one after the other.
///
/// # Safety
///
/// As for [`isokern_batch`]; `sample` is one of the batch.
#[inline(always)]
unsafe fn sample_outputs<'a>(parameters: &BatchParameters, sample: u64) -> Cells<'a> {
    let start = address(parameters.outputs + sample * parameters.output_bytes).cast();
    // SAFETY: the host owes these bytes; a sample's are one block's alone.
    unsafe { Cells::from_raw(start, parameters.output_bytes as usize) }
}

/// Returns an address from the parameters, as a pointer.
#[inline(always)]
const fn address(address: u64) -> *mut u8 {
    ptr::with_exposed_provenance_mut(address as usize)
}
