//! Runs a grid in an order of a seed.

use super::Progress;
use super::engine::Engine;
use super::fault::Fault;
use super::grid::Grid;

impl Engine {
    /// Runs at most about `budget` instructions of warps in an order of the seed.
    pub(crate) fn run_shuffled(
        &mut self,
        grid: &mut Grid,
        budget: u64,
    ) -> Result<Progress, Box<Fault>> {
        let end = self.counters.warp_instructions.saturating_add(budget.max(1));
        // A step in which every warp waits for a barrier's end runs no instruction.
        for _ in 0..budget.max(1) {
            if self.run_by_seed(grid)? == Progress::Finished {
                return Ok(Progress::Finished);
            }
            if self.counters.warp_instructions >= end {
                break;
            }
        }
        Ok(Progress::Running)
    }

    /// Returns which of the blocks starts first, and the step from one to the next: by the seed, or
    /// in ascending order. The step has no divisor in common with the count, so each has its turn.
    pub(crate) fn order_of(&mut self, blocks: u64) -> (u64, u64) {
        if blocks < 2 || (self.buffers.is_none() && self.order.is_none()) {
            return (0, 1);
        }
        let most = usize::try_from(blocks.min(1 << 16)).unwrap_or(1);
        let first = self.choose(most) as u64;
        let wanted = 1 + self.choose(most) as u64;
        let step = (wanted..).find(|step| divisor(*step, blocks) == 1).unwrap_or(1);
        (first, step)
    }
}

/// Returns the greatest common divisor.
const fn divisor(first: u64, second: u64) -> u64 {
    if second == 0 { first } else { divisor(second, first % second) }
}
