//! Modules and launches: what runs, and what is refused before it does.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ffi::c_void;
use core::ptr;
use std::ffi::CString;

use cudarc::driver::sys::{
    CUfunction, CUfunction_attribute_enum as Attribute, CUlaunchAttribute, CUlaunchAttributeID,
    CUlaunchConfig, CUmodule,
};
use cudarc::driver::{LaunchConfig, PushKernelArg};
use cudarc::nvrtc::Ptx;
use standin::{OwnContext, context, turn};

const PTX: &str = include_str!("kernels/driver.ptx");

fn load(text: &str) -> (u32, CUmodule) {
    let text = CString::new(text).unwrap();
    let mut module = ptr::null_mut();
    let code = call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast()));
    (code, module)
}

fn function(module: CUmodule, name: &str) -> CUfunction {
    let name = CString::new(name).unwrap();
    let mut function = ptr::null_mut();
    assert_eq!(call!(cuModuleGetFunction(&raw mut function, module, name.as_ptr())), 0);
    function
}

/// Returns a kernel of the tests' module, in the current context.
fn kernel(name: &str) -> CUfunction {
    let (code, module) = load(PTX);
    assert_eq!(code, 0);
    function(module, name)
}

fn launch(kernel: CUfunction, grid: [u32; 3], block: [u32; 3], shared: u32, words: &[u64]) -> u32 {
    let mut places: Vec<*mut c_void> =
        words.iter().map(|word| ptr::from_ref(word).cast_mut().cast()).collect();
    let ([gx, gy, gz], [bx, by, bz]) = (grid, block);
    let places = if places.is_empty() { ptr::null_mut() } else { places.as_mut_ptr() };
    let legacy = ptr::null_mut();
    call!(cuLaunchKernel(kernel, gx, gy, gz, bx, by, bz, shared, legacy, places, ptr::null_mut()))
}

fn device_word() -> u64 {
    let mut address = 0;
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 4)), 0);
    address
}

fn word(address: u64) -> u32 {
    let mut word = 0_u32;
    assert_eq!(call!(cuMemcpyDtoH_v2((&raw mut word).cast(), address, 4)), 0);
    word
}

#[test]
fn a_kernel_computes_through_the_safe_layer() {
    let _turn = turn();
    let context = context();
    let stream = context.new_stream().unwrap();
    let module = context.load_module(Ptx::from_src(PTX)).unwrap();
    let scale = module.load_function("scale").unwrap();
    let input: Vec<u32> = (0..1000).collect();
    let source = stream.clone_htod(&input).unwrap();
    let mut target = stream.alloc_zeros::<u32>(1000).unwrap();
    let (factor, extra, count) = (3_u32, 250_u8, 1000_u32);
    let mut builder = stream.launch_builder(&scale);
    builder.arg(&mut target).arg(&source).arg(&factor).arg(&extra).arg(&count);
    // SAFETY: the arguments are those the kernel declares.
    unsafe { builder.launch(LaunchConfig::for_num_elems(1000)) }.unwrap();
    let want: Vec<u32> = input.iter().map(|value| value * 3 + 250).collect();
    assert_eq!(stream.clone_dtoh(&target).unwrap(), want);
}

#[test]
fn variables_of_a_module_are_read_and_written() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (_, module) = load(PTX);
    let (mut address, mut bytes) = (0, 0);
    let global = |address: *mut u64, bytes: *mut usize, name: &str| {
        let name = CString::new(name).unwrap();
        call!(cuModuleGetGlobal_v2(address, bytes, module, name.as_ptr()))
    };
    assert_eq!(global(&raw mut address, &raw mut bytes, "counter"), 0);
    assert_eq!(global(&raw mut address, ptr::null_mut(), "counters"), 500);
    assert_eq!((bytes, word(address)), (4, 5));
    assert_eq!(launch(function(module, "count_up"), [3, 2, 1], [33, 1, 2], 0, &[]), 0);
    assert_eq!(word(address), 5 + 6 * 66);
    assert_eq!(call!(cuMemFree_v2(address)), 1, "it belongs to the module");
    assert_eq!(call!(cuModuleUnload(module)), 0);
    assert_eq!(call!(cuModuleUnload(module)), 400);
    let mut read = 0_u32;
    assert_eq!(call!(cuMemcpyDtoH_v2((&raw mut read).cast(), address, 4)), 1, "it is gone");
}

