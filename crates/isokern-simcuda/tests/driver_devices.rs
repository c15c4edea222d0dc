//! Start, devices, contexts, names of codes, and what the environment chooses.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ffi::{CStr, c_char};
use core::ptr;
use std::{env, thread};

use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUresult};
use standin::{OwnContext, in_child, is_child, library, live_objects, succeeded, turn};

fn attribute(attribute: Attribute) -> i32 {
    let mut value = -1;
    assert_eq!(call!(cuDeviceGetAttribute(&raw mut value, attribute, 0)), 0);
    value
}

fn text_of(write: impl Fn(*mut c_char, i32) -> u32) -> String {
    let mut text = [0x7F_u8; 128];
    assert_eq!(write(text.as_mut_ptr().cast(), 128), 0);
    CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn nothing_works_before_the_start() {
    let test = "nothing_works_before_the_start";
    if !is_child() {
        succeeded(&in_child(test, &[]));
        return;
    }
    library();
    let (mut count, mut version) = (7, 0);
    assert_eq!(call!(cuDeviceGetCount(&raw mut count)), 3);
    assert_eq!(call!(cuDriverGetVersion(&raw mut version)), 0);
    assert_eq!(version, 12090);
    assert_eq!(call!(cuInit(1)), 1);
    assert_eq!(call!(cuInit(0)), 0);
    assert_eq!(call!(cuDeviceGetCount(&raw mut count)), 0);
    assert_eq!(count, 1);
}

#[test]
fn the_environment_may_ask_for_no_device() {
    let test = "the_environment_may_ask_for_no_device";
    if !is_child() {
        succeeded(&in_child(test, &[("ISOKERN_SIM_DEVICES", "0")]));
        return;
    }
    library();
    assert_eq!(call!(cuInit(0)), 100);
    let mut count = 0;
    assert_eq!(call!(cuDeviceGetCount(&raw mut count)), 3);
    assert!(cudarc::driver::CudaContext::new(0).is_err());
}

#[test]
fn the_environment_chooses_the_device() {
    let test = "the_environment_chooses_the_device";
    if !is_child() {
        let variables = [
            ("ISOKERN_SIM_DEVICES", "2"),
            ("ISOKERN_SIM_SM", "75"),
            ("ISOKERN_SIM_SMS", "3"),
            ("ISOKERN_SIM_DRIVER", "11080"),
            ("ISOKERN_SIM_MEMORY", "1000"),
            ("ISOKERN_SIM_SEED", "many"),
        ];
        let text = succeeded(&in_child(test, &variables));
        assert!(text.contains("ISOKERN_SIM_SEED=many"), "{text}");
        return;
    }
    let _turn = turn();
    let (mut count, mut version, mut total) = (0, 0, 0);
    assert_eq!(call!(cuDeviceGetCount(&raw mut count)), 0);
    assert_eq!(call!(cuDriverGetVersion(&raw mut version)), 0);
    assert_eq!(call!(cuDeviceTotalMem_v2(&raw mut total, 1)), 0);
    assert_eq!((count, version, total), (2, 11080, 1000));
    assert_eq!(attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR), 7);
    assert_eq!(attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR), 5);
    assert_eq!(attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT), 3);
    let most = Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
    assert_eq!(attribute(most), 64 << 10);
    // Each device has its own memory; copies go from one to the other.
    let (mut here, mut there, mut more) = (0, 0, 0);
    let first = OwnContext::new();
    assert_eq!(call!(cuMemAlloc_v2(&raw mut here, 900)), 0);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut more, 200)), 2);
    let mut second = ptr::null_mut();
    assert_eq!(call!(cuCtxCreate_v2(&raw mut second, 0, 1)), 0);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut there, 900)), 0);
    assert_eq!(call!(cuMemcpyHtoD_v2(here, [7_u8; 900].as_ptr().cast(), 900)), 0);
    assert_eq!(call!(cuMemcpyPeer(there, second, here, first.0, 900)), 0);
    let mut bytes = [0_u8; 900];
    assert_eq!(call!(cuMemcpyDtoH_v2(bytes.as_mut_ptr().cast(), there, 900)), 0);
    assert_eq!(bytes, [7; 900]);
    assert_eq!(call!(cuCtxDestroy_v2(second)), 0);
    // PTX ISA 7.8 is the newest of this driver.
    let text = c".version 8.0\n.target sm_75\n.address_size 64\n";
    let mut module = ptr::null_mut();
    assert_eq!(call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast())), 222);
}

