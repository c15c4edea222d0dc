//! The driver's result codes as numbers, with names and remedies of our own.
//!
//! The driver has texts for its codes, but asking for one takes the driver library, and
//! cudarc panics where that is missing. So the texts are here.

use core::fmt;

/// A result code of the driver that is not success.
///
/// ```
/// use isokern_cuda::Status;
///
/// let status = Status::from_code(700);
/// assert!(status.is_sticky());
/// assert_eq!(status.name(), Some("CUDA_ERROR_ILLEGAL_ADDRESS"));
/// assert_eq!(Status::from_code(12_345).to_string(), "driver code 12345");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(u32);

/// Code, name, what it means, what to do.
type Row = (u32, &'static str, &'static str, &'static str);

/// What to do about a code that says nothing of the cause.
const REPORT: &str = "try once more; if it stays, report it with the device and driver version";
/// What to do about a context that is broken for good.
const RESTART: &str = "restart the process: the driver repeats this error until then";

/// The codes that this crate can meet (CUDA driver API, `CUresult`).
const TABLE: &[Row] = &[
    (1, "CUDA_ERROR_INVALID_VALUE", "an argument is out of range", REPORT),
    (
        2,
        "CUDA_ERROR_OUT_OF_MEMORY",
        "there is not enough memory",
        "drop models or other programs that use this device",
    ),
    (3, "CUDA_ERROR_NOT_INITIALIZED", "the driver was not started", REPORT),
    (4, "CUDA_ERROR_DEINITIALIZED", "the driver is shutting down", "stop before the process ends"),
    (
        34,
        "CUDA_ERROR_STUB_LIBRARY",
        "the library is the toolkit's stub",
        "take the folder `stubs` off the library path",
    ),
    (
        46,
        "CUDA_ERROR_DEVICE_UNAVAILABLE",
        "another process holds the device",
        "wait for it, or set the compute mode to default",
    ),
    (
        100,
        "CUDA_ERROR_NO_DEVICE",
        "the driver found no GPU",
        "check `nvidia-smi` and CUDA_VISIBLE_DEVICES",
    ),
    (
        101,
        "CUDA_ERROR_INVALID_DEVICE",
        "no device has this ordinal",
        "use an ordinal below the device count",
    ),
    (200, "CUDA_ERROR_INVALID_IMAGE", "the image is no device code", "pass PTX text"),
    (201, "CUDA_ERROR_INVALID_CONTEXT", "no usable context is current", REPORT),
    (
        209,
        "CUDA_ERROR_NO_BINARY_FOR_GPU",
        "no code in the image runs on this device",
        "build PTX for a target not above this device",
    ),
    (214, "CUDA_ERROR_ECC_UNCORRECTABLE", "device memory is damaged", RESTART),
    (
        218,
        "CUDA_ERROR_INVALID_PTX",
        "the PTX does not compile",
        "read the log; build for a target not above this device",
    ),
    (220, "CUDA_ERROR_NVLINK_UNCORRECTABLE", "a link between devices failed", RESTART),
    (
        222,
        "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
        "the PTX is newer than the driver",
        "update the driver, or build for an older PTX ISA",
    ),
    (
        301,
        "CUDA_ERROR_FILE_NOT_FOUND",
        "a file of the driver is missing",
        "install the driver anew",
    ),
    (304, "CUDA_ERROR_OPERATING_SYSTEM", "the operating system refused a call", REPORT),
    (400, "CUDA_ERROR_INVALID_HANDLE", "a handle is not of a live object", REPORT),
    (401, "CUDA_ERROR_ILLEGAL_STATE", "the object is not ready for this call", REPORT),
    (500, "CUDA_ERROR_NOT_FOUND", "no kernel has this name", "check the name against the PTX"),
    (600, "CUDA_ERROR_NOT_READY", "work is still going on", "wait for it"),
    (700, "CUDA_ERROR_ILLEGAL_ADDRESS", "a kernel used memory that is not there", RESTART),
    (
        701,
        "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
        "a block needs more registers or shared memory than there are",
        "launch as planned",
    ),
    (
        702,
        "CUDA_ERROR_LAUNCH_TIMEOUT",
        "the display's watchdog stopped a kernel",
        "use a GPU without a display, and restart the process",
    ),
    (709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "the context was destroyed by others", RESTART),
    (710, "CUDA_ERROR_ASSERT", "a kernel's assertion failed", RESTART),
    (714, "CUDA_ERROR_HARDWARE_STACK_ERROR", "a kernel's stack is broken", RESTART),
    (715, "CUDA_ERROR_ILLEGAL_INSTRUCTION", "a kernel ran a bad instruction", RESTART),
    (716, "CUDA_ERROR_MISALIGNED_ADDRESS", "a kernel used a misaligned address", RESTART),
    (717, "CUDA_ERROR_INVALID_ADDRESS_SPACE", "a kernel used the wrong state space", RESTART),
    (718, "CUDA_ERROR_INVALID_PC", "a kernel jumped to nowhere", RESTART),
    (719, "CUDA_ERROR_LAUNCH_FAILED", "a kernel failed", RESTART),
    (800, "CUDA_ERROR_NOT_PERMITTED", "the call is not permitted here", REPORT),
    (
        801,
        "CUDA_ERROR_NOT_SUPPORTED",
        "driver or device cannot do this",
        "update the driver, or use another device",
    ),
    (
        802,
        "CUDA_ERROR_SYSTEM_NOT_READY",
        "the fabric of this machine is not up",
        "start the fabric manager",
    ),
    (
        803,
        "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
        "kernel module and library differ in version",
        "restart the machine after the driver's update",
    ),
    (
        804,
        "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE",
        "the compatibility library does not support this GPU",
        "take it off the library path",
    ),
    (901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "a capture was broken off", REPORT),
    (999, "CUDA_ERROR_UNKNOWN", "an unknown error", "check the system log, then restart"),
];

impl Status {
    /// There is not enough memory.
    pub const OUT_OF_MEMORY: Self = Self(2);
    /// The library is the toolkit's stub.
    pub const STUB_LIBRARY: Self = Self(34);
    /// The driver found no GPU.
    pub const NO_DEVICE: Self = Self(100);

    /// Returns the status with this number.
    #[must_use]
    pub const fn from_code(code: u32) -> Self {
        Self(code)
    }

    /// Returns the driver's number.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }

    /// Returns the driver's name for it, `None` for a number that is not in the table.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.1)
    }

    /// Returns what to do, as half a sentence.
    #[must_use]
    pub fn fix(self) -> &'static str {
        self.row().map_or(REPORT, |row| row.3)
    }

    /// Says whether every later call in this process returns the same error.
    ///
    /// From the descriptions of `CUresult`: the process has to be ended and started again.
    #[must_use]
    pub const fn is_sticky(self) -> bool {
        matches!(self.0, 4 | 214 | 220 | 700 | 702 | 709 | 710 | 714..=719)
    }

    /// Says whether device code did not load: its text, its target or its version.
    #[must_use]
    pub const fn is_about_code(self) -> bool {
        matches!(self.0, 200 | 209 | 218 | 222 | 500)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.0 == self.0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row() {
            Some((code, name, meaning, _)) => write!(f, "{meaning} ({name}, {code})"),
            None => write!(f, "driver code {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Status, TABLE};

    #[test]
    fn the_table_is_in_order_and_has_no_code_twice() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn sticky_codes_say_that_the_process_must_restart() {
        let sticky: Vec<_> = TABLE.iter().filter(|row| Status(row.0).is_sticky()).collect();
        assert!(sticky.len() >= 12, "{}", sticky.len());
        for row in sticky.iter().filter(|row| row.0 != 4) {
            assert!(row.3.contains("restart the process"), "{}", row.1);
        }
    }
}
