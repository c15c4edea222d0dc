//! The resident kernel itself: its launch, its lease, its end, and the memory that it keeps.
#![allow(unsafe_code)]

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use cudarc::driver::sys::CUdevice_attribute as Attribute;
use isokern_core::device::{RESIDENT_VERSION, ResidentParameters};
use isokern_core::ring::HostControl;

use super::block::{Blocks, NAP};
use super::claim::DeviceClaim;
use super::error::ResidentError;
use super::memory::Mapped;
use super::models::Models;
use super::plan::{MappedLayout, ResidentPlan};
use super::pools::Pools;
use super::task_tables::Tables;
use crate::driver::{Context, DeviceBuffer, Function, LaunchShape, Stream};
use crate::error::CudaError;
use crate::kernel;

/// Threads that are scheduled together.
const WARP_THREADS: u32 = 32;
/// What addresses of arenas and states are a multiple of.
const ALIGN: u64 = 16;
/// The longest sleep between two looks whether the kernel has ended.
const NAP_MAX: Duration = Duration::from_millis(1);

/// A resident kernel, running or not, with everything that it uses.
#[derive(Debug)]
pub(super) struct Grid {
    number: u64,
    plan: ResidentPlan,
    blocks: Blocks,
    models: Models,
    pools: Arc<Pools>,
    control: Mutex<HostControl>,
    /// None once the kernel has ended.
    claim: Mutex<Option<DeviceClaim>>,
    arenas: DeviceBuffer,
    tasks: DeviceBuffer,
    task_memory: DeviceBuffer,
    task_places: Arc<Pools>,
    tables: Tables,
    model_states: DeviceBuffer,
    stream: Stream,
    function: Function,
    threads: u32,
}

