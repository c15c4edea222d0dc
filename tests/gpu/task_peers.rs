//! The work of a task as launches: many in a row, and as a graph.
#![allow(unsafe_code)]

use std::time::Instant;

use isokern_cuda::{Function, GraphExec, Module};

use crate::Failure;
use crate::device::Gpu;

/// The entry of `tests/actors/device` that does the work of one task.
const ENTRY: &str = "isokern_test_launched_work";
/// Launches of a graph.
pub(crate) const NODES: u32 = 100;

/// A way to launch it.
#[derive(Debug)]
pub(crate) enum Peer<'a> {
    /// So many launches, and one wait.
    InARow(&'a Function, u32),
    /// One replay, and a wait.
    Graph(GraphExec),
}

impl<'a> Peer<'a> {
    /// Loads the entry.
    pub(crate) fn load(gpu: &Gpu, ptx: &str) -> Result<Function, Failure> {
        Ok(Module::load(gpu.context(), ptx.as_bytes())?.function(ENTRY)?)
    }

    /// Returns launches in a row.
    pub(crate) const fn in_a_row(function: &'a Function, launches: u32) -> Self {
        Self::InARow(function, launches)
    }

    /// Records a graph of launches that do so many rounds.
    pub(crate) fn graph(gpu: &Gpu, function: &Function, rounds: u32) -> Result<Self, Failure> {
        let graph = GraphExec::capture(gpu.stream(), || {
            // SAFETY: the entry has one word as its parameter, and touches no memory.
            (0..NODES).try_for_each(|_| unsafe { gpu.launch_with_word(function, rounds) })
        })?;
        Ok(Self::Graph(graph))
    }

    /// Returns how many launches a sample has.
    pub(crate) const fn launches(&self) -> u32 {
        match self {
            Self::InARow(_, launches) => *launches,
            Self::Graph(_) => NODES,
        }
    }

    /// Returns each launch's share in ns.
    pub(crate) fn sample(&self, gpu: &Gpu, rounds: u32) -> Result<f64, Failure> {
        let start = Instant::now();
        match self {
            Self::InARow(function, launches) => {
                for _ in 0..*launches {
                    // SAFETY: the entry has one word as its parameter, and touches no memory.
                    unsafe { gpu.launch_with_word(function, rounds) }?;
                }
            }
            Self::Graph(graph) => {
                // SAFETY: the nodes touch no memory, and the launch before was waited for.
                unsafe { graph.launch(gpu.stream()) }?;
            }
        }
        gpu.stream().synchronize()?;
        Ok(start.elapsed().as_nanos() as f64 / f64::from(self.launches()))
    }
}
