//! What the host knows of each block, and what it does for one that is gone.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use isokern_core::actor::Mailbox;
use isokern_core::actor::{ActorMemory, MailboxShape};
use isokern_core::device::{
    BlockOrder, BlockPhase, BlockReport, FAULT_AT, FAULT_BLOCK, Fault, FaultCode, ORDER_LINKS_AT,
    OrderLinks,
};
use isokern_core::ring::{
    ActorFault, ConsumerState, DeviceControl, DeviceView, PoolLayout, ProducerState, SharedWord,
    next_turn,
};

use super::error::ResidentError;
use super::links::Linked;
use super::memory::Mapped;
use super::plan::{MappedLayout, ResidentPlan};
use super::pools::PoolPlace;

/// How long a wait sleeps between two looks.
pub(super) const NAP: Duration = Duration::from_micros(50);

/// One block.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The epoch of its last order, 0 before the first.
    pub(super) epoch: u32,
    /// Whether somebody has the memory of its actor, or has it as a worker.
    pub(super) is_lent: bool,
    /// Whether it was lent as a worker.
    pub(super) is_worker: bool,
    /// Whether an actor was started in that memory.
    is_started: bool,
    /// What it runs.
    pub(super) order: Option<Order>,
}

/// An order that is not known to be over.
#[derive(Debug)]
pub(super) struct Order {
    /// Ends the actor on the block's behalf; none for work of a megakernel.
    pub(super) bury: Option<fn(&Mapped, u64, ActorFault)>,
    /// The place of the pool that the actor works in.
    pub(super) pool: Option<Arc<PoolPlace>>,
    /// The mailboxes that the actor sends to. Their memory is lent to no other meanwhile.
    pub(super) linked: Vec<Linked>,
}

impl Block {
    const fn is_actor(&self) -> bool {
        self.is_lent && !self.is_worker
    }
}

/// What a new order brings beside its line.
#[derive(Debug)]
pub(super) struct NewOrder {
    pub(super) order: BlockOrder,
    pub(super) links: OrderLinks,
    pub(super) linked: Vec<Linked>,
    pub(super) pool: Option<Arc<PoolPlace>>,
}

/// What the host last saw of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockStatus {
    /// What the block does; `None` when a newer version wrote a phase unknown here.
    pub phase: Option<BlockPhase>,
    /// The number of the order that the phase is about, 0 before the first.
    pub epoch: u32,
    /// Whether the host has lent it: the memory of its actor, or the block as a worker.
    pub is_lent: bool,
    /// The fault that ended it, if one did.
    pub fault: Option<Fault>,
}

/// The blocks of a grid and the memory that they share with the host.
#[derive(Debug)]
pub(super) struct Blocks {
    mapped: Mapped,
    layout: MappedLayout,
    actors: u32,
    pub(super) patience: Duration,
    table: Mutex<Table>,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) blocks: Vec<Block>,
    /// Whether the kernel has ended.
    pub(super) is_over: bool,
}

impl Table {
    /// Returns the blocks whose actors others send to.
    pub(super) fn linked_blocks(&self) -> Vec<u32> {
        let orders = self.blocks.iter().filter_map(|block| block.order.as_ref());
        orders.flat_map(|order| order.linked.iter().map(|linked| linked.block)).collect()
    }
}

impl Blocks {
    /// Returns the table of blocks that have not started, in zeroed memory.
    pub(super) fn new(mapped: Mapped, layout: MappedLayout, plan: &ResidentPlan) -> Self {
        let blocks = (0..layout.blocks).map(|_| Block::default()).collect();
        let table = Mutex::new(Table { blocks, is_over: false });
        Self { mapped, layout, actors: plan.actors, patience: plan.lease, table }
    }

    /// Returns the memory.
    pub(super) const fn mapped(&self) -> &Mapped {
        &self.mapped
    }

