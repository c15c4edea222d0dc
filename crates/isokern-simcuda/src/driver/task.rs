//! What a stream can do: copies, fills, kernels, marks, waits.

use std::sync::Arc;
use std::time::Instant;

use super::graph::Node;
use super::host_function::HostFunction;
use super::pointers::Span;
use super::world::World;
use crate::machine::{Grid, Launch};
use crate::memory::Memory;
use crate::program::Program;

/// One end of a copy.
#[derive(Debug, Clone)]
pub enum End {
    /// Memory the device reaches.
    Memory(u64),
    /// The host's pageable memory.
    Host(Span),
    /// Bytes that were taken when the call was made.
    Bytes(Arc<[u8]>),
}

/// A kernel with its shape and parameters.
#[derive(Debug)]
pub struct Kernel {
    /// Its name.
    pub name: String,
    /// Its module's program.
    pub program: Arc<Program>,
    /// How to run it.
    pub launch: Launch,
    /// The part of the device it takes while all its blocks that fit are there, in thousandths.
    pub share: u32,
}

/// Work as a program asked for it.
#[derive(Debug, Clone)]
pub enum Task {
    /// Copies bytes.
    Copy {
        /// Where to.
        target: End,
        /// Where from.
        source: End,
        /// How many.
        bytes: usize,
    },
    /// Repeats a value of 1, 2 or 4 bytes.
    Fill {
        /// Where.
        address: u64,
        /// The value; its low bytes count.
        value: u32,
        /// Bytes of the value.
        width: usize,
        /// How often.
        count: usize,
    },
    /// Runs a kernel.
    Launch(Arc<Kernel>),
    /// Marks the time in an event.
    Record(u64),
    /// Does nothing: what it waited for is done.
    Mark,
    /// Calls a function of the program.
    Call(HostFunction),
    /// Frees memory.
    Free(u64),
    /// Waits until a word has a value.
    WaitValue(Condition),
    /// Writes a word.
    WriteValue(u64, u32),
    /// Runs the nodes of a graph.
    Graph(Arc<[Node]>),
}

/// What a word must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Where the word is.
    pub address: u64,
    /// What it is compared with.
    pub value: u32,
    /// How.
    pub comparison: Comparison,
}

/// How a word is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The difference, as a signed number, is not negative.
    NotBelow,
    /// Equal.
    Equal,
    /// They have a bit in common.
    AnyBit,
    /// There is a bit neither has.
    NotAllBits,
}

/// A task and how far it is.
#[derive(Debug)]
pub struct TaskProgress {
    /// The task.
    pub task: Task,
    /// The kernel, once it has begun.
    pub grid: Option<Grid>,
    /// The progress in a graph.
    pub nodes: Option<NodesLeft>,
}

/// How far a graph is.
#[derive(Debug)]
pub struct NodesLeft {
    /// Which nodes are done.
    pub done: Vec<bool>,
    /// The node that has begun.
    pub current: Option<(usize, Box<TaskProgress>)>,
}

impl TaskProgress {
    /// Returns a task of which nothing is done.
    #[must_use]
    pub const fn new(task: Task) -> Self {
        Self { task, grid: None, nodes: None }
    }

    /// Returns the kernel to begin or go on with, also inside a graph.
    #[must_use]
    pub fn kernel(&self) -> Option<&Arc<Kernel>> {
        match (&self.task, &self.nodes) {
            (Task::Launch(kernel), _) => Some(kernel),
            (Task::Graph(_), Some(left)) => left.current.as_ref()?.1.kernel(),
            _ => None,
        }
    }

    /// Returns whether the kernel has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        let inner = self.nodes.as_ref().and_then(|left| left.current.as_ref());
        self.grid.is_some() || inner.is_some_and(|(_, progress)| progress.has_begun())
    }

    /// Returns the word this waits for, also inside a graph.
    #[must_use]
    pub fn condition(&self) -> Option<Condition> {
        match (&self.task, &self.nodes) {
            (Task::WaitValue(condition), _) => Some(*condition),
            (Task::Graph(_), Some(left)) => left.current.as_ref()?.1.condition(),
            _ => None,
        }
    }
}

impl Condition {
    /// Returns whether it holds. A word that is gone lets nobody wait forever: the task faults when
    /// it runs.
    #[must_use]
    pub fn holds(self, memory: &Memory) -> bool {
        let Ok(word) = read_word(memory, self.address) else { return true };
        match self.comparison {
            Comparison::NotBelow => word.wrapping_sub(self.value).cast_signed() >= 0,
            Comparison::Equal => word == self.value,
            Comparison::AnyBit => word & self.value != 0,
            Comparison::NotAllBits => !(word | self.value) != 0,
        }
    }
}

/// Reads an aligned word in one piece.
///
/// # Errors
///
/// Where the word is not in live memory.
pub fn read_word(memory: &Memory, address: u64) -> Result<u32, crate::memory::AccessError> {
    let (allocation, offset) = memory.range(address, 4)?;
    Ok(u32::try_from(allocation.store.load(offset, 4)).unwrap_or(0))
}

impl World {
    /// Returns whether a task can go on now, as far as the device and memory are concerned.
    #[must_use]
    pub fn can_go_on(&self, progress: &TaskProgress) -> bool {
        if let Some(condition) = progress.condition() {
            return condition.holds(&self.memory);
        }
        match progress.kernel() {
            Some(kernel) if !progress.has_begun() => {
                // A kernel starts only where its blocks find room beside those that run.
                let taken: u32 =
                    self.streams.values().filter_map(|s| Some(s.kernel.as_ref()?.share)).sum();
                taken == 0 || taken + kernel.share <= 1000
            }
            _ => true,
        }
    }

    /// Returns whether some stream waits for a word that may change without a call.
    #[must_use]
    pub fn polls(&self) -> bool {
        let mut first = self.streams.values().filter_map(|stream| stream.queue.front());
        first.any(|item| item.progress.condition().is_some())
    }

    /// Notes that an event's record was reached.
    pub fn mark_event(&mut self, event: u64, ticket: super::stream::Ticket) {
        if let Some(event) = self.events.get_mut(&event)
            && event.recorded == Some(ticket)
        {
            event.time = Some(Instant::now());
        }
    }
}
