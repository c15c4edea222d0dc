//! One of a model's two lanes: a stream with its own memory, through which samples go.
//!
//! ```text
//! staging (pinned) ─copy▶ input (device) ─▶ kernel ─▶ result (device) ─copy▶ answer (pinned)
//!        └──────────── read in place if short ──▲
//! ```
//!
//! The fault record lies in front of the outputs, so that one copy brings both.
#![allow(unsafe_code)]

use std::sync::Arc;

use isokern_core::device::FaultRecord;

use crate::driver::{DeviceBuffer, GraphExec, MappedBuffer, PinnedBuffer, Stream, settle};
use crate::error::CudaError;
use crate::kernel::{Job, Resident};
use crate::replays::{Replays, Turn};

/// Up to this many bytes of input the kernel reads from host memory itself: a word for each of
/// its 256 threads, one round trip over the bus, where a copy is an operation of its own.
const READ_IN_PLACE_BYTES_MAX: usize = 1024;

const RECORD_BYTES: usize = size_of::<FaultRecord>();

/// What all lanes of a model share.
pub(crate) type Work = Arc<Resident>;

/// A stream, and memory for up to `samples_max` samples.
#[derive(Debug)]
pub(crate) struct Lane {
    work: Work,
    replays: Replays<GraphExec>,
    stream: Stream,
    staging: MappedBuffer,
    input: DeviceBuffer,
    result: DeviceBuffer,
    answer: PinnedBuffer,
    scratch: Option<DeviceBuffer>,
    samples_max: usize,
    /// Samples that were started and not yet waited for.
    pending: usize,
}

impl Lane {
    /// Allocates a lane.
    pub(crate) fn new(work: Work, samples_max: usize) -> Result<Self, CudaError> {
        let context = work.context();
        let stream = Stream::new(context)?;
        let input_bytes = work.input_bytes * samples_max;
        let result_bytes = RECORD_BYTES + work.output_bytes * samples_max;
        let staging = MappedBuffer::new(context, input_bytes)?;
        let input = DeviceBuffer::new(context, input_bytes)?;
        let result = DeviceBuffer::new(context, result_bytes)?;
        let answer = PinnedBuffer::new(context, result_bytes)?;
        let scratch = work.scratch(samples_max)?;
        let replays = Replays::new();
        let mut lane = Self {
            work,
            replays,
            stream,
            staging,
            input,
            result,
            answer,
            scratch,
            samples_max,
            pending: 0,
        };
        lane.forget_fault()?;
        Ok(lane)
    }

    /// Records the work of `samples` samples, to be replayed from the first time on.
    pub(crate) fn record(&mut self, samples: usize) -> Result<(), CudaError> {
        let graph = self.capture(samples)?;
        self.replays.keep(samples, graph);
        Ok(())
    }

    /// Where the inputs of the next `start` go. Work that a panic of a payload left behind is
    /// waited for first, for the device reads this memory.
    pub(crate) fn staging(&mut self) -> &mut [u8] {
        self.abandon();
        self.staging.as_mut_slice()
    }

    /// Starts `samples` samples on the inputs in [`staging`](Self::staging).
    pub(crate) fn start(&mut self, samples: usize) -> Result<(), CudaError> {
        debug_assert!(samples <= self.samples_max, "the caller divides batches");
        self.abandon();
        self.pending = samples;
        let started = match self.replays.turn(samples) {
            Turn::First => self.enqueue(samples, None),
            Turn::Again => self.record(samples).and_then(|()| self.replay(samples)),
            Turn::Kept => self.replay(samples),
        };
        if started.is_err() {
            self.abandon();
        }
        started
    }

    /// Runs one sample on an input that the device reads where it lies, at `address`.
    ///
    /// # Safety
    ///
    /// As many bytes as an input has can be read there by the device, and nobody writes them
    /// until [`finish`](Self::finish) or [`abandon`](Self::abandon) has returned.
    pub(crate) unsafe fn start_in_place(&mut self, address: u64) -> Result<(), CudaError> {
        self.abandon();
        self.pending = 1;
        let started = self.enqueue(1, Some(address));
        if started.is_err() {
            self.abandon();
        }
        started
    }

    /// Waits for what was started, and gives the outputs.
    pub(crate) fn finish(&mut self) -> Result<&[u8], CudaError> {
        let samples = core::mem::take(&mut self.pending);
        settle(&self.stream)?;
        let (record, _) = self.answer.as_slice().split_at(RECORD_BYTES);
        let record: FaultRecord = bytemuck::pod_read_unaligned(record);
        if let Some(fault) = record.fault() {
            self.forget_fault()?;
            return Err(CudaError::Fault(fault));
        }
        let (_, outputs) = self.answer.as_slice().split_at(RECORD_BYTES);
        Ok(outputs.get(..samples * self.work.output_bytes).unwrap_or_default())
    }

    /// Waits until nothing is going on, and forgets what came of it.
    pub(crate) fn abandon(&mut self) {
        if core::mem::take(&mut self.pending) != 0 {
            let _ended = settle(&self.stream);
        }
    }

    /// Zeroes the fault record, on the device and here.
    pub(crate) fn forget_fault(&mut self) -> Result<(), CudaError> {
        self.result.enqueue_zero(RECORD_BYTES, &self.stream)?;
        settle(&self.stream)
    }

    fn replay(&mut self, samples: usize) -> Result<(), CudaError> {
        match self.replays.get(samples) {
            // SAFETY: the memory recorded is this lane's, and it was idle.
            Some(graph) => unsafe { graph.launch(&self.stream) },
            None => self.enqueue(samples, None),
        }
    }

    fn capture(&self, samples: usize) -> Result<GraphExec, CudaError> {
        GraphExec::capture(&self.stream, || self.enqueue(samples, None))
    }

    /// Puts copies and kernel into the stream: from the staging buffer, or from `in_place`.
    fn enqueue(&self, samples: usize, in_place: Option<u64>) -> Result<(), CudaError> {
        let bytes = samples * self.work.input_bytes;
        let inputs = match in_place {
            Some(address) => address,
            None if bytes <= READ_IN_PLACE_BYTES_MAX => self.staging.address(),
            None => {
                let source = self.staging.start();
                // SAFETY: both buffers hold `samples_max` samples, and this lane is not reused
                // before the work has ended.
                unsafe { self.input.enqueue_upload(source, bytes, &self.stream) }?;
                self.input.address()
            }
        };
        let job = Job {
            inputs,
            outputs: self.result.address() + RECORD_BYTES as u64,
            samples,
            scratch: self.scratch.as_ref().map_or(0, DeviceBuffer::address),
            fault: self.result.address(),
        };
        // SAFETY: as above; scratch was planned for at least as many samples, and an input in
        // place is the promise of `start_in_place`'s caller.
        unsafe { self.work.launch(&self.stream, job) }?;
        let (target, bytes) =
            (self.answer.start(), RECORD_BYTES + samples * self.work.output_bytes);
        // SAFETY: as above; the answer is read after the work has ended.
        unsafe { self.result.enqueue_download(target, bytes, &self.stream) }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.abandon();
    }
}
