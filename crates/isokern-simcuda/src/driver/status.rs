//! The result codes of the driver API, with their names and texts.

use core::ffi::CStr;

/// A result code: what a call returns when it is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(u32);

/// What a call ends with.
pub type Outcome<T = ()> = Result<T, Status>;

/// Declares the codes and the table of names and texts together, so that none is forgotten.
macro_rules! codes {
    ($($constant:ident = $code:literal, $text:literal;)*) => {
        impl Status {
            $(#[doc = concat!("`CUDA_ERROR_", stringify!($constant), "`: ", $text, ".")]
            pub const $constant: Self = Self($code);)*
        }

        /// Every code with its name and text, as C strings.
        const TABLE: &[(u32, &str, &str)] = &[
            (0, "CUDA_SUCCESS\0", "no error\0"),
            $((
                $code,
                concat!("CUDA_ERROR_", stringify!($constant), "\0"),
                concat!($text, "\0"),
            ),)*
        ];
    };
}

codes! {
    INVALID_VALUE = 1,
        "an argument is outside what the call accepts";
    OUT_OF_MEMORY = 2,
        "there is not enough memory left";
    NOT_INITIALIZED = 3,
        "cuInit was not called or failed";
    DEINITIALIZED = 4,
        "the driver is shutting down";
    NO_DEVICE = 100,
        "no device was found";
    INVALID_DEVICE = 101,
        "no device has this ordinal";
    INVALID_IMAGE = 200,
        "the module image is not valid";
    INVALID_CONTEXT = 201,
        "no valid context is current";
    NO_BINARY_FOR_GPU = 209,
        "no code in the image runs on this device";
    UNSUPPORTED_LIMIT = 215,
        "the device does not have this limit";
    PEER_ACCESS_UNSUPPORTED = 217,
        "the devices cannot reach each other";
    INVALID_PTX = 218,
        "the PTX does not compile";
    UNSUPPORTED_PTX_VERSION = 222,
        "the PTX is newer than this driver";
    FILE_NOT_FOUND = 301,
        "the file was not found";
    OPERATING_SYSTEM = 304,
        "a call of the operating system failed";
    INVALID_HANDLE = 400,
        "the handle is not one of a live object";
    ILLEGAL_STATE = 401,
        "the object is not in a state that allows the call";
    NOT_FOUND = 500,
        "no symbol has this name";
    NOT_READY = 600,
        "work is still going on";
    ILLEGAL_ADDRESS = 700,
        "a kernel used an address outside live memory";
    LAUNCH_OUT_OF_RESOURCES = 701,
        "a block needs more registers or shared memory than there are";
    LAUNCH_TIMEOUT = 702,
        "a kernel ran too long";
    PEER_ACCESS_ALREADY_ENABLED = 704,
        "access to this peer is enabled already";
    PEER_ACCESS_NOT_ENABLED = 705,
        "access to this peer is not enabled";
    PRIMARY_CONTEXT_ACTIVE = 708,
        "the primary context is in use already";
    CONTEXT_IS_DESTROYED = 709,
        "the current context was destroyed";
    ASSERT = 710,
        "an assertion failed in a kernel";
    HOST_MEMORY_ALREADY_REGISTERED = 712,
        "the memory is registered already";
    HOST_MEMORY_NOT_REGISTERED = 713,
        "the memory is not registered";
    HARDWARE_STACK_ERROR = 714,
        "a kernel's stack is used up or broken";
    ILLEGAL_INSTRUCTION = 715,
        "a kernel ran an instruction that is not allowed there";
    MISALIGNED_ADDRESS = 716,
        "a kernel used an address that is not aligned";
    INVALID_ADDRESS_SPACE = 717,
        "a kernel used an address of another state space";
    INVALID_PC = 718,
        "a kernel jumped to what is no instruction";
    LAUNCH_FAILED = 719,
        "a kernel failed";
    COOPERATIVE_LAUNCH_TOO_LARGE = 720,
        "more blocks than can be resident at once";
    NOT_PERMITTED = 800,
        "the call is not permitted here";
    NOT_SUPPORTED = 801,
        "the call is not supported by this driver or device";
    STREAM_CAPTURE_UNSUPPORTED = 900,
        "the call is not allowed while the stream is captured";
    STREAM_CAPTURE_INVALIDATED = 901,
        "an earlier error has ended this capture";
    STREAM_CAPTURE_MERGE = 902,
        "the call would join two captures";
    STREAM_CAPTURE_UNMATCHED = 903,
        "the capture did not begin in this stream";
    STREAM_CAPTURE_UNJOINED = 904,
        "a forked stream was not joined again";
    STREAM_CAPTURE_ISOLATION = 905,
        "captured work would depend on work outside";
    STREAM_CAPTURE_IMPLICIT = 906,
        "the legacy stream would depend on captured work";
    CAPTURED_EVENT = 907,
        "the event was last recorded in a capture";
    STREAM_CAPTURE_WRONG_THREAD = 908,
        "the capture was begun by another thread";
    UNKNOWN = 999,
        "an unknown error";
}

impl Status {
    /// The code of this number, where the driver API has it and it is an error.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        (code != 0 && row(code).is_some()).then_some(Self(code))
    }

    /// The number.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }
}

/// The name of a code, `CUDA_ERROR_...`.
#[must_use]
pub fn name(code: u32) -> Option<&'static CStr> {
    row(code).and_then(|&(_, name, _)| CStr::from_bytes_with_nul(name.as_bytes()).ok())
}

/// What a code means, in words.
#[must_use]
pub fn text(code: u32) -> Option<&'static CStr> {
    row(code).and_then(|&(_, _, text)| CStr::from_bytes_with_nul(text.as_bytes()).ok())
}

fn row(code: u32) -> Option<&'static (u32, &'static str, &'static str)> {
    TABLE.iter().find(|(have, ..)| *have == code)
}
