//! Functions of the program that the driver calls back.
#![allow(unsafe_code)]

use core::ffi::c_void;

/// A function for `cuLaunchHostFunc`, or null.
pub type PlainFunction = Option<unsafe extern "C" fn(*mut c_void)>;

/// A function for `cuStreamAddCallback`, or null.
pub type CallbackFunction = Option<unsafe extern "C" fn(u64, u32, *mut c_void)>;

/// A function of the program that a stream calls.
#[derive(Debug, Clone, Copy)]
pub enum HostFunction {
    /// Of `cuLaunchHostFunc`.
    Plain(unsafe extern "C" fn(*mut c_void), HostData),
    /// Of `cuStreamAddCallback`: stream and status come first.
    Callback(unsafe extern "C" fn(u64, u32, *mut c_void), HostData, u64),
}

/// What the program gave along for its function.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct HostData(*mut c_void);

// SAFETY: the pointer is only handed back to the program, which gave it for another thread's use.
unsafe impl Send for HostData {}
// SAFETY: as above.
unsafe impl Sync for HostData {}

impl HostFunction {
    /// Calls it.
    pub fn call(self) {
        match self {
            Self::Plain(function, data) => {
                // SAFETY: the program gave the function for this call with this data.
                unsafe { function(data.0) }
            }
            Self::Callback(function, data, stream) => {
                // SAFETY: as above.
                unsafe { function(stream, 0, data.0) }
            }
        }
    }
}

/// The program's function from a block size to dynamic shared memory.
pub type SharedOfBlock = Option<unsafe extern "C" fn(i32) -> usize>;

/// Returns bytes of dynamic shared memory for a block size; `plain` where the program gave no
/// function.
#[must_use]
pub fn shared_of_block(function: SharedOfBlock, threads: u32, plain: usize) -> usize {
    match (function, i32::try_from(threads)) {
        (Some(function), Ok(threads)) => {
            // SAFETY: the program gave the function to be called with block sizes.
            unsafe { function(threads) }
        }
        _ => plain,
    }
}