    /// Returns where its parts are.
    pub(super) const fn layout(&self) -> &MappedLayout {
        &self.layout
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether every block waits for its first order.
    pub(super) fn all_idle(&self) -> bool {
        (0..self.layout.blocks).all(|block| self.report(block).is_some_and(|seen| seen.is_free()))
    }

    /// Returns whether every block has said that it ends.
    pub(super) fn all_over(&self) -> bool {
        (0..self.layout.blocks).all(|block| self.report(block).is_some_and(|seen| seen.is_over()))
    }

    /// Returns whether the kernel is known to have ended.
    pub(super) fn is_over(&self) -> bool {
        self.table().is_over
    }

    /// Notes that the kernel has ended, and ends every actor that it did not.
    pub(super) fn end(&self) {
        let mut table = self.table();
        table.is_over = true;
        self.settle_all(&mut table);
    }

    /// Looks whether orders are over, and does what is to be done then.
    pub(super) fn settle(&self) {
        self.settle_all(&mut self.table());
    }

    pub(super) fn settle_all(&self, table: &mut Table) {
        let is_over = table.is_over;
        for (number, block) in (0..).zip(&mut table.blocks) {
            self.settle_block(number, block, is_over);
        }
    }

    fn settle_block(&self, number: u32, block: &mut Block, is_over: bool) {
        let report = self.report(number);
        let is_done = report
            .is_some_and(|seen| seen.is_over() || seen.epoch() == block.epoch && seen.is_free());
        if !is_done && !is_over {
            return;
        }
        let Some(order) = block.order.take() else { return };
        let Some(bury) = order.bury else { return };
        let is_spent = report.is_some_and(|seen| seen.phase() == Some(BlockPhase::Spent));
        let view = DeviceView::read(self.mapped.line(self.device_line_at(number)));
        let state = view.and_then(|view| view.state());
        if is_spent || !state.is_some_and(|state| state.is_over()) {
            let fault = actor_fault(self.fault(number), view);
            bury(&self.mapped, self.layout.actor(number), fault);
            for linked in &order.linked {
                linked.close(&self.mapped, self.layout.actor(linked.block));
            }
        }
        let gone = order.pool.as_ref().map(|place| place.at() + PoolLayout::BORROWER_GONE_AT);
        if let Some(word) = gone.and_then(|at| self.mapped.word(at)) {
            // Release: the lender sees what was done in the buffers, which the report ordered.
            word.store_release(1);
        }
    }

    /// Returns what a block last said.
    pub(super) fn report(&self, block: u32) -> Option<BlockReport> {
        BlockReport::read(self.mapped.line(self.layout.report(block)))
    }

    /// Returns the fault that ended a block, if one did.
    pub(super) fn fault(&self, block: u32) -> Option<Fault> {
        let report = self.report(block)?;
        if report.phase() != Some(BlockPhase::Spent) {
            return None;
        }
        self.mapped.fault_record(self.layout.report(block) + FAULT_AT).fault()
    }

    /// Returns where the line is that a block's actor writes.
    pub(super) fn device_line_at(&self, block: u32) -> u64 {
        self.layout.actor(block) + 128
    }

    /// Takes a free block and clears the memory of its actor.
    pub(super) fn lend(&self) -> Result<u32, ResidentError> {
        let began = Instant::now();
        loop {
            if let Some(block) = self.try_lend(began.elapsed() >= self.patience)? {
                return Ok(block);
            }
            thread::sleep(NAP);
        }
    }

    /// Takes a free block; `None` while one that nobody has any longer is still at its end.
    fn try_lend(&self, is_late: bool) -> Result<Option<u32>, ResidentError> {
        let mut table = self.table();
        self.settle_all(&mut table);
        let reports = || (0..self.layout.blocks).map(|block| self.report(block));
        let phases = || reports().map(|seen| seen.and_then(|seen| seen.phase()));
        if table.is_over || phases().any(|phase| phase == Some(BlockPhase::Left)) {
            return Err(ResidentError::Ended);
        }
        let none = ResidentError::NoFreeBlock { actors: self.actors };
        let lent_count = table.blocks.iter().filter(|block| block.is_actor()).count();
        if lent_count >= self.actors as usize {
            return Err(none);
        }
        let linked = table.linked_blocks();
        let is_unused = |number, block: &Block| {
            !block.is_lent && block.order.is_none() && !linked.contains(&number)
        };
        let free = (0..).zip(&mut table.blocks).zip(reports()).find(|((number, block), report)| {
            is_unused(*number, block) && report.is_some_and(|seen| seen.is_free())
        });
        if let Some(((number, block), _)) = free {
            block.is_lent = true;
            block.is_started = false;
            self.mapped.clear(self.layout.actor(number), self.layout.actor_bytes());
            return Ok(Some(number));
        }
        let is_leaving = |block: &Block| !block.is_lent && block.order.is_some();
        if table.blocks.iter().any(is_leaving) {
            return if is_late { Err(none) } else { Ok(None) };
        }
        if !linked.is_empty() {
            return Err(none);
        }
        let is_spent = |phase: &Option<BlockPhase>| *phase == Some(BlockPhase::Spent);
        Err(ResidentError::Spent { spent: phases().filter(is_spent).count() as u32 })
    }

    /// Takes back the memory of a block's actor. The block takes no other before the actor is over.
    pub(super) fn give_back(&self, block: u32) {
        if let Some(block) = self.table().blocks.get_mut(block as usize) {
            (block.is_lent, block.is_worker) = (false, false);
        }
    }

    /// Writes an order of an actor of shape `S`, and returns its epoch.
    pub(super) fn order<S: MailboxShape>(
        &self,
        number: u32,
        new: NewOrder,
    ) -> Result<u32, ResidentError> {
        let mut table = self.table();
        let is_over = table.is_over;
        let block = table.blocks.get_mut(number as usize).filter(|block| !block.is_started);
        let block = block.ok_or(ResidentError::AlreadyStarted)?;
        if is_over {
            return Err(ResidentError::Ended);
        }
        block.is_started = true;
        block.epoch = next_turn(block.epoch);
        let NewOrder { order, links, linked, pool } = new;
        block.order = Some(Order { bury: Some(bury::<S>), pool, linked });
        let at = self.layout.order(number);
        links.publish(self.mapped.line(at + ORDER_LINKS_AT));
        order.publish(self.mapped.line(at), block.epoch);
        Ok(block.epoch)
    }

    /// Returns whether the order of this epoch is over.
    pub(super) fn is_settled(&self, block: u32, epoch: u32) -> bool {
        let mut table = self.table();
        let is_over = table.is_over;
        let Some(found) = table.blocks.get_mut(block as usize) else { return true };
        self.settle_block(block, found, is_over);
        found.epoch != epoch || found.order.is_none()
    }

    /// Returns what each block does.
    pub(super) fn status(&self) -> Vec<BlockStatus> {
        let table = self.table();
        let status = |(number, block): (u32, &Block)| {
            let report = self.report(number);
            BlockStatus {
                phase: report.and_then(|seen| seen.phase()),
                epoch: report.map_or(0, |seen| seen.epoch()),
                is_lent: block.is_lent,
                fault: self.fault(number),
            }
        };
        (0..).zip(&table.blocks).map(status).collect()
    }
}

/// Returns the fault of an actor whose block is gone.
fn actor_fault(fault: Option<Fault>, view: Option<DeviceView>) -> ActorFault {
    let detail = fault.map_or(0, |fault| {
        let line = if fault.code() == Some(FaultCode::Panic) { fault.record().line } else { 0 };
        u64::from(line) << 32 | u64::from(fault.record().code)
    });
    let ticket = view.map_or(0, |view| view.taken() as u32);
    ActorFault { code: FAULT_BLOCK, ticket, detail }
}

/// Says on the line of a device side that is gone that it broke, and closes its rings: who waits
/// for it learns why.
fn bury<S: MailboxShape>(mapped: &Mapped, at: u64, fault: ActorFault) {
    let Some(cells) = mapped.actor::<S>(at) else { return };
    DeviceControl::resuming(cells.device_line()).fault(cells.device_line(), fault);
    for index in 0..cells.mailbox_count() {
        let Some(mailbox) = cells.mailbox(index) else { return };
        ConsumerState::new().close(mailbox.requests());
        ProducerState::resuming(mailbox.replies()).close(mailbox.replies());
    }
}