#[test]
fn the_device_says_that_it_is_simulated() {
    let _turn = turn();
    let name = text_of(|text, room| call!(cuDeviceGetName(text, room, 0)));
    assert_eq!(name, "Isokern simulated device sm_90 (no GPU)");
    let place = text_of(|text, room| call!(cuDeviceGetPCIBusId(text, room, 0)));
    let mut device = -1;
    let asked = std::ffi::CString::new(place).unwrap();
    assert_eq!(call!(cuDeviceGetByPCIBusId(&raw mut device, asked.as_ptr())), 0);
    assert_eq!(device, 0);
    assert_eq!(
        attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
        232_448
    );
    assert_eq!(attribute(Attribute::CU_DEVICE_ATTRIBUTE_HOST_NATIVE_ATOMIC_SUPPORTED), 0);
    assert_eq!(attribute(Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH), 1);
    assert_eq!(attribute(Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED), 1);
    assert_eq!(attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z), 64);
    let mut small = [0x7F_u8; 4];
    assert_eq!(call!(cuDeviceGetName(small.as_mut_ptr().cast(), 3, 0)), 0);
    assert_eq!(small, *b"Is\0\x7F");
    assert_eq!(call!(cuDeviceGetName(small.as_mut_ptr().cast(), 0, 0)), 1);
    assert_eq!(call!(cuDeviceGet(&raw mut device, 1)), 101);
    assert_eq!(call!(cuDeviceGet(&raw mut device, -1)), 101);
    assert_eq!(call!(cuDeviceGet(ptr::null_mut(), 0)), 1);
}

#[test]
fn primary_contexts_live_as_long_as_somebody_holds_them() {
    let _turn = turn();
    let before = live_objects();
    let (mut first, mut second) = (ptr::null_mut(), ptr::null_mut());
    let (mut flags, mut active) = (9, 9);
    assert_eq!(call!(cuDevicePrimaryCtxGetState(0, &raw mut flags, &raw mut active)), 0);
    assert_eq!(active, 0);
    assert_eq!(call!(cuDevicePrimaryCtxRetain(&raw mut first, 0)), 0);
    assert_eq!(call!(cuDevicePrimaryCtxRetain(&raw mut second, 0)), 0);
    assert_eq!(first, second);
    assert_eq!(call!(cuCtxDestroy_v2(first)), 201, "a primary context is released");
    assert_eq!(call!(cuCtxSetCurrent(first)), 0);
    assert_eq!(call!(cuDevicePrimaryCtxRelease_v2(0)), 0);
    let mut address = 0;
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 4)), 0);
    assert_eq!(call!(cuDevicePrimaryCtxRelease_v2(0)), 0);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 4)), 709, "it is gone");
    assert_eq!(call!(cuDevicePrimaryCtxRelease_v2(0)), 201);
    assert_eq!(call!(cuCtxSetCurrent(ptr::null_mut())), 0);
    assert_eq!(live_objects(), before);
}

