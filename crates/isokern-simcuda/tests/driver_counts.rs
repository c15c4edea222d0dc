//! Kernels that sleep, profiles of kernels, and registers from a record.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::ffi::CString;
use std::time::Instant;
use std::{fs, thread};

use cudarc::driver::sys::{CUfunction, CUfunction_attribute_enum as Attribute};
use standin::{OwnContext, executed, in_child, is_child, succeeded, turn};

const PTX: &str = include_str!("kernels/clients.ptx");

fn find(name: &CStr) -> CUfunction {
    let text = CString::new(PTX).unwrap();
    let (mut module, mut function) = (ptr::null_mut(), ptr::null_mut());
    assert_eq!(call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast())), 0);
    assert_eq!(call!(cuModuleGetFunction(&raw mut function, module, name.as_ptr())), 0);
    function
}

/// Launches one block of a kernel that takes an address.
fn launch(function: CUfunction, threads: u32, address: u64) {
    let mut places: [*mut c_void; 1] = [(&raw const address).cast_mut().cast()];
    let (stream, places, none) = (ptr::null_mut(), places.as_mut_ptr(), ptr::null_mut());
    let code = call!(cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, 0, stream, places, none));
    assert_eq!(code, 0);
}

#[test]
fn a_grid_that_sleeps_lets_the_executor_sleep_and_wakes_for_the_host() {
    let _turn = turn();
    let _own = OwnContext::new();
    let function = find(c"doze");
    let mut words: *mut c_void = ptr::null_mut();
    assert_eq!(call!(cuMemHostAlloc(&raw mut words, 8, 2)), 0);
    // SAFETY: eight bytes were just allocated, and nobody else knows of them.
    unsafe { words.cast::<u64>().write(7 << 32) };
    // SAFETY: they live as long as the context, and are only used atomically from here on.
    let word = unsafe { AtomicU32::from_ptr(words.cast()) };
    // SAFETY: as above.
    let echo = unsafe { AtomicU32::from_ptr(words.cast::<u32>().wrapping_add(1)) };
    launch(function, 96, words.expose_provenance() as u64);
    while echo.load(Ordering::Acquire) != 0 {
        thread::yield_now();
    }
    let (start, (_, before)) = (Instant::now(), executed());
    thread::sleep(Duration::from_millis(60));
    let (_, after) = executed();
    // A look takes six instructions, and looks are 50 microseconds apart at least.
    let looks = start.elapsed().as_micros() / 50 + 2;
    assert!(u128::from(after - before) <= 6 * looks, "{} in {looks} looks", after - before);
    word.store(5, Ordering::Release);
    assert_eq!(call!(cuCtxSynchronize()), 0);
    assert_eq!(echo.load(Ordering::Acquire), 5);
}

#[test]
fn profiles_are_written_when_the_process_ends() {
    let test = "profiles_are_written_when_the_process_ends";
    let path = std::env::temp_dir().join(format!("standin-profile-{}.tsv", std::process::id()));
    if !is_child() {
        succeeded(&in_child(test, &[("ISOKERN_SIM_PROFILE", path.to_str().unwrap())]));
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let row = |words: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.ends_with(words)).unwrap();
            line.split('\t').map(str::to_owned).collect()
        };
        let line = 1 + PTX.lines().position(|it| it.contains("mul.lo.u32 %r1")).unwrap();
        let (mul, load) = (row("mul.lo.u32 %r1, %r1, %r2;"), row("ld.global.u32 %r1, [%d1];"));
        // Two launches of 40 threads, which are two warps.
        let start = ["triple", "2", "triple", &line.to_string(), "80", "4"];
        assert_eq!(mul[..6], start.map(str::to_owned), "{text}");
        // All lanes ask for one word.
        assert_eq!(load[7..9], ["4", "4"], "{text}");
        assert!(!text.contains("doze"), "it has not run");
        return;
    }
    let _turn = turn();
    let _own = OwnContext::new();
    let (function, mut address) = (find(c"triple"), 0);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 8)), 0);
    launch(function, 40, address);
    launch(function, 40, address);
    assert_eq!(call!(cuCtxSynchronize()), 0);
}

#[test]
fn recorded_registers_are_those_of_the_kernel() {
    let test = "recorded_registers_are_those_of_the_kernel";
    if !is_child() {
        let name = format!("standin-registers-{}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, "[entry.triple]\nregisters = 200\n").unwrap();
        succeeded(&in_child(test, &[("ISOKERN_SIM_REGISTERS", path.to_str().unwrap())]));
        fs::remove_file(&path).unwrap();
        return;
    }
    let _turn = turn();
    let _own = OwnContext::new();
    let (mut registers, mut blocks) = (0, 0);
    let attribute = Attribute::CU_FUNC_ATTRIBUTE_NUM_REGS;
    let function = find(c"triple");
    assert_eq!(call!(cuFuncGetAttribute(&raw mut registers, attribute, function)), 0);
    assert_eq!(registers, 200);
    let code =
        call!(cuOccupancyMaxActiveBlocksPerMultiprocessor(&raw mut blocks, function, 256, 0));
    assert_eq!((code, blocks), (0, 1), "256 threads of 200 registers are 51200 of 65536");
    assert_eq!(call!(cuFuncGetAttribute(&raw mut registers, attribute, find(c"last_three"))), 0);
    assert!(registers < 64, "an estimate: {registers}");
}
