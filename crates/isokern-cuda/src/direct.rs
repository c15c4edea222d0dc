//! Runs on inputs and outputs that lie on the device already, on any stream.
#![allow(unsafe_code)]

use isokern_core::device::FaultRecord;

use crate::driver::{DeviceBuffer, DeviceView, DeviceViewMut, Event, PinnedBuffer, Stream, settle};
use crate::error::{CudaError, PayloadError};
use crate::kernel::Job;
use crate::lane::Work;

const RECORD_BYTES: usize = size_of::<FaultRecord>();

/// A fault record and scratch of its own; its launches wait for one another, on whichever
/// streams they are.
#[derive(Debug)]
pub(crate) struct Direct {
    work: Work,
    stream: Stream,
    last: Event,
    record: DeviceBuffer,
    answer: PinnedBuffer,
    scratch: Option<DeviceBuffer>,
    pending: bool,
}

impl Direct {
    /// Allocates it for any number of samples.
    pub(crate) fn new(work: Work) -> Result<Self, CudaError> {
        let context = work.context();
        let stream = Stream::new(context)?;
        let last = Event::new(context)?;
        let record = DeviceBuffer::new(context, RECORD_BYTES)?;
        let answer = PinnedBuffer::new(context, RECORD_BYTES)?;
        // The grid, and scratch with it, stops growing where the device is full.
        let scratch = work.scratch(usize::MAX)?;
        let mut direct = Self { work, stream, last, record, answer, scratch, pending: false };
        direct.forget_fault()?;
        Ok(direct)
    }

    /// Runs as many samples as the input holds, and waits for them.
    pub(crate) fn run(
        &mut self,
        input: DeviceView<'_>,
        output: DeviceViewMut<'_>,
    ) -> Result<(), CudaError> {
        // SAFETY: both views are borrowed until the wait below is over.
        unsafe { self.enqueue(None, input, output) }?;
        self.drain()
    }

    /// Puts as many samples as the input holds into a stream, this one's own for `None`.
    ///
    /// # Safety
    ///
    /// The views' memory is alive, and no other work uses the output or writes the input, until
    /// [`drain`](Self::drain) has returned.
    pub(crate) unsafe fn enqueue(
        &mut self,
        stream: Option<&Stream>,
        input: DeviceView<'_>,
        output: DeviceViewMut<'_>,
    ) -> Result<(), CudaError> {
        let samples = self.samples(input.bytes(), output.bytes())?;
        if samples == 0 {
            return Ok(());
        }
        let stream = stream.unwrap_or(&self.stream);
        stream.wait_for(&self.last)?;
        let job = Job {
            inputs: input.address(),
            outputs: output.address(),
            samples,
            scratch: self.scratch.as_ref().map_or(0, DeviceBuffer::address),
            fault: self.record.address(),
        };
        // SAFETY: scratch and record are this one's, and work before has ended when the stream
        // has waited for it; the views are the caller's promise.
        unsafe { self.work.launch(stream, job) }?;
        let target = self.answer.start();
        // SAFETY: the answer is read after the event, and the event follows the copy.
        let copied = unsafe { self.record.enqueue_download(target, RECORD_BYTES, stream) };
        let followed = copied.and_then(|()| self.last.record(stream));
        if followed.is_err() {
            let _ended = settle(stream);
        }
        self.pending |= followed.is_ok();
        followed
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
        let record: FaultRecord = bytemuck::pod_read_unaligned(self.answer.as_slice());
        match record.fault() {
            None => Ok(()),
            Some(fault) => {
                self.forget_fault()?;
                Err(CudaError::Fault(fault))
            }
        }
    }

    /// Zeroes the fault record.
    pub(crate) fn forget_fault(&mut self) -> Result<(), CudaError> {
        self.record.enqueue_zero(RECORD_BYTES, &self.stream)?;
        settle(&self.stream)
    }

    /// How many samples these lengths are.
    fn samples(&self, input_bytes: usize, output_bytes: usize) -> Result<usize, CudaError> {
        let (input, output) = (self.work.input_bytes, self.work.output_bytes);
        let samples = input_bytes / input;
        if samples * input != input_bytes {
            let need = samples.saturating_add(1).saturating_mul(input);
            return Err(PayloadError::Bytes { have: input_bytes, need }.into());
        }
        let need = samples.saturating_mul(output);
        if need != output_bytes {
            return Err(PayloadError::Bytes { have: output_bytes, need }.into());
        }
        Ok(samples)
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        let _late = self.drain();
    }
}
