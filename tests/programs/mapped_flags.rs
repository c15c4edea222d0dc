//! Talks to a running kernel through mapped memory, and uses the less common parts of the driver:
//! cooperative launches, module variables, attributes, large shared memory, unified memory, errors.
#![allow(unsafe_code)]

mod mailbox;

use core::error::Error;
use cudarc::driver::sys::{CUdevice_attribute, CUfunction_attribute, CUresult};
use cudarc::driver::{
    CudaContext, CudaModule, CudaStream, DriverError, LaunchConfig, PushKernelArg,
};
use cudarc::nvrtc::Ptx;
use std::sync::Arc;

const PTX: &str = include_str!("kernels/flags.nvrtc-11.8.89.ptx");
/// How often a kernel looks at a word before it gives up: minutes across a bus.
const PATIENCE: u32 = 100_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let context = CudaContext::new(0)?;
    let module = context.load_module(Ptx::from_src(PTX))?;
    let stream = context.default_stream();
    mailbox::converse(&context, &module, PATIENCE)?;
    cooperate(&context, &module, &stream)?;
    module_variables(&module, &stream)?;
    large_shared_memory(&context, &module, &stream)?;
    unified_memory(&context, &module, &stream)?;
    device_copies(&stream)?;
    errors(&context, &module)?;
    context.synchronize()?;
    context.check_err()?;
    println!("mapped-flags: all as expected");
    Ok(())
}

/// Blocks that wait for each other, as many as fit on the device but at most eight.
fn cooperate(
    context: &Arc<CudaContext>,
    module: &Arc<CudaModule>,
    stream: &Arc<CudaStream>,
) -> Result<(), Box<dyn Error>> {
    use CUdevice_attribute as Attribute;
    let threads = 128;
    let grid_sum = module.load_function("grid_sum")?;
    check(
        context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH)? == 1,
        "cooperative",
    )?;
    let processors = context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
    let each = grid_sum.occupancy_max_active_blocks_per_multiprocessor(threads, 0, None)?;
    check(each >= 1, "a multiprocessor holds at least one block")?;
    let (grid, block) = grid_sum.occupancy_max_potential_block_size(no_shared, 0, 0, None)?;
    check(grid >= 1 && block >= threads && block % 32 == 0, "the suggested block")?;
    let blocks = (each * processors as u32).min(8);

    let input: Vec<u32> = (0..10_000).map(|i| i * i % 1009).collect();
    let total: u32 = input.iter().sum();
    let input = stream.clone_htod(&input)?;
    let mut shares = stream.alloc_zeros::<u32>(blocks as usize)?;
    let mut arrived = stream.alloc_zeros::<u32>(1)?;
    let mut totals = stream.alloc_zeros::<u32>(blocks as usize)?;
    let length = input.len() as u32;
    let mut launch = stream.launch_builder(&grid_sum);
    launch.arg(&input).arg(&mut shares).arg(&mut arrived).arg(&mut totals);
    launch.arg(&length).arg(&PATIENCE);
    let config =
        LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (threads, 1, 1), shared_mem_bytes: 0 };
    // SAFETY: the arguments have the kernel's types; each block has a share and a total.
    unsafe { launch.launch_cooperative(config) }?;
    let found = stream.clone_dtoh(&totals)?;
    stream.synchronize()?;
    check(found.iter().all(|&found| found == total), "every block knows the total")?;
    println!("cooperative launch: {blocks} blocks of {threads}, each has the total {total}");
    Ok(())
}

extern "C" fn no_shared(_block: core::ffi::c_int) -> usize {
    0
}

