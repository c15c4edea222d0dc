//! Failures on demand: a small program meets each of them, says the right error and ends.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ptr;

use cudarc::driver::result::DriverError;
use cudarc::driver::{CudaContext, LaunchConfig, PushKernelArg};
use cudarc::nvrtc::Ptx;
use standin::{call_count, fail_at, fail_never, in_child, is_child, live_objects, succeeded, turn};

const PTX: &str = include_str!("kernels/driver.ptx");

/// Returns a program as a user writes it: every error ends it.
fn program() -> Result<Vec<u32>, DriverError> {
    let context = CudaContext::new(0)?;
    let stream = context.new_stream()?;
    let module = context.load_module(Ptx::from_src(PTX))?;
    let scale = module.load_function("scale")?;
    let source = stream.clone_htod(&[1_u32, 2, 3])?;
    let mut target = stream.alloc_zeros::<u32>(3)?;
    let (factor, extra, count) = (10_u32, 1_u8, 3_u32);
    let mut builder = stream.launch_builder(&scale);
    builder.arg(&mut target).arg(&source).arg(&factor).arg(&extra).arg(&count);
    // SAFETY: the arguments are those the kernel declares.
    unsafe { builder.launch(LaunchConfig::for_num_elems(3)) }?;
    let result = stream.clone_dtoh(&target)?;
    stream.synchronize()?;
    // Errors of what is dropped are kept in the context.
    drop((source, target, scale, module, stream));
    context.check_err()?;
    Ok(result)
}

#[test]
fn each_call_of_a_program_may_fail() {
    let _turn = turn();
    let before = call_count("*");
    assert_eq!(program().unwrap(), [11, 21, 31]);
    let calls = call_count("*") - before;
    assert!(calls > 20, "{calls} calls");
    let mut failed = 0;
    for index in 1..=calls {
        // Out of memory, launch failed, not ready, unknown: the program only hands them on.
        let code = [2, 719, 600, 999][usize::try_from(index % 4).unwrap()];
        assert_eq!(fail_at("*", index, code), 0);
        match program() {
            Err(error) => {
                assert_eq!(error.0 as u32, code, "call {index}");
                failed += 1;
            }
            // The last calls let go of the context, where nobody looks.
            Ok(result) => assert_eq!(result, [11, 21, 31], "call {index}"),
        }
        fail_never();
        assert_eq!(program().unwrap(), [11, 21, 31], "after call {index} failed");
    }
    assert!(failed + 3 >= calls, "{failed} of {calls} calls were looked at");
}

#[test]
fn a_failed_call_does_nothing() {
    let _turn = turn();
    let own = standin::OwnContext::new();
    let before = live_objects();
    let mut address = 0;
    assert_eq!(fail_at("cuMemAlloc_v2", 2, 2), 0);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 16)), 0);
    let first = address;
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 16)), 2);
    assert_eq!(
        (address, live_objects().device_allocations),
        (first, before.device_allocations + 1)
    );
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 16)), 0);
    assert_eq!(fail_at("cuMemFree_v2", 1, 12345), 1, "no such code");
    assert_eq!(fail_at("cuMemFree_v2", 0, 1), 1, "calls count from 1");
    fail_never();
    drop(own);
}

#[test]
fn the_environment_asks_for_failures_too() {
    let test = "the_environment_asks_for_failures_too";
    if !is_child() {
        let text = succeeded(&in_child(
            test,
            &[("ISOKERN_SIM_FAIL", "cuMemAlloc_v2:2=2, cuStreamCreate:1=999,nonsense")],
        ));
        assert!(text.contains("`nonsense`") && text.contains("Fix:"), "{text}");
        return;
    }
    let _turn = turn();
    let _own = standin::OwnContext::new();
    let mut address = 0;
    let mut stream = ptr::null_mut();
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 16)), 0);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 16)), 2);
    assert_eq!(call!(cuStreamCreate(&raw mut stream, 0)), 999);
    assert_eq!(call!(cuStreamCreate(&raw mut stream, 0)), 0);
}
