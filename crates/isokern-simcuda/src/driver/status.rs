//! The result codes of the driver API, with their names and texts: all those of release 12.8.
//!
//! The stand-in returns no others: programs know the codes of the release they were built for, and
//! bindings may declare them as an enum, where another code is undefined behaviour.

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
    PROFILER_DISABLED = 5,
        "the profiler is disabled";
    PROFILER_NOT_INITIALIZED = 6,
        "the profiler was not started";
    PROFILER_ALREADY_STARTED = 7,
        "the profiler is running already";
    PROFILER_ALREADY_STOPPED = 8,
        "the profiler is not running";
    STUB_LIBRARY = 34,
        "the library is the stub that programs are linked with";
    DEVICE_UNAVAILABLE = 46,
        "another process holds the device";
    NO_DEVICE = 100,
        "no device was found";
    INVALID_DEVICE = 101,
        "no device has this ordinal";
    DEVICE_NOT_LICENSED = 102,
        "there is no licence for the device";
    INVALID_IMAGE = 200,
        "the module image is not valid";
    INVALID_CONTEXT = 201,
        "no valid context is current";
    CONTEXT_ALREADY_CURRENT = 202,
        "the context is current already";
    MAP_FAILED = 205,
        "the memory could not be mapped";
    UNMAP_FAILED = 206,
        "the memory could not be unmapped";
    ARRAY_IS_MAPPED = 207,
        "the array is mapped";
    ALREADY_MAPPED = 208,
        "the resource is mapped already";
    NO_BINARY_FOR_GPU = 209,
        "no code in the image runs on this device";
    ALREADY_ACQUIRED = 210,
        "the resource is taken already";
    NOT_MAPPED = 211,
        "the resource is not mapped";
    NOT_MAPPED_AS_ARRAY = 212,
        "the resource is not mapped as an array";
    NOT_MAPPED_AS_POINTER = 213,
        "the resource is not mapped as memory";
    ECC_UNCORRECTABLE = 214,
        "device memory is damaged";
    UNSUPPORTED_LIMIT = 215,
        "the device does not have this limit";
    CONTEXT_ALREADY_IN_USE = 216,
        "another thread uses the context";
    PEER_ACCESS_UNSUPPORTED = 217,
        "the devices cannot reach each other";
    INVALID_PTX = 218,
        "the PTX does not compile";
    INVALID_GRAPHICS_CONTEXT = 219,
        "the graphics context is not valid";
    NVLINK_UNCORRECTABLE = 220,
        "a link between devices failed";
    JIT_COMPILER_NOT_FOUND = 221,
        "the compiler of PTX was not found";
    UNSUPPORTED_PTX_VERSION = 222,
        "the PTX is newer than this driver";
    JIT_COMPILATION_DISABLED = 223,
        "compiling PTX is disabled";
    UNSUPPORTED_EXEC_AFFINITY = 224,
        "the device has no such affinity";
    UNSUPPORTED_DEVSIDE_SYNC = 225,
        "device code synchronises in a way that is not supported";
    CONTAINED = 226,
        "an error was contained on the device";
    INVALID_SOURCE = 300,
        "the source of a kernel is not valid";
    FILE_NOT_FOUND = 301,
        "the file was not found";
    SHARED_OBJECT_SYMBOL_NOT_FOUND = 302,
        "a library lacks a symbol";
    SHARED_OBJECT_INIT_FAILED = 303,
        "a library could not be started";
    OPERATING_SYSTEM = 304,
        "a call of the operating system failed";
    INVALID_HANDLE = 400,
        "the handle is not one of a live object";
    ILLEGAL_STATE = 401,
        "the object is not in a state that allows the call";
    LOSSY_QUERY = 402,
        "the answer would leave something out";
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
    LAUNCH_INCOMPATIBLE_TEXTURING = 703,
        "the kernel and the launch differ in textures";
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
    TOO_MANY_PEERS = 711,
        "the device has as many peers as it can";
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
    TENSOR_MEMORY_LEAK = 721,
        "a kernel ended with tensor memory still taken";
    NOT_PERMITTED = 800,
        "the call is not permitted here";
    NOT_SUPPORTED = 801,
        "the call is not supported by this driver or device";
    SYSTEM_NOT_READY = 802,
        "the fabric of this machine is not up";
    SYSTEM_DRIVER_MISMATCH = 803,
        "kernel module and library differ in version";
    COMPAT_NOT_SUPPORTED_ON_DEVICE = 804,
        "the compatibility library does not support the device";
    MPS_CONNECTION_FAILED = 805,
        "the MPS client could not connect to its server";
    MPS_RPC_FAILURE = 806,
        "a call of the MPS server failed";
    MPS_SERVER_NOT_READY = 807,
        "the MPS server takes no client now";
    MPS_MAX_CLIENTS_REACHED = 808,
        "the MPS server has as many clients as it can";
    MPS_MAX_CONNECTIONS_REACHED = 809,
        "the MPS server has as many connections as it can";
    MPS_CLIENT_TERMINATED = 810,
        "the MPS server has ended this client";
    CDP_NOT_SUPPORTED = 811,
        "kernels cannot launch kernels here";
    CDP_VERSION_MISMATCH = 812,
        "the module and the driver differ in how kernels launch kernels";
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
    TIMEOUT = 909,
        "a wait took too long";
    GRAPH_EXEC_UPDATE_FAILURE = 910,
        "the graph cannot be changed in that way";
    EXTERNAL_DEVICE = 911,
        "a device of another kind failed";
    INVALID_CLUSTER_SIZE = 912,
        "the cluster is of no size that the device has";
    FUNCTION_NOT_LOADED = 913,
        "the function is not loaded";
    INVALID_RESOURCE_TYPE = 914,
        "the resource is of another type";
    INVALID_RESOURCE_CONFIGURATION = 915,
        "the resources do not fit together";
    KEY_ROTATION = 916,
        "the keys of the device are being exchanged";
    UNKNOWN = 999,
        "an unknown error";
}

