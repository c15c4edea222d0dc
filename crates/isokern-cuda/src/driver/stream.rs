//! Streams and events.
#![allow(unsafe_code)]

use core::ptr;
#[cfg(feature = "cudarc-types")]
use std::sync::Arc;

#[cfg(feature = "cudarc-types")]
use cudarc::driver::CudaStream;
use cudarc::driver::sys;

use crate::driver::Context;
use crate::error::CudaError;

/// `CU_STREAM_NON_BLOCKING`: no order with the legacy default stream.
const NON_BLOCKING: u32 = 1;
/// `CU_EVENT_DISABLE_TIMING`.
const NO_TIMING: u32 = 2;

/// A queue of work on a device, in order.
#[derive(Debug)]
pub struct Stream {
    context: Context,
    raw: sys::CUstream,
    owner: Owner,
}

/// Who lets the driver destroy the stream.
#[derive(Debug)]
enum Owner {
    /// This handle.
    Created,
    /// Whoever promised that it outlives this handle.
    Elsewhere,
    /// cudarc, when the last clone is gone; this handle has one.
    #[cfg(feature = "cudarc-types")]
    Cudarc(#[expect(dead_code, reason = "it is kept alive")] Arc<CudaStream>),
}

// SAFETY: the driver's functions may be called from any thread; the pointer is a name for them.
unsafe impl Send for Stream {}
// SAFETY: as above; there is no state on this side.
unsafe impl Sync for Stream {}

impl Stream {
    /// Returns a stream that does not wait for the legacy default stream, nor the other way.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    pub fn new(context: &Context) -> Result<Self, CudaError> {
        context.bind()?;
        let mut raw = ptr::null_mut();
        // SAFETY: the pointer is to a place for a stream.
        let result = unsafe { sys::cuStreamCreate(&raw mut raw, NON_BLOCKING) };
        context.check("cuStreamCreate", result)?;
        Ok(Self { context: context.clone(), raw, owner: Owner::Created })
    }

    /// Uses a stream that another library owns; it is not destroyed. Null is the legacy
    /// default stream.
    ///
    /// # Safety
    ///
    /// * `raw` is a live stream of `context`, or null.
    /// * It lives as long as this handle.
    #[must_use]
    pub unsafe fn from_raw(context: &Context, raw: sys::CUstream) -> Self {
        Self { context: context.clone(), raw, owner: Owner::Elsewhere }
    }

    /// Uses a stream of cudarc, which stays alive as long as this handle.
    ///
    /// # Errors
    ///
    /// [`CudaError::OtherContext`], if it is not of `context`.
    #[cfg(feature = "cudarc-types")]
    pub fn from_cudarc(context: &Context, stream: &Arc<CudaStream>) -> Result<Self, CudaError> {
        context.check_cudarc(stream)?;
        let (context, raw) = (context.clone(), stream.cu_stream());
        Ok(Self { context, raw, owner: Owner::Cudarc(Arc::clone(stream)) })
    }

    /// Returns the context it belongs to.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// Returns the driver's handle; it stays this one's to destroy.
    #[must_use]
    pub const fn as_raw(&self) -> sys::CUstream {
        self.raw
    }

    /// Waits until all work before this call has ended.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`], and what went wrong in that work.
    pub fn synchronize(&self) -> Result<(), CudaError> {
        self.context.bind()?;
        // SAFETY: the stream is alive.
        let result = unsafe { sys::cuStreamSynchronize(self.raw) };
        self.context.check("cuStreamSynchronize", result)
    }

    /// Says whether all work before this call has ended.
    ///
    /// # Errors
    ///
    /// As [`synchronize`](Self::synchronize).
    pub fn is_idle(&self) -> Result<bool, CudaError> {
        self.context.bind()?;
        // SAFETY: the stream is alive.
        let result = unsafe { sys::cuStreamQuery(self.raw) };
        ready(&self.context, "cuStreamQuery", result)
    }

    /// Lets work after this call wait for an event.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    pub fn wait_for(&self, event: &Event) -> Result<(), CudaError> {
        self.context.bind()?;
        // SAFETY: stream and event are alive.
        let result = unsafe { sys::cuStreamWaitEvent(self.raw, event.raw, 0) };
        self.context.check("cuStreamWaitEvent", result)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if matches!(self.owner, Owner::Created) {
            // SAFETY: the stream is this handle's; the driver lets its work end first.
            self.context.release(|| unsafe { sys::cuStreamDestroy_v2(self.raw) });
        }
    }
}

/// A point in a stream that can be waited for.
#[derive(Debug)]
pub struct Event {
    context: Context,
    raw: sys::CUevent,
}

// SAFETY: as for `Stream`.
unsafe impl Send for Event {}
// SAFETY: as for `Stream`.
unsafe impl Sync for Event {}

impl Event {
    /// Returns an event without a time stamp. Until it is recorded it counts as over.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    pub fn new(context: &Context) -> Result<Self, CudaError> {
        context.bind()?;
        let mut raw = ptr::null_mut();
        // SAFETY: the pointer is to a place for an event.
        let result = unsafe { sys::cuEventCreate(&raw mut raw, NO_TIMING) };
        context.check("cuEventCreate", result)?;
        Ok(Self { context: context.clone(), raw })
    }

    /// Moves the event after the work that is in the stream now.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    pub fn record(&self, stream: &Stream) -> Result<(), CudaError> {
        self.context.bind()?;
        // SAFETY: stream and event are alive.
        let result = unsafe { sys::cuEventRecord(self.raw, stream.raw) };
        self.context.check("cuEventRecord", result)
    }

    /// Waits for the work before the event.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`], and what went wrong in that work.
    pub fn synchronize(&self) -> Result<(), CudaError> {
        self.context.bind()?;
        // SAFETY: the event is alive.
        let result = unsafe { sys::cuEventSynchronize(self.raw) };
        self.context.check("cuEventSynchronize", result)
    }

    /// Says whether the work before the event has ended.
    ///
    /// # Errors
    ///
    /// As [`synchronize`](Self::synchronize).
    pub fn is_over(&self) -> Result<bool, CudaError> {
        self.context.bind()?;
        // SAFETY: the event is alive.
        let result = unsafe { sys::cuEventQuery(self.raw) };
        ready(&self.context, "cuEventQuery", result)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is this handle's.
        self.context.release(|| unsafe { sys::cuEventDestroy_v2(self.raw) });
    }
}

/// Turns the code for "not yet" into an answer.
fn ready(context: &Context, call: &'static str, result: sys::CUresult) -> Result<bool, CudaError> {
    if result == sys::CUresult::CUDA_ERROR_NOT_READY {
        return Ok(false);
    }
    context.check(call, result).map(|()| true)
}
