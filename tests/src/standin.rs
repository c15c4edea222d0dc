//! The driver that tests of the CUDA backend use: the stand-in, the machine's own, or none.
//!
//! The stand-in is built beside the tests and opened by its path before anything asks for
//! `libcuda.so`; later searches for that name find it. `ISOKERN_CUDA=system` leaves it closed.
#![allow(unsafe_code)]

use core::ffi::c_char;
use std::env;
use std::ffi::CString;
use std::path::PathBuf;
use std::sync::OnceLock;

use isokern_cuda::{CudaError, Device, Driver};
use libloading::Library;

pub use isokern_simcuda::driver::LiveObjects;

/// What runs kernels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runner {
    /// The stand-in, on the CPU.
    Standin,
    /// A GPU of this name.
    Gpu(String),
    /// Nothing, and why.
    Nothing(CudaError),
}

/// Finds what runs kernels in this process, once.
pub fn runner() -> &'static Runner {
    static RUNNER: OnceLock<Runner> = OnceLock::new();
    RUNNER.get_or_init(|| {
        if library().is_some() {
            return Runner::Standin;
        }
        let name = Driver::find().and_then(|_| Device::new(0)).and_then(Device::name);
        name.map_or_else(Runner::Nothing, Runner::Gpu)
    })
}

/// Returns where cargo puts the stand-in: beside the programs of the tests.
#[must_use]
pub fn library_path() -> PathBuf {
    let test = env::current_exe().expect("the test has a path");
    test.parent().expect("it is in a folder").join("libisokern_simcuda.so")
}

/// Returns why tests that need the stand-in cannot run; `None` where they can.
#[must_use]
pub fn missing() -> Option<&'static str> {
    let reason = "the stand-in is not built, or ISOKERN_CUDA=system leaves it closed";
    library().is_none().then_some(reason)
}

/// Returns the stand-in, if it was built and is wanted.
pub fn library() -> Option<&'static Library> {
    static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        let path = library_path();
        let wanted = env::var_os("ISOKERN_CUDA").is_none_or(|choice| choice != "system");
        if !wanted || !path.is_file() {
            return None;
        }
        // SAFETY: loading the library runs nothing of it.
        let opened = unsafe { Library::new(&path) };
        Some(opened.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    });
    library.as_ref()
}

/// Returns a function that only the stand-in has.
fn own<T: Copy>(name: &[u8]) -> T {
    let library = library().expect("the stand-in is loaded");
    // SAFETY: the callers below give the type that the library declares.
    let symbol = unsafe { library.get::<T>(name) };
    *symbol.expect("the stand-in has it")
}

/// Returns what is alive.
#[must_use]
pub fn live_objects() -> LiveObjects {
    let count: unsafe extern "C" fn(*mut LiveObjects) -> u32 = own(b"isokernSimLiveObjects\0");
    let mut objects = LiveObjects::default();
    // SAFETY: the structure is the library's.
    assert_eq!(unsafe { count(&raw mut objects) }, 0);
    objects
}

/// Lets a call fail, the `index`-th from now, from 1; `*` is any.
pub fn fail_at(call: &str, index: u64, code: u32) {
    type FailAt = unsafe extern "C" fn(*const c_char, u64, u32) -> u32;
    let fail_at: FailAt = own(b"isokernSimFailAt\0");
    let call = CString::new(call).expect("names have no NUL");
    // SAFETY: the text ends with NUL.
    assert_eq!(unsafe { fail_at(call.as_ptr(), index, code) }, 0);
}

/// Forgets all failures that were asked for.
pub fn fail_never() {
    let never: unsafe extern "C" fn() -> u32 = own(b"isokernSimFailNever\0");
    // SAFETY: the call takes nothing.
    assert_eq!(unsafe { never() }, 0);
}

/// Returns how often a call was made; `*` is any.
#[must_use]
pub fn call_count(call: &str) -> u64 {
    type CallCount = unsafe extern "C" fn(*const c_char, *mut u64) -> u32;
    let call_count: CallCount = own(b"isokernSimCallCount\0");
    let call = CString::new(call).expect("names have no NUL");
    let mut count = 0;
    // SAFETY: the text ends with NUL, and the count is a place for a number.
    assert_eq!(unsafe { call_count(call.as_ptr(), &raw mut count) }, 0);
    count
}
