//! The parameters of the batch kernel.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

/// The version of [`BatchParameters`] that this build writes and reads.
pub const BATCH_VERSION: u32 = 2;

/// What `isokern_batch` and `isokern_batch_all` run: 120 bytes, passed by value as the one
/// parameter.
///
/// Addresses are the device's. Samples form streams: neighbours that run one after the other, on
/// one state. A block takes the streams `block`, `block + blocks`, ... ; for each sample it
/// copies the inputs into its arena, runs every operator, and copies the outputs out. A model
/// without state has streams of one sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct BatchParameters {
    /// [`BATCH_VERSION`].
    pub version: u32,
    /// [`BatchFlags`], as bits.
    pub flags: u32,
    /// Address of the model's bytes, which the host has checked; aligned to 16.
    pub model: u64,
    /// Bytes of the model.
    pub model_bytes: u64,
    /// Address of the inputs, sample after sample, each with all inputs of the model in order.
    pub inputs: u64,
    /// Bytes of one sample's inputs.
    pub input_bytes: u64,
    /// Address of the outputs, sample after sample, each with all outputs of the model in order.
    pub outputs: u64,
    /// Bytes of one sample's outputs.
    pub output_bytes: u64,
    /// Number of samples.
    pub sample_count: u64,
    /// Bytes of arena per block, wherever it is: at least the model's.
    pub arena_bytes: u64,
    /// Address of the blocks' arenas in global memory, aligned to 16; 0 if
    /// [`BatchFlags::ARENA_SHARED`] is set.
    pub scratch: u64,
    /// Bytes from one block's arena to the next, a multiple of 16.
    pub scratch_stride: u64,
    /// Address of a [`FaultRecord`](super::FaultRecord), or 0: then faults end their block
    /// without a word.
    pub fault: u64,
    /// Address of the streams' states in global memory, aligned to 16; 0 for a model without.
    pub state: u64,
    /// Bytes from one stream's state to the next, a multiple of 16.
    pub state_stride: u64,
    /// Samples of a stream, at least 1; the last may have fewer.
    pub stream_samples: u64,
}

const _: () = {
    assert!(size_of::<BatchParameters>() == 120);
    assert!(align_of::<BatchParameters>() == 8);
    assert!(offset_of!(BatchParameters, version) == 0);
    assert!(offset_of!(BatchParameters, flags) == 4);
    assert!(offset_of!(BatchParameters, model) == 8);
    assert!(offset_of!(BatchParameters, model_bytes) == 16);
    assert!(offset_of!(BatchParameters, inputs) == 24);
    assert!(offset_of!(BatchParameters, input_bytes) == 32);
    assert!(offset_of!(BatchParameters, outputs) == 40);
    assert!(offset_of!(BatchParameters, output_bytes) == 48);
    assert!(offset_of!(BatchParameters, sample_count) == 56);
    assert!(offset_of!(BatchParameters, arena_bytes) == 64);
    assert!(offset_of!(BatchParameters, scratch) == 72);
    assert!(offset_of!(BatchParameters, scratch_stride) == 80);
    assert!(offset_of!(BatchParameters, fault) == 88);
    assert!(offset_of!(BatchParameters, state) == 96);
    assert!(offset_of!(BatchParameters, stream_samples) == 112);
};

/// Flags of a launch: choices that the device has to know.
///
/// In shared memory the arena comes first; the model follows at the next multiple of
/// [`SHARED_ALIGN`](super::SHARED_ALIGN).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct BatchFlags(u32);

impl BatchFlags {
    /// Arena and model in global memory.
    pub const NONE: Self = Self(0);
    /// The arena is in the block's shared memory.
    pub const ARENA_SHARED: Self = Self(1);
    /// Each block copies the whole model to its shared memory first.
    pub const MODEL_SHARED: Self = Self(2);

    /// Returns the flags in `bits`; bits without a meaning are dropped.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & 3)
    }

    /// Returns the flags as bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether all of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns these flags and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
