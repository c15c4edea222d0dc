//! The host of actors on a device.
#![allow(unsafe_code)]

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use isokern_core::actor::MailboxShape;
use isokern_core::actor::{ActorMemory, ActorPlan, Host};
use isokern_core::call::Clock;
use isokern_core::compute::ModelArtifact;
use isokern_core::device::{
    BlockOrder, BlockPhase, DeviceResident, ENTRY_RESIDENT, ENTRY_WORKERS, resident_key,
};
use isokern_core::ring::HostControl;

use super::actor::{CudaRunning, LentBlock, MappedActor};
use super::block::{BlockStatus, NAP, NewOrder};
use super::buffers::{self, CudaBuffers, HostBuffers, MappedRegion};
use super::error::ResidentError;
use super::grid::Grid;
use super::lease::LeaseThread;
use super::links::{HostLinks, LinkSet};
use super::models::{Copying, LoadedModel};
use super::plan::ResidentPlan;
use crate::driver::Context;
use crate::ptx;

/// Runs actors on a GPU, and workers of a megakernel: one resident kernel, a block for each.
///
/// [`start`](Self::start) loads, allocates and launches everything. From then on until
/// [`stop`](Self::stop) there is no driver call: actors are spawned, stopped and spawned again by
/// writes to mapped memory. A thread of the host renews the kernel's lease; when the process ends
/// or hangs, the kernel ends by itself.
///
/// An actor's `Resident` names its handler in the device code
/// ([`ENTRY`](isokern_core::Resident::ENTRY)). The handler that the program brings is dropped, its
/// state is what the actor starts with.
///
/// ```no_run
/// # use core::future::Future;
/// # use isokern_core::call::{Clock, PollingSleep};
/// # #[derive(Clone)]
/// # struct Ticks;
/// # impl Clock for Ticks {
/// #     fn now_ns(&self) -> u64 { 0 }
/// #     fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
/// #         PollingSleep::new(self, moment_ns)
/// #     }
/// # }
/// use core::time::Duration;
/// use isokern_core::compute::ModelArtifact;
/// use isokern_cuda::{Context, CudaHost, CudaModelActor, Device, ResidentPlan};
///
/// let bytes = include_bytes!("../../../../tests/models/digits.ikm");
/// let context = Context::primary(Device::new(0)?)?;
/// let plan = ResidentPlan::new(2).with_model_bytes(1 << 20).with_pool_bytes(1 << 16);
/// let host = CudaHost::start(&context, Ticks, plan)?;
/// let actor = CudaModelActor::new(host.load(&ModelArtifact::from_bytes(bytes))?);
/// let (region, buffers) = host.pool(actor.buffer_bytes(), 8, 1)?;
/// // isokern_ring::{region_lender, spawn}: the lender of `region`, and an actor with
/// // `ActorPlan::new().with_buffers(buffers)`.
/// # drop((region, buffers));
/// host.stop(Duration::from_secs(1))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CudaHost<C> {
    grid: Arc<Grid>,
    clock: C,
    /// None once the kernel was asked to end.
    lease: Mutex<Option<LeaseThread>>,
}

