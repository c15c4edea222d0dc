//! Which registers each instruction of a function reads and writes, for analyses while it runs.

use super::flow::{self, flow};
use super::functions_with_bodies;
use crate::ptx;

/// The registers of a function's instructions, numbered by [`flow`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    /// How many registers there are.
    pub(crate) count: usize,
    /// In the order of the instructions.
    pub(crate) steps: Vec<Step>,
}

/// What one instruction does to registers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) reads: Vec<u32>,
    pub(crate) writes: Vec<u32>,
    /// Written under a guard: lanes may keep what they had.
    pub(crate) partial: Vec<u32>,
}

/// Returns those of every function of a text that was loaded before; nothing where it is none.
pub(super) fn of_text(text: &str) -> Vec<Uses> {
    let Ok(tree) = ptx::parse_lazily(text) else { return Vec::new() };
    let step = |step: &flow::Step| Step {
        reads: step.reads.clone(),
        writes: step.writes.clone(),
        partial: step.partial.clone(),
    };
    let uses = functions_with_bodies(&tree).map(|function| {
        let found = flow(function);
        Uses { count: found.weights.len(), steps: found.steps.iter().map(step).collect() }
    });
    uses.collect()
}
