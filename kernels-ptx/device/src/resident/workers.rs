//! Workers of a megakernel: a block that runs one task after the other.
//!
//! The leader takes the steps of the same [`Worker`] that threads and loops run; the other lanes in
//! control help it to look at the grid line, and the crew waits. Budget and moments are of the
//! device's timer.
#![allow(unsafe_code)]

use core::marker::PhantomData;

use isokern_core::device::{
    BlockOrder, BlockPhase, BlockRefusal, TaskOrder, TaskWork, resident_key,
};
use isokern_core::megakernel::{Worker, WorkerStep, prepare};

use super::Actors;
use super::block::Block;
use super::clock::DeviceClock;
use super::tasks::BlockTasks;
use super::warp::{acquire, agree_unless_fault};
use crate::block::{Role, raise_fault, set_role};
use crate::fault::{end_thread, report_spent};
use crate::registers;
use crate::team::BlockTeam;

/// Steps in vain after which a worker sleeps between two.
const STEPS_AWAKE: u32 = 64;
/// How long it sleeps then, in ns.
const SLEEP_NS: u32 = 500;
/// The lane that ends what a worker had in hand when a thread of its block met a fault, which may
/// have been the leader.
const SECOND_LANE: u32 = 1;

/// A worker on a block; the leader has it.
pub struct BlockWorker<'b, H>(pub(super) Worker<&'b BlockTasks, H, DeviceClock>);

/// Tasks that blocks run: [`SoloTasks`](super::SoloTasks), [`ModelTasks`](super::ModelTasks).
pub trait DeviceWork {
    /// The handler of the worker.
    type Handler;

    /// The name by which host and device code know the tasks.
    const ENTRY: &'static str;

    /// Returns the handler of a worker.
    fn handler() -> Self::Handler;

    /// Prepares the block for an order to begin or to run; the lanes in control call it, and have
    /// the same answer. The default does nothing.
    ///
    /// # Errors
    ///
    /// Why the order is not run.
    fn prepare(block: &Block<'_>, order: &TaskOrder) -> Result<(), BlockRefusal> {
        let _ = (block, order);
        Ok(())
    }

    /// Takes a step of the leader's worker, or some, and returns what the last one says; the lanes
    /// in control call it. `None` when a thread of the block has met a fault.
    ///
    /// Between two calls they look whether the grid is to stop.
    fn step(block: &Block<'_>, worker: Option<&mut BlockWorker<'_, Self::Handler>>) -> Option<u32>;

    /// Does what a step asks the crew for, as
    /// [`DeviceActor::join`](super::DeviceActor::join).
    fn join(crew: &BlockTeam, argument: u64) -> u64 {
        let _ = (crew, argument);
        0
    }

    /// Gives up what the task in hand has taken, after a fault; one lane calls it. The default does
    /// nothing.
    fn give_up() {}
}

/// Workers for the tasks `W`, beside the residents `T`. [`resident_kernel!`] writes it.
///
/// [`resident_kernel!`]: crate::resident_kernel
pub struct TaskWorkers<W, T>(PhantomData<fn() -> (W, T)>);

impl<W: DeviceWork, T: Actors> Actors for TaskWorkers<W, T> {
    unsafe fn run(
        block: &Block<'_>,
        epoch: u32,
        key: u32,
        order: &BlockOrder,
    ) -> Result<(), BlockRefusal> {
        // SAFETY: by this function's contract, of either.
        unsafe {
            match key == const { resident_key(W::ENTRY) } {
                true => run::<W>(block, epoch),
                false => T::run(block, epoch, key, order),
            }
        }
    }

    fn join(crew: &BlockTeam, key: u32, argument: u64) -> u64 {
        match key == const { resident_key(W::ENTRY) } {
            true => W::join(crew, argument),
            false => T::join(crew, key, argument),
        }
    }
}

/// Does what an order of a megakernel says; all lanes in control call it.
///
/// # Safety
///
/// As for [`Actors::run`].
#[inline(never)] // Its frame and registers are those of workers.
unsafe fn run<W: DeviceWork>(block: &Block<'_>, epoch: u32) -> Result<(), BlockRefusal> {
    // Every lane reads it, after the leader has seen its epoch and has said so.
    let order = block.task_order().ok_or(BlockRefusal::Shape)?;
    let shape = order.shape().ok_or(BlockRefusal::Shape)?;
    // SAFETY: by this function's contract.
    let tasks = unsafe { BlockTasks::new(&order, shape) };
    tasks.take_over(block.lane());
    match order.work {
        TaskWork::Begin => {
            W::prepare(block, &order)?;
            tasks.clear(block.lane());
            if block.is_leader() {
                prepare(&tasks);
            }
        }
        TaskWork::Run => {
            W::prepare(block, &order)?;
            block.report(BlockPhase::Running, epoch);
            work::<W>(block, &tasks, &order);
        }
        TaskWork::Show => tasks.show(block.lane()),
    }
    tasks.hand_on(block.lane());
    Ok(())
}

/// Runs a worker until its slice is over, or the grid is.
#[inline(never)] // As above.
fn work<W: DeviceWork>(block: &Block<'_>, tasks: &BlockTasks, order: &TaskOrder) {
    block.turn_to(tasks.gate_address(), 0, 0);
    let mut worker = block
        .is_leader()
        .then(|| Worker::new(tasks, W::handler(), DeviceClock, order.worker, order.slice()))
        .map(BlockWorker);
    if block.is_leader() {
        set_role(Role::Worker);
    }
    if take_steps::<W>(block, worker.as_mut()).is_none() {
        give_up::<W>(block, tasks);
    }
    if block.is_leader() {
        set_role(Role::Actor);
    }
}

/// Takes steps until the slice is over, or the grid is; `None` after a fault. The leader has the
/// worker.
#[inline(never)] // As above.
fn take_steps<W: DeviceWork>(
    block: &Block<'_>,
    mut worker: Option<&mut BlockWorker<'_, W::Handler>>,
) -> Option<()> {
    let mut idle_count = 0_u32;
    loop {
        idle_count = match W::step(block, worker.as_deref_mut())? {
            OVER => return Some(()),
            WORKED => 0,
            _ => idle_count.saturating_add(1),
        };
        block.look(false);
        if agree_unless_fault(block.lane(), u32::from(block.is_over()))? != 0 {
            return Some(());
        }
        if idle_count >= STEPS_AWAKE {
            registers::sleep(SLEEP_NS);
        }
    }
}

/// Ends the task in hand as faulted, says that the block has ended, and ends the lane.
#[cold]
#[inline(never)] // As above.
fn give_up<W: DeviceWork>(block: &Block<'_>, tasks: &BlockTasks) -> ! {
    if block.lane() == SECOND_LANE {
        // A change of the flag reads the one that raised it: what came before that is seen here.
        raise_fault();
        acquire();
        W::give_up();
        tasks.abandon();
        report_spent();
    }
    end_thread()
}

/// What a step says, to all lanes of the leader's warp.
pub(super) const WORKED: u32 = 1;
pub(super) const IDLE: u32 = 2;
pub(super) const OVER: u32 = 3;

/// Returns a worker's step as what is said of it.
#[inline(always)]
pub(super) const fn said(step: WorkerStep) -> u32 {
    match step {
        WorkerStep::Worked => WORKED,
        WorkerStep::Idle => IDLE,
        WorkerStep::Over(_) => OVER,
    }
}
