//! A stream with buffers of its own, through which samples go; a model has two.
//!
//! ```text
//! staging (pinned) ─copy▶ input (device) ─▶ kernel ─▶ result (device) ─copy▶ answer (pinned)
//!        └──────────── read in place if short ──▲
//! ```
//!
//! The fault record precedes the outputs, so that one copy brings both. Outputs that stay
//! on the device have a record in mapped memory instead: then nothing is copied back.
#![allow(unsafe_code)]

use std::sync::Arc;

use isokern_core::device::FaultRecord;

use crate::driver::{Context, DeviceBuffer, GraphExec, MappedBuffer, PinnedBuffer, Stream, settle};
use crate::error::CudaError;
use crate::graph_cache::GraphCache;
use crate::kernel::{LaunchMemory, UploadedModel};

/// Up to this many bytes of input the kernel reads from host memory itself: a word for each of
/// its 256 threads, one round trip over the bus, where a copy is an operation of its own.
const READ_IN_PLACE_BYTES_MAX: usize = 1024;

const RECORD_BYTES: usize = size_of::<FaultRecord>();

/// A stream, and memory for up to `samples_max` samples.
#[derive(Debug)]
pub(crate) struct StreamBuffers {
    work: Arc<UploadedModel>,
    graphs: GraphCache<GraphExec>,
    stream: Stream,
    staging: MappedBuffer,
    input: DeviceBuffer,
    result: DeviceBuffer,
    answer: PinnedBuffer,
    record: MappedBuffer,
    scratch: Option<DeviceBuffer>,
    samples_max: usize,
    pending: Option<Pending>,
}

/// What was started and not yet waited for.
#[derive(Debug, Clone, Copy)]
struct Pending {
    samples: usize,
    /// The outputs stay on the device.
    is_placed: bool,
}

/// Where one sample is on the device, for what does not go through the buffers of a stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Placed {
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
}

impl StreamBuffers {
    /// Allocates the buffers, and captures the graphs of one sample and of a whole chunk.
    pub(crate) fn new(work: Arc<UploadedModel>, samples_max: usize) -> Result<Self, CudaError> {
        let context = work.context();
        let stream = Stream::new(context)?;
        // More than there are is more than there is memory: the driver refuses it.
        let input_bytes = work.input_bytes.saturating_mul(samples_max);
        let output_bytes = work.output_bytes.saturating_mul(samples_max);
        let result_bytes = RECORD_BYTES.saturating_add(output_bytes);
        let staging = MappedBuffer::new(context, input_bytes)?;
        let input = DeviceBuffer::new(context, input_bytes)?;
        let result = DeviceBuffer::new(context, result_bytes)?;
        let answer = PinnedBuffer::new(context, result_bytes)?;
        let record = MappedBuffer::new(context, RECORD_BYTES)?;
        let scratch = work.scratch(samples_max)?;
        let mut buffers = Self {
            work,
            graphs: GraphCache::new(),
            stream,
            staging,
            input,
            result,
            answer,
            record,
            scratch,
            samples_max,
            pending: None,
        };
        buffers.forget_fault()?;
        let one = buffers.capture(1)?;
        buffers.graphs.keep_always(1, one);
        if samples_max > 1 {
            let chunk = buffers.capture(samples_max)?;
            buffers.graphs.keep_always(samples_max, chunk);
        }
        Ok(buffers)
    }

    /// Returns the context it is in.
    pub(crate) fn context(&self) -> &Context {
        self.work.context()
    }

    /// Records the work of `samples` samples, to be replayed from now on. This allocates.
    pub(crate) fn prepare(&mut self, samples: usize) -> Result<(), CudaError> {
        debug_assert!(samples <= self.samples_max, "the caller divides batches");
        if self.graphs.get(samples).is_none() {
            self.abandon();
            let graph = self.capture(samples)?;
            self.graphs.keep(samples, graph);
        }
        Ok(())
    }

    /// Returns where the inputs of the next `start` go. Work that a panic of a payload left is
    /// waited for first, for the device reads this memory.
    pub(crate) fn staging(&mut self) -> &mut [u8] {
        self.abandon();
        self.staging.as_mut_slice()
    }

    /// Starts `samples` samples on the inputs in [`staging`](Self::staging).
    pub(crate) fn start(&mut self, samples: usize) -> Result<(), CudaError> {
        debug_assert!(samples <= self.samples_max, "the caller divides batches");
        self.abandon();
        self.pending = Some(Pending { samples, is_placed: false });
        let started = match self.graphs.get(samples) {
            // SAFETY: the memory recorded is that of these buffers, and they were idle.
            Some(graph) => unsafe { graph.launch(&self.stream) },
            None => self.enqueue(samples, Placed::default()),
        };
        if started.is_err() {
            self.abandon();
        }
        started
    }

