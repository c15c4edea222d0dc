//! Tasks that run models: the crew of the block runs an operator, and the leader, which is not at
//! the crew's barrier, takes in what the host submits meanwhile. Between two operators it asks
//! whether the task is to give way.
//!
//! The activations are in shared memory, where they fit; a task that gives way leaves them in the
//! arena of its place, in device memory, and goes on from there on whichever block takes it next.
#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ptr;

use isokern_core::device::{
    BlockRefusal, MODEL_TASKS_ENTRY, TaskModels, TaskOrder, TaskStream, TaskWork, resident_key,
};
use isokern_core::megakernel::{TaskSlot, TaskStep};
use isokern_core::ring::{SharedRmw, SharedWord};
use isokern_core::{Cells, Team};
use isokern_model::OperatorSet;
use isokern_model::tasks::ModelFault;

use super::block::Block;
use super::model::{self, Sample, is_shared};
use super::shared::{HELD, MODEL, NEXT, PAYLOAD, TABLE, load, load_halves, store};
use super::task_table::{FREE, TAKEN, give_back, mark, name, note_table};
use super::team::{join_attending, join_by_key};
use super::warp::{agree, agree_unless_fault};
use super::workers::{BlockWorker, DeviceWork, IDLE, WORKED, said};
use crate::team::BlockTeam;
use crate::words::SystemWord;
use crate::{block, ports};

/// Runs models of the kinds of `S` as tasks: those of the table that the order names
/// ([`TaskModels`]). A task gives way between operators when a class above its own has work, when
/// it is cancelled or asked to pause, and when the slice is over.
pub struct ModelTasks<S>(PhantomData<fn() -> S>);

/// The key of crew calls.
const KEY: u32 = resident_key(MODEL_TASKS_ENTRY);

/// What the crew is to do, in the upper half of a call; in the lower is the operator.
const RUN: u32 = 0;
/// The first operator of a claim: inputs or activations are brought to the arena before.
const RUN_FIRST: u32 = 1;
/// The same, on the initial state.
const RUN_ANEW: u32 = 2;
/// The activations are left in the arena of the place.
const LEAVE: u32 = 3;
/// The model is copied to device memory, and checked.
const PREPARE: u32 = 4;

/// What a crew call returns: that more operators are left, that the outputs are written, that the
/// activations were left; with any other upper half a fault code.
const MORE: u64 = 0;
const DONE: u64 = 1;
const LEFT: u64 = 2;
const FAULT: u64 = 1 << 32;

/// Says that the task in hand goes on, beside what workers say.
const GO_ON: u32 = 4;

impl<S: OperatorSet> DeviceWork for ModelTasks<S> {
    type Handler = ();

    const ENTRY: &'static str = MODEL_TASKS_ENTRY;

    fn handler() {}

