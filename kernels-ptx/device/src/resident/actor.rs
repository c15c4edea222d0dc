//! One actor on a block, from its order to its end.
#![allow(unsafe_code)]

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Waker};
use core::{ptr, slice};

use bytemuck::bytes_of_mut;
use isokern_core::actor::ActorState;
use isokern_core::device::{
    BlockOrder, BlockPhase, BlockRefusal, DeviceHandler, DeviceResident, resident_key,
};
use isokern_ring::Runner;

use super::block::Block;
use super::clock::HostClock;
use super::links::OrderedLinks;
use super::memory::BlockMemory;
use super::pool::MappedPool;
use super::team::{do_wanted, is_wanted};
use super::warp::agree;
use crate::team::BlockTeam;

/// A resident that a block can run, and what all its threads do for it.
///
/// Most residents need neither method: one thread of the block runs their handler.
pub trait DeviceActor: DeviceHandler {
    /// The actors it may send to: [`BlockLinks`](super::BlockLinks), or
    /// [`NoLinks`](isokern_core::actor::NoLinks), which takes fewer registers.
    type Links: OrderedLinks;

    /// Prepares the block for an order, before its actor begins; the lanes in control call
    /// it, and the first answers. The default does nothing.
    ///
    /// # Errors
    ///
    /// Why the order is not run.
    fn prepare(team: &BlockTeam, order: &BlockOrder) -> Result<(), BlockRefusal> {
        let _ = (team, order);
        Ok(())
    }

    /// Does what a handler asked the crew of the block for ([`join_all`](super::join_all)). All
    /// ranks of it call it, with the handler's argument; what the first returns is the handler's
    /// result.
    fn join(crew: &BlockTeam, argument: u64) -> u64 {
        let _ = (crew, argument);
        0
    }
}

/// The residents of a kernel: `(A, (B, ()))`. [`resident_kernel!`](crate::resident_kernel) writes
/// it.
pub trait Actors {
    /// Runs the actor of an order to its end, as the leader of the block.
    ///
    /// # Errors
    ///
    /// Why it is not run.
    ///
    /// # Safety
    ///
    /// The order's addresses are as its type says.
    unsafe fn run(
        block: &Block<'_>,
        epoch: u32,
        key: u32,
        order: &BlockOrder,
    ) -> Result<(), BlockRefusal>;

    /// Calls [`DeviceActor::join`] of the one with this key.
    fn join(crew: &BlockTeam, key: u32, argument: u64) -> u64;
}

impl Actors for () {
    unsafe fn run(_: &Block<'_>, _: u32, _: u32, _: &BlockOrder) -> Result<(), BlockRefusal> {
        Err(BlockRefusal::UnknownKey)
    }

    fn join(_: &BlockTeam, _: u32, _: u64) -> u64 {
        0
    }
}

impl<R: DeviceActor, T: Actors> Actors for (R, T) {
    unsafe fn run(
        block: &Block<'_>,
        epoch: u32,
        key: u32,
        order: &BlockOrder,
    ) -> Result<(), BlockRefusal> {
        // SAFETY: by this function's contract, of either.
        unsafe {
            match key == const { resident_key(R::ENTRY) } {
                true => run::<R>(block, epoch, order),
                false => T::run(block, epoch, key, order),
            }
        }
    }

    fn join(crew: &BlockTeam, key: u32, argument: u64) -> u64 {
        match key == const { resident_key(R::ENTRY) } {
            true => R::join(crew, argument),
            false => T::join(crew, key, argument),
        }
    }
}

/// Runs an actor to its end.
///
/// # Safety
///
/// As for [`Actors::run`].
#[inline(never)] // Its frame and registers are those of one resident.
unsafe fn run<R: DeviceActor>(
    block: &Block<'_>,
    epoch: u32,
    order: &BlockOrder,
) -> Result<(), BlockRefusal> {
    accept::<R>(block, order)?;
    block.report(BlockPhase::Running, epoch);
    // SAFETY: by this function's contract.
    let memory = unsafe { BlockMemory::<R::Shape>::new::<R>(block, order.memory) };
    memory.begin();
    // SAFETY: as above.
    let life = block.is_leader().then(|| unsafe { life::<R>(&memory, block, order) });
    live::<R, _>(&memory, pin!(life));
    Ok(())
}

