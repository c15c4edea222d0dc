//! Memory: allocations, copies, fills, pools, and what is refused.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ffi::c_void;
use core::ptr;

use cudarc::driver::sys;
use standin::{OwnContext, context, live_objects, turn};

/// Device memory with known bytes.
fn filled(bytes: &[u8]) -> u64 {
    let mut address = 0;
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, bytes.len())), 0);
    assert_eq!(call!(cuMemcpyHtoD_v2(address, bytes.as_ptr().cast(), bytes.len())), 0);
    address
}

fn read(address: u64, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    assert_eq!(call!(cuMemcpyDtoH_v2(bytes.as_mut_ptr().cast(), address, count)), 0);
    bytes
}

#[test]
fn what_is_copied_in_comes_back() {
    let _turn = turn();
    let context = context();
    let stream = context.default_stream();
    let data: Vec<u32> = (0..10_000).map(|i| i * 7919).collect();
    let slice = stream.clone_htod(&data).unwrap();
    let copy = stream.clone_dtod(&slice).unwrap();
    assert_eq!(stream.clone_dtoh(&copy).unwrap(), data);
    let zeros = stream.alloc_zeros::<u32>(100).unwrap();
    assert_eq!(stream.clone_dtoh(&zeros).unwrap(), [0; 100]);
}

#[test]
fn allocations_are_counted_and_freed_with_their_context() {
    let _turn = turn();
    let before = live_objects();
    let own = OwnContext::new();
    let (mut free, mut total) = (0, 0);
    assert_eq!(call!(cuMemGetInfo_v2(&raw mut free, &raw mut total)), 0);
    assert_eq!((free, total), (4 << 30, 4 << 30));
    let address = filled(&[1; 4096]);
    assert_eq!(call!(cuMemGetInfo_v2(&raw mut free, &raw mut total)), 0);
    assert_eq!(total - free, 4096);
    let live = live_objects();
    assert_eq!(live.device_allocations - before.device_allocations, 1);
    assert_eq!(live.contexts - before.contexts, 1);
    assert_eq!(call!(cuMemFree_v2(address)), 0);
    assert_eq!(call!(cuMemFree_v2(address)), 1, "freed twice");
    assert_eq!(call!(cuMemFree_v2(0)), 0);
    filled(&[2; 16]);
    drop(own);
    assert_eq!(live_objects(), before);
}

#[test]
fn wrong_allocations_are_refused() {
    let _turn = turn();
    let _own = OwnContext::new();
    let mut address = 0;
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 0)), 1);
    assert_eq!(call!(cuMemAlloc_v2(ptr::null_mut(), 16)), 1);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, (4 << 30) + 1)), 2);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, usize::MAX)), 2);
    assert_eq!(call!(cuMemAllocManaged(&raw mut address, 16, 7)), 1);
    let mut host = ptr::null_mut();
    assert_eq!(call!(cuMemHostAlloc(&raw mut host, 16, 0x100)), 1);
    assert_eq!(call!(cuMemFreeHost(ptr::null_mut())), 1);
    assert_eq!(address, 0);
}

#[test]
fn copies_outside_allocations_are_refused() {
    let _turn = turn();
    let _own = OwnContext::new();
    let address = filled(&[9; 64]);
    let mut bytes = [0_u8; 65];
    let target: *mut c_void = bytes.as_mut_ptr().cast();
    assert_eq!(call!(cuMemcpyDtoH_v2(target, address, 65)), 1);
    assert_eq!(call!(cuMemcpyDtoH_v2(ptr::null_mut(), address, 64)), 1);
    assert_eq!(call!(cuMemcpyHtoD_v2(address + 1, target, 64)), 1);
    assert_eq!(call!(cuMemcpyHtoD_v2(address, ptr::null(), 64)), 1);
    assert_eq!(call!(cuMemcpyDtoD_v2(address, 0x1234, 8)), 1);
    assert_eq!(call!(cuMemsetD8_v2(address, 1, 65)), 1);
    assert_eq!(call!(cuMemsetD32_v2(address + 2, 1, 4)), 1, "not aligned");
    assert_eq!(call!(cuMemcpyDtoH_v2(ptr::null_mut(), 0, 0)), 0, "nothing to copy");
    assert_eq!(read(address, 64), [9; 64]);
}

