//! Counts bytes on two streams, first launch by launch, then as a graph that is replayed.
#![allow(unsafe_code)]

use core::error::Error;
use cudarc::driver::sys::{
    CU_MEMHOSTALLOC_PORTABLE, CUgraphInstantiate_flags, CUstreamCaptureMode, CUstreamCaptureStatus,
};
use cudarc::driver::{
    CudaContext, CudaFunction, CudaSlice, CudaStream, CudaView, DriverError, LaunchConfig,
    PinnedHostSlice, PushKernelArg,
};
use cudarc::nvrtc::Ptx;
use std::sync::Arc;

const PTX: &str = include_str!("kernels/histogram.nvrtc-11.8.89.ptx");
const BINS: usize = 256;
const LENGTH: usize = 30_011;
const HALF: usize = 14_000;
const REPLAYS: u32 = 4;

/// The two kernels.
struct Kernels {
    histogram: CudaFunction,
    merge: CudaFunction,
}

/// Device memory of one histogram, in two halves, and its result.
struct Buffers {
    input: CudaSlice<u8>,
    left: CudaSlice<u32>,
    right: CudaSlice<u32>,
    sum: CudaSlice<u32>,
    mode: CudaSlice<u64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let context = CudaContext::new(0)?;
    let module = context.load_module(Ptx::from_src(PTX))?;
    let kernels = Kernels {
        histogram: module.load_function("histogram")?,
        merge: module.load_function("merge")?,
    };
    launch_by_launch(&context, &kernels)?;
    replay(&context, &kernels)?;
    context.check_err()?;
    println!("histogram-graph: {} histograms of {LENGTH} bytes, all as expected", REPLAYS + 1);
    Ok(())
}

/// Runs two streams, kept in order by the events that cudarc records for every slice.
fn launch_by_launch(context: &Arc<CudaContext>, kernels: &Kernels) -> Result<(), Box<dyn Error>> {
    let main = context.new_stream()?;
    let side = main.fork()?;
    // SAFETY: every element is written before one is read.
    let mut pinned = unsafe { context.alloc_pinned::<u8>(LENGTH) }?;
    fill(&mut pinned, 1)?;
    let mut buffers = Buffers::new(&main)?;
    main.memcpy_htod(&pinned, &mut buffers.input)?;
    let (first, second) = buffers.input.split_at(HALF);
    count(&main, &kernels.histogram, &first, &mut buffers.left)?;
    count(&side, &kernels.histogram, &second, &mut buffers.right)?;
    main.join(&side)?;
    buffers.merge(&main, &kernels.merge)?;
    let sum = main.clone_dtoh(&buffers.sum)?;
    let mode = main.clone_dtoh(&buffers.mode)?;
    main.synchronize()?;
    verify("two streams", pinned.as_slice()?, &sum, mode[0])
}

/// Runs the same work recorded once and replayed with other input.
fn replay(context: &Arc<CudaContext>, kernels: &Kernels) -> Result<(), Box<dyn Error>> {
    // Waits on events from before a capture are not allowed in it.
    // SAFETY: from here on, this function orders the two streams itself.
    unsafe { context.disable_event_tracking() };
    let main = context.new_stream()?;
    let side = context.new_stream_with_priority(0)?;
    // SAFETY: every element is written before one is read.
    let mut pinned = unsafe { context.alloc_pinned::<u8>(LENGTH) }?;
    // SAFETY: the device writes every element before the host reads one.
    let mut answer =
        unsafe { context.alloc_pinned_with_flags::<u32>(BINS, CU_MEMHOSTALLOC_PORTABLE) }?;
    let mut buffers = Buffers::new(&main)?;
    main.synchronize()?;

    main.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)?;
    let captured = record(&main, &side, kernels, &mut buffers);
    let graph = main
        .end_capture(CUgraphInstantiate_flags::CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH)?;
    captured?;
    let graph = graph.ok_or("the capture gave no graph")?;
    graph.upload()?;
    main.memcpy_dtoh(&buffers.sum, &mut answer)?;
    main.synchronize()?;
    if answer.as_slice()?.iter().any(|&count| count != 0) {
        return Err("a kernel ran while it was recorded".into());
    }

    for round in 0..REPLAYS {
        fill(&mut pinned, 100 + round)?;
        main.memcpy_htod(&pinned, &mut buffers.input)?;
        graph.launch()?;
        main.memcpy_dtoh(&buffers.sum, &mut answer)?;
        let mode = main.clone_dtoh(&buffers.mode)?;
        main.synchronize()?;
        verify("replay", pinned.as_slice()?, answer.as_slice()?, mode[0])?;
    }
    // Without new input the graph gives the same answer again, not twice the counts.
    let before = answer.as_slice()?.to_vec();
    graph.launch()?;
    graph.launch()?;
    main.memcpy_dtoh(&buffers.sum, &mut answer)?;
    main.synchronize()?;
    if answer.as_slice()? != before {
        return Err("replays without new input differ".into());
    }
    Ok(())
}

