//! How a batch goes through two streams.

use isokern_core::{Message, Payload, PayloadMut};

use crate::error::{CudaError, PayloadError};
use crate::stream_buffers::StreamBuffers;

/// Runs a batch in chunks, alternating between two streams: while one is at work, the host fills
/// or empties the other.
pub(crate) fn pipeline<I: Payload, O: PayloadMut>(
    pair: &mut [StreamBuffers; 2],
    messages: &[Message<I>],
    outputs: &mut [O],
    chunk_samples: usize,
) -> Result<(), CudaError> {
    let mut chunks = messages.chunks(chunk_samples);
    let mut targets = outputs.chunks_mut(chunk_samples);
    let [current, other] = pair;
    let (mut current, mut other) = (current, other);
    let mut waiting = false;
    loop {
        let started = match chunks.next() {
            Some(chunk) => {
                gather(chunk, current.staging())?;
                current.start(chunk.len())?;
                true
            }
            None => false,
        };
        if waiting {
            scatter(other.finish()?, targets.next().unwrap_or_default())?;
        }
        if !started {
            return Ok(());
        }
        waiting = true;
        core::mem::swap(&mut current, &mut other);
    }
}

/// Runs a batch in chunks, one after the other: each starts on the state that the one before
/// left.
pub(crate) fn in_order<I: Payload, O: PayloadMut>(
    buffers: &mut StreamBuffers,
    messages: &[Message<I>],
    outputs: &mut [O],
    chunk_samples: usize,
) -> Result<(), CudaError> {
    for (chunk, targets) in messages.chunks(chunk_samples).zip(outputs.chunks_mut(chunk_samples)) {
        gather(chunk, buffers.staging())?;
        buffers.start(chunk.len())?;
        scatter(buffers.finish()?, targets)?;
    }
    Ok(())
}

/// Copies the payloads of a chunk one after the other.
fn gather<I>(chunk: &[Message<I>], mut target: &mut [u8]) -> Result<(), PayloadError>
where
    I: Payload,
{
    for message in chunk {
        let bytes = message.payload().host_bytes().ok_or(PayloadError::NoHostBytes)?;
        copy(bytes, target);
        target = target.split_at_mut_checked(bytes.len()).map_or(&mut [], |(_, rest)| rest);
    }
    Ok(())
}

/// Copies a chunk's outputs to their payloads.
fn scatter<O>(mut outputs: &[u8], targets: &mut [O]) -> Result<(), PayloadError>
where
    O: PayloadMut,
{
    for target in targets {
        let bytes = target.host_bytes_mut().ok_or(PayloadError::NoHostBytes)?;
        copy(outputs, bytes);
        outputs = outputs.get(bytes.len()..).unwrap_or_default();
    }
    Ok(())
}

/// Copies as many bytes as both have: as many as the tensor, for payloads that were checked.
pub(crate) fn copy(source: &[u8], target: &mut [u8]) {
    let bytes = source.len().min(target.len());
    if let (Some(target), Some(source)) = (target.get_mut(..bytes), source.get(..bytes)) {
        target.copy_from_slice(source);
    }
}