#[test]
fn each_thread_has_a_stack_of_contexts() {
    let _turn = turn();
    let outer = OwnContext::new();
    let inner = OwnContext::new();
    let current = || {
        let mut context = ptr::dangling_mut();
        assert_eq!(call!(cuCtxGetCurrent(&raw mut context)), 0);
        context
    };
    assert_eq!(current(), inner.0);
    let mut popped = ptr::null_mut();
    assert_eq!(call!(cuCtxPopCurrent_v2(&raw mut popped)), 0);
    assert_eq!((popped, current()), (inner.0, outer.0));
    assert_eq!(call!(cuCtxPushCurrent_v2(inner.0)), 0);
    let elsewhere = thread::spawn(|| {
        let mut device = 0;
        (call!(cuCtxGetDevice(&raw mut device)), call!(cuCtxSynchronize()))
    });
    assert_eq!(elsewhere.join().unwrap(), (201, 201));
    let mut version = 0;
    assert_eq!(call!(cuCtxGetApiVersion(outer.0, &raw mut version)), 0);
    assert!(version >= 3010);
    let gone = inner.0;
    drop(inner);
    assert_eq!(current(), outer.0);
    assert_eq!(call!(cuCtxSetCurrent(gone)), 201);
    assert_eq!(call!(cuCtxPushCurrent_v2(gone)), 201);
}

#[test]
fn settings_of_contexts_are_kept_and_checked() {
    use sys::{CUfunc_cache_enum as Cache, CUlimit_enum as Limit};
    let _turn = turn();
    let _own = OwnContext::new();
    let mut value = 0;
    assert_eq!(call!(cuCtxGetLimit(&raw mut value, Limit::CU_LIMIT_STACK_SIZE)), 0);
    assert_eq!(value, 1024);
    assert_eq!(call!(cuCtxSetLimit(Limit::CU_LIMIT_STACK_SIZE, 4096)), 0);
    assert_eq!(call!(cuCtxGetLimit(&raw mut value, Limit::CU_LIMIT_STACK_SIZE)), 0);
    assert_eq!(value, 4096);
    assert_eq!(call!(cuCtxSetLimit(Limit::CU_LIMIT_STACK_SIZE, 1 << 20)), 1);
    assert_eq!(call!(cuCtxSetLimit(Limit::CU_LIMIT_MAX, 1)), 215);
    let mut cache = Cache::CU_FUNC_CACHE_PREFER_EQUAL;
    assert_eq!(call!(cuCtxSetCacheConfig(Cache::CU_FUNC_CACHE_PREFER_SHARED)), 0);
    assert_eq!(call!(cuCtxGetCacheConfig(&raw mut cache)), 0);
    assert_eq!(cache, Cache::CU_FUNC_CACHE_PREFER_SHARED);
    let mut flags = 0;
    assert_eq!(call!(cuCtxSetFlags(4)), 0);
    assert_eq!(call!(cuCtxGetFlags(&raw mut flags)), 0);
    assert_eq!(flags, 4);
    assert_eq!(call!(cuCtxSetFlags(1 << 20)), 1);
}

#[test]
fn codes_have_names_and_texts() {
    let _turn = turn();
    let mut text = ptr::null();
    let out_of_memory = CUresult::CUDA_ERROR_OUT_OF_MEMORY;
    assert_eq!(call!(cuGetErrorName(out_of_memory, &raw mut text)), 0);
    // SAFETY: the library gives text that lives as long as it does.
    let name = unsafe { CStr::from_ptr(text) };
    assert_eq!(name, c"CUDA_ERROR_OUT_OF_MEMORY");
    assert_eq!(call!(cuGetErrorString(out_of_memory, &raw mut text)), 0);
    // SAFETY: as above.
    let said = unsafe { CStr::from_ptr(text) };
    assert!(said.to_str().unwrap().contains("memory"));
    // One that the stand-in has no cause for.
    assert_eq!(call!(cuGetErrorName(CUresult::CUDA_ERROR_ECC_UNCORRECTABLE, &raw mut text)), 0);
    // SAFETY: as above.
    assert_eq!(unsafe { CStr::from_ptr(text) }, c"CUDA_ERROR_ECC_UNCORRECTABLE");
    assert!(env::var_os("ISOKERN_SIM_SM").is_none(), "these tests are for the default device");
}
