//! Loads the stand-in under the name that cudarc looks for, and what the tests ask of it.
#![allow(unsafe_code, dead_code, clippy::unwrap_used)]

use core::ffi::c_char;
use core::ptr;
use std::env;
use std::ffi::CString;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cudarc::driver::{CudaContext, sys};
use isokern_simcuda::driver::LiveObjects;
use libloading::Library;

/// Returns the path of the shared library that cargo built beside this test.
pub(crate) fn library_path() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.parent().unwrap().join("libisokern_simcuda.so")
}

/// Returns the library, opened by its path: whoever asks for `libcuda.so` from now on gets it.
pub(crate) fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        // SAFETY: loading the library runs nothing of it.
        unsafe { Library::new(library_path()) }.unwrap()
    })
}

/// Lets one test at a time use the driver, started.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    library();
    let guard = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    cudarc::driver::result::init().unwrap();
    guard
}

/// Returns the primary context of device 0.
pub(crate) fn context() -> Arc<CudaContext> {
    CudaContext::new(0).unwrap()
}

/// Calls a driver function of the generated bindings and gives its code.
#[macro_export]
macro_rules! call {
    ($name:ident($($argument:expr),* $(,)?)) => {{
        #[allow(clippy::macro_metavars_in_unsafe, reason = "the tests are full of raw calls")]
        // SAFETY: the test passes what the driver API asks for, or what it must refuse.
        let result = unsafe { cudarc::driver::sys::$name($($argument),*) };
        result as u32
    }};
}

fn own<T: Copy>(name: &[u8]) -> T {
    // SAFETY: the callers below give the type the library declares.
    *unsafe { library().get::<T>(name) }.unwrap()
}

/// Returns the report of the last fault.
pub(crate) fn last_report() -> String {
    let report: unsafe extern "C" fn(*mut c_char, usize) -> u32 = own(b"isokernSimLastReport\0");
    let mut text = vec![0_u8; 4096];
    // SAFETY: the buffer has the size that is passed.
    assert_eq!(unsafe { report(text.as_mut_ptr().cast(), text.len()) }, 0);
    let end = text.iter().position(|byte| *byte == 0).unwrap();
    String::from_utf8(text[..end].to_vec()).unwrap()
}

/// Returns what is alive.
pub(crate) fn live_objects() -> LiveObjects {
    let count: unsafe extern "C" fn(*mut LiveObjects) -> u32 = own(b"isokernSimLiveObjects\0");
    let mut objects = LiveObjects::default();
    // SAFETY: the structure is the library's.
    assert_eq!(unsafe { count(&raw mut objects) }, 0);
    objects
}

/// Lets a call fail, counted from now on; gives the code of that request.
pub(crate) fn fail_at(call: &str, index: u64, code: u32) -> u32 {
    type FailAt = unsafe extern "C" fn(*const c_char, u64, u32) -> u32;
    let fail_at: FailAt = own(b"isokernSimFailAt\0");
    let call = CString::new(call).unwrap();
    // SAFETY: the text ends with NUL.
    unsafe { fail_at(call.as_ptr(), index, code) }
}

/// Forgets all failures that were asked for.
pub(crate) fn fail_never() {
    let never: unsafe extern "C" fn() -> u32 = own(b"isokernSimFailNever\0");
    // SAFETY: the call takes nothing.
    assert_eq!(unsafe { never() }, 0);
}

/// Returns how often a call was made, or any for `*`.
pub(crate) fn call_count(call: &str) -> u64 {
    type CallCount = unsafe extern "C" fn(*const c_char, *mut u64) -> u32;
    let call_count: CallCount = own(b"isokernSimCallCount\0");
    let call = CString::new(call).unwrap();
    let mut count = 0;
    // SAFETY: the text ends with NUL and the count is a place for a number.
    assert_eq!(unsafe { call_count(call.as_ptr(), &raw mut count) }, 0);
    count
}

/// Instructions of threads and of warps that kernels executed so far.
pub(crate) fn executed() -> (u64, u64) {
    let executed: unsafe extern "C" fn(*mut u64, *mut u64) -> u32 = own(b"isokernSimExecuted\0");
    let (mut threads, mut warps) = (0, 0);
    // SAFETY: both are places for a number.
    assert_eq!(unsafe { executed(&raw mut threads, &raw mut warps) }, 0);
    (threads, warps)
}

/// A context of its own, current until it is dropped: what faults in it ends with it.
pub(crate) struct OwnContext(pub(crate) sys::CUcontext);

impl OwnContext {
    pub(crate) fn new() -> Self {
        let mut context = ptr::null_mut();
        assert_eq!(call!(cuCtxCreate_v2(&raw mut context, 0, 0)), 0);
        Self(context)
    }
}

impl Drop for OwnContext {
    fn drop(&mut self) {
        // A test that fails may leave a kernel running, for which this would wait.
        if std::thread::panicking() {
            return;
        }
        assert_eq!(call!(cuCtxDestroy_v2(self.0)), 0);
    }
}

/// Returns whether this process is the child that [`in_child`] started for a test.
pub(crate) fn is_child() -> bool {
    env::var_os("STANDIN_CHILD").is_some()
}

/// Runs one test of this file again, in a process of its own with some variables set.
pub(crate) fn in_child(test: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("STANDIN_CHILD", "1");
    command.envs(variables.iter().copied()).output().unwrap()
}

/// Fails with what a child said, unless it succeeded; gives its error output.
pub(crate) fn succeeded(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{text}");
    assert!(said.contains("1 passed"), "the child ran no test: {said}");
    text
}
