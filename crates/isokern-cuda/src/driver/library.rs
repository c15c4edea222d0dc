//! Finds the driver library and starts it, without a panic in any case.
//!
//! cudarc loads a function at its first call and panics where it is missing, and so it does
//! without a library at all. So everything this crate calls is looked up here first, once,
//! and only a [`Driver`] leads to the calls.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use cudarc::driver::sys;

use crate::driver::Status;
use crate::driver::check;
use crate::error::CudaError;

/// The driver release that brought the last function this crate calls,
/// `cuGraphInstantiateWithFlags`.
const RELEASE_MIN: u32 = 11_040;

/// Every function this crate calls.
const SYMBOLS: &[&str] = &[
    "cuInit",
    "cuDriverGetVersion",
    "cuDeviceGet",
    "cuDeviceGetCount",
    "cuDeviceGetName",
    "cuDeviceGetAttribute",
    "cuDeviceTotalMem_v2",
    "cuDevicePrimaryCtxRetain",
    "cuDevicePrimaryCtxRelease_v2",
    "cuCtxGetCurrent",
    "cuCtxSetCurrent",
    "cuCtxGetDevice",
    "cuMemAlloc_v2",
    "cuMemFree_v2",
    "cuMemGetInfo_v2",
    "cuMemHostAlloc",
    "cuMemFreeHost",
    "cuMemHostGetDevicePointer_v2",
    "cuMemcpyHtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemsetD8Async",
    "cuStreamCreate",
    "cuStreamDestroy_v2",
    "cuStreamSynchronize",
    "cuStreamQuery",
    "cuStreamWaitEvent",
    "cuStreamBeginCapture_v2",
    "cuStreamEndCapture",
    "cuEventCreate",
    "cuEventDestroy_v2",
    "cuEventRecord",
    "cuEventQuery",
    "cuEventSynchronize",
    "cuGraphInstantiateWithFlags",
    "cuGraphUpload",
    "cuGraphLaunch",
    "cuGraphExecDestroy",
    "cuGraphDestroy",
    "cuModuleLoadDataEx",
    "cuModuleUnload",
    "cuModuleGetFunction",
    "cuFuncGetAttribute",
    "cuFuncSetAttribute",
    "cuLaunchKernel",
    "cuLaunchCooperativeKernel",
    "cuOccupancyMaxActiveBlocksPerMultiprocessor",
];

/// A driver that was found, has every function, and is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Driver {
    version: u32,
}

impl Driver {
    /// Finds and starts the driver. Found once, it is not looked for again; a failure is
    /// looked at anew by the next call.
    ///
    /// ```
    /// use isokern_cuda::{CudaError, Driver};
    ///
    /// match Driver::find() {
    ///     Ok(driver) => println!("driver {}", driver.version()),
    ///     Err(CudaError::NoLibrary) => println!("no driver on this machine"),
    ///     Err(error) => println!("{error}"),
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`CudaError::NoLibrary`], [`CudaError::LibraryNotLoaded`], [`CudaError::MissingSymbol`],
    /// [`CudaError::StubLibrary`], [`CudaError::NoDevice`], [`CudaError::DriverTooOld`], or
    /// [`CudaError::Call`] with what `cuInit` returned.
    pub fn find() -> Result<Self, CudaError> {
        static FOUND: OnceLock<Driver> = OnceLock::new();
        if let Some(driver) = FOUND.get() {
            return Ok(*driver);
        }
        let driver = start()?;
        Ok(*FOUND.get_or_init(|| driver))
    }

    /// Returns the release as the driver says it: 12080 for 12.8.
    #[must_use]
    pub const fn version(self) -> u32 {
        self.version
    }
}

/// The names of the driver library.
const LIBRARIES: &[&str] =
    if cfg!(windows) { &["nvcuda.dll"] } else { &["libcuda.so", "libcuda.so.1"] };

/// Returns why no library was loaded: none is there, or the loader refuses the one that is.
fn not_loaded() -> CudaError {
    for &name in LIBRARIES {
        // SAFETY: loading a driver library runs its initialisers, which is what callers want.
        let Err(error) = (unsafe { libloading::Library::new(name) }) else { continue };
        let reason = reason(&error);
        // A library that it needs in turn is missing under a name of its own.
        let is_absent = reason.contains(name) && reason.contains("No such file");
        if !is_absent && !cfg!(windows) {
            return CudaError::LibraryNotLoaded { reason: reason.into() };
        }
    }
    CudaError::NoLibrary
}

/// Returns what the loader says, without what was tried.
fn reason(error: &libloading::Error) -> String {
    core::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn start() -> Result<Driver, CudaError> {
    // SAFETY: loading a driver library runs its initialisers, which is what callers want.
    if !unsafe { sys::is_culib_present() } {
        return Err(not_loaded());
    }
    // SAFETY: as above; the library was found, so this does not panic.
    let library = unsafe { sys::culib() };
    for &symbol in SYMBOLS {
        // SAFETY: the symbol is looked up and not used.
        let found = unsafe { library.get::<*const ()>(symbol.as_bytes()) };
        if found.is_err() {
            return Err(CudaError::MissingSymbol { symbol });
        }
    }
    // SAFETY: the function exists, and takes no memory.
    let started = check("cuInit", unsafe { sys::cuInit(0) });
    started.map_err(|error| match error.status() {
        Some(Status::STUB_LIBRARY) => CudaError::StubLibrary,
        Some(Status::NO_DEVICE) => CudaError::NoDevice,
        _ => error,
    })?;
    let mut version = 0;
    // SAFETY: the pointer is to a number of the call's type.
    check("cuDriverGetVersion", unsafe { sys::cuDriverGetVersion(&raw mut version) })?;
    let version = version.unsigned_abs();
    if version < RELEASE_MIN {
        return Err(CudaError::DriverTooOld { driver: version, needed: RELEASE_MIN });
    }
    Ok(Driver { version })
}
