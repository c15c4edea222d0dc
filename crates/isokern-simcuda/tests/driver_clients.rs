//! What programs of other people asked, and got the wrong answer to: each is a test by its row.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use std::ffi::CString;

use cudarc::driver::sys::{CUfunction, CUfunction_attribute_enum as Attribute, CUmodule};
use standin::{OwnContext, in_child, is_child, last_report, library, succeeded, turn};

const PTX: &str = include_str!("kernels/clients.ptx");

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(code: c_int) -> !;
    fn atexit(handler: extern "C" fn()) -> c_int;
}

fn load() -> CUmodule {
    let text = CString::new(PTX).unwrap();
    let mut module = ptr::null_mut();
    assert_eq!(call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast())), 0);
    module
}

fn find(module: CUmodule, name: &CStr) -> (u32, CUfunction) {
    let mut function = ptr::null_mut();
    let code = call!(cuModuleGetFunction(&raw mut function, module, name.as_ptr()));
    (code, function)
}

fn device(bytes: usize) -> u64 {
    let mut address = 0;
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, bytes)), 0);
    address
}

/// Runs one thread of a kernel that takes addresses; gives the code of waiting for it.
fn run(function: CUfunction, addresses: &[u64]) -> u32 {
    let mut places: Vec<*mut c_void> =
        addresses.iter().map(|address| ptr::from_ref(address).cast_mut().cast()).collect();
    let (stream, places) = (ptr::null_mut(), places.as_mut_ptr());
    let launched =
        call!(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, places, ptr::null_mut()));
    assert_eq!(launched, 0);
    call!(cuCtxSynchronize())
}

fn upload(address: u64, words: &[u32]) {
    assert_eq!(call!(cuMemcpyHtoD_v2(address, words.as_ptr().cast(), 4 * words.len())), 0);
}

fn word(address: u64) -> u32 {
    let mut word = 0_u32;
    assert_eq!(call!(cuMemcpyDtoH_v2((&raw mut word).cast(), address, 4)), 0);
    word
}

#[test]
fn row_1_a_load_reads_the_bytes_that_its_pragma_names() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (module, at, out) = (load(), device(12), device(4));
    upload(at, &[1, 20, 300]);
    assert_eq!(run(find(module, c"last_three").1, &[at, out]), 0, "{}", last_report());
    assert_eq!(word(out), 321);
    assert_eq!(run(find(module, c"last_four").1, &[at, out]), 700);
    assert!(last_report().contains("ld.global.v4.b32"), "{}", last_report());
}

