//! Blocks that stay: each runs one actor after the other, or works for a megakernel, as the host
//! orders.
//!
//! The first warp of a block is in control, and its first thread leads: it runs the handler, by the
//! same runner as a thread or a main loop (`isokern_ring::Runner`). The others of that warp help it
//! to look for messages, a lane a cell. The threads of the other warps are the crew: they wait at
//! the block's barrier until a handler asks for them ([`join_all`]). So the frames and the
//! registers of runner and crew are apart. `isokern_core::device` has what host and device agree
//! on.
#![allow(unsafe_code)]

mod actor;
mod block;
mod cells;
mod clock;
mod links;
mod look;
mod memory;
mod model;
mod model_tasks;
mod pool;
mod shared;
mod solo;
mod solo_tasks;
mod task_table;
mod tasks;
mod team;
mod warp;
mod workers;

pub use actor::{Actors, DeviceActor};
pub use block::Block;
pub use links::{BlockLinks, OrderedLinks};
pub use model::ModelActor;
pub use model_tasks::ModelTasks;
pub use solo::SoloActor;
pub use solo_tasks::SoloTasks;
pub use team::{JoinAll, join_all};
pub use workers::{BlockWorker, DeviceWork, TaskWorkers};

use isokern_core::device::{
    BlockOrder, BlockPhase, FaultCode, RESIDENT_VERSION, ResidentParameters,
};

use crate::block::Role;
use crate::fault::fault;
use crate::team::{BlockTeam, CONTROL_THREADS};
use crate::{block as shared_block, registers};
use team::{Call, next_call, post, take_part};
use warp::agree;

/// Declares the entry of a resident kernel with its residents, each a [`DeviceActor`], and with the
/// tasks of its megakernels, each a [`DeviceWork`].
///
/// ```ignore
/// isokern_device::resident_kernel! {
///     /// The actors of this crate.
///     pub fn my_residents: [SoloActor<Counter>, ModelActor<AllOperators>]
/// }
/// isokern_device::resident_kernel! {
///     /// The actors of this crate, and workers for its tasks.
///     pub fn my_workers: actors [SoloActor<Counter>], tasks [SoloTasks<Chores>]
/// }
/// ```
#[macro_export]
macro_rules! resident_kernel {
    ($(#[$note:meta])* $visibility:vis fn $name:ident: [$($actor:ty),+ $(,)?]) => {
        $crate::resident_kernel! {
            $(#[$note])* $visibility fn $name: actors [$($actor),+], tasks []
        }
    };
    (
        $(#[$note:meta])* $visibility:vis fn $name:ident:
        actors [$($actor:ty),* $(,)?], tasks [$($tasks:ty),* $(,)?]
    ) => {
        $(#[$note])*
        ///
        /// # Safety
        ///
        /// The host owes what the fields of
        /// [`ResidentParameters`](isokern_core::device::ResidentParameters) and of its orders say.
        // SAFETY: the name is the crate's that declares it.
        #[unsafe(no_mangle)]
        $visibility unsafe extern "ptx-kernel" fn $name(
            parameters: $crate::core::device::ResidentParameters,
        ) {
            // SAFETY: by this function's contract.
            unsafe {
                $crate::resident::run::<
                    $crate::resident_kernel!(@list [$($actor),*] [$($tasks),*])
                >(parameters)
            };
        }
    };
    (@list [] []) => { () };
    (@list [] [$tasks:ty $(, $rest:ty)*]) => {
        $crate::resident::TaskWorkers<$tasks, $crate::resident_kernel!(@list [] [$($rest),*])>
    };
    (@list [$actor:ty $(, $rest:ty)*] [$($tasks:ty),*]) => {
        ($actor, $crate::resident_kernel!(@list [$($rest),*] [$($tasks),*]))
    };
}

/// Runs a block of a resident kernel; every thread of it calls this, first of all.
///
/// # Safety
///
/// The host owes what the fields of [`ResidentParameters`] and of its orders say.
#[inline(always)] // A part of its entry.
pub unsafe fn run<A: Actors>(parameters: ResidentParameters) {
    let team = BlockTeam::start(Block::fault_record(&parameters));
    if parameters.version != RESIDENT_VERSION || registers::block() >= parameters.block_count {
        fault(FaultCode::Parameters, RESIDENT_VERSION.into());
    }
    if team.index() < CONTROL_THREADS {
        // SAFETY: by this function's contract.
        unsafe { control::<A>(&team, parameters) };
    } else {
        work::<A>(&team);
    }
}

/// Runs orders until the grid stops; all lanes in control call this.
///
/// # Safety
///
/// As for [`run`].
#[inline(never)]
unsafe fn control<A: Actors>(team: &BlockTeam, parameters: ResidentParameters) {
    if team.index() == 0 {
        shared_block::set_role(Role::Actor);
    }
    // SAFETY: by this function's contract.
    let block = unsafe { Block::new(team, parameters) };
    let mut last = 0;
    let mut order = BlockOrder::default();
    block.report(BlockPhase::Idle, last);
    while let Some(epoch) = block.next_order(last, &mut order) {
        last = epoch;
        let key = agree(team.index(), order.key);
        // SAFETY: by this function's contract.
        match unsafe { A::run(&block, epoch, key, &order) } {
            Ok(()) => block.report(BlockPhase::Idle, epoch),
            Err(refusal) => block.refuse(refusal, epoch),
        }
    }
    block.report(BlockPhase::Left, last);
    post(team, Call::Leave);
}

/// Takes the leader's calls until it leaves; the crew calls this.
#[inline(never)]
fn work<A: Actors>(team: &BlockTeam) {
    let mut taken = 0;
    while let Call::Join(key, argument) = next_call(team, taken) {
        take_part::<A>(team, key, argument);
        taken += 1;
    }
}
