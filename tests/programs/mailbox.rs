//! A conversation with a kernel that is already running, through words of mapped host memory.

use core::error::Error;
use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use cudarc::driver::sys::{CU_MEMHOSTALLOC_DEVICEMAP, CUdeviceptr, cuMemHostGetDevicePointer_v2};
use cudarc::driver::{CudaContext, CudaModule, DriverError, LaunchConfig, PushKernelArg};
use std::sync::Arc;
use std::time::Instant;

/// Questions that are asked.
pub(crate) const ROUNDS: u32 = 20;

/// Words of the mailbox; `kernels/flags.cu` has the same numbers.
const WORDS: usize = 64;
const ASKED: usize = 0;
const REQUEST: usize = 1;
const ANSWERED: usize = 32;
const ANSWER: usize = 33;
const GAVE_UP: usize = 34;
const HANG_UP: u32 = u32::MAX;

/// How long the host waits for one answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// Launches `serve`, then asks it `ROUNDS` questions, each after the answer to the one before.
pub(crate) fn converse(
    context: &Arc<CudaContext>,
    module: &Arc<CudaModule>,
    patience: u32,
) -> Result<(), Box<dyn Error>> {
    // SAFETY: every word is written before one is read.
    let mut memory =
        unsafe { context.alloc_pinned_with_flags::<u32>(WORDS, CU_MEMHOSTALLOC_DEVICEMAP) }?;
    memory.as_mut_slice()?.fill(0);
    let words = memory.as_mut_ptr()?;
    let device = device_address(words)?;
    let at = |index: usize| {
        assert!(index < WORDS);
        let word = words.wrapping_add(index);
        // SAFETY: the word is in `memory`, which outlives this function's use of it, and is
        // reached only as an atomic from here on.
        unsafe { AtomicU32::from_ptr(word) }
    };

    let stream = context.new_stream()?;
    let serve = module.load_function("serve")?;
    let mut launch = stream.launch_builder(&serve);
    launch.arg(&device).arg(&ROUNDS).arg(&patience);
    let config = LaunchConfig { grid_dim: (1, 1, 1), block_dim: (1, 1, 1), shared_mem_bytes: 0 };
    // SAFETY: the arguments have the kernel's types; the mailbox has all its words and is freed
    // after the stream is idle.
    unsafe { launch.launch(config) }?;
    let launched = stream.record_event(None)?;
    let running = !launched.try_is_complete()?;

    let mut outcome = Ok(());
    for round in 1..=ROUNDS {
        let request = round.wrapping_mul(0x9E37_79B9);
        at(REQUEST).store(request, Ordering::Relaxed);
        at(ASKED).store(round, Ordering::Release);
        outcome = wait(at(ANSWERED), at(GAVE_UP), round).and_then(|()| {
            let (found, expected) = (at(ANSWER).load(Ordering::Relaxed), answer(request));
            if found == expected {
                return Ok(());
            }
            Err(format!("answer {round} is {found}, not {expected}"))
        });
        if outcome.is_err() {
            break;
        }
    }
    // Whatever happened, the kernel must end before its mailbox does.
    at(ASKED).store(HANG_UP, Ordering::Release);
    stream.synchronize()?;
    outcome?;
    if !running {
        return Err("the kernel had ended before it was asked anything".into());
    }
    if !launched.try_is_complete()? {
        return Err("the stream is idle, but its last event is not complete".into());
    }
    println!("mapped memory: {ROUNDS} questions answered by a running kernel");
    Ok(())
}

fn answer(request: u32) -> u32 {
    request.wrapping_mul(request).wrapping_add(1)
}

/// Returns the address under which kernels reach the words.
fn device_address(words: *mut u32) -> Result<CUdeviceptr, DriverError> {
    let mut device: CUdeviceptr = 0;
    // SAFETY: `words` came from the driver as mapped memory; the result goes to a local variable.
    let result = unsafe { cuMemHostGetDevicePointer_v2(&mut device, words.cast::<c_void>(), 0) };
    result.result()?;
    Ok(device)
}

/// Waits until the kernel has answered this round.
fn wait(answered: &AtomicU32, gave_up: &AtomicU32, round: u32) -> Result<(), String> {
    let start = Instant::now();
    while answered.load(Ordering::Acquire) != round {
        if gave_up.load(Ordering::Acquire) != 0 {
            return Err(format!("the kernel gave up waiting for question {round}"));
        }
        if start.elapsed() > DEADLINE {
            return Err(format!("no answer to question {round} in {DEADLINE:?}"));
        }
        core::hint::spin_loop();
    }
    Ok(())
}
