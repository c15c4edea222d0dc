//! How a call ended: a number that never changes, and a text in flash.

use core::ffi::{CStr, c_char};

use isokern_cpu::error::{
    CODE_ARENA_TOO_SHORT, CODE_INDEX, CODE_NO_PORT, CODE_NOT_BUILT, CODE_STATE_TOO_SHORT,
};
use isokern_cpu::model::{FormatError, RunError};

/// How a call ended. Only `ISOKERN_STATUS_OK` is zero; the numbers never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// The call did what it is for.
    Ok = 0,
    /// A pointer is null.
    NullPointer = 1,
    /// A pointer is off the boundary that its type or `ISOKERN_ALIGNMENT` asks for.
    Misaligned = 2,
    /// A size field is not that of a structure of this version.
    StructBytes = 3,
    /// The session was not initialised, or its last `isokern_init` failed.
    NotInitialized = 4,
    /// Memory of the session, arena, state and model overlap, or end after the last address.
    Overlap = 5,
    /// The model was written for another version of this interface.
    AbiVersion = 6,
    /// The table of kinds has more entries than there are kinds.
    KindCount = 7,
    /// The memory of a ring or an actor is too short.
    MemoryTooShort = 8,
    /// There is no ring of so many slots, or of messages of so many bytes.
    RingShape = 9,
    /// An actor has 1 to 4 buffers.
    BufferCount = 10,
    /// A deadline needs a clock.
    NoClock = 11,
    /// The buffer of the request is not the caller's.
    NoSuchRequest = 12,
    /// The model has fewer bytes than its header alone.
    ModelTooShort = 256,
    /// The model starts off a boundary of `ISOKERN_ALIGNMENT` bytes.
    ModelMisaligned = 257,
    /// A field of the model's header is not valid.
    ModelHeader = 258,
    /// The model is of another version of the format.
    ModelVersion = 259,
    /// The model promises answers of a numeric profile that this library does not compute.
    ModelProfile = 260,
    /// The model is shorter or longer than its header says.
    ModelLength = 261,
    /// The bytes of the model changed since they were written.
    ModelChecksum = 262,
    /// A tensor of the model is not valid.
    ModelTensor = 263,
    /// An operator of the model is not valid.
    ModelOperator = 264,
    /// Two tensors of the model share memory that must not.
    ModelOverlap = 265,
    /// A constant of the model is not valid.
    ModelConstant = 266,
    /// The arena is shorter than the model needs.
    ArenaTooShort = 512,
    /// A kind of operator is not in the model's table; `isokern_missing_kind` names it.
    KindNotLinked = 516,
    /// The state is shorter than the model needs.
    StateTooShort = 518,
    /// The model has no input or output of that index.
    NoSuchTensor = 519,
    /// An index that the model reads is that of nothing.
    IndexValue = 520,
    /// The ring has no free slot, or the actor no free buffer.
    Full = 768,
    /// There is no message, no answer, or nothing to do.
    Empty = 769,
    /// The other side has closed, or the actor has ended.
    Closed = 770,
    /// The deadline passed before the model ran, or before the answer was taken.
    Expired = 1024,
    /// The deadline passed while the model ran.
    TimedOut = 1025,
    /// The actor was stopped first.
    Stopped = 1026,
    /// The memory of the actor was written by somebody else.
    ActorDamaged = 1027,
}

impl Status {
    /// Returns every status, in the order of the numbers.
    #[must_use]
    pub const fn all() -> [Self; 36] {
        [
            Self::Ok,
            Self::NullPointer,
            Self::Misaligned,
            Self::StructBytes,
            Self::NotInitialized,
            Self::Overlap,
            Self::AbiVersion,
            Self::KindCount,
            Self::MemoryTooShort,
            Self::RingShape,
            Self::BufferCount,
            Self::NoClock,
            Self::NoSuchRequest,
            Self::ModelTooShort,
            Self::ModelMisaligned,
            Self::ModelHeader,
            Self::ModelVersion,
            Self::ModelProfile,
            Self::ModelLength,
            Self::ModelChecksum,
            Self::ModelTensor,
            Self::ModelOperator,
            Self::ModelOverlap,
            Self::ModelConstant,
            Self::ArenaTooShort,
            Self::KindNotLinked,
            Self::StateTooShort,
            Self::NoSuchTensor,
            Self::IndexValue,
            Self::Full,
            Self::Empty,
            Self::Closed,
            Self::Expired,
            Self::TimedOut,
            Self::Stopped,
            Self::ActorDamaged,
        ]
    }

    /// Returns how a call ended.
    pub(crate) fn of(result: Result<(), Self>) -> Self {
        result.err().unwrap_or(Self::Ok)
    }