#[test]
fn shapes_no_device_has_are_refused() {
    let _turn = turn();
    let _own = OwnContext::new();
    let kernel = kernel("count_up");
    let shape = |grid, block| launch(kernel, grid, block, 0, &[]);
    assert_eq!(shape([1, 1, 1], [1024, 1, 1]), 0);
    for block in
        [[0, 1, 1], [1025, 1, 1], [1, 1025, 1], [1, 1, 65], [32, 32, 2], [1, 0, 1], [u32::MAX; 3]]
    {
        assert_eq!(shape([1, 1, 1], block), 1, "{block:?}");
    }
    for grid in [[0, 1, 1], [1, 65536, 1], [1, 1, 65536], [1 << 31, 1, 1]] {
        assert_eq!(shape(grid, [1, 1, 1]), 1, "{grid:?}");
    }
    assert_eq!(launch(ptr::null_mut(), [1; 3], [1; 3], 0, &[]), 400);
}

#[test]
fn declared_block_sizes_are_kept() {
    let _turn = turn();
    let _own = OwnContext::new();
    let exactly = kernel("exactly");
    assert_eq!(launch(exactly, [1; 3], [8, 4, 1], 0, &[]), 0);
    assert_eq!(launch(exactly, [1; 3], [4, 8, 1], 0, &[]), 1);
    let at_most = kernel("at_most");
    assert_eq!(launch(at_most, [1; 3], [64, 1, 1], 0, &[]), 0);
    assert_eq!(launch(at_most, [1; 3], [65, 1, 1], 0, &[]), 1);
}

#[test]
fn a_missing_parameter_is_refused() {
    let _turn = turn();
    let _own = OwnContext::new();
    let kernel = kernel("poke");
    assert_eq!(launch(kernel, [1; 3], [1; 3], 0, &[]), 1);
    let mut places: [*mut c_void; 1] = [ptr::null_mut()];
    let none = ptr::null_mut();
    let code = call!(cuLaunchKernel(
        kernel,
        1,
        1,
        1,
        1,
        1,
        1,
        0,
        none,
        places.as_mut_ptr(),
        ptr::null_mut()
    ));
    assert_eq!(code, 1);
}

#[test]
fn parameters_may_come_in_a_buffer() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (kernel, address) = (kernel("poke"), device_word());
    let launch = |mut size: usize| {
        let buffer: *mut c_void = (&raw const address).cast_mut().cast();
        let mut extra: [*mut c_void; 5] =
            [1 as _, buffer, 2 as _, (&raw mut size).cast(), ptr::null_mut()];
        let none = ptr::null_mut();
        let extra = extra.as_mut_ptr();
        call!(cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, none, ptr::null_mut(), extra))
    };
    assert_eq!(launch(4), 1, "too small");
    assert_eq!(launch(8), 0);
    assert_eq!(word(address), 1);
}

#[test]
fn more_shared_memory_must_be_asked_for() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (kernel, address) = (kernel("window_sum"), device_word());
    let launch_with =
        |bytes: u32| launch(kernel, [1; 3], [1; 3], bytes, &[address, u64::from(bytes) - 4]);
    let dynamic = Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    assert_eq!(launch_with(48 << 10), 0);
    assert_eq!(launch_with((48 << 10) + 4), 1);
    assert_eq!(call!(cuFuncSetAttribute(kernel, dynamic, (227 << 10) + 1)), 1);
    assert_eq!(call!(cuFuncSetAttribute(kernel, dynamic, 227 << 10)), 0);
    assert_eq!(launch_with(227 << 10), 0);
    assert_eq!(word(address), 0);
    let mut value = 0;
    assert_eq!(call!(cuFuncGetAttribute(&raw mut value, dynamic, kernel)), 0);
    assert_eq!(value, 227 << 10);
    assert_eq!(call!(cuFuncSetAttribute(kernel, Attribute::CU_FUNC_ATTRIBUTE_NUM_REGS, 1)), 1);
}