    #[inline(never)] // Its frame is not that of work.
    fn prepare(block: &Block<'_>, order: &TaskOrder) -> Result<(), BlockRefusal> {
        let has_table = agree(block.lane(), u32::from(order.models != 0)) != 0;
        if !has_table {
            return Err(BlockRefusal::Model);
        }
        let begins = matches!(order.work, TaskWork::Begin);
        let count = if block.is_leader() { note_table(order.models, begins) } else { 0 };
        let count = agree(block.lane(), count);
        if !begins {
            return Ok(());
        }
        for index in 0..count {
            if block.is_leader() {
                name(index, 0, TaskStream::default());
            }
            let refusal = join_by_key(block.team(), KEY, call(PREPARE, 0));
            // After a fault of the crew the lane ends here: the block's report says so already.
            let refusal = agree(block.lane(), refusal as u32);
            if let Some(refusal) = BlockRefusal::from_code(refusal) {
                return Err(refusal);
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn step(block: &Block<'_>, mut worker: Option<&mut BlockWorker<'_, ()>>) -> Option<u32> {
        let says = worker.as_deref_mut().map_or(IDLE, take);
        let mut says = agree_unless_fault(block.lane(), says)?;
        while says == GO_ON {
            let next = if block.is_leader() { load(NEXT) } else { 0 };
            let result = join_attending(block.team(), KEY, next, || {
                if let Some(worker) = worker.as_deref_mut() {
                    worker.0.attend();
                }
            });
            if block::has_fault() {
                return None;
            }
            let after = worker.as_deref_mut().map_or(IDLE, |worker| go_on(worker, next, result));
            says = agree_unless_fault(block.lane(), after)?;
        }
        Some(says)
    }

    fn join(crew: &BlockTeam, argument: u64) -> u64 {
        let (operator, what) = (argument as u32, (argument >> 32) as u32);
        match what {
            PREPARE => model::prepare::<S>(crew),
            LEAVE => leave(crew),
            _ => run::<S>(crew, operator as usize, what),
        }
    }

    fn give_up() {
        if load(HELD) != 0 {
            give_back(FREE);
        }
    }
}

/// Returns a call of the crew.
const fn call(what: u32, operator: u32) -> u64 {
    (what as u64) << 32 | operator as u64
}

/// Takes a task, and says what follows.
#[inline(never)] // As for the table.
fn take(worker: &mut BlockWorker<'_, ()>) -> u32 {
    let task = match worker.0.take() {
        Ok(task) => task,
        Err(step) => return said(step),
    };
    match begin(&task) {
        Ok(next) => {
            store(NEXT, next);
            GO_ON
        }
        Err(fault) => {
            worker.0.end_task(TaskStep::Fault { code: fault.code() });
            WORKED
        }
    }
}

/// Takes the place and the stream of a task, and returns the first call of the crew.
fn begin(task: &TaskSlot) -> Result<u64, ModelFault> {
    let (model_count, place_count) = load_halves(TABLE);
    let (stream_count, _) = load_halves(TABLE + 1);
    let (index, place) = (task.op_handle(), task.input_handle());
    if index >= model_count {
        return Err(ModelFault::NoModel);
    }
    if task.output_handle() != place {
        return Err(ModelFault::OutputElsewhere);
    }
    if place >= place_count {
        return Err(ModelFault::NoPlace);
    }
    let stream = TaskStream::of_param(task.param());
    name(index, place, if stream.stream < stream_count { stream } else { TaskStream::default() });
    let model = model::model().ok_or(ModelFault::NoModel)?;
    let has_state = model.state_bytes() > 0;
    if has_state && stream.stream >= stream_count {
        return Err(ModelFault::NoStream);
    }
    let operator = task.continuation_pc();
    let is_one = operator == 0 || (operator as usize) < model.operator_count();
    let place_mark = mark(load(MODEL + 2));
    let seen = place_mark.load_relaxed();
    if seen == TAKEN {
        return Err(ModelFault::NoPlace);
    }
    if !is_one || operator > 0 && seen != operator {
        return Err(ModelFault::NotAsked);
    }
    if place_mark.compare_exchange(seen, TAKEN).is_err() {
        return Err(ModelFault::NoPlace);
    }
    // Whether the stream is held, too.
    if !has_state {
        store(MODEL + 3, 0);
    } else if mark(load(MODEL + 3)).compare_exchange(FREE, TAKEN).is_err() {
        place_mark.store_release(seen);
        return Err(ModelFault::NoStream);
    }
    store(HELD, 1);
    let is_anew = operator == 0 && has_state && stream.begins_anew;
    Ok(call(if is_anew { RUN_ANEW } else { RUN_FIRST }, operator))
}

/// Says what follows a call of the crew.
#[inline(never)] // As for the table.
fn go_on(worker: &mut BlockWorker<'_, ()>, call_before: u64, result: u64) -> u32 {
    let next = call_before as u32 + 1;
    match result {
        MORE if worker.0.must_yield() => {
            store(NEXT, call(LEAVE, next));
            return GO_ON;
        }
        MORE => {
            store(NEXT, call(RUN, next));
            return GO_ON;
        }
        DONE => {
            give_back(FREE);
            let done = load(PAYLOAD) - TaskModels::PORTS_AT;
            // SAFETY: the host owes this word before the inputs.
            unsafe { SystemWord::at(done) }.store_release(1);
            worker.0.end_task(TaskStep::Done);
        }
        LEFT => {
            let pc = call_before as u32;
            give_back(pc);
            worker.0.end_task(TaskStep::Yield { pc, data: 0 });
        }
        fault => {
            give_back(FREE);
            worker.0.end_task(TaskStep::Fault { code: fault as u32 });
        }
    }
    WORKED
}

/// Runs an operator, after what brings its activations and before what takes the outputs.
#[inline(never)] // Its registers are not those of other calls.
fn run<S: OperatorSet>(crew: &BlockTeam, operator: usize, what: u32) -> u64 {
    let Some(sample) = Sample::in_payload(load(PAYLOAD)) else { return fault(ModelFault::NoModel) };
    match (what, operator) {
        (RUN, _) => {}
        (_, 0) => {
            if what == RUN_ANEW {
                model::reset(crew);
            }
            sample.read(crew);
        }
        _ => bring(crew, &sample),
    }
    if let Err(error) = sample.run_ops::<S>(crew, operator..operator + 1) {
        return fault(ModelFault::Operator(error));
    }
    if operator + 1 < sample.model.operator_count() {
        return MORE;
    }
    sample.write(crew);
    DONE
}

const fn fault(fault: ModelFault) -> u64 {
    FAULT | fault.code() as u64
}

/// Leaves the activations in the arena of the place.
#[inline(never)] // As for an operator.
fn leave(crew: &BlockTeam) -> u64 {
    let Some(sample) = Sample::in_payload(load(PAYLOAD)) else { return fault(ModelFault::NoModel) };
    if is_shared(&sample.model) {
        ports::copy(crew, sample.memory.arena, place_arena(&sample));
        crew.sync();
    }
    LEFT
}

/// Brings the activations from the arena of the place, with a barrier after.
#[inline(never)] // As for an operator.
fn bring(crew: &BlockTeam, sample: &Sample<'_>) {
    if is_shared(&sample.model) {
        ports::copy(crew, place_arena(sample), sample.memory.arena);
        crew.sync();
    }
}

/// Returns the arena of the place of the task in hand.
fn place_arena<'m>(sample: &Sample<'_>) -> Cells<'m> {
    let start = ptr::with_exposed_provenance_mut(load(MODEL + 2) as usize);
    // SAFETY: the host owes an arena of the largest model there, and the mark before it keeps other
    // blocks away.
    unsafe { Cells::from_raw(start, sample.model.arena_bytes()) }
}