/// Checks what the graph holds: two memsets and a kernel on each stream, then the merge.
fn record(
    main: &Arc<CudaStream>,
    side: &Arc<CudaStream>,
    kernels: &Kernels,
    buffers: &mut Buffers,
) -> Result<(), Box<dyn Error>> {
    side.wait(&main.record_event(None)?)?;
    for stream in [main, side] {
        if stream.capture_status()? != CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_ACTIVE {
            return Err("a stream of the capture is not capturing".into());
        }
    }
    main.memset_zeros(&mut buffers.left)?;
    main.memset_zeros(&mut buffers.mode)?;
    side.memset_zeros(&mut buffers.right)?;
    let (first, second) = buffers.input.split_at(HALF);
    count(main, &kernels.histogram, &first, &mut buffers.left)?;
    count(side, &kernels.histogram, &second, &mut buffers.right)?;
    main.join(side)?;
    buffers.merge(main, &kernels.merge)?;
    Ok(())
}

impl Buffers {
    fn new(stream: &Arc<CudaStream>) -> Result<Buffers, DriverError> {
        Ok(Buffers {
            input: stream.alloc_zeros(LENGTH)?,
            left: stream.alloc_zeros(BINS)?,
            right: stream.alloc_zeros(BINS)?,
            sum: stream.alloc_zeros(BINS)?,
            mode: stream.alloc_zeros(1)?,
        })
    }

    fn merge(&mut self, stream: &Arc<CudaStream>, merge: &CudaFunction) -> Result<(), DriverError> {
        let mut launch = stream.launch_builder(merge);
        launch.arg(&self.left).arg(&self.right).arg(&mut self.sum).arg(&mut self.mode);
        let config =
            LaunchConfig { grid_dim: (4, 1, 1), block_dim: (64, 1, 1), shared_mem_bytes: 0 };
        // SAFETY: the arguments have the kernel's types and the sizes that it expects.
        unsafe { launch.launch(config) }?;
        Ok(())
    }
}

fn count(
    stream: &Arc<CudaStream>,
    histogram: &CudaFunction,
    input: &CudaView<'_, u8>,
    bins: &mut CudaSlice<u32>,
) -> Result<(), DriverError> {
    let length = input.len() as u32;
    let mut launch = stream.launch_builder(histogram);
    launch.arg(input).arg(bins).arg(&length);
    let config = LaunchConfig { grid_dim: (6, 1, 1), block_dim: (128, 1, 1), shared_mem_bytes: 0 };
    // SAFETY: the arguments have the kernel's types, `input` has `length` bytes, `bins` all bins.
    unsafe { launch.launch(config) }?;
    Ok(())
}

/// Fills the buffer with bytes of a linear congruential generator; low values are more frequent.
fn fill(bytes: &mut PinnedHostSlice<u8>, seed: u32) -> Result<(), DriverError> {
    let mut state = seed;
    for byte in bytes.as_mut_slice()? {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = ((state >> 24) & (state >> 16) & 0xFF) as u8;
    }
    Ok(())
}

fn verify(what: &str, input: &[u8], sum: &[u32], mode: u64) -> Result<(), Box<dyn Error>> {
    let mut expected = [0_u32; BINS];
    input.iter().for_each(|&value| expected[usize::from(value)] += 1);
    if let Some(bin) = (0..BINS).find(|&bin| sum[bin] != expected[bin]) {
        return Err(format!("{what}: bin {bin} is {}, not {}", sum[bin], expected[bin]).into());
    }
    let most = expected.iter().zip(0_u64..).map(|(&n, bin)| u64::from(n) << 32 | bin).max();
    if most != Some(mode) {
        return Err(format!("{what}: the most frequent byte is {mode:#x}, not {most:x?}").into());
    }
    println!("{what}: {} bytes, most frequent {} ({} times)", input.len(), mode & 0xFF, mode >> 32);
    Ok(())
}
