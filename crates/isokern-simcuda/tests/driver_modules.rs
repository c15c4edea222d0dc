//! Loading: what is refused, with which code, and what the log says.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ffi::{CStr, c_void};
use core::ptr;
use std::ffi::CString;
use std::io::Write as _;

use cudarc::driver::sys::{CUjit_option_enum as Jit, CUmodule};
use standin::{OwnContext, live_objects, turn};

const PTX: &str = include_str!("kernels/driver.ptx");

fn load(image: &[u8]) -> (u32, CUmodule) {
    let mut module = ptr::null_mut();
    let code = call!(cuModuleLoadData(&raw mut module, image.as_ptr().cast()));
    (code, module)
}

/// Loads with a place of some bytes for the log; gives the code, the log and its size.
fn load_with_log(text: &str, room: usize) -> (u32, String, usize) {
    let text = CString::new(text).unwrap();
    let mut log = vec![0x7F_u8; 1024];
    let mut options = [Jit::CU_JIT_ERROR_LOG_BUFFER, Jit::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES];
    let mut values: [*mut c_void; 2] = [log.as_mut_ptr().cast(), ptr::without_provenance_mut(room)];
    let mut module = ptr::null_mut();
    let code = call!(cuModuleLoadDataEx(
        &raw mut module,
        text.as_ptr().cast(),
        2,
        options.as_mut_ptr(),
        values.as_mut_ptr(),
    ));
    let log = CStr::from_bytes_until_nul(&log).unwrap().to_str().unwrap().to_owned();
    (code, log, values[1].addr())
}

#[test]
fn wrong_text_gives_a_log_with_line_and_reason() {
    let _turn = turn();
    let _own = OwnContext::new();
    let wrong = PTX.replace("mov.u32 %r2, %ntid.x;", "mov.u32 %r2, %r99;");
    let line = 1 + wrong.lines().position(|line| line.contains("%r99")).unwrap();
    let (code, log, size) = load_with_log(&wrong, 1024);
    assert_eq!(code, 218);
    assert!(log.contains(&format!("line {line}:")) && log.contains("%r99"), "{log}");
    assert!(log.contains("isokern-simcuda"), "{log}");
    assert_eq!(size, log.len());
    let (code, cut, size) = load_with_log(&wrong, 10);
    assert_eq!((code, cut.as_str(), size), (218, &log[..9], 9));
    let (code, log, size) = load_with_log(PTX, 1024);
    assert_eq!((code, log.as_str(), size), (0, "", 0));
}

#[test]
fn text_for_newer_drivers_and_devices_is_refused() {
    let _turn = turn();
    let _own = OwnContext::new();
    let newer = PTX.replace(".version 7.8", ".version 9.0");
    let (code, log, _) = load_with_log(&newer, 1024);
    assert_eq!(code, 222, "12.9 reads PTX ISA 8.8");
    assert!(log.contains("9.0") && log.contains("8.8"), "{log}");
    let newest = PTX.replace(".version 7.8", ".version 8.8");
    assert_eq!(load_with_log(&newest, 1024).0, 0);
    let device = PTX.replace("sm_75", "sm_100").replace(".version 7.8", ".version 8.6");
    let (code, log, _) = load_with_log(&device, 1024);
    assert_eq!(code, 218);
    assert!(log.contains("sm_100"), "{log}");
}

#[test]
fn images_that_are_no_text_are_refused() {
    let _turn = turn();
    let _own = OwnContext::new();
    assert_eq!(load(b"\x7FELF\x02\x01\0").0, 209, "a cubin");
    assert_eq!(load(b"\x50\xED\x55\xBA\x01\0").0, 209, "a fatbin");
    assert_eq!(load(b"\xFF\xFE\0").0, 218);
    assert_eq!(load(b"\0").0, 218);
    assert_eq!(load(b"x\0").0, 218);
    let mut module = ptr::null_mut();
    assert_eq!(call!(cuModuleLoadData(&raw mut module, ptr::null())), 1);
    let text = CString::new(PTX).unwrap();
    assert_eq!(call!(cuModuleLoadData(ptr::null_mut(), text.as_ptr().cast())), 1);
}

#[test]
fn modules_load_from_files() {
    let _turn = turn();
    let _own = OwnContext::new();
    let path = std::env::temp_dir().join(format!("standin-{}.ptx", std::process::id()));
    let name = CString::new(path.to_str().unwrap()).unwrap();
    let mut module = ptr::null_mut();
    assert_eq!(call!(cuModuleLoad(&raw mut module, name.as_ptr())), 301);
    std::fs::File::create(&path).unwrap().write_all(PTX.as_bytes()).unwrap();
    let code = call!(cuModuleLoad(&raw mut module, name.as_ptr()));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(code, 0);
    let mut function = ptr::null_mut();
    let find = |name: &CStr, function| call!(cuModuleGetFunction(function, module, name.as_ptr()));
    assert_eq!(find(c"scale", &raw mut function), 0);
    let first = function;
    assert_eq!(find(c"scale", &raw mut function), 0);
    assert_eq!(function, first, "one handle a kernel");
    assert_eq!(find(c"scales", &raw mut function), 500);
    assert_eq!(call!(cuModuleUnload(module)), 0);
    assert_eq!(find(c"scale", &raw mut function), 400);
    let mut value = 0;
    let attribute = cudarc::driver::sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_NUM_REGS;
    assert_eq!(call!(cuFuncGetAttribute(&raw mut value, attribute, first)), 400);
}

#[test]
fn modules_and_their_memory_go_with_the_context() {
    let _turn = turn();
    let before = live_objects();
    let own = OwnContext::new();
    let (mut free, mut total) = (0, 0);
    let text = CString::new(PTX).unwrap();
    assert_eq!(load(text.as_bytes_with_nul()).0, 0);
    assert_eq!(live_objects().modules - before.modules, 1);
    assert_eq!(call!(cuMemGetInfo_v2(&raw mut free, &raw mut total)), 0);
    assert!(total - free >= 4, "the counter takes memory");
    drop(own);
    assert_eq!(live_objects(), before);
}
