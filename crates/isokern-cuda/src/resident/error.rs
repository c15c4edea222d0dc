//! Why a resident kernel did not start, run an actor or end.

use core::time::Duration;

use isokern_core::device::BlockRefusal;
use thiserror::Error;

use crate::error::CudaError;

/// A failure of [`CudaHost`](super::CudaHost).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResidentError {
    /// The driver refused a call, or the model or device code is not usable.
    #[error(transparent)]
    Cuda(#[from] CudaError),
    /// The plan cannot be kept.
    #[error("the plan cannot be kept: {reason}. Fix: change that number of the plan")]
    Plan {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The device cannot run all blocks of a grid at once.
    #[error("the device has no cooperative launch. Fix: use a GPU that has, or actors on threads")]
    NotCooperative,
    /// This process has a resident kernel on the device: loading another would wait for its end.
    #[error(
        "device {ordinal} has a resident kernel of this process. Fix: plan one host for all actors \
         of a device, or stop the other first"
    )]
    AlreadyResident {
        /// The device.
        ordinal: u32,
    },
    /// The device has no room for so many blocks at the same time.
    #[error(
        "{asked} blocks were asked for, {fits} run at once beside what is left to batch launches. \
         Fix: plan fewer actors and spares, less shared memory, or fewer free multiprocessors"
    )]
    CooperativeResidencyExceeded {
        /// Actors and spares of the plan.
        asked: u32,
        /// How many fit.
        fits: u32,
    },
    /// The thread that renews the lease did not start.
    #[error("the lease thread did not start: {reason}. Fix: let the process have more threads")]
    NoThread {
        /// What the system says.
        reason: Box<str>,
    },
    /// Not every block showed itself in time.
    #[error(
        "not all blocks of the kernel started within {within:?}. Fix: give the plan a longer \
         lease, or stop other long kernels on this device"
    )]
    NotStarted {
        /// How long it was waited for.
        within: Duration,
    },
    /// The kernel ended before it was asked to.
    #[error("the resident kernel has ended. Fix: start a new host; its lease may be too short")]
    Ended,
    /// The kernel did not end in time.
    #[error(
        "the resident kernel still runs after {within:?}. Fix: wait longer; its memory is kept \
         until it ends"
    )]
    StillRunning {
        /// How long it was waited for.
        within: Duration,
    },
    /// Every actor of the plan is in use.
    #[error("all {actors} actors are in use. Fix: stop and drop one, or plan more")]
    NoFreeBlock {
        /// Actors of the plan.
        actors: u32,
    },
    /// A table of tasks' models has none, too many, or no places.
    #[error(
        "a table for tasks of {models} models and {places} places cannot be made. Fix: give it 1 \
         to 16 models and a place for each task in flight"
    )]
    TaskTable {
        /// Models that were named.
        models: usize,
        /// Places that were asked for.
        places: u32,
    },
    /// The workers have a megakernel.
    #[error(
        "the workers of the plan have a megakernel. Fix: finish it and drop its ends, or run its \
         tasks there"
    )]
    WorkersInUse,
    /// So many blocks met a fault that no block is left.
    #[error("{spent} blocks met a fault and none is left. Fix: start a new host; plan more spares")]
    Spent {
        /// Blocks that met a fault.
        spent: u32,
    },
    /// An actor's mailboxes do not fit the plan.
    #[error("an actor needs {need} bytes, the plan gives {have}. Fix: plan more actor bytes")]
    ActorTooLarge {
        /// Bytes of the plan.
        have: u64,
        /// Bytes of the actor's memory.
        need: u64,
    },
    /// An actor's state does not fit the plan.
    #[error("an actor's state has {need} bytes, the plan gives {have}. Fix: plan more for it")]
    StateTooLarge {
        /// Bytes of the plan.
        have: u32,
        /// Bytes of the state.
        need: usize,
    },
    /// The device code did not run the actor.
    #[error("the device code refused the actor `{entry}`: {}", why(*.refusal))]
    Refused {
        /// The resident's name.
        entry: &'static str,
        /// Why; `None` for a number that this build does not know.
        refusal: Option<BlockRefusal>,
    },
    /// A block did not take its order in time.
    #[error(
        "block {block} did not take its order within {within:?}. Fix: give the plan a longer lease"
    )]
    NoAnswer {
        /// The block.
        block: u32,
        /// How long it was waited for.
        within: Duration,
    },
    /// Memory, a model, buffers or a link are of another host.
    #[error(
        "memory, model, buffers or a link are of another host. Fix: use those of one `CudaHost`"
    )]
    OtherHost,
    /// Something was sent over a link before it was given to an actor of the device.
    #[error("the link was used before. Fix: give it to the plan as `take_link` returns it")]
    LinkInUse,
    /// An actor was started in this memory before.
    #[error("an actor was started in this memory before. Fix: lend new memory for another")]
    AlreadyStarted,
    /// A reserve of the plan is full.
    #[error("{asked} bytes were asked of the reserve of {what}, {free} are left. Fix: plan more")]
    ReserveFull {
        /// What it is for.
        what: &'static str,
        /// Bytes asked for.
        asked: u64,
        /// Bytes left.
        free: u64,
    },
    /// A model's arena does not fit.
    #[error(
        "the model's arena has {need} bytes, the plan gives {shared} of shared and {device} of \
         device memory. Fix: plan more of either"
    )]
    ArenaTooLarge {
        /// Bytes of the arena.
        need: u64,
        /// Shared bytes of a block.
        shared: u32,
        /// Device bytes of a block.
        device: u32,
    },
    /// A model's state does not fit.
    #[error("the model's state has {need} bytes, the plan gives {have}. Fix: plan more for it")]
    ModelStateTooLarge {
        /// Bytes of the plan.
        have: u32,
        /// Bytes of the state.
        need: u64,
    },
    /// A model's input and output do not fit one buffer.
    #[error("input and output do not fit a buffer of 2^32 bytes. Fix: use a smaller model")]
    BufferTooLarge,
    /// Such a pool cannot be made.
    #[error("a pool needs a buffer of a byte at least. Fix: ask for one of either at least")]
    EmptyPool,
}

const fn why(refusal: Option<BlockRefusal>) -> &'static str {
    match refusal {
        Some(BlockRefusal::UnknownKey) => {
            "it has none of this name. Fix: load device code that has it, with `start_ptx`"
        }
        Some(BlockRefusal::Shape) => {
            "its mailboxes are of another shape. Fix: build host and device from one source"
        }
        Some(BlockRefusal::State) => {
            "its state has another length. Fix: build host and device from one source"
        }
        Some(BlockRefusal::Model) => {
            "it does not run this model. Fix: load one whose operators the device code has"
        }
        Some(BlockRefusal::Links) => {
            "it sends to fewer actors than it is linked to. Fix: plan it with fewer links"
        }
        Some(BlockRefusal::Arena) => "its arena has no room. Fix: plan more shared or arena bytes",
        Some(_) | None => "for a reason of a newer version. Fix: use one version of both",
    }
}

#[cfg(test)]
mod tests {
    use isokern_core::device::BlockRefusal;

    use super::ResidentError;

    #[test]
    fn every_refusal_says_what_to_do() {
        for refusal in BlockRefusal::ALL.into_iter().map(Some).chain([None]) {
            let text = ResidentError::Refused { entry: "echo", refusal }.to_string();
            assert!(text.contains("`echo`") && text.contains("Fix: "), "{text}");
        }
    }
}
