//! The memory of an actor that a block runs, as the host sees it.

use core::fmt;
use core::marker::PhantomData;
use std::sync::Arc;

use isokern_core::actor::{ActorCells, ActorMemory, ActorState, MailboxShape, Silent};
use isokern_core::device::{BlockPhase, Fault};
use isokern_core::ring::{DeviceView, HostLine};
use std::thread;

use super::block::NAP;
use super::grid::Grid;

/// A block that was lent for an actor, until nobody has a part of it.
#[derive(Debug)]
pub(super) struct LentBlock {
    pub(super) grid: Arc<Grid>,
    pub(super) block: u32,
}

impl Drop for LentBlock {
    fn drop(&mut self) {
        self.grid.blocks().give_back(self.block);
    }
}

/// An actor's memory, mapped: host and device use the same lines and rings.
///
/// A clone is the same memory. The block is free for another actor when the last one is gone and
/// the actor is over.
pub struct MappedActor<S> {
    lent: Arc<LentBlock>,
    shape: PhantomData<fn() -> S>,
}

impl<S: MailboxShape> MappedActor<S> {
    /// Returns the memory of a block's actor, which has room for the shape.
    pub(super) fn new(lent: LentBlock) -> Option<Self> {
        let memory = Self { lent: Arc::new(lent), shape: PhantomData };
        memory.try_cells().is_some().then_some(memory)
    }

    pub(super) const fn lent(&self) -> &Arc<LentBlock> {
        &self.lent
    }

    fn try_cells(&self) -> Option<&ActorCells<S, Silent>> {
        let blocks = self.lent.grid.blocks();
        blocks.mapped().actor(blocks.layout().actor(self.lent.block))
    }

    fn cells(&self) -> &ActorCells<S, Silent> {
        self.try_cells().expect("`new` has found room for it")
    }
}

impl<S> Clone for MappedActor<S> {
    fn clone(&self) -> Self {
        Self { lent: Arc::clone(&self.lent), shape: PhantomData }
    }
}

impl<S> fmt::Debug for MappedActor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedActor").field("block", &self.lent.block).finish_non_exhaustive()
    }
}

impl<S: MailboxShape> ActorMemory for MappedActor<S> {
    type Mailbox = S::Mailbox;
    type Line = HostLine;
    type Bells = Silent;
    type PerSlot<T> = S::PerSlot<T>;

    fn mailbox_count(&self) -> usize {
        S::MAILBOX_COUNT
    }

    fn mailbox(&self, index: usize) -> Option<&S::Mailbox> {
        self.cells().mailbox(index)
    }

    fn host_line(&self) -> &HostLine {
        self.cells().host_line()
    }

    fn device_line(&self) -> &HostLine {
        self.cells().device_line()
    }

    fn bells(&self) -> &Silent {
        &Silent
    }

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> Self::PerSlot<T> {
        S::per_slot(make)
    }
}

/// An actor that a block runs.
///
/// Dropped, the actor runs on until its mailboxes are closed or it is stopped.
#[derive(Debug)]
pub struct CudaRunning {
    lent: Arc<LentBlock>,
    epoch: u32,
}

impl CudaRunning {
    pub(super) const fn new(lent: Arc<LentBlock>, epoch: u32) -> Self {
        Self { lent, epoch }
    }

    /// Returns whether the actor is over.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.lent.grid.blocks().is_settled(self.lent.block, self.epoch)
    }

    /// Waits for the end of the actor and returns its last state.
    ///
    /// It ends when every mailbox is closed and served, after `stop`, with a fault, or with its
    /// kernel; so close what you hold first. A kernel that the driver broke off is noticed by
    /// [`CudaHost::check`](super::CudaHost::check).
    #[must_use]
    pub fn join(self) -> ActorState {
        while !self.is_finished() {
            thread::sleep(NAP);
        }
        self.state()
    }

    /// Returns where the actor is in its life, as far as it has shown.
    #[must_use]
    pub fn state(&self) -> ActorState {
        let blocks = self.lent.grid.blocks();
        let line = blocks.mapped().line(blocks.device_line_at(self.lent.block));
        let state = DeviceView::read(line).and_then(|view| view.state());
        state.map_or(ActorState::Created, ActorState::from)
    }

    /// Returns the fault of device code that ended the actor's block; `None` while there is none.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        let blocks = self.lent.grid.blocks();
        let report = blocks.report(self.lent.block)?;
        let is_spent = report.phase() == Some(BlockPhase::Spent) && report.epoch() == self.epoch;
        is_spent.then(|| blocks.fault(self.lent.block)).flatten()
    }
}
