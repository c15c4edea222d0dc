//! Workers of a megakernel: a block that runs one task after the other.
//!
//! The leader takes the steps of the same [`Worker`] that threads and loops run; the other lanes in
//! control help it to look at the grid line, and the crew waits. Budget and moments are of the
//! device's timer.
#![allow(unsafe_code)]

use core::marker::PhantomData;

use isokern_core::device::{
    BlockOrder, BlockPhase, BlockRefusal, DeviceTasks, TaskOrder, TaskWork, resident_key,
};
use isokern_core::megakernel::{Worker, WorkerStep, prepare};

use super::Actors;
use super::block::Block;
use super::clock::DeviceClock;
use super::tasks::BlockTasks;
use super::warp::agree;
use crate::registers;
use crate::team::BlockTeam;

/// Tasks after which a worker looks whether the grid is to stop; it does so also when it finds
/// none.
const TASKS_PER_LOOK: u32 = 16;
/// Steps in vain after which a worker sleeps between two.
const STEPS_AWAKE: u32 = 64;
/// How long it sleeps then, in ns.
const SLEEP_NS: u32 = 500;

/// Workers for the tasks of `H`, beside the residents `T`. [`resident_kernel!`] writes it.
///
/// [`resident_kernel!`]: crate::resident_kernel
pub struct TaskWorkers<H, T>(PhantomData<fn() -> (H, T)>);

impl<H: DeviceTasks, T: Actors> Actors for TaskWorkers<H, T> {
    unsafe fn run(
        block: &Block<'_>,
        epoch: u32,
        key: u32,
        order: &BlockOrder,
    ) -> Result<(), BlockRefusal> {
        // SAFETY: by this function's contract, of either.
        unsafe {
            match key == const { resident_key(H::ENTRY) } {
                true => run::<H>(block, epoch),
                false => T::run(block, epoch, key, order),
            }
        }
    }

    fn join(crew: &BlockTeam, key: u32, argument: u64) -> u64 {
        T::join(crew, key, argument)
    }
}

/// Does what an order of a megakernel says; all lanes in control call it.
///
/// # Safety
///
/// As for [`Actors::run`].
#[inline(never)] // Its frame and registers are those of workers.
unsafe fn run<H: DeviceTasks>(block: &Block<'_>, epoch: u32) -> Result<(), BlockRefusal> {
    // Every lane reads it, after the leader has seen its epoch and has said so.
    let order = block.task_order().ok_or(BlockRefusal::Shape)?;
    let shape = order.shape().ok_or(BlockRefusal::Shape)?;
    // SAFETY: by this function's contract.
    let tasks = unsafe { BlockTasks::new(&order, shape) };
    tasks.take_over(block.lane());
    match order.work {
        TaskWork::Begin => {
            tasks.clear(block.lane());
            if block.is_leader() {
                prepare(&tasks);
            }
        }
        TaskWork::Run => {
            block.report(BlockPhase::Running, epoch);
            work::<H>(block, &tasks, &order);
        }
        TaskWork::Show => tasks.show(block.lane()),
    }
    tasks.hand_on(block.lane());
    Ok(())
}

/// Runs a worker until its slice is over, or the grid is.
#[inline(never)] // As above.
fn work<H: DeviceTasks>(block: &Block<'_>, tasks: &BlockTasks, order: &TaskOrder) {
    block.turn_to(tasks.gate_address(), 0, 0);
    let mut worker = block
        .is_leader()
        .then(|| Worker::new(tasks, H::handler(), DeviceClock, order.worker, order.slice()));
    let (mut idle_count, mut worked_count) = (0_u32, 0_u32);
    loop {
        let says = worker.as_mut().map_or(IDLE, step);
        match agree(block.lane(), says) {
            OVER => return,
            WORKED => {
                (idle_count, worked_count) = (0, worked_count + 1);
                if worked_count < TASKS_PER_LOOK {
                    continue;
                }
            }
            _ => idle_count = idle_count.saturating_add(1),
        }
        worked_count = 0;
        block.look(false);
        if agree(block.lane(), u32::from(block.is_over())) != 0 {
            return;
        }
        if idle_count >= STEPS_AWAKE {
            registers::sleep(SLEEP_NS);
        }
    }
}

/// The result of a step, for the lanes of the leader's warp.
const WORKED: u32 = 1;
const IDLE: u32 = 2;
const OVER: u32 = 3;

/// Takes a step.
#[inline(never)] // The lanes come together after it.
fn step<H: DeviceTasks>(worker: &mut Worker<&BlockTasks, H, DeviceClock>) -> u32 {
    match worker.step() {
        WorkerStep::Worked => WORKED,
        WorkerStep::Idle => IDLE,
        WorkerStep::Over(_) => OVER,
    }
}
