//! Kernels that fail, kernels that stay, and calls that wait for them.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::ffi::CString;
use std::{env, fs, thread};

use cudarc::driver::sys::{CUfunction, CUmodule, CUstream};
use standin::{OwnContext, in_child, is_child, last_report, live_objects, succeeded, turn};

const PTX: &str = include_str!("kernels/driver.ptx");

fn load() -> CUmodule {
    let text = CString::new(PTX).unwrap();
    let mut module = ptr::null_mut();
    assert_eq!(call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast())), 0);
    module
}

fn kernel(name: &str) -> CUfunction {
    let name = CString::new(name).unwrap();
    let mut function = ptr::null_mut();
    assert_eq!(call!(cuModuleGetFunction(&raw mut function, load(), name.as_ptr())), 0);
    function
}

/// Launches one thread of a kernel with one parameter.
fn launch(kernel: CUfunction, parameter: u64, stream: CUstream) -> u32 {
    let mut places: [*mut c_void; 1] = [(&raw const parameter).cast_mut().cast()];
    let places = places.as_mut_ptr();
    call!(cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream, places, ptr::null_mut()))
}

fn device(bytes: usize) -> u64 {
    let mut address = 0;
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, bytes)), 0);
    address
}

fn stream() -> CUstream {
    let mut stream = ptr::null_mut();
    assert_eq!(call!(cuStreamCreate(&raw mut stream, 1)), 0);
    stream
}

/// Returns two pinned words of zeros.
fn pinned_words() -> *mut u32 {
    let mut host = ptr::null_mut();
    assert_eq!(call!(cuMemHostAlloc(&raw mut host, 8, 2)), 0);
    // SAFETY: eight bytes were just allocated, aligned to more.
    unsafe { host.cast::<[u32; 2]>().write([0; 2]) };
    host.cast()
}

fn word<'a>(place: *mut u32) -> &'a AtomicU32 {
    // SAFETY: the tests keep the memory while they use the word, which is only used atomically.
    unsafe { AtomicU32::from_ptr(place) }
}

#[test]
fn a_fault_ends_its_context_and_no_other() {
    let _turn = turn();
    let before = live_objects();
    let healthy = OwnContext::new();
    let (kernel_here, address) = (kernel("poke"), device(4));
    let faulty = OwnContext::new();
    let (kernel, short, stream) = (kernel("poke"), device(16), stream());
    assert_eq!(launch(kernel, short + 16, stream), 0, "a launch is asynchronous");
    assert_eq!(call!(cuStreamSynchronize(stream)), 700);
    // Every later call of the context says the same.
    let (mut other, mut free, mut total) = (0, 0, 0);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut other, 4)), 700);
    assert_eq!(call!(cuMemGetInfo_v2(&raw mut free, &raw mut total)), 700);
    assert_eq!(call!(cuMemFree_v2(short)), 700);
    assert_eq!(launch(kernel, short, stream), 700);
    assert_eq!(call!(cuStreamQuery(stream)), 700);
    assert_eq!(call!(cuCtxSynchronize()), 700);
    assert_eq!(call!(cuStreamDestroy_v2(stream)), 700);
    let report = last_report();
    let line = 1 + PTX.lines().position(|line| line.contains("st.global.u32 [%d1], %r1;")).unwrap();
    for part in
        ["700", "kernel poke", &format!("line {line}:"), "block (0, 0, 0), thread (0, 0, 0)"]
    {
        assert!(report.contains(part), "{part} in: {report}");
    }
    assert!(
        report.contains(&format!("outside the allocation of 16 bytes at {short:#x}")),
        "{report}"
    );
    drop(faulty);
    assert_eq!(launch(kernel_here, address, ptr::null_mut()), 0);
    assert_eq!(call!(cuCtxSynchronize()), 0);
    drop(healthy);
    assert_eq!(live_objects(), before);
}

#[test]
fn faults_have_their_codes() {
    let _turn = turn();
    for (code, wrong) in [(716, 2_u64), (700, 0), (700, 1 << 60)] {
        let _own = OwnContext::new();
        let (kernel, address) = (kernel("poke"), device(16));
        let target = if wrong == 2 { address + 2 } else { wrong };
        assert_eq!(launch(kernel, target, ptr::null_mut()), 0);
        assert_eq!(call!(cuCtxSynchronize()), code, "{wrong:#x}");
    }
    let _own = OwnContext::new();
    let (kernel, address) = (kernel("poke"), device(16));
    assert_eq!(call!(cuMemFree_v2(address)), 0);
    assert_eq!(launch(kernel, address, ptr::null_mut()), 0);
    assert_eq!(call!(cuCtxSynchronize()), 700);
    assert!(last_report().contains("freed"), "{}", last_report());
}

