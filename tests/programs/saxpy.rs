//! Computes `y = a x + y` on the first GPU, several times, and checks every element.
#![allow(unsafe_code)]

use core::error::Error;
use cudarc::driver::sys::{CUdevice_attribute, CUevent_flags};
use cudarc::driver::{CudaContext, DriverError, LaunchConfig, PushKernelArg};
use cudarc::nvrtc::Ptx;

const PTX: &str = include_str!("kernels/saxpy.nvrtc-11.8.89.ptx");
const LENGTH: usize = 100_003;
const ROUNDS: usize = 3;
const A: f32 = 0.7;

fn main() -> Result<(), Box<dyn Error>> {
    println!("devices: {}", CudaContext::device_count()?);
    let context = CudaContext::new(0)?;
    describe(&context)?;

    let stream = context.default_stream();
    let (free_before, _) = context.mem_get_info()?;
    let x: Vec<f32> = (0..LENGTH).map(|i| i as f32 * 0.25 - 1000.0).collect();
    let mut y: Vec<f32> = (0..LENGTH).map(|i| (i % 17) as f32).collect();
    let x_device = stream.clone_htod(&x)?;
    let mut y_device = stream.clone_htod(&y)?;
    stream.synchronize()?;
    let (free, total) = context.mem_get_info()?;
    println!("memory: {free} of {total} bytes free, {free_before} before two arrays");
    if free > total {
        return Err(format!("{free} bytes free of {total}").into());
    }

    let module = context.load_module(Ptx::from_src(PTX))?;
    let saxpy = module.load_function("saxpy")?;
    let config = LaunchConfig::for_num_elems(LENGTH as u32);
    let length = LENGTH as i32;

    let start = stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT))?;
    for round in 0..ROUNDS {
        let mut launch = stream.launch_builder(&saxpy);
        launch.arg(&length).arg(&A).arg(&x_device).arg(&mut y_device);
        launch.record_kernel_launch(CUevent_flags::CU_EVENT_DEFAULT);
        // SAFETY: the arguments have the kernel's types, and both arrays `length` elements.
        let events = unsafe { launch.launch(config) }?;
        let (before, after) = events.ok_or("no events, although they were asked for")?;
        println!("round {round}: {:.3} ms", before.elapsed_ms(&after)?);
    }
    let end = stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT))?;
    end.synchronize()?;
    if !end.try_is_complete()? {
        return Err("an event is not complete after waiting for it".into());
    }
    let all = start.elapsed_ms(&end)?;
    if !(0.0..60_000.0).contains(&all) {
        return Err(format!("{ROUNDS} launches took {all} ms").into());
    }

    let found = stream.clone_dtoh(&y_device)?;
    context.synchronize()?;
    for _ in 0..ROUNDS {
        y.iter_mut().zip(&x).for_each(|(y, x)| *y = A.mul_add(*x, *y));
    }
    compare(&y, &found)?;
    drop((x_device, y_device));
    context.check_err()?;
    println!("saxpy: {LENGTH} elements, {ROUNDS} rounds, {all:.3} ms, all as expected");
    Ok(())
}

fn describe(context: &CudaContext) -> Result<(), DriverError> {
    use CUdevice_attribute as Attribute;
    let (major, minor) = context.compute_capability()?;
    println!("device {}: {}, compute {major}.{minor}", context.ordinal(), context.name()?);
    println!("uuid: {:02x?}", context.uuid()?.bytes.map(|byte| byte as u8));
    println!("total memory: {} bytes", context.total_mem()?);
    for (name, attribute) in [
        ("multiprocessors", Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
        ("threads per block", Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK),
        ("threads per warp", Attribute::CU_DEVICE_ATTRIBUTE_WARP_SIZE),
        ("shared bytes per block", Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK),
        ("registers per block", Attribute::CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK),
        ("clock, kHz", Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE),
    ] {
        println!("{name}: {}", context.attribute(attribute)?);
    }
    Ok(())
}

fn compare(expected: &[f32], found: &[f32]) -> Result<(), String> {
    if expected.len() != found.len() {
        return Err(format!("{} elements instead of {}", found.len(), expected.len()));
    }
    for (i, (expected, found)) in expected.iter().zip(found).enumerate() {
        if expected.to_bits() != found.to_bits() {
            return Err(format!("y[{i}] is {found} instead of {expected}"));
        }
    }
    Ok(())
}
