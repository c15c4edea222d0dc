//! Tasks that one thread of their block runs.

use core::marker::PhantomData;

use isokern_core::device::DeviceTaskHandler;

use super::block::Block;
use super::warp::agree_unless_fault;
use super::workers::{BlockWorker, DeviceWork, IDLE, said};

/// Runs the handler of `H` on the thread that leads its block; the crew waits.
///
/// ```ignore
/// isokern_device::resident_kernel! { pub fn my_workers: actors [], tasks [SoloTasks<Chores>] }
/// ```
pub struct SoloTasks<H>(PhantomData<fn() -> H>);

impl<H: DeviceTaskHandler> DeviceWork for SoloTasks<H> {
    type Handler = H;

    const ENTRY: &'static str = H::ENTRY;

    fn handler() -> H {
        H::handler()
    }

    #[inline(always)]
    fn step(block: &Block<'_>, worker: Option<&mut BlockWorker<'_, H>>) -> Option<u32> {
        agree_unless_fault(block.lane(), worker.map_or(IDLE, steps))
    }
}

/// Tasks that the leader runs while the other lanes wait, at most.
const TASKS: u32 = 16;

/// Takes steps while there are tasks, and returns what the last one says.
#[inline(never)] // The lanes come together after it.
fn steps<H: DeviceTaskHandler>(worker: &mut BlockWorker<'_, H>) -> u32 {
    said(worker.0.steps(TASKS))
}
