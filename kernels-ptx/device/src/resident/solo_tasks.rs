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
    const TASKS_PER_LOOK: u32 = 16;

    fn handler() -> H {
        H::handler()
    }

    #[inline(always)]
    fn step(block: &Block<'_>, worker: Option<&mut BlockWorker<'_, H>>) -> Option<u32> {
        agree_unless_fault(block.lane(), worker.map_or(IDLE, step))
    }
}

/// Takes a step.
#[inline(never)] // The lanes come together after it.
fn step<H: DeviceTaskHandler>(worker: &mut BlockWorker<'_, H>) -> u32 {
    said(worker.0.step())
}