impl Status {
    /// Returns the code of this number, where the driver API has it and it is an error.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        (code != 0 && row(code).is_some()).then_some(Self(code))
    }

    /// Returns the code of this name, with or without `CUDA_ERROR_` before it, whatever its case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let is_named = |found: &str| {
            let found = found.trim_end_matches('\0');
            let short = found.strip_prefix("CUDA_ERROR_").unwrap_or(found);
            found.eq_ignore_ascii_case(name) || short.eq_ignore_ascii_case(name)
        };
        let row = TABLE.iter().find(|(code, found, _)| *code != 0 && is_named(found));
        row.map(|&(code, ..)| Self(code))
    }

    /// Returns the number.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }
}

/// Returns the name of a code, `CUDA_ERROR_...`.
#[must_use]
pub fn name(code: u32) -> Option<&'static CStr> {
    row(code).and_then(|&(_, name, _)| CStr::from_bytes_with_nul(name.as_bytes()).ok())
}

/// Returns what a code means, in words.
#[must_use]
pub fn text(code: u32) -> Option<&'static CStr> {
    row(code).and_then(|&(_, _, text)| CStr::from_bytes_with_nul(text.as_bytes()).ok())
}

fn row(code: u32) -> Option<&'static (u32, &'static str, &'static str)> {
    TABLE.iter().find(|(have, ..)| *have == code)
}

#[cfg(test)]
mod tests {
    use super::{Status, TABLE, name, text};

    #[test]
    fn every_code_has_a_name_and_a_text_of_its_own() {
        // 99 errors are in `cuda.h` of release 12.8, and success.
        assert_eq!(TABLE.len(), 100);
        assert!(TABLE.is_sorted_by(|(a, ..), (b, ..)| a < b));
        for &(code, ..) in &TABLE[1..] {
            let name = name(code).and_then(|name| name.to_str().ok()).unwrap_or_default();
            let short = name.strip_prefix("CUDA_ERROR_").unwrap_or_default();
            let status = Status::from_code(code);
            assert!(status.is_some() && text(code).is_some(), "{code}");
            for name in [name, short, &short.to_ascii_lowercase()] {
                assert_eq!(Status::from_name(name), status, "{name}");
            }
        }
        assert_eq!((name(12_345), text(12_345)), (None, None));
        assert_eq!(Status::from_name("CUDA_SUCCESS"), None);
        assert_eq!(Status::from_name("CUDA_ERROR_"), None);
    }
}