#[test]
fn row_2_a_forked_process_has_no_driver() {
    let test = "row_2_a_forked_process_has_no_driver";
    if !is_child() {
        succeeded(&in_child(test, &[]));
        return;
    }
    let _turn = turn();
    let _own = OwnContext::new();
    let (function, at) = (find(load(), c"triple").1, device(8));
    // SAFETY: the child calls the driver, which must answer, and ends.
    let child = unsafe { fork() };
    if child == 0 {
        let mut address = 0;
        let mut codes = vec![
            call!(cuMemAlloc_v2(&raw mut address, 16)),
            call!(cuCtxSynchronize()),
            call!(cuInit(0)),
        ];
        let (stream, none) = (ptr::null_mut(), ptr::null_mut());
        codes.push(call!(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, none, none.cast())));
        let mut text = ptr::null();
        let named = cudarc::driver::sys::CUresult::CUDA_ERROR_NOT_INITIALIZED;
        let said = call!(cuGetErrorString(named, &raw mut text));
        let right = codes.iter().all(|code| *code == 3) && said == 0 && !text.is_null();
        // SAFETY: nothing is left to be done.
        unsafe { _exit(if right { 7 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: the status is a place for a number.
    assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 7 << 8, "the child ended with that code");
    upload(at, &[5]);
    assert_eq!((run(function, &[at]), word(at + 4)), (0, 15), "the parent goes on");
}

#[test]
fn row_3_there_are_no_tables_of_private_functions() {
    type Export = unsafe extern "C" fn(*mut *const c_void, *const [u8; 16]) -> u32;
    let _turn = turn();
    // SAFETY: the type is that of the driver API.
    let export = unsafe { library().get::<Export>(b"cuGetExportTable\0") }.unwrap();
    let (mut table, id) = (ptr::dangling(), [7_u8; 16]);
    // SAFETY: both are places of the types that the call takes.
    assert_eq!(unsafe { export(&raw mut table, &raw const id) }, 500);
    assert!(table.is_null());
    // SAFETY: null is refused.
    assert_eq!(unsafe { export(&raw mut table, ptr::null()) }, 1);
}

extern "C" fn late_calls() {
    let mut address = 0;
    let mut stream = ptr::null_mut();
    let per_thread = ptr::without_provenance_mut(2);
    let codes = [
        call!(cuCtxSynchronize()),
        call!(cuMemAlloc_v2(&raw mut address, 16)),
        call!(cuMemFree_v2(address)),
        call!(cuStreamCreate(&raw mut stream, 0)),
        call!(cuStreamSynchronize(per_thread)),
        call!(cuStreamDestroy_v2(stream)),
    ];
    let right = codes.iter().all(|code| matches!(code, 0 | 4));
    eprintln!("late calls gave {codes:?}");
    // SAFETY: nothing is left to be done.
    unsafe { _exit(if right { 9 } else { 1 }) };
}

#[test]
fn row_4_calls_of_exit_handlers_are_answered() {
    let test = "row_4_calls_of_exit_handlers_are_answered";
    if !is_child() {
        let output = in_child(test, &[]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(9), "{text}");
        assert!(!text.contains("panicked"), "{text}");
        return;
    }
    let _turn = turn();
    // Kept: the handler calls in it.
    core::mem::forget(OwnContext::new());
    // SAFETY: the handler is a function of this program.
    assert_eq!(unsafe { atexit(late_calls) }, 0);
    std::process::exit(1);
}

#[test]
fn row_5_a_flag_that_graphs_do_not_have_is_an_invalid_value() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (mut stream, mut graph, mut executable) =
        (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    assert_eq!(call!(cuStreamCreate(&raw mut stream, 1)), 0);
    let mode = cudarc::driver::sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
    assert_eq!(call!(cuStreamBeginCapture_v2(stream, mode)), 0);
    assert_eq!(call!(cuStreamEndCapture(stream, &raw mut graph)), 0);
    let mut instantiate =
        |flags| call!(cuGraphInstantiateWithFlags(&raw mut executable, graph, flags));
    assert_eq!(instantiate(16), 1);
    assert_eq!(instantiate(1 << 40), 1);
    assert_eq!(instantiate(4), 801, "a launch by a device is known, and not there");
    assert_eq!(instantiate(1 | 8), 0);
}

#[test]
fn row_8_a_kernel_that_cannot_run_does_not_stop_the_others() {
    let _turn = turn();
    let _own = OwnContext::new();
    let module = load();
    let line = |words: &str| 1 + PTX.lines().position(|line| line.contains(words)).unwrap();
    assert_eq!(find(module, c"halves").0, 801);
    let report = last_report();
    assert!(report.contains("halves") && report.contains("`mul.f16`"), "{report}");
    assert!(report.contains(&format!("line {}:", line("mul.f16"))), "{report}");
    assert_eq!(find(module, c"calls_halves").0, 801, "what it calls cannot run");
    let report = last_report();
    assert!(report.contains(&format!("line {}:", line("add.rn.f16x2"))), "{report}");
    let at = device(8);
    upload(at, &[14]);
    assert_eq!((run(find(module, c"triple").1, &[at]), word(at + 4)), (0, 42));
}

#[test]
fn row_8_nor_does_one_with_operands_that_cannot_be_read() {
    let _turn = turn();
    let _own = OwnContext::new();
    let at = device(8);
    for (kernel, word_there, named) in [
        (
            ".visible .entry other()\n{ .reg .f32 %f<4>; .reg .u64 %t; .reg .f32 %x;\n\
             tex.1d.v4.f32.f32 {%f0, %f1, %f2, %f3}, [%t, {%x}];\nret; }",
            "tex.1d",
            "coordinates",
        ),
        (
            ".visible .entry other()\n{ .reg .u64 %d<4>; .reg .b32 %r<3>;\n\
             cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes \
             [%d0], [%d1, {%r0, %r1}], [%d2];\nret; }",
            "cp.async.bulk",
            "coordinates",
        ),
        (
            ".visible .entry other()\n{ .reg .u32 %r<4>;\n\
             vadd.u32.u32.u32 %r0.b1, %r1.h0, %r2.b3;\nret; }",
            "vadd",
            "`.b1` of a register",
        ),
        (".visible .entry other()\n{\n.reg .b128 %q; ret; }", ".b128", "`.b128 registers`"),
        (
            ".visible .entry other()\n{\n.global .u32 inner; { ret; } }",
            ".global .u32 inner",
            "global inside",
        ),
        (
            ".visible .entry other()\n.reqnctapercluster 2\n{ ret; }",
            "reqncta",
            "`.reqnctapercluster`",
        ),
        (".visible .entry\n.attribute(.unified(1, 2)) other() { ret; }", "unified", "`.attribute`"),
    ] {
        let text = format!("{PTX}\n\n{kernel}\n");
        let line = 1 + text.lines().position(|line| line.contains(word_there)).unwrap();
        let text = CString::new(text).unwrap();
        let mut module = ptr::null_mut();
        let loaded = call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast()));
        assert_eq!(loaded, 0, "{kernel}");
        assert_eq!(find(module, c"other").0, 801, "{kernel}");
        let report = last_report();
        let line = format!("line {line}:");
        assert!(report.contains(named) && report.contains(&line), "{kernel}: {report}");
        upload(at, &[14]);
        assert_eq!((run(find(module, c"triple").1, &[at]), word(at + 4)), (0, 42));
    }
    let text = CString::new(format!("{PTX}.entry other() {{ add a b; }}")).unwrap();
    let mut module = ptr::null_mut();
    let broken = call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast()));
    assert_eq!(broken, 218, "what no PTX is stops the whole text");
}