impl Grid {
    /// Loads the kernel, checks that it fits and allocates all of its memory. Nothing runs yet.
    pub(super) fn new(
        context: &Context,
        plan: ResidentPlan,
        ptx: &[u8],
        entry: &str,
    ) -> Result<Self, ResidentError> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let layout = plan.layout()?;
        if !context.device().has_cooperative_launch()? {
            return Err(ResidentError::NotCooperative);
        }
        let claim = DeviceClaim::take(context.device().ordinal())?;
        let function = kernel::load(context, ptx)?.function(entry)?;
        let threads = fitting_threads(context, &function, &plan, layout.blocks)?;
        let mapped = Mapped::new(context, layout.bytes)?;
        let per_block = |bytes: u32| {
            let bytes = u64::from(bytes).next_multiple_of(ALIGN) * u64::from(layout.blocks);
            DeviceBuffer::new(context, usize::try_from(bytes).unwrap_or(usize::MAX))
        };
        let task_bytes = plan.task_layout().map_or(0, |layout| layout.device_bytes());
        let sized = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let task_bytes = sized(task_bytes);
        Ok(Self {
            tasks: DeviceBuffer::new(context, task_bytes)?,
            task_memory: DeviceBuffer::new(context, sized(plan.task_bytes))?,
            task_places: Arc::new(Pools::new(0, plan.task_bytes)),
            tables: Tables::default(),
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            arenas: per_block(plan.arena_bytes)?,
            model_states: per_block(plan.model_state_bytes)?,
            models: Models::new(context, &plan)?,
            pools: Arc::new(Pools::new(layout.pools, plan.pool_bytes)),
            stream: Stream::new(context)?,
            blocks: Blocks::new(mapped, layout, &plan),
            control: Mutex::new(HostControl::new()),
            claim: Mutex::new(Some(claim)),
            plan,
            function,
            threads,
        })
    }

    /// Launches the kernel.
    ///
    /// # Safety
    ///
    /// * The kernel takes one [`ResidentParameters`] by value, and uses the memory that these and
    ///   the orders describe alone.
    /// * This is kept until [`end_within`](Self::end_within) has said that the kernel is over.
    pub(super) unsafe fn launch(&self) -> Result<(), CudaError> {
        let (mapped, layout) = (self.blocks.mapped(), self.blocks.layout());
        let parameters = ResidentParameters {
            version: RESIDENT_VERSION,
            block_count: layout.blocks,
            grid_line: mapped.address(MappedLayout::GRID_LINE),
            orders: mapped.address(layout.order(0)),
            reports: mapped.address(layout.report(0)),
            lease_ns: self.plan.lease_ns(),
        };
        let shape =
            LaunchShape::new(layout.blocks, self.threads).with_shared_bytes(self.plan.shared_bytes);
        // SAFETY: by this function's contract; all of the memory is this value's.
        unsafe { self.function.launch_cooperative(&self.stream, shape, &parameters) }
    }

    /// Waits until every block waits for an order.
    pub(super) fn await_start(&self) -> Result<(), ResidentError> {
        let (began, within) = (Instant::now(), self.plan.lease);
        while !self.blocks.all_idle() {
            // A launch is only sure to start while the host goes on calling the driver (CUDA C++
            // programming guide, execution model).
            if self.stream.is_idle()? && !self.blocks.all_idle() {
                return Err(ResidentError::Ended);
            }
            if began.elapsed() >= within {
                return Err(ResidentError::NotStarted { within });
            }
            thread::sleep(NAP);
        }
        Ok(())
    }

    /// Asks the kernel to end.
    pub(super) fn stop(&self) {
        self.control().stop(self.blocks.mapped().line(MappedLayout::GRID_LINE));
    }

    /// Waits until the kernel has ended, and then ends what it left.
    pub(super) fn end_within(&self, within: Duration) -> Result<(), ResidentError> {
        let (began, mut nap, mut refused) = (Instant::now(), NAP, None);
        loop {
            match self.stream.is_idle() {
                Ok(true) => break,
                Ok(false) => {}
                Err(error) => {
                    refused.get_or_insert(error);
                }
            }
            // A kernel in a lost context has ended, also where its blocks could not say so. They
            // are waited for as long as any, because the driver cannot be asked again.
            let is_lost = self.stream.context().lost().is_some();
            if is_lost && (self.blocks.all_over() || began.elapsed() >= within) {
                break;
            }
            if began.elapsed() >= within {
                return Err(ResidentError::StillRunning { within });
            }
            thread::sleep(nap);
            nap = (nap * 2).min(NAP_MAX);
        }
        self.end();
        refused.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Asks the driver whether the kernel runs, and ends what it left if not.
    pub(super) fn check(&self) -> Result<(), ResidentError> {
        if self.blocks.is_over() {
            return Err(ResidentError::Ended);
        }
        let result = self.stream.is_idle();
        let is_lost = self.stream.context().lost().is_some();
        if is_lost || matches!(result, Ok(true)) {
            self.end();
        }
        if result? { Err(ResidentError::Ended) } else { Ok(()) }
    }

    /// Notes that the kernel has ended or was not launched, and ends every actor that it did not.
    pub(super) fn end(&self) {
        self.blocks.end();
        *self.claim.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Shows the kernel that the host lives.
    pub(super) fn renew_lease(&self, now_ns: u64) {
        let line = self.blocks.mapped().line(MappedLayout::GRID_LINE);
        self.control().renew_lease(line, now_ns);
    }

    fn control(&self) -> MutexGuard<'_, HostControl> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of the host in this process.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Returns the plan.
    pub(super) const fn plan(&self) -> &ResidentPlan {
        &self.plan
    }

    /// Returns the blocks.
    pub(super) const fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Returns the models.
    pub(super) const fn models(&self) -> &Models {
        &self.models
    }

    /// Returns the pools.
    pub(super) const fn pools(&self) -> &Arc<Pools> {
        &self.pools
    }

    /// Returns the device's address of a block's arena in device memory.
    pub(super) fn arena(&self, block: u32) -> u64 {
        let stride = u64::from(self.plan.arena_bytes).next_multiple_of(ALIGN);
        self.arenas.address() + u64::from(block) * stride
    }

    /// Returns the device's address of what a megakernel has in device memory.
    pub(super) const fn tasks(&self) -> u64 {
        self.tasks.address()
    }

    /// Returns the device's address of the memory of tasks that run models.
    pub(super) const fn task_memory(&self) -> u64 {
        self.task_memory.address()
    }

    /// Returns what is free of it.
    pub(super) const fn task_places(&self) -> &Arc<Pools> {
        &self.task_places
    }

    /// Returns the tables of tasks that run models.
    pub(super) const fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Returns the device's address of the state of a block's model.
    pub(super) fn model_state(&self, block: u32) -> u64 {
        let stride = u64::from(self.plan.model_state_bytes).next_multiple_of(ALIGN);
        self.model_states.address() + u64::from(block) * stride
    }
}

/// Returns the threads of a block, as the kernel's module says, when the grid fits the device.
fn fitting_threads(
    context: &Context,
    function: &Function,
    plan: &ResidentPlan,
    asked: u32,
) -> Result<u32, ResidentError> {
    let device = context.device();
    let optin = Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
    let room = device.attribute(optin)?.saturating_sub(function.static_shared_bytes()?);
    let exceeded = |fits| ResidentError::CooperativeResidencyExceeded { asked, fits };
    if plan.shared_bytes > room {
        return Err(exceeded(0));
    }
    function.allow_shared_bytes(plan.shared_bytes)?;
    let threads = function.threads_max()? / WARP_THREADS * WARP_THREADS;
    let free = device.multiprocessors()?.saturating_sub(plan.free_multiprocessors);
    let fits = function.active_blocks(threads, plan.shared_bytes)?.saturating_mul(free);
    if asked > fits { Err(exceeded(fits)) } else { Ok(threads) }
}