    /// Runs one sample on an input, to an output, or both, that the device uses in place.
    /// An input that is not there is in [`staging`](Self::staging).
    ///
    /// # Safety
    ///
    /// The device can read the bytes of an input, and write those of an output, at these
    /// addresses, and nobody else uses them until [`finish`](Self::finish) or
    /// [`abandon`](Self::abandon) has returned.
    pub(crate) unsafe fn start_placed(&mut self, placed: Placed) -> Result<(), CudaError> {
        self.abandon();
        self.pending = Some(Pending { samples: 1, is_placed: placed.output.is_some() });
        let started = self.enqueue(1, placed);
        if started.is_err() {
            self.abandon();
        }
        started
    }

    /// Waits for what was started, and gives the outputs; none if they stay on the device.
    pub(crate) fn finish(&mut self) -> Result<&[u8], CudaError> {
        let pending = self.pending.take();
        settle(&self.stream)?;
        let Some(pending) = pending else { return Ok(&[]) };
        if let Some(fault) = self.recorded(pending).fault() {
            self.forget_fault()?;
            return Err(CudaError::Fault(fault));
        }
        let samples = if pending.is_placed { 0 } else { pending.samples };
        let (_, outputs) = self.answer.as_slice().split_at(RECORD_BYTES);
        Ok(outputs.get(..samples * self.work.output_bytes).unwrap_or_default())
    }

    /// Waits until nothing is going on, and forgets what came of it.
    pub(crate) fn abandon(&mut self) {
        if let Some(pending) = self.pending.take() {
            let ended = settle(&self.stream);
            if ended.is_ok() && self.recorded(pending).fault().is_some() {
                // Where it is refused, the next `finish` tells of this fault once more.
                let _forgotten = self.forget_fault();
            }
        }
    }

    /// Zeroes the fault records, on the device and here. Nothing is going on.
    pub(crate) fn forget_fault(&mut self) -> Result<(), CudaError> {
        self.record.as_mut_slice().fill(0);
        self.result.enqueue_zero(RECORD_BYTES, &self.stream)?;
        settle(&self.stream)
    }

    /// Returns the fault record of work that has ended.
    fn recorded(&self, pending: Pending) -> FaultRecord {
        let bytes = if pending.is_placed { self.record.as_slice() } else { self.answer.as_slice() };
        bytes.get(..RECORD_BYTES).map_or_else(FaultRecord::default, bytemuck::pod_read_unaligned)
    }

    fn capture(&self, samples: usize) -> Result<GraphExec, CudaError> {
        let enqueue = || self.enqueue(samples, Placed::default());
        let graph = GraphExec::capture(&self.stream, enqueue)?;
        graph.upload(&self.stream)?;
        settle(&self.stream)?;
        Ok(graph)
    }

    /// Puts copies and kernel into the stream, between these buffers and what is placed.
    fn enqueue(&self, samples: usize, placed: Placed) -> Result<(), CudaError> {
        let bytes = samples * self.work.input_bytes;
        let inputs = match placed.input {
            Some(address) => address,
            None if bytes <= READ_IN_PLACE_BYTES_MAX => self.staging.address(),
            None => {
                let source = self.staging.start();
                // SAFETY: both buffers hold `samples_max` samples, and they are not reused
                // before the work has ended.
                unsafe { self.input.enqueue_upload(source, bytes, &self.stream) }?;
                self.input.address()
            }
        };
        let (outputs, fault) = match placed.output {
            Some(address) => (address, self.record.address()),
            None => (self.result.address() + RECORD_BYTES as u64, self.result.address()),
        };
        let scratch = self.scratch.as_ref().map_or(0, DeviceBuffer::address);
        let memory = LaunchMemory { inputs, outputs, samples, streams: 1, scratch, fault };
        // SAFETY: as above; scratch was planned for at least as many samples, and what is placed
        // is the promise of `start_placed`'s caller.
        unsafe { self.work.launch(&self.stream, memory) }?;
        if placed.output.is_some() {
            return Ok(());
        }
        let (target, bytes) =
            (self.answer.start(), RECORD_BYTES + samples * self.work.output_bytes);
        // SAFETY: as above; the answer is read after the work has ended.
        unsafe { self.result.enqueue_download(target, bytes, &self.stream) }
    }
}

impl Drop for StreamBuffers {
    fn drop(&mut self) {
        self.abandon();
    }
}