#[test]
fn a_fault_drops_the_work_behind_it() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (kernel, words) = (kernel("poke"), pinned_words());
    let (first, second) = (stream(), stream());
    assert_eq!(call!(cuStreamWaitValue32_v2(first, words as u64, 1, 1)), 0);
    assert_eq!(call!(cuStreamWriteValue32_v2(first, words as u64 + 4, 9, 0)), 0);
    assert_eq!(launch(kernel, 0, second), 0);
    assert_eq!(call!(cuStreamSynchronize(second)), 700);
    assert_eq!(call!(cuStreamSynchronize(first)), 700, "it does not wait for ever");
    word(words).store(1, Ordering::Release);
    thread::sleep(Duration::from_millis(5));
    assert_eq!(word(words.wrapping_add(1)).load(Ordering::Acquire), 0);
}

#[test]
fn a_kernel_that_stays_answers_and_stops_no_other_stream() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (stay, poke, words) = (kernel("stay"), kernel("poke"), pinned_words());
    let (resident, other, address) = (stream(), stream(), device(4));
    assert_eq!(launch(stay, words as u64, resident), 0);
    assert_eq!(launch(poke, address, other), 0);
    assert_eq!(call!(cuStreamSynchronize(other)), 0);
    let mut read = 0_u32;
    assert_eq!(call!(cuMemcpyDtoHAsync_v2((&raw mut read).cast(), address, 4, other)), 0);
    assert_eq!((read, call!(cuStreamQuery(resident))), (1, 600));
    word(words).store(1, Ordering::Release);
    assert_eq!(call!(cuStreamSynchronize(resident)), 0);
    assert_eq!(word(words.wrapping_add(1)).load(Ordering::Acquire), 7);
}

#[test]
fn calls_that_may_block_behind_a_kernel_do() {
    let _turn = turn();
    let own = OwnContext::new();
    let calls: [fn(u64) -> u32; 6] = [
        |address| call!(cuMemFree_v2(address)),
        |mut address| call!(cuMemAlloc_v2(&raw mut address, 4)),
        |_| call!(cuCtxSynchronize()),
        |_| {
            let mut host = ptr::null_mut();
            call!(cuMemHostAlloc(&raw mut host, 4, 0))
        },
        |_| call!(cuModuleUnload(load())),
        |address| {
            let mut word = 0_u32;
            call!(cuMemcpyDtoH_v2((&raw mut word).cast(), address, 4))
        },
    ];
    let (stay, words) = (kernel("stay"), pinned_words());
    for (index, blocking) in calls.into_iter().enumerate() {
        let address = device(4);
        word(words).store(0, Ordering::Release);
        // The copy waits for the legacy stream alone, the others for any kernel.
        let stream = if index == 5 { ptr::null_mut() } else { stream() };
        assert_eq!(launch(stay, words as u64, stream), 0);
        let context = own.0 as usize;
        let caller = thread::spawn(move || {
            assert_eq!(call!(cuCtxSetCurrent(context as _)), 0);
            blocking(address)
        });
        thread::sleep(Duration::from_millis(20));
        let waits = !caller.is_finished();
        word(words).store(1, Ordering::Release);
        assert!(waits, "call {index} does not wait");
        assert_eq!(caller.join().unwrap(), 0, "call {index}");
    }
}

#[test]
fn a_call_that_waits_long_says_for_what() {
    if !is_child() {
        let text = succeeded(&in_child("a_call_that_waits_long_says_for_what", &[]));
        assert!(text.contains("cuMemFree_v2 waits for kernel stay"), "{text}");
        assert!(text.contains("deadlock"), "{text}");
        return;
    }
    let _turn = turn();
    let _own = OwnContext::new();
    let (stay, words, address) = (kernel("stay"), pinned_words(), device(4));
    assert_eq!(launch(stay, words as u64, stream()), 0);
    let place = words as usize;
    let opener = thread::spawn(move || {
        thread::sleep(Duration::from_millis(2500));
        word(place as *mut u32).store(1, Ordering::Release);
    });
    assert_eq!(call!(cuMemFree_v2(address)), 0);
    opener.join().unwrap();
}

#[test]
fn reports_go_to_a_file() {
    let test = "reports_go_to_a_file";
    if !is_child() {
        let path = env::temp_dir().join(format!("standin-report-{}", std::process::id()));
        let output = in_child(test, &[("ISOKERN_SIM_REPORT", path.to_str().unwrap())]);
        let text = succeeded(&output);
        let report = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(report.contains("kernel poke") && report.contains("illegal address"), "{report}");
        assert!(text.contains(report.trim()), "also on the error output: {text}");
        return;
    }
    let _turn = turn();
    let _own = OwnContext::new();
    assert_eq!(launch(kernel("poke"), 64, ptr::null_mut()), 0);
    assert_eq!(call!(cuCtxSynchronize()), 700);
}