#[test]
fn fills_repeat_their_value() {
    let _turn = turn();
    let _own = OwnContext::new();
    let address = filled(&[0; 16]);
    let mut stream = ptr::null_mut();
    assert_eq!(call!(cuStreamCreate(&raw mut stream, 1)), 0);
    assert_eq!(call!(cuMemsetD8_v2(address, 0x11, 3)), 0);
    assert_eq!(call!(cuMemsetD16_v2(address + 4, 0x2233, 2)), 0);
    assert_eq!(call!(cuCtxSynchronize()), 0);
    assert_eq!(call!(cuMemsetD32Async(address + 8, 0x4455_6677, 1, stream)), 0);
    assert_eq!(call!(cuMemsetD16Async(address + 12, 0x8899, 1, stream)), 0);
    assert_eq!(call!(cuMemsetD8Async(address + 14, 0xAA, 1, stream)), 0);
    assert_eq!(call!(cuStreamSynchronize(stream)), 0);
    let want =
        [0x11, 0x11, 0x11, 0, 0x33, 0x22, 0x33, 0x22, 0x77, 0x66, 0x55, 0x44, 0x99, 0x88, 0xAA, 0];
    assert_eq!(read(address, 16), want);
}

#[test]
fn pinned_memory_has_one_address_for_both_sides() {
    let _turn = turn();
    let _own = OwnContext::new();
    let mut host = ptr::null_mut();
    let flags = sys::CU_MEMHOSTALLOC_DEVICEMAP;
    assert_eq!(call!(cuMemHostAlloc(&raw mut host, 64, flags)), 0);
    let mut device = 0;
    assert_eq!(call!(cuMemHostGetDevicePointer_v2(&raw mut device, host, 0)), 0);
    assert_eq!(device, host as u64);
    let mut have = 0;
    assert_eq!(call!(cuMemHostGetFlags(&raw mut have, host)), 0);
    assert_eq!(have, flags);
    assert_eq!(call!(cuMemsetD8_v2(device, 0x5A, 64)), 0);
    assert_eq!(call!(cuCtxSynchronize()), 0);
    // SAFETY: 64 bytes were allocated, and no work is going on.
    assert_eq!(unsafe { host.cast::<[u8; 64]>().read() }, [0x5A; 64]);
    assert_eq!(call!(cuMemFree_v2(device)), 1, "freed by the wrong call");
    assert_eq!(call!(cuMemFreeHost(host)), 0);
    assert_eq!(call!(cuMemHostGetDevicePointer_v2(&raw mut device, host, 0)), 1);
}