/// Reads and writes `__constant__` and `__device__` variables.
fn module_variables(
    module: &Arc<CudaModule>,
    stream: &Arc<CudaStream>,
) -> Result<(), Box<dyn Error>> {
    let served = module.get_global("served", stream)?;
    check(stream.clone_dtoh(&served)? == mailbox::ROUNDS.to_le_bytes(), "requests counted")?;

    let shift = module.load_function("shift")?;
    let mut values = stream.clone_htod(&[1_i32; 10])?;
    let count = 10_u32;
    let config = LaunchConfig { grid_dim: (1, 1, 1), block_dim: (32, 1, 1), shared_mem_bytes: 0 };
    for offsets in [[10_i32, 20, 30, 40], [-5, 0, 5, 1 << 30]] {
        let mut symbol = module.get_global("offsets", stream)?;
        let bytes = stream.clone_dtoh(&symbol)?;
        check(bytes.len() == 16, "the size of a variable")?;
        if offsets[0] == 10 {
            let initial: Vec<u8> = offsets.iter().flat_map(|word| word.to_le_bytes()).collect();
            check(bytes == initial, "the initial value of a variable")?;
        } else {
            // SAFETY: the variable is an array of four `int`.
            let view = unsafe { symbol.transmute_mut::<i32>(4) };
            stream.memcpy_htod(&offsets, &mut view.ok_or("four words do not fit")?)?;
        }
        stream.memcpy_htod(&[1; 10], &mut values)?;
        let mut launch = stream.launch_builder(&shift);
        launch.arg(&mut values).arg(&count);
        // SAFETY: the arguments have the kernel's types, and `values` has `count` elements.
        unsafe { launch.launch(config) }?;
        let expected: Vec<i32> = (0..10).map(|i| 1 + offsets[i % 4]).collect();
        check(stream.clone_dtoh(&values)? == expected, "a kernel reads a variable")?;
    }
    println!("module variables: read, written, used by a kernel");
    Ok(())
}

/// Uses more dynamic shared memory than the 48 KiB that need no permission.
fn large_shared_memory(
    context: &Arc<CudaContext>,
    module: &Arc<CudaModule>,
    stream: &Arc<CudaStream>,
) -> Result<(), Box<dyn Error>> {
    let opt_in = CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
    let most = context.attribute(opt_in)?;
    let count = 15 * 1024_u32;
    let bytes = 4 * count;
    check(most >= bytes as i32, "60 KiB of shared memory")?;
    let reverse = module.load_function("reverse")?;
    let registers = reverse.num_regs()?;
    check((1..=255).contains(&registers), "registers")?;
    check(reverse.max_threads_per_block()? >= 256, "threads per block")?;
    check(reverse.shared_size_bytes()? == 0, "no static shared memory")?;
    check(module.load_function("grid_sum")?.shared_size_bytes()? >= 513, "static shared memory")?;
    check(reverse.ptx_version()? == 75, "the PTX is for sm_75")?;

    let values: Vec<u32> = (0..count).map(|i| i.wrapping_mul(2_654_435_761)).collect();
    let mut device = stream.clone_htod(&values)?;
    let config =
        LaunchConfig { grid_dim: (1, 1, 1), block_dim: (256, 1, 1), shared_mem_bytes: bytes };
    let mut launch = stream.launch_builder(&reverse);
    launch.arg(&mut device).arg(&count);
    // SAFETY: as below; the driver must refuse the size.
    let refused = unsafe { launch.launch(config) };
    fails(refused, CUresult::CUDA_ERROR_INVALID_VALUE, "60 KiB without permission")?;
    let limit = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    reverse.set_attribute(limit, bytes as i32)?;
    check(reverse.get_attribute(limit)? == bytes as i32, "an attribute that was set")?;
    // SAFETY: the arguments have the kernel's types; both memories hold `count` words.
    unsafe { launch.launch(config) }?;
    let reversed: Vec<u32> = values.into_iter().rev().collect();
    check(stream.clone_dtoh(&device)? == reversed, "60 KiB through shared memory")?;
    println!("shared memory: {bytes} of at most {most} bytes, {registers} registers");
    Ok(())
}

