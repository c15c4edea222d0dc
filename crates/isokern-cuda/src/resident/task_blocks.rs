//! Blocks that work for a megakernel.

use std::thread;
use std::time::Instant;

use isokern_core::device::{BlockPhase, TaskOrder};
use isokern_core::ring::next_turn;

use super::block::{Block, Blocks, NAP, Order};
use super::error::ResidentError;

impl Blocks {
    /// Takes so many free blocks as workers, once those of the megakernel before are over.
    pub(super) fn lend_workers(&self, count: u32) -> Result<Vec<u32>, ResidentError> {
        let began = Instant::now();
        loop {
            if let Some(blocks) = self.try_lend_workers(count, began.elapsed() >= self.patience)? {
                return Ok(blocks);
            }
            thread::sleep(NAP);
        }
    }

    fn try_lend_workers(
        &self,
        count: u32,
        is_late: bool,
    ) -> Result<Option<Vec<u32>>, ResidentError> {
        let mut table = self.table();
        self.settle_all(&mut table);
        let reports: Vec<_> = (0..self.layout().blocks).map(|block| self.report(block)).collect();
        let is_in = |phase| reports.iter().flatten().filter(move |it| it.phase() == Some(phase));
        if table.is_over || is_in(BlockPhase::Left).next().is_some() {
            return Err(ResidentError::Ended);
        }
        if table.blocks.iter().any(|block| block.is_worker) {
            return Err(ResidentError::WorkersInUse);
        }
        let linked = table.linked_blocks();
        let is_unused = |number: u32, block: &Block| {
            let report = reports.get(number as usize).copied().flatten();
            !block.is_lent
                && block.order.is_none()
                && !linked.contains(&number)
                && report.is_some_and(|seen| seen.is_free())
        };
        let is_at_work = |block: &Block| block.order.as_ref().is_some_and(Order::is_work);
        let free: Vec<u32> = (0..)
            .zip(&table.blocks)
            .filter(|(number, block)| is_unused(*number, block))
            .map(|(number, _)| number)
            .take(count as usize)
            .collect();
        if free.len() < count as usize || table.blocks.iter().any(is_at_work) {
            let spent = is_in(BlockPhase::Spent).count() as u32;
            return if is_late { Err(ResidentError::Spent { spent }) } else { Ok(None) };
        }
        for (_, block) in (0..).zip(&mut table.blocks).filter(|(number, _)| free.contains(number)) {
            (block.is_lent, block.is_worker) = (true, true);
        }
        Ok(Some(free))
    }

    /// Writes an order of a megakernel to the first of these blocks that can take one, and returns
    /// the block and the epoch; `None` when all of them are gone.
    pub(super) fn order_work(
        &self,
        blocks: &[u32],
        key: u32,
        order: &TaskOrder,
    ) -> Option<(u32, u32)> {
        let mut table = self.table();
        self.settle_all(&mut table);
        if table.is_over {
            return None;
        }
        let is_free = |number: u32| self.report(number).is_some_and(|seen| seen.is_free());
        let (number, block) = (0..).zip(&mut table.blocks).find(|(number, block)| {
            blocks.contains(number) && block.order.is_none() && is_free(*number)
        })?;
        block.epoch = next_turn(block.epoch);
        block.order = Some(Order { bury: None, pool: None, linked: Vec::new() });
        order.publish(self.mapped().line(self.layout().order(number)), key, block.epoch);
        Some((number, block.epoch))
    }
}

impl Order {
    /// Returns whether it is work of a megakernel.
    const fn is_work(&self) -> bool {
        self.bury.is_none()
    }
}