/// Checks an order and prepares the block for it; all lanes in control have the same answer.
#[inline(never)]
fn accept<R: DeviceActor>(block: &Block<'_>, order: &BlockOrder) -> Result<(), BlockRefusal> {
    let refusal = if !block.is_leader() {
        0
    } else if order.shape != <R as DeviceResident>::shape() {
        BlockRefusal::Shape.code()
    } else if order.state_bytes as usize != size_of::<R::State>() {
        BlockRefusal::State.code()
    } else if block.links().iter().count() > R::Links::COUNT_MAX {
        BlockRefusal::Links.code()
    } else {
        0
    };
    if let Some(refusal) = BlockRefusal::from_code(agree(block.lane(), refusal)) {
        return Err(refusal);
    }
    let prepared = R::prepare(block.team(), order).map_or_else(BlockRefusal::code, |()| 0);
    match BlockRefusal::from_code(agree(block.lane(), prepared)) {
        Some(refusal) => Err(refusal),
        None => Ok(()),
    }
}

/// Returns the life of an actor, from its first state.
///
/// # Safety
///
/// As for [`Actors::run`].
#[inline(never)] // Making it takes registers that running it does not.
unsafe fn life<'m, R: DeviceActor>(
    memory: &'m BlockMemory<'_, R::Shape>,
    block: &Block<'_>,
    order: &BlockOrder,
) -> impl Future<Output = ActorState> + use<'m, R> {
    // SAFETY: by this function's contract.
    let state = unsafe { first_state::<R::State>(order) };
    // SAFETY: as above.
    let pool = unsafe { MappedPool::new(order) };
    let plan = order.plan().with_buffers(pool);
    // SAFETY: as above.
    let plan = plan.with_links(unsafe { R::Links::of(&block.links()) });
    let parts = (R::handler(), state);
    Runner::<(R, &BlockMemory<'_, R::Shape>, MappedPool, R::Links, HostClock)>::new(
        parts, memory, plan, HostClock,
    )
    .run()
}

/// Runs the leader's life of an actor to its end. What its handler waits for is done between two
/// polls, by lanes and crew: the frames of the runner are gone meanwhile.
#[inline(never)]
fn live<R: DeviceActor, F: Future>(
    memory: &BlockMemory<'_, R::Shape>,
    mut life: Pin<&mut Option<F>>,
) {
    let team = memory.team();
    loop {
        let says = life.as_mut().as_pin_mut().map_or(LOOK, poll);
        match agree(team.index(), says) {
            OVER => return,
            JOIN => do_wanted::<R>(team),
            _ => memory.look(true),
        }
    }
}

/// What follows a poll.
const OVER: u32 = 1;
const JOIN: u32 = 2;
const LOOK: u32 = 3;

/// Polls the life of an actor once.
#[inline(never)]
fn poll<F: Future>(life: Pin<&mut F>) -> u32 {
    if life.poll(&mut Context::from_waker(Waker::noop())).is_ready() {
        OVER
    } else if is_wanted() {
        JOIN
    } else {
        LOOK
    }
}

/// Returns what an actor's state begins with.
///
/// # Safety
///
/// As for [`Actors::run`].
#[inline(never)] // As for a step.
unsafe fn first_state<T: bytemuck::Pod>(order: &BlockOrder) -> T {
    let mut state = T::zeroed();
    let start = ptr::with_exposed_provenance::<u8>(order.first_state as usize);
    let target = bytes_of_mut(&mut state);
    // SAFETY: by this function's contract; the host wrote them before the order's epoch, and writes
    // nothing there while the block has it.
    let source = unsafe { slice::from_raw_parts(start, target.len()) };
    target.copy_from_slice(source);
    state
}