/// Tries memory with one address for host and device.
fn unified_memory(
    context: &Arc<CudaContext>,
    module: &Arc<CudaModule>,
    stream: &Arc<CudaStream>,
) -> Result<(), Box<dyn Error>> {
    let count = 1_000_u32;
    // SAFETY: every element is written before one is read.
    let mut unified = unsafe { context.alloc_unified::<i32>(count as usize, true) }?;
    unified.as_mut_slice()?.iter_mut().zip(0..).for_each(|(value, i)| *value = 3 * i);
    let symbol = module.get_global("offsets", stream)?;
    let offsets: Vec<i32> = stream
        .clone_dtoh(&symbol)?
        .chunks_exact(4)
        .map(|word| i32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .collect();
    let shift = module.load_function("shift")?;
    let mut launch = stream.launch_builder(&shift);
    launch.arg(&mut unified).arg(&count);
    // SAFETY: the arguments have the kernel's types, and the memory has `count` elements.
    unsafe { launch.launch(LaunchConfig::for_num_elems(count)) }?;
    stream.synchronize()?;
    let expected = (0..count as usize).map(|i| 3 * i as i32 + offsets[i % 4]);
    check(unified.as_slice()?.iter().copied().eq(expected), "unified memory")?;
    println!("unified memory: {count} values changed in place");
    Ok(())
}

/// Tries memset, copies between device arrays, and views of parts.
fn device_copies(stream: &Arc<CudaStream>) -> Result<(), Box<dyn Error>> {
    let source = stream.clone_htod(&(0..64_u16).collect::<Vec<_>>())?;
    let mut target = stream.alloc_zeros::<u16>(64)?;
    stream.memcpy_dtod(&source.slice(8..24), &mut target.slice_mut(40..56))?;
    let mut copy = stream.clone_dtod(&target)?;
    let (_, mut tail) = copy.split_at_mut(50);
    stream.memset_zeros(&mut tail)?;
    let expected = |end: u16| {
        let inside = move |i: u16| (40..end).contains(&i);
        (0..64).map(move |i| if inside(i) { i - 32 } else { 0 }).collect::<Vec<u16>>()
    };
    check(stream.clone_dtoh(&target)? == expected(56), "a copy of a part")?;
    check(stream.clone_dtoh(&copy)? == expected(50), "a memset of a part")?;
    println!("device copies: parts copied and cleared");
    Ok(())
}

/// Calls that must fail, and a context that works afterwards.
fn errors(context: &Arc<CudaContext>, module: &Arc<CudaModule>) -> Result<(), Box<dyn Error>> {
    use CUresult as Code;
    let stream = context.default_stream();
    fails(module.load_function("no_such_kernel"), Code::CUDA_ERROR_NOT_FOUND, "an unknown kernel")?;
    let unknown = module.get_global("no_such_variable", &stream);
    fails(unknown, Code::CUDA_ERROR_NOT_FOUND, "an unknown variable")?;
    let broken = Ptx::from_src(&PTX[..PTX.len() / 2]);
    fails(context.load_module(broken), Code::CUDA_ERROR_INVALID_PTX, "PTX that breaks off")?;
    fails(CudaContext::new(9_999), Code::CUDA_ERROR_INVALID_DEVICE, "an unknown device")?;

    let shift = module.load_function("shift")?;
    let (mut values, count) = (stream.alloc_zeros::<i32>(4)?, 0_u32);
    let mut launch = stream.launch_builder(&shift);
    launch.arg(&mut values).arg(&count);
    let config =
        LaunchConfig { grid_dim: (1, 1, 1), block_dim: (2_048, 1, 1), shared_mem_bytes: 0 };
    // SAFETY: the kernel touches nothing for a count of zero; the driver must refuse the block.
    let refused = unsafe { launch.launch(config) };
    fails(refused, Code::CUDA_ERROR_INVALID_VALUE, "2,048 threads in a block")?;
    check(stream.clone_dtoh(&values)? == [0; 4], "the context works after errors")?;
    Ok(())
}

/// Returns an error that says which expectation was not met.
fn check(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("not as expected: {what}")) }
}

/// Checks that a call failed, and with which code.
fn fails<T>(result: Result<T, DriverError>, code: CUresult, what: &str) -> Result<(), String> {
    match result {
        Ok(_) => Err(format!("{what}: no error")),
        Err(error) if error.0 == code => {
            let name = error.error_name().map_err(|error| error.to_string())?;
            println!("{what}: {}", name.to_string_lossy());
            Ok(())
        }
        Err(error) => Err(format!("{what}: {error} instead of {code:?}")),
    }
}