    /// Returns what the status means, and what to do.
    #[must_use]
    pub const fn text(self) -> &'static CStr {
        match self {
            Self::Ok => c"ok",
            Self::NullPointer => c"a pointer is null. Fix: pass the address of an object",
            Self::Misaligned => c"a pointer is misaligned. Fix: declare it with ISOKERN_ALIGNED",
            Self::StructBytes => {
                c"a size field is wrong. Fix: set struct_bytes to sizeof of the structure"
            }
            Self::NotInitialized => c"the session is not initialised. Fix: call isokern_init",
            Self::Overlap => {
                c"session, arena, state and model overlap. Fix: give each memory of its own"
            }
            Self::AbiVersion => {
                c"the model is for another version of the interface. Fix: compile it with the \
                  header of this library"
            }
            Self::KindCount => c"the table of kinds is too long. Fix: name each kind once",
            Self::MemoryTooShort => c"the memory is too short. Fix: give it the bytes asked for",
            Self::RingShape => {
                c"there is no such ring. Fix: a power of two of slots, messages up to 64 bytes"
            }
            Self::BufferCount => c"there is no such actor. Fix: give it 1 to 4 buffers",
            Self::NoClock => c"the actor has no clock. Fix: pass one, or a deadline of 0",
            Self::NoSuchRequest => {
                c"the buffer is not yours. Fix: claim it, or wait for its answer"
            }
            Self::ModelTooShort => c"the model has no whole header. Fix: pass the whole file",
            Self::ModelMisaligned => c"the model is misaligned. Fix: use ISOKERN_ALIGNED",
            Self::ModelHeader => c"the header is not valid. Fix: convert the model again",
            Self::ModelVersion => c"the model has another format version. Fix: convert it again",
            Self::ModelProfile => c"the numeric profile is not known. Fix: update this library",
            Self::ModelLength => c"the length is not that of the header. Fix: copy the model again",
            Self::ModelChecksum => c"the bytes of the model have changed. Fix: copy it again",
            Self::ModelTensor => c"a tensor is not valid. Fix: convert the model again",
            Self::ModelOperator => c"an operator is not valid. Fix: convert the model again",
            Self::ModelOverlap => c"tensors of the model share memory. Fix: convert it again",
            Self::ModelConstant => c"a constant is not valid. Fix: convert the model again",
            Self::ArenaTooShort => c"the arena is too short. Fix: give it arena_bytes",
            Self::KindNotLinked => {
                c"a kind of operator is not linked. Fix: add what isokern_missing_kind names to \
                  the kinds of the model"
            }
            Self::StateTooShort => c"the state is too short. Fix: give it state_bytes",
            Self::NoSuchTensor => c"there is no tensor of this index. Fix: stay below the count",
            Self::IndexValue => {
                c"an index that the model reads is out of range. Fix: write smaller inputs"
            }
            Self::Full => c"nothing is free. Fix: try again later, or count it as lost",
            Self::Empty => c"nothing is there. Fix: look again later",
            Self::Closed => c"the other side has ended. Fix: initialise again to go on",
            Self::Expired => c"the deadline passed first. Fix: allow more time, or ask less",
            Self::TimedOut => c"the deadline passed in the run. Fix: allow more time",
            Self::Stopped => c"the actor was stopped first. Fix: initialise it again",
            Self::ActorDamaged => {
                c"the actor's memory was overwritten. Fix: find who writes to it, and initialise it"
            }
        }
    }

    /// Returns the text of a number, which need not be that of a status.
    pub(crate) fn text_of(number: i32) -> *const c_char {
        let status = Self::all().into_iter().find(|status| *status as i32 == number);
        status.map_or(c"unknown status", Self::text).as_ptr()
    }
}

impl From<FormatError> for Status {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::TooShort { .. } => Self::ModelTooShort,
            FormatError::Misaligned { .. } => Self::ModelMisaligned,
            FormatError::Version { .. } => Self::ModelVersion,
            FormatError::Profile { .. } => Self::ModelProfile,
            FormatError::Length { .. } => Self::ModelLength,
            FormatError::Checksum { .. } => Self::ModelChecksum,
            FormatError::Tensor { .. } => Self::ModelTensor,
            FormatError::Constant { .. } => Self::ModelConstant,
            FormatError::Operator { .. } => Self::ModelOperator,
            FormatError::NotBuilt { .. } => Self::KindNotLinked,
            FormatError::Overlap { .. } => Self::ModelOverlap,
            // Errors of a later version are found in the header first.
            FormatError::Header { .. } | _ => Self::ModelHeader,
        }
    }
}

impl From<RunError> for Status {
    fn from(error: RunError) -> Self {
        if let RunError::Index { .. } = error { Self::IndexValue } else { Self::KindNotLinked }
    }
}

// The numbers are those of the crates in Rust.
const _: () = {
    assert!(Status::ArenaTooShort as u32 == CODE_ARENA_TOO_SHORT);
    assert!(Status::KindNotLinked as u32 == CODE_NOT_BUILT);
    assert!(Status::StateTooShort as u32 == CODE_STATE_TOO_SHORT);
    assert!(Status::NoSuchTensor as u32 == CODE_NO_PORT);
    assert!(Status::IndexValue as u32 == CODE_INDEX);
};