#[test]
fn pinned_memory_is_read_when_the_copy_runs_and_pageable_memory_at_once() {
    let _turn = turn();
    let _own = OwnContext::new();
    let address = filled(&[0; 8]);
    let mut gate = ptr::null_mut();
    assert_eq!(call!(cuMemHostAlloc(&raw mut gate, 8, 0)), 0);
    let gate_word = gate.cast::<u32>();
    // SAFETY: eight bytes were allocated, and no work uses them yet.
    unsafe { gate_word.write_volatile(0) };
    let pinned = gate_word.wrapping_add(1);
    // SAFETY: as above.
    unsafe { pinned.write_volatile(1) };
    let mut stream = ptr::null_mut();
    assert_eq!(call!(cuStreamCreate(&raw mut stream, 1)), 0);
    assert_eq!(call!(cuStreamWaitValue32_v2(stream, gate as u64, 1, 1)), 0);
    let mut pageable = 1_u32;
    assert_eq!(call!(cuMemcpyHtoDAsync_v2(address, (&raw const pageable).cast(), 4, stream)), 0);
    assert_eq!(call!(cuMemcpyHtoDAsync_v2(address + 4, pinned.cast(), 4, stream)), 0);
    pageable = 2;
    // SAFETY: the copy waits for the gate.
    unsafe { pinned.write_volatile(2) };
    assert_eq!(call!(cuStreamQuery(stream)), 600);
    // SAFETY: the stream only reads it, atomically.
    unsafe { gate_word.write_volatile(1) };
    assert_eq!(call!(cuStreamSynchronize(stream)), 0);
    assert_eq!(read(address, 8), [1, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(pageable, 2);
}

#[test]
fn registered_memory_is_reachable_until_it_is_not() {
    let _turn = turn();
    let _own = OwnContext::new();
    let mut bytes = [3_u8; 32];
    let start: *mut c_void = bytes.as_mut_ptr().cast();
    assert_eq!(call!(cuMemHostRegister_v2(start, 32, 0)), 0);
    assert_eq!(call!(cuMemHostRegister_v2(start, 16, 0)), 712);
    assert_eq!(call!(cuMemHostRegister_v2(start, 32, 4)), 801, "I/O memory");
    assert_eq!(read(start as u64, 32), [3; 32]);
    assert_eq!(call!(cuMemHostUnregister(start)), 0);
    assert_eq!(call!(cuMemHostUnregister(start)), 713);
}

#[test]
fn managed_memory_takes_hints_and_nothing_else_does() {
    let _turn = turn();
    let _own = OwnContext::new();
    let device = filled(&[1; 64]);
    let mut managed = 0;
    assert_eq!(call!(cuMemAllocManaged(&raw mut managed, 64, 1)), 0);
    assert_eq!(
        call!(cuMemAdvise(managed, 64, sys::CUmem_advise::CU_MEM_ADVISE_SET_READ_MOSTLY, 0)),
        0
    );
    assert_eq!(call!(cuMemPrefetchAsync(managed, 64, 0, ptr::null_mut())), 0);
    assert_eq!(call!(cuMemPrefetchAsync(managed, 64, -1, ptr::null_mut())), 0);
    assert_eq!(call!(cuMemPrefetchAsync(managed, 65, 0, ptr::null_mut())), 1);
    assert_eq!(call!(cuMemPrefetchAsync(managed, 64, 7, ptr::null_mut())), 101);
    assert_eq!(call!(cuMemPrefetchAsync(device, 64, 0, ptr::null_mut())), 1);
    assert_eq!(call!(cuMemcpy(managed, device, 64)), 0);
    assert_eq!(call!(cuCtxSynchronize()), 0);
    // SAFETY: managed memory is the host's too, and no work is going on.
    assert_eq!(unsafe { (managed as *const [u8; 64]).read() }, [1; 64]);
    assert_eq!(call!(cuMemFree_v2(managed)), 0);
}

#[test]
fn addresses_are_known_by_their_allocation() {
    use sys::CUpointer_attribute as Attribute;
    let _turn = turn();
    let own = OwnContext::new();
    let address = filled(&[0; 100]);
    let (mut base, mut bytes) = (0, 0);
    assert_eq!(call!(cuMemGetAddressRange_v2(&raw mut base, &raw mut bytes, address + 99)), 0);
    assert_eq!((base, bytes), (address, 100));
    assert_eq!(call!(cuMemGetAddressRange_v2(&raw mut base, &raw mut bytes, address + 100)), 500);
    let ask =
        |attribute, place: *mut c_void| call!(cuPointerGetAttribute(place, attribute, address));
    let mut kind = 0_u32;
    assert_eq!(ask(Attribute::CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (&raw mut kind).cast()), 0);
    assert_eq!(kind, 2);
    let mut context: sys::CUcontext = ptr::null_mut();
    assert_eq!(ask(Attribute::CU_POINTER_ATTRIBUTE_CONTEXT, (&raw mut context).cast()), 0);
    assert_eq!(context, own.0);
    assert_eq!(ask(Attribute::CU_POINTER_ATTRIBUTE_HOST_POINTER, (&raw mut base).cast()), 1);
}

#[test]
fn pools_count_what_streams_have_not_freed() {
    use sys::CUmemPool_attribute as Attribute;
    let _turn = turn();
    let _own = OwnContext::new();
    let (mut pool, mut stream) = (ptr::null_mut(), ptr::null_mut());
    assert_eq!(call!(cuDeviceGetDefaultMemPool(&raw mut pool, 0)), 0);
    assert_eq!(call!(cuStreamCreate(&raw mut stream, 1)), 0);
    let used = |attribute| {
        let mut used = 0_u64;
        let place: *mut c_void = (&raw mut used).cast();
        assert_eq!(call!(cuMemPoolGetAttribute(pool, attribute, place)), 0);
        used
    };
    let (now, high) =
        (Attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT, Attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH);
    let before = used(now);
    let mut address = 0;
    assert_eq!(call!(cuMemAllocAsync(&raw mut address, 512, stream)), 0);
    assert_eq!(used(now) - before, 512);
    assert_eq!(call!(cuMemFreeAsync(address, stream)), 0);
    assert_eq!(call!(cuMemFreeAsync(address, stream)), 1, "freed twice");
    assert_eq!(call!(cuStreamSynchronize(stream)), 0);
    assert_eq!(used(now), before);
    assert!(used(high) >= before + 512);
    assert_eq!(call!(cuMemPoolDestroy(pool)), 1, "the device's own");

    // SAFETY: a structure of numbers and a pointer, for all of which zero is a value.
    let mut properties: sys::CUmemPoolProps = unsafe { core::mem::zeroed() };
    properties.allocType = sys::CUmemAllocationType::CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location.type_ = sys::CUmemLocationType::CU_MEM_LOCATION_TYPE_DEVICE;
    assert_eq!(call!(cuMemPoolCreate(&raw mut pool, &raw const properties)), 0);
    assert_eq!(call!(cuMemAllocFromPoolAsync(&raw mut address, 64, pool, stream)), 0);
    assert_eq!(call!(cuMemFree_v2(address)), 0);
    assert_eq!(call!(cuMemPoolDestroy(pool)), 0);
    assert_eq!(call!(cuMemPoolTrimTo(pool, 0)), 1);
}
