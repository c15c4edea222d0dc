//! The weak mode under driver calls: unordered kernels show it, ordered ones do not.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ffi::c_void;
use core::ptr;
use std::ffi::CString;

use standin::{OwnContext, in_child, is_child, succeeded, turn};

/// Block 0 stores a word and then a flag, block 1 waits for the flag and reads the word.
const HAND_OFF: &str = ".version 7.8\n.target sm_75\n.address_size 64\n\
    .visible .entry k(.param .u64 out)\n{\n\
    .reg .pred %p<4>;\n.reg .b32 %r<8>;\n.reg .b64 %rd<4>;\nld.param.u64 %rd0, [out];\n\
    mov.u32 %r1, %ctaid.x;\nsetp.eq.u32 %p1, %r1, 0;\n@!%p1 bra READ;\n\
    st.global.u32 [%rd0], 77;\nst.release.gpu.global.u32 [%rd0+64], 1;\nret;\n\
    READ:\nld.acquire.gpu.global.u32 %r2, [%rd0+64];\nsetp.eq.u32 %p2, %r2, 0;\n\
    @%p2 bra READ;\nld.global.u32 %r3, [%rd0];\nst.global.u32 [%rd0+128], %r3;\n\
    mov.u64 %rd1, %globaltimer;\nst.global.u64 [%rd0+136], %rd1;\nret;\n}\n";

/// Of 40 launches, how many read the word before it was there; and the last time of the device.
fn missing(text: &str) -> (u32, u64) {
    let _turn = turn();
    let _own = OwnContext::new();
    let (mut module, mut kernel) = (ptr::null_mut(), ptr::null_mut());
    let text = CString::new(text).unwrap();
    assert_eq!(call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast())), 0);
    assert_eq!(call!(cuModuleGetFunction(&raw mut kernel, module, c"k".as_ptr())), 0);
    let mut out = 0_u64;
    assert_eq!(call!(cuMemAlloc_v2(&raw mut out, 256)), 0);
    let (mut count, mut time) = (0, 0_u64);
    for _ in 0..40 {
        assert_eq!(call!(cuMemsetD32_v2(out, 0, 64)), 0);
        let mut places: [*mut c_void; 1] = [(&raw mut out).cast()];
        let (stream, extra) = (ptr::null_mut(), ptr::null_mut());
        let places = places.as_mut_ptr();
        assert_eq!(call!(cuLaunchKernel(kernel, 2, 1, 1, 1, 1, 1, 0, stream, places, extra)), 0);
        let mut words = [0_u64; 2];
        assert_eq!(call!(cuMemcpyDtoH_v2((&raw mut words).cast(), out + 128, 16)), 0);
        count += u32::from(words[0] != 77);
        time = words[1];
    }
    assert_eq!(call!(cuMemFree_v2(out)), 0);
    (count, time)
}

#[test]
fn a_dropped_acquire_shows_under_driver_calls() {
    if !is_child() {
        let variables = [("ISOKERN_SIM_WEAK", "7"), ("ISOKERN_SIM_CLOCK", "virtual")];
        succeeded(&in_child("a_dropped_acquire_shows_under_driver_calls", &variables));
        return;
    }
    let (wrong, time) = missing(HAND_OFF);
    assert_eq!(wrong, 0);
    assert!(time < 1 << 32, "a virtual clock counts instructions, not {time}");
    let (dropped, _) = missing(&HAND_OFF.replace("ld.acquire", "ld.relaxed"));
    let (unreleased, _) = missing(&HAND_OFF.replace("st.release", "st.relaxed"));
    assert!(dropped > 0 && unreleased > 0, "{dropped} {unreleased}");
}

#[test]
fn without_it_the_stand_in_is_kind() {
    assert_eq!(missing(&HAND_OFF.replace("ld.acquire", "ld.relaxed")).0, 0);
}