#[test]
fn kernels_say_what_they_need() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (large, at_most, address) = (kernel("large"), kernel("at_most"), device_word());
    let ask = |kernel, attribute| {
        let mut value = -1;
        assert_eq!(call!(cuFuncGetAttribute(&raw mut value, attribute, kernel)), 0);
        value
    };
    assert_eq!(ask(large, Attribute::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES), 40 << 10);
    assert_eq!(ask(large, Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES), 8 << 10);
    assert_eq!(ask(large, Attribute::CU_FUNC_ATTRIBUTE_PTX_VERSION), 75);
    assert_eq!(ask(large, Attribute::CU_FUNC_ATTRIBUTE_BINARY_VERSION), 90);
    assert!((1..=255).contains(&ask(large, Attribute::CU_FUNC_ATTRIBUTE_NUM_REGS)));
    assert_eq!(ask(at_most, Attribute::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK), 64);
    assert_eq!(launch(large, [1; 3], [32, 1, 1], 8 << 10, &[address]), 0);
    assert_eq!(word(address), 3);
    // 40 KiB and the 1 KiB that the system keeps, of 228 KiB.
    let mut blocks = 0;
    let count = |kernel, threads, blocks: *mut i32| {
        call!(cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, kernel, threads, 0))
    };
    assert_eq!(count(large, 128, &raw mut blocks), 0);
    assert_eq!(blocks, 5);
    assert_eq!(count(at_most, 128, &raw mut blocks), 0);
    assert_eq!(blocks, 0, "it allows 64 threads");
    assert_eq!(count(at_most, 0, &raw mut blocks), 1);
    let (mut grid, mut block) = (0, 0);
    let search =
        call!(cuOccupancyMaxPotentialBlockSize(&raw mut grid, &raw mut block, at_most, None, 0, 0));
    assert_eq!((search, block, grid), (0, 64, 8 * 32));
    let mut dynamic = 0;
    assert_eq!(call!(cuOccupancyAvailableDynamicSMemPerBlock(&raw mut dynamic, large, 2, 128)), 0);
    assert_eq!(dynamic, (114 - 1 - 40) << 10);
}

#[test]
fn cooperative_grids_must_fit_at_once() {
    let _turn = turn();
    let _own = OwnContext::new();
    let kernel = kernel("count_up");
    let launch = |blocks| {
        let none = ptr::null_mut();
        call!(cuLaunchCooperativeKernel(kernel, blocks, 1, 1, 1024, 1, 1, 0, none, ptr::null_mut()))
    };
    // Two blocks of 1024 threads on each of eight multiprocessors.
    assert_eq!((launch(16), launch(17)), (0, 720));
    let with = |id, value: [u32; 3]| {
        // SAFETY: structures of numbers and pointers, for all of which zero is a value.
        let mut attribute: CUlaunchAttribute = unsafe { core::mem::zeroed() };
        attribute.id = id;
        attribute.value.clusterDim.x = value[0];
        attribute.value.clusterDim.y = value[1];
        attribute.value.clusterDim.z = value[2];
        let config = CUlaunchConfig {
            gridDimX: 17,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: 1024,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: 0,
            hStream: ptr::null_mut(),
            attrs: &raw mut attribute,
            numAttrs: 1,
        };
        call!(cuLaunchKernelEx(&raw const config, kernel, ptr::null_mut(), ptr::null_mut()))
    };
    assert_eq!(with(CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_COOPERATIVE, [0; 3]), 0);
    assert_eq!(with(CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_COOPERATIVE, [1, 0, 0]), 720);
    assert_eq!(with(CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, [1; 3]), 0);
    assert_eq!(with(CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, [2, 1, 1]), 801);
}

#[test]
fn kernels_say_where_their_parameters_are() {
    let _turn = turn();
    let _own = OwnContext::new();
    let kernel = kernel("scale");
    let ask = |index| {
        let (mut offset, mut bytes) = (0, 0);
        let code = call!(cuFuncGetParamInfo(kernel, index, &raw mut offset, &raw mut bytes));
        (code, offset, bytes)
    };
    let all: Vec<_> = (0..6).map(ask).collect();
    assert_eq!(all, [(0, 0, 8), (0, 8, 8), (0, 16, 4), (0, 20, 1), (0, 24, 4), (1, 0, 0)]);
    let mut name = ptr::null();
    assert_eq!(call!(cuFuncGetName(&raw mut name, kernel)), 0);
    // SAFETY: the library gives text that lives as long as the module.
    assert_eq!(unsafe { core::ffi::CStr::from_ptr(name) }, c"scale");
}
