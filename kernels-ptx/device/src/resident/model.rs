//! The model actor: a message lends a buffer, all threads of the block run the model in it.
#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ops::Range;
use core::{ptr, slice};

use isokern_core::actor::{ModelReply, NoLinks};
use isokern_core::device::{
    BlockOrder, BlockRefusal, DeviceHandler, DeviceResident, MODEL_ENTRY, ModelShape,
};
use isokern_core::ring::BufferHandle;
use isokern_core::{
    Cells, GpuKernel, InferenceError, InferenceErrorKind, KernelError, KernelMetadata, KernelMode,
    Resident, RingContext, RingKernelHandler, Team,
};
use isokern_model::{Memory, Model, OperatorSet, RunError, run_ops_of};
use isokern_ops::quad_mac::QuadMacLoops;

use super::DeviceActor;
use super::shared::{MODEL, SIZES, load, load_halves, store, store_halves};
use super::team::{join, join_all};
use crate::dot::Dp4a;
use crate::ports::{read_inputs, write_outputs};
use crate::team::BlockTeam;
use crate::{block, registers};

/// The loops of a block.
const LOOPS: QuadMacLoops<Dp4a> = QuadMacLoops::for_operators();

/// Arguments of crew calls that are no addresses of payloads.
const PREPARE: u64 = 0;
const RESET: u64 = 1;

/// What a crew call returns.
const DONE: u64 = 0;
const NO_MODEL: u64 = 1;

/// Runs the model that its order names, of the kinds of `S`: one lent buffer in, one step, the
/// outputs in the same buffer, right after the inputs
/// ([`ModelResident`](isokern_core::actor::ModelResident)). A model with state keeps it in device
/// memory from one message to the next, and resets it when an incarnation begins.
pub struct ModelActor<S>(PhantomData<fn() -> S>);

impl<S: OperatorSet + 'static> Resident for ModelActor<S> {
    type Handler = Self;
    type Message = BufferHandle;
    type Reply = ModelReply;
    type State = u32;

    const ENTRY: &'static str = MODEL_ENTRY;

    fn buffer_of(message: &BufferHandle) -> Option<BufferHandle> {
        Some(*message)
    }

    fn into_parts(self) -> (Self, u32) {
        (self, 0)
    }
}

impl<S: OperatorSet + 'static> DeviceResident for ModelActor<S> {
    type Shape = ModelShape;
}

impl<S: OperatorSet + 'static> DeviceHandler for ModelActor<S> {
    fn handler() -> Self {
        Self(PhantomData)
    }
}

impl<S: OperatorSet + 'static> DeviceActor for ModelActor<S> {
    type Links = NoLinks;

    fn prepare(team: &BlockTeam, order: &BlockOrder) -> Result<(), BlockRefusal> {
        if team.index() == 0 {
            let words =
                [order.model, order.model_bytes, order.arena, order.model_state, order.staging];
            (MODEL..).zip(words).for_each(|(index, word)| store(index, word));
        }
        match BlockRefusal::from_code(join::<Self>(team, PREPARE) as u32) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    fn join(team: &BlockTeam, argument: u64) -> u64 {
        match argument {
            PREPARE => prepare::<S>(team),
            RESET => reset(team),
            payload => step::<S>(team, payload),
        }
    }
}

impl<S: OperatorSet + 'static> GpuKernel for ModelActor<S> {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new(MODEL_ENTRY, KernelMode::Ring) }
    }
}

impl<S: OperatorSet + 'static> RingKernelHandler<BufferHandle, ModelReply> for ModelActor<S> {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        _: BufferHandle,
    ) -> Result<ModelReply, KernelError> {
        let (input_bytes, output_bytes) = load_halves(SIZES);
        let payload = context.payload_mut();
        if payload.len() as u64 != u64::from(input_bytes) + u64::from(output_bytes) {
            let reason = "the buffer was lent with another length than buffer_bytes";
            return Err(KernelError::InvalidInput { reason });
        }
        let payload = payload.as_mut_ptr().expose_provenance() as u64;
        match join_all::<Self>(payload).await {
            DONE => Ok(ModelReply { output_offset: input_bytes, output_bytes }),
            NO_MODEL => Err(NOT_A_MODEL),
            code => Err(failed(code as u32)),
        }
    }

    async fn initialize(&self, _: &mut RingContext<'_>) -> Result<(), KernelError> {
        match join_all::<Self>(RESET).await {
            DONE => Ok(()),
            _ => Err(NOT_A_MODEL),
        }
    }
}

const NOT_A_MODEL: KernelError =
    KernelError::InvalidConfiguration { reason: "the order names no model" };

/// Returns the error of a step that failed, by its fault code.
fn failed(code: u32) -> KernelError {
    let error = InferenceError::new(InferenceErrorKind::ExecutionFailed);
    match RunError::of_fault_code(code) {
        Some(RunError::Index { index } | RunError::NotBuilt { index }) => {
            error.with_operator(index).into()
        }
        _ => error.into(),
    }
}

/// Returns the model of the block's order; `None` if the bytes are none.
pub(super) fn model<'m>() -> Option<Model<'m>> {
    let start = ptr::with_exposed_provenance(load(MODEL) as usize);
    // SAFETY: the host owes these bytes, and that nobody writes them while the block has the order;
    // the copy of a block is over before the first call.
    Model::of_checked(unsafe { slice::from_raw_parts(start, load(MODEL + 1) as usize) })
}

/// Returns whether the arena of a model is in the block's shared memory.
#[inline(always)]
pub(super) fn is_shared(model: &Model<'_>) -> bool {
    model.arena_bytes() <= registers::dynamic_shared_bytes() as usize
}

