//! How single payloads, and batches in device memory, go through a model: without a copy where
//! they are on the device.
#![allow(unsafe_code)]

use isokern_core::{Batch, Payload, PayloadMut};

use crate::direct::{Direct, Run};
use crate::driver::device_address;
use crate::error::{CudaError, PayloadError};
use crate::payloads::{PackedPayload, Way};
use crate::pipeline::copy;
use crate::stream_buffers::{Placed, StreamBuffers};

/// Runs one sample, each end of it on the host or on the device. Both payloads were checked, and
/// `way` and `stays` are what came of it.
pub(crate) fn one<I, O>(
    buffers: &mut StreamBuffers,
    (from, way, input): (PackedPayload, Way, &I),
    (to, stays, output): (PackedPayload, bool, &mut O),
) -> Result<(), CudaError>
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    let source = match way {
        Way::Device => Some(from.view(input)?.address()),
        Way::InPlace => in_place(buffers, from, input)?,
        Way::Staged => None,
    };
    if source.is_none() {
        copy(input.host_bytes().ok_or(PayloadError::NoHostBytes)?, buffers.staging());
    }
    if stays {
        let target = to.view_mut(output)?;
        let placed = Placed { input: source, output: Some(target.address()) };
        // SAFETY: views have the model's lengths and are borrowed with their payloads, until
        // `finish` has waited.
        unsafe { buffers.start_placed(placed) }?;
        return buffers.finish().map(|_| ());
    }
    match source {
        // SAFETY: as above; other bytes have the length they were checked for.
        Some(_) => unsafe { buffers.start_placed(Placed { input: source, output: None }) }?,
        None => buffers.start(1)?,
    }
    let outputs = buffers.finish()?;
    copy(outputs, output.host_bytes_mut().ok_or(PayloadError::NoHostBytes)?);
    Ok(())
}

/// Returns where the device finds a payload in memory of the host. Nowhere, if the payload only
/// says that it is pinned, or gives other bytes than it was checked with: then it is copied.
fn in_place<I>(
    buffers: &StreamBuffers,
    packed: PackedPayload,
    input: &I,
) -> Result<Option<u64>, CudaError>
where
    I: Payload + ?Sized,
{
    if let Ok(view) = packed.view(input) {
        return Ok(Some(view.address()));
    }
    let bytes = input.host_bytes().ok_or(PayloadError::NoHostBytes)?;
    let is_whole = bytes.len() == packed.bytes;
    Ok(if is_whole { device_address(buffers.context(), bytes).ok() } else { None })
}

/// Runs a batch of which some is on the device and some does not, one sample after the other.
pub(crate) fn each<I: Payload, O: PayloadMut>(
    buffers: &mut StreamBuffers,
    (from, inputs): (PackedPayload, Batch<'_, I>),
    (to, outputs): (PackedPayload, &mut [O]),
) -> Result<(), CudaError> {
    for (message, output) in inputs.iter().zip(outputs) {
        let way = from.check(message.payload())?;
        let stays = to.check_mut(output)? == Way::Device;
        one(buffers, (from, way, message.payload()), (to, stays, output))?;
    }
    Ok(())
}

/// Runs a batch whose inputs and outputs all are on the device, and waits for it. Samples that
/// follow each other on both sides are one launch.
pub(crate) fn batch<I: Payload, O: PayloadMut>(
    direct: &mut Direct,
    (from, inputs): (PackedPayload, Batch<'_, I>),
    (to, outputs): (PackedPayload, &mut [O]),
) -> Result<(), CudaError> {
    let mut waiting = Waiting { direct };
    let mut run: Option<Run> = None;
    for (message, output) in inputs.iter().zip(outputs) {
        let next = Run::of(&from.view(message.payload())?, &to.view_mut(output)?, 1);
        let joined = run.and_then(|run| run.followed_by(next, from.bytes, to.bytes));
        if let (None, Some(whole)) = (joined, run) {
            waiting.enqueue(whole)?;
        }
        run = joined.or(Some(next));
    }
    run.map_or(Ok(()), |whole| waiting.enqueue(whole))?;
    waiting.end()
}

/// Work on borrowed memory. Its drop waits, also when a payload panics.
struct Waiting<'a> {
    direct: &'a mut Direct,
}

impl Waiting<'_> {
    fn enqueue(&mut self, run: Run) -> Result<(), CudaError> {
        // SAFETY: the views of the run have the model's lengths, and are borrowed with the batch
        // they are of for longer than this value lives, which waits.
        unsafe { self.direct.enqueue(None, run) }
    }

    fn end(self) -> Result<(), CudaError> {
        self.direct.drain()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Nothing is left to wait for, unless an error or a panic is on its way.
        let _late = self.direct.drain();
    }
}
