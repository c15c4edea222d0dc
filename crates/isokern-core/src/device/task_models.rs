//! The models that tasks of a megakernel run on a device, with the memory they run in.

use bytemuck::{Pod, Zeroable};

/// Models of a table, at most.
pub const TASK_MODELS_MAX: usize = 16;

/// The entry name of tasks that run models, of the shipped device code.
pub const MODEL_TASKS_ENTRY: &str = "isokern_model_tasks";

/// The table of the models that tasks run: what a [`TaskOrder`](super::TaskOrder) names, in mapped
/// memory. The host writes it before the first order that names it, and not while one is under way.
///
/// A task's op handle is a model of the table, its input handle a place, and the parameter of one
/// whose model has state a stream ([`TaskStream`]). A place is a payload in mapped memory, the
/// inputs, packed, and the outputs right after them, and an arena in device memory: there the task
/// is while it waits for its next turn, or runs where a block's shared memory is too short.
///
/// Addresses are the device's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TaskModels {
    /// How many models there are.
    pub model_count: u32,
    /// How many places.
    pub place_count: u32,
    /// How many streams.
    pub stream_count: u32,
    /// 0.
    pub reserved: u32,
    /// The payload of the first place, a multiple of 128, in mapped memory.
    pub payload: u64,
    /// Bytes from one payload to the next.
    pub payload_stride: u64,
    /// The arena of the first place, a multiple of 16, in device memory.
    pub arena: u64,
    /// Bytes from one arena to the next.
    pub arena_stride: u64,
    /// The state of the first stream, a multiple of 16, in device memory.
    pub state: u64,
    /// Bytes from one state to the next.
    pub state_stride: u64,
    /// The models.
    pub models: [TaskModel; TASK_MODELS_MAX],
}

impl TaskModels {
    /// Where the inputs are in a payload. At its start is a word that the host makes 0 before it
    /// submits, and the device 1 when the outputs are there.
    pub const PORTS_AT: u64 = 128;
    /// Bytes before each arena and each state, which are the device's: whether a block has the
    /// place or the stream.
    pub const MARK_BYTES: u64 = 16;
}

/// A model of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TaskModel {
    /// Where it is in device memory, a multiple of 16.
    pub address: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Where it is in mapped memory, to be copied by the order that begins; 0 when that was done.
    pub staging: u64,
}

/// The parameter of a task whose model has state.
///
/// ```
/// use isokern_core::device::TaskStream;
///
/// let first = TaskStream { stream: 3, begins_anew: true };
/// assert_eq!(TaskStream::of_param(first.param()), first);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskStream {
    /// Index of the stream, below 2^31.
    pub stream: u32,
    /// Whether this step begins on the initial state.
    pub begins_anew: bool,
}

const ANEW: u32 = 1 << 31;

impl TaskStream {
    /// Returns the stream that a parameter says.
    #[must_use]
    pub const fn of_param(param: u32) -> Self {
        Self { stream: param & !ANEW, begins_anew: param & ANEW != 0 }
    }

    /// Returns it as a parameter.
    #[must_use]
    pub const fn param(self) -> u32 {
        self.stream & !ANEW | if self.begins_anew { ANEW } else { 0 }
    }
}

// Host and device read these numbers: a change is a change of protocol.
const _: () = {
    assert!(size_of::<TaskModel>() == 24 && align_of::<TaskModel>() == 8);
    assert!(size_of::<TaskModels>() == 64 + 24 * TASK_MODELS_MAX);
};