/// Returns the arena and the state of the block's model.
fn memory<'m>(model: &Model<'_>) -> Memory<'m> {
    let arena_bytes = model.arena_bytes();
    let arena = match is_shared(model) {
        true => block::dynamic().cast(),
        false => ptr::with_exposed_provenance_mut(load(MODEL + 2) as usize),
    };
    // SAFETY: the arena is this block's alone and long enough, as `prepare` has seen or the host
    // owes; its threads keep their accesses apart between barriers, which is the operators'
    // contract.
    let arena = unsafe { Cells::from_raw(arena, arena_bytes) };
    let state_bytes = model.state_bytes();
    let state = match state_bytes {
        0 => Cells::from_mut(&mut []),
        _ => {
            let start = ptr::with_exposed_provenance_mut(load(MODEL + 3) as usize);
            // SAFETY: the host owes these bytes, and they are this block's; as for the arena.
            unsafe { Cells::from_raw(start, state_bytes) }
        }
    };
    Memory { arena, state }
}

/// Copies the model to device memory, if it is to be, and checks it; 0, or why it is not run.
#[inline(never)]
pub(super) fn prepare<S: OperatorSet>(team: &BlockTeam) -> u64 {
    if load(MODEL + 4) != 0 {
        copy_model(team);
        team.sync();
    }
    let refusal = if team.index() > 0 {
        None
    } else if let Some(model) = model() {
        check::<S>(&model)
    } else {
        Some(BlockRefusal::Model)
    };
    refusal.map_or(0, |refusal| refusal.code().into())
}

/// Returns why a model is not run; notes its sizes.
fn check<S: OperatorSet>(model: &Model<'_>) -> Option<BlockRefusal> {
    if !S::KINDS.contains_all(model.operator_set()) {
        return Some(BlockRefusal::Model);
    }
    if !is_shared(model) && load(MODEL + 2) == 0 {
        return Some(BlockRefusal::Arena);
    }
    if model.state_bytes() > 0 && load(MODEL + 3) == 0 {
        return Some(BlockRefusal::Model);
    }
    store_halves(SIZES, model.input_bytes() as u32, model.output_bytes() as u32);
    None
}

/// Copies the model to device memory.
fn copy_model(team: &BlockTeam) {
    let bytes = load(MODEL + 1) as usize;
    let source = ptr::with_exposed_provenance_mut(load(MODEL + 4) as usize);
    let target = ptr::with_exposed_provenance_mut(load(MODEL) as usize);
    // SAFETY: the host owes these bytes, and writes them no more.
    let source = unsafe { Cells::from_raw(source, bytes) };
    // SAFETY: the host owes as many there, and no other block reads them before the first report.
    let target = unsafe { Cells::from_raw(target, bytes) };
    crate::ports::copy(team, source, target);
}

/// Puts the state of the model back to what it begins with.
#[inline(never)]
pub(super) fn reset(team: &BlockTeam) -> u64 {
    let Some(model) = model() else { return NO_MODEL };
    let state_bytes = model.state_bytes();
    if team.index() == 0 && state_bytes > 0 {
        let start = ptr::with_exposed_provenance_mut(load(MODEL + 3) as usize);
        // SAFETY: the host owes these bytes; this rank alone uses them until the barrier.
        model.reset_state(unsafe { slice::from_raw_parts_mut(start, state_bytes) });
    }
    DONE
}

/// Runs one sample in a payload.
#[inline(never)]
fn step<S: OperatorSet>(team: &BlockTeam, payload: u64) -> u64 {
    match Sample::in_payload(payload) {
        Some(sample) => sample.run::<S>(team),
        None => NO_MODEL,
    }
}

/// What a thread needs for a sample; in memory, so that a call takes few registers.
pub(super) struct Sample<'m> {
    pub(super) model: Model<'m>,
    pub(super) memory: Memory<'m>,
    inputs: Cells<'m>,
    outputs: Cells<'m>,
}

impl Sample<'_> {
    /// Returns the sample at an address; `None` if the order names no model.
    #[inline(never)] // Its registers are not those of the run.
    pub(super) fn in_payload(payload: u64) -> Option<Self> {
        let model = model()?;
        let memory = memory(&model);
        let (input_bytes, output_bytes) = (model.input_bytes(), model.output_bytes());
        let start = ptr::with_exposed_provenance_mut::<i8>(payload as usize);
        // SAFETY: the payload that was lent with the message, which the handler has measured; its
        // threads read the inputs and write the outputs with a barrier between.
        let inputs = unsafe { Cells::from_raw(start, input_bytes) };
        // SAFETY: as above.
        let outputs = unsafe { Cells::from_raw(start.wrapping_add(input_bytes), output_bytes) };
        Some(Self { model, memory, inputs, outputs })
    }

    #[inline(never)] // As above.
    fn run<S: OperatorSet>(&self, team: &BlockTeam) -> u64 {
        self.read(team);
        let all = 0..self.model.operator_count();
        if let Err(error) = self.run_ops::<S>(team, all) {
            return error.fault_code().into();
        }
        self.write(team);
        DONE
    }

    /// Copies the inputs to the arena.
    #[inline(always)]
    pub(super) fn read(&self, team: &BlockTeam) {
        read_inputs(team, &self.model, self.inputs, &self.memory);
    }

    /// Runs operators.
    #[inline(always)]
    pub(super) fn run_ops<S: OperatorSet>(
        &self,
        team: &BlockTeam,
        range: Range<usize>,
    ) -> Result<(), RunError> {
        run_ops_of::<S, _, _>(team, &LOOPS, &self.model, &self.memory, range)
    }

    /// Copies the outputs out of the arena.
    #[inline(always)]
    pub(super) fn write(&self, team: &BlockTeam) {
        write_outputs(team, &self.model, &self.memory, self.outputs);
    }
}