impl<C: Clock + Clone + 'static> CudaHost<C> {
    /// Starts the resident kernel that this crate ships, in a context, which may be another
    /// library's.
    ///
    /// Load and initialise the models of batches on the same device before: the driver may let who
    /// loads code or allocates wait for kernels that run. So a process has one host a device.
    ///
    /// `clock` is what deadlines of messages are moments of. Returns when every block waits for its
    /// first actor.
    ///
    /// # Errors
    ///
    /// [`ResidentError`]; nothing runs then.
    pub fn start(context: &Context, clock: C, plan: ResidentPlan) -> Result<Self, ResidentError> {
        let text = ptx::shipped_ptx(context.device().compute_capability()?)?;
        let entry = if plan.workers > 0 { ENTRY_WORKERS } else { ENTRY_RESIDENT };
        // SAFETY: the entries of this repository keep the contract.
        unsafe { Self::start_ptx(context, clock, plan, text.as_bytes(), entry) }
    }

    /// Starts the resident kernel `entry` of somebody's own device crate.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// # Safety
    ///
    /// * `entry` takes one [`ResidentParameters`](isokern_core::device::ResidentParameters) by
    ///   value, and keeps the protocol of orders and reports.
    /// * It reads and writes only the memory that these and the orders describe, and of an actor's
    ///   memory what is the actor's side's to write.
    pub unsafe fn start_ptx(
        context: &Context,
        clock: C,
        plan: ResidentPlan,
        ptx: &[u8],
        entry: &str,
    ) -> Result<Self, ResidentError> {
        let grid = Arc::new(Grid::new(context, plan, ptx, entry)?);
        let lease = LeaseThread::start(Arc::clone(&grid), clock.clone(), plan.lease)?;
        // SAFETY: the kernel is the caller's promise. The thread has the grid until the kernel was
        // asked to end, and `Drop` gives it up only after the kernel has.
        if let Err(error) = unsafe { grid.launch() } {
            lease.end(plan.lease);
            grid.end();
            return Err(error.into());
        }
        let host = Self { grid, clock, lease: Mutex::new(Some(lease)) };
        host.grid.await_start()?;
        Ok(host)
    }

    /// Checks a model and brings it to where the first block that runs it copies it from.
    ///
    /// # Errors
    ///
    /// [`ResidentError::Cuda`], if the bytes are no model this build runs;
    /// [`ResidentError::ReserveFull`].
    pub fn load(&self, artifact: &ModelArtifact) -> Result<LoadedModel, ResidentError> {
        self.grid.load(artifact)
    }

    /// Makes a pool of `count` buffers of `buffer_bytes` bytes, aligned to 128, all zero, whose
    /// handles have the number `number`. The region is the lender's, the buffers are for the plan
    /// of the one actor that works in them.
    ///
    /// # Errors
    ///
    /// [`ResidentError::EmptyPool`], [`ResidentError::ReserveFull`].
    pub fn pool(
        &self,
        buffer_bytes: u32,
        count: u32,
        number: u32,
    ) -> Result<(MappedRegion, CudaBuffers), ResidentError> {
        buffers::make(&self.grid, buffer_bytes, count, number)
    }

    /// Returns what each block does, actors first come first served. No driver call.
    #[must_use]
    pub fn status(&self) -> Vec<BlockStatus> {
        self.grid.blocks().status()
    }

    /// Asks the driver whether the kernel still runs: one call. If it does not, every actor that
    /// was running is marked faulted, so that nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`ResidentError::Ended`]; [`ResidentError::Cuda`] with what broke the kernel.
    pub fn check(&self) -> Result<(), ResidentError> {
        self.grid.check()
    }
}

impl<C> CudaHost<C> {
    /// Stops every actor and the kernel, and waits until it has ended.
    ///
    /// The lease is not renewed after this, so the kernel ends by itself if it does not see the
    /// stop. What it used is freed when the host and all of its actors are gone. Stopping twice is
    /// stopping once.
    ///
    /// # Errors
    ///
    /// [`ResidentError::StillRunning`]: stop again to wait on; [`ResidentError::Cuda`] when a
    /// driver call failed meanwhile, the kernel has ended then.
    pub fn stop(&self, within: Duration) -> Result<(), ResidentError> {
        let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        if self.grid.blocks().is_over() && lease.is_none() {
            return Ok(());
        }
        self.grid.stop();
        if let Some(lease) = lease.take() {
            lease.end(within);
        }
        self.grid.end_within(within)
    }
}

/// Stops the kernel within two leases. The memory of one that does not end is never freed.
impl<C> Drop for CudaHost<C> {
    fn drop(&mut self) {
        let stopped = self.stop(self.grid.plan().lease.saturating_mul(2));
        if matches!(stopped, Err(ResidentError::StillRunning { .. })) {
            core::mem::forget(Arc::clone(&self.grid));
        }
    }
}

impl<C> CudaHost<C> {
    /// Returns the order of a resident in lent memory, without its pool and plan, and the copy of
    /// its model where the block is to make one.
    fn order_of<R: DeviceResident>(
        &self,
        (handler, state): &(R::Handler, R::State),
        block: u32,
    ) -> Result<(BlockOrder, Option<Copying<'_>>), ResidentError> {
        let (blocks, bytes) = (self.grid.blocks(), bytemuck::bytes_of(state));
        let have = self.grid.plan().first_state_bytes;
        if bytes.len() > have as usize {
            return Err(ResidentError::StateTooLarge { have, need: bytes.len() });
        }
        let (mapped, layout) = (blocks.mapped(), blocks.layout());
        mapped.write(layout.state(block), bytes);
        let order = BlockOrder {
            key: resident_key(R::ENTRY),
            memory: mapped.address(layout.actor(block)),
            first_state: mapped.address(layout.state(block)),
            state_bytes: bytes.len() as u32,
            shape: R::shape(),
            ..BlockOrder::default()
        };
        let Some(model) = R::model(handler) else { return Ok((order, None)) };
        if model.host != self.grid.number() {
            return Err(ResidentError::OtherHost);
        }
        self.grid.models().place_in(order, &self.grid, block, model.number)
    }

