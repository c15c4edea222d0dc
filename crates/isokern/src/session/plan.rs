//! Plans: where and how a session runs a model.

use core::num::NonZeroU32;

use isokern_core::KernelMode;
use isokern_cpu::InstructionSet;

use crate::resident::{PARKED, SLOTS};
use isokern_ring::WaitStrategy;

/// What a session runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// The first NVIDIA GPU; the processor where there is none, where it does not take the model,
    /// or where its memory is full. [`Session::place`](crate::Session::place) says which it was,
    /// [`Session::fallback_reason`](crate::Session::fallback_reason) why.
    #[default]
    Auto,
    /// This processor.
    Cpu,
    /// An NVIDIA GPU, or an error.
    Cuda {
        /// Its number, from 0, as the driver counts.
        ordinal: u32,
    },
}

/// How a session is started: a device, a mode, and what these leave open.
///
/// ```
/// use isokern::{Device, KernelMode, Model, Plan};
///
/// # static DIGITS: &[u8] = include_bytes!("../../../../tests/models/digits.ikm");
/// let model = Model::from_bytes(DIGITS)?;
/// let plan = Plan::new(Device::Cpu).with_mode(KernelMode::Ring);
/// let mut actor = model.session_with(plan)?;
/// let mut called = model.session(Device::Cpu)?;
/// assert_eq!(actor.run(&[0_i8; 64])?.bytes(), called.run(&[0_i8; 64])?.bytes());
/// # Ok::<(), isokern::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub(super) device: Device,
    pub(super) mode: KernelMode,
    pub(super) instructions: Option<InstructionSet>,
    pub(super) in_flight: usize,
    pub(super) workers: Option<NonZeroU32>,
    pub(super) wait: WaitStrategy,
    pub(super) is_traced: bool,
}

impl Plan {
    /// Returns the plan of [`Model::session`](crate::Model::session): batch mode, the fastest
    /// instructions that the processor has.
    #[must_use]
    pub const fn new(device: Device) -> Self {
        Self {
            device,
            mode: KernelMode::Batch,
            instructions: None,
            in_flight: SLOTS,
            workers: None,
            wait: PARKED,
            is_traced: false,
        }
    }

    /// Returns the plan with a mode: called for each sample (batch), a resident actor that is asked
    /// through a ring, on a thread of its own or a block of a GPU (ring), or tasks of resident
    /// workers on the processor (megakernel). The answers are the same.
    #[must_use]
    pub const fn with_mode(self, mode: KernelMode) -> Self {
        Self { mode, ..self }
    }

    /// Returns the plan with these instructions of the processor. The answers are the same.
    #[must_use]
    pub const fn with_instruction_set(self, instructions: InstructionSet) -> Self {
        Self { instructions: Some(instructions), ..self }
    }

    /// Returns the plan with so many samples of a batch under way at once in ring and megakernel
    /// mode, 8 unless it is said, and at most; one of a model with state.
    #[must_use]
    pub const fn with_in_flight(self, count: usize) -> Self {
        let in_flight = if count == 0 {
            1
        } else if count > SLOTS {
            SLOTS
        } else {
            count
        };
        Self { in_flight, ..self }
    }

    /// Returns the plan with so many workers in megakernel mode; as many as the machine has
    /// threads, unless it is said.
    #[must_use]
    pub const fn with_workers(self, count: NonZeroU32) -> Self {
        Self { workers: Some(count), ..self }
    }

    /// Returns the plan with a way to wait in ring mode, for both sides. Unless it is said, both
    /// sleep after a while without anything to do.
    #[must_use]
    pub const fn with_wait(self, wait: WaitStrategy) -> Self {
        Self { wait, ..self }
    }

    /// Returns the plan where workers note claims of tasks in megakernel mode, for
    /// [`Session::finish`](crate::Session::finish): on threads every one, and notes grow with every
    /// sample; on a GPU the last one of each of the last 4096 tasks, by the device's timer.
    #[must_use]
    pub const fn with_trace(self) -> Self {
        Self { is_traced: true, ..self }
    }
}
