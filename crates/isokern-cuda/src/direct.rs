//! Runs on inputs and outputs that are on the device already, on any stream.
#![allow(unsafe_code)]

use std::sync::Arc;

use isokern_core::compute::{DeviceView, DeviceViewMut};
use isokern_core::device::FaultRecord;

use crate::driver::{DeviceBuffer, Event, MappedBuffer, Stream, settle};
use crate::error::CudaError;
use crate::kernel::{LaunchMemory, UploadedModel};

/// A fault record and scratch of its own; its launches wait for one another, on whichever
/// streams they are. Nothing is copied: the record is in mapped memory, which the kernel
/// touches where it meets a fault.
#[derive(Debug)]
pub(crate) struct Direct {
    work: Arc<UploadedModel>,
    stream: Stream,
    last: Event,
    record: MappedBuffer,
    scratch: Option<DeviceBuffer>,
    pending: bool,
    /// A stream that must not go before its work has ended.
    #[cfg(feature = "cudarc-types")]
    kept: Option<Stream>,
}

/// Samples that follow each other on the device, and their place for outputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) inputs: u64,
    pub(crate) outputs: u64,
    pub(crate) samples: usize,
    /// How many streams they are of, as many samples of each.
    pub(crate) streams: usize,
}

impl Run {
    /// Returns the samples of two views, of one stream.
    pub(crate) const fn of(
        input: &DeviceView<'_>,
        output: &DeviceViewMut<'_>,
        samples: usize,
    ) -> Self {
        Self { inputs: input.address(), outputs: output.address(), samples, streams: 1 }
    }

    /// Returns both as one, if `next` starts where this one ends, on both sides.
    pub(crate) fn followed_by(
        self,
        next: Self,
        input_bytes: usize,
        output_bytes: usize,
    ) -> Option<Self> {
        let end = |start: u64, bytes: usize| start + (self.samples * bytes) as u64;
        let follows = next.inputs == end(self.inputs, input_bytes)
            && next.outputs == end(self.outputs, output_bytes);
        follows.then_some(Self { samples: self.samples + next.samples, ..self })
    }
}

impl Direct {
    /// Allocates it for any number of samples.
    pub(crate) fn new(work: Arc<UploadedModel>) -> Result<Self, CudaError> {
        let context = work.context();
        let stream = Stream::new(context)?;
        let last = Event::new(context)?;
        let record = MappedBuffer::new(context, size_of::<FaultRecord>())?;
        // The grid, and scratch with it, stops growing where the device is full.
        let scratch = work.scratch(usize::MAX)?;
        // What a step calls is called here first: cudarc looks a function up when it is called
        // for the first time, and allocates for it.
        stream.wait_for(&last)?;
        last.record(&stream)?;
        last.synchronize()?;
        Ok(Self {
            work,
            stream,
            last,
            record,
            scratch,
            pending: false,
            #[cfg(feature = "cudarc-types")]
            kept: None,
        })
    }

    /// Puts samples into a stream, this one's own for `None`.
    ///
    /// # Safety
    ///
    /// The run's memory is alive, of the model's space and as long as its samples take, and no
    /// other work uses the outputs or writes the inputs, until [`drain`](Self::drain) has
    /// returned.
    pub(crate) unsafe fn enqueue(
        &mut self,
        stream: Option<&Stream>,
        run: Run,
    ) -> Result<(), CudaError> {
        if run.samples == 0 {
            return Ok(());
        }
        let stream = stream.unwrap_or(&self.stream);
        stream.wait_for(&self.last)?;
        let memory = LaunchMemory {
            inputs: run.inputs,
            outputs: run.outputs,
            samples: run.samples,
            streams: run.streams,
            scratch: self.scratch.as_ref().map_or(0, DeviceBuffer::address),
            fault: self.record.address(),
        };
        // SAFETY: scratch and record are this one's, and work before has ended when the stream
        // has waited for it; the run is the caller's promise.
        unsafe { self.work.launch(stream, memory) }?;
        let followed = self.last.record(stream);
        if followed.is_err() {
            let _ended = settle(stream);
            self.forget_fault();
        }
        self.pending |= followed.is_ok();
        followed
    }

    /// Puts samples into a stream, which is kept until it is waited for or another one is kept,
    /// which waits for it.
    ///
    /// # Safety
    ///
    /// As [`enqueue`](Self::enqueue).
    #[cfg(feature = "cudarc-types")]
    pub(crate) unsafe fn enqueue_kept(
        &mut self,
        stream: Stream,
        run: Run,
    ) -> Result<(), CudaError> {
        // SAFETY: by this function's contract.
        unsafe { self.enqueue(Some(&stream), run) }?;
        if run.samples > 0 {
            self.kept = Some(stream);
        }
        Ok(())
    }

    /// Waits for all that was enqueued, and says what went wrong in it.
    pub(crate) fn drain(&mut self) -> Result<(), CudaError> {
        if !core::mem::take(&mut self.pending) {
            return Ok(());
        }
        let waited = self.last.synchronize();
        if waited.is_err() {
            let _second = self.last.synchronize();
        }
        waited?;
        #[cfg(feature = "cudarc-types")]
        drop(self.kept.take());
        let record: FaultRecord = bytemuck::pod_read_unaligned(self.record.as_slice());
        match record.fault() {
            None => Ok(()),
            Some(fault) => {
                self.forget_fault();
                Err(CudaError::Fault(fault))
            }
        }
    }

    /// Zeroes the fault record. No work is going on.
    pub(crate) fn forget_fault(&mut self) {
        self.record.as_mut_slice().fill(0);
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        let _late = self.drain();
    }
}