    /// Returns the grid.
    pub(super) const fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    /// Waits until a block has taken the order of an epoch.
    pub(super) fn await_order(
        &self,
        block: u32,
        epoch: u32,
        entry: &'static str,
    ) -> Result<(), ResidentError> {
        let (began, within) = (Instant::now(), self.grid.plan().lease);
        loop {
            let report = self.grid.blocks().report(block);
            if let Some(report) = report.filter(|report| report.epoch() == epoch) {
                return match report.phase() {
                    Some(BlockPhase::Refused) => {
                        let refusal = report.refusal();
                        Err(ResidentError::Refused { entry, refusal })
                    }
                    _ => Ok(()),
                };
            }
            if report.is_some_and(|report| report.is_over()) || self.grid.blocks().is_over() {
                return Err(ResidentError::Ended);
            }
            if began.elapsed() >= within {
                return Err(ResidentError::NoAnswer { block, within });
            }
            // A block looks all the time; the host is only to give others a chance.
            if began.elapsed() < NAP { core::hint::spin_loop() } else { thread::sleep(NAP) }
        }
    }
}

impl<R, B, L, C> Host<R, B, L> for CudaHost<C>
where
    R: DeviceResident,
    B: HostBuffers,
    L: HostLinks,
    C: Clock + Clone + 'static,
{
    type Memory = MappedActor<R::Shape>;
    type Running = CudaRunning;
    type Clock = C;
    type Error = ResidentError;

    fn clock(&self) -> C {
        self.clock.clone()
    }

    fn lend(&self) -> Result<Self::Memory, ResidentError> {
        let (have, need) = (self.grid.blocks().layout().actor_bytes(), R::Shape::actor_bytes());
        let too_large = ResidentError::ActorTooLarge { have, need };
        if need > have {
            return Err(too_large);
        }
        let block = self.grid.blocks().lend()?;
        let lent = LentBlock { grid: Arc::clone(&self.grid), block };
        MappedActor::new(lent).ok_or(too_large)
    }

    fn start(
        &self,
        parts: (R::Handler, R::State),
        memory: Self::Memory,
        plan: ActorPlan<L, B>,
    ) -> Result<CudaRunning, ResidentError> {
        let lent = Arc::clone(memory.lent());
        if !Arc::ptr_eq(&lent.grid, &self.grid) {
            return Err(ResidentError::OtherHost);
        }
        let block = lent.block;
        let (order, copying) = self.order_of::<R>(&parts, block)?;
        let mut order = order.with_plan(&plan);
        let ActorPlan { links, buffers, .. } = plan;
        let (ordered, linked) = LinkSet::of(&self.grid, &links)?.into_parts();
        let buffers = buffers.into_pool();
        if let Some(buffers) = &buffers {
            if !buffers.is_of(&self.grid) {
                return Err(ResidentError::OtherHost);
            }
            let (address, layout, number) = buffers.order();
            order.pool = address;
            order.pool_buffers = (layout.count(), layout.buffer_bytes());
            order.pool_number = number;
        }
        let pool = buffers.as_ref().map(|buffers| Arc::clone(buffers.place()));
        let new = NewOrder { order, links: ordered, linked, pool };
        let epoch = self.grid.blocks().order::<R::Shape>(block, new)?;
        links.hand_over();
        // From here on the block says when it is done with the pool.
        if let Some(buffers) = buffers {
            buffers.leave_to_block();
        }
        match self.await_order(block, epoch, R::ENTRY) {
            Ok(()) => {}
            Err(error) => {
                // A block that is late finds that it is not wanted.
                HostControl::new().stop(memory.host_line());
                return Err(error);
            }
        }
        if let Some(copying) = copying {
            copying.done();
        }
        Ok(CudaRunning::new(lent, epoch))
    }
}