#[test]
fn row_9_the_default_driver_reads_what_nvrtc_12_9_writes() {
    let _turn = turn();
    let _own = OwnContext::new();
    assert!(PTX.contains(".version 8.8"), "the ISA of NVRTC 12.9");
    assert_eq!(call!(cuModuleUnload(load())), 0);
}

#[test]
fn row_9_a_driver_of_release_13_reads_isa_9() {
    let test = "row_9_a_driver_of_release_13_reads_isa_9";
    if !is_child() {
        succeeded(&in_child(test, &[("ISOKERN_SIM_DRIVER", "13040")]));
        return;
    }
    let _turn = turn();
    let _own = OwnContext::new();
    let mut module = ptr::null_mut();
    for (version, code) in [("9.0", 0), ("9.4", 0), ("9.5", 222)] {
        let text = PTX.replace(".version 8.8", &format!(".version {version}"));
        let text = CString::new(text).unwrap();
        let loaded = call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast()));
        assert_eq!(loaded, code, "ISA {version}");
    }
}

#[test]
fn row_10_constants_are_counted() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (function, mut bytes) = (find(load(), c"triple").1, 0);
    let attribute = Attribute::CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES;
    assert_eq!(call!(cuFuncGetAttribute(&raw mut bytes, attribute, function)), 0);
    assert_eq!(bytes, 48, "4 bytes, then 32 that are aligned to 16");
}

#[test]
fn row_12_reads_of_what_nobody_wrote_are_reported() {
    let test = "row_12_reads_of_what_nobody_wrote_are_reported";
    if !is_child() {
        let said = succeeded(&in_child(test, &[("ISOKERN_SIM_INITCHECK", "1")]));
        assert_eq!(said.matches("nobody wrote").count(), 1, "{said}");
        assert!(said.contains("ld.global.u32 %r1, [%d1];"), "{said}");
        return;
    }
    let _turn = turn();
    let _own = OwnContext::new();
    let (triple, at) = (find(load(), c"triple").1, device(16));
    upload(at, &[4]);
    assert_eq!(run(triple, &[at]), 0);
    assert_eq!((word(at + 4), last_report().as_str()), (12, ""), "what was copied is written");
    assert_eq!(run(triple, &[at + 4]), 0, "and so is what a kernel stored");
    assert_eq!((word(at + 8), last_report().as_str()), (36, ""));
    let fresh = device(8);
    assert_eq!(run(triple, &[fresh]), 0, "the kernel goes on");
    let report = last_report();
    assert!(report.contains(&format!("4 bytes at {fresh:#x}")), "{report}");
    assert!(report.contains("kernel triple"), "{report}");
    assert_eq!(run(triple, &[device(8)]), 0, "a line is reported once");
}

#[test]
fn row_12_what_was_never_freed_is_reported_at_the_end() {
    let test = "row_12_what_was_never_freed_is_reported_at_the_end";
    if !is_child() {
        let said = succeeded(&in_child(test, &[("ISOKERN_SIM_LEAKCHECK", "1")]));
        assert!(said.contains("never freed: 1 allocations, 1 streams"), "{said}");
        assert!(said.contains("  48 bytes of Device memory at 0x"), "{said}");
        let silent = succeeded(&in_child(test, &[]));
        assert!(!silent.contains("never freed"), "{silent}");
        return;
    }
    let _turn = turn();
    core::mem::forget(OwnContext::new());
    let (kept, freed) = (device(48), device(16));
    assert!(kept != freed);
    let mut stream = ptr::null_mut();
    assert_eq!(call!(cuStreamCreate(&raw mut stream, 0)), 0);
    assert_eq!(call!(cuMemFree_v2(freed)), 0);
}
