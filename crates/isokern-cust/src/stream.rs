//! Streams of cust, and work on them.
#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr;

use cust::sys::{CUcontext, cuStreamGetCtx};
use isokern_core::InferenceError;
use isokern_cuda::{Context, CudaError, CudaModel, DeviceView, DeviceViewMut, Stream};

use crate::check;

/// A stream of cust, borrowed: used as a [`Stream`] of `isokern-cuda`.
///
/// Streams of cust wait for the legacy default stream and the other way: fine for a batch, not for
/// a kernel that never ends.
///
/// ```compile_fail,E0505
/// # use cust::stream::{Stream, StreamFlags};
/// # use isokern_cust::{LentStream, context_of};
/// # let context = context_of(&cust::quick_init()?)?;
/// let stream = Stream::new(StreamFlags::DEFAULT, None)?;
/// let lent = LentStream::new(&context, &stream)?;
/// drop(stream);
/// lent.synchronize()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LentStream<'a> {
    stream: Stream,
    lender: PhantomData<&'a cust::stream::Stream>,
}

impl<'a> LentStream<'a> {
    /// Borrows a stream of cust.
    ///
    /// # Errors
    ///
    /// [`CudaError::OtherContext`] if it is not of `context`; [`CudaError::Call`].
    pub fn new(context: &Context, stream: &'a cust::stream::Stream) -> Result<Self, CudaError> {
        let raw = stream.as_inner();
        let mut owner: CUcontext = ptr::null_mut();
        context.bind()?;
        // SAFETY: the stream is alive, and the pointer is to a place for a context.
        let result = unsafe { cuStreamGetCtx(raw, &raw mut owner) };
        check("cuStreamGetCtx", result)?;
        if owner.cast() != context.as_raw() {
            return Err(CudaError::OtherContext);
        }
        // SAFETY: it is of this context, and borrowed for longer than this handle lives.
        let stream = unsafe { Stream::from_raw(context, raw.cast()) };
        Ok(Self { stream, lender: PhantomData })
    }

    /// Runs a model on as many samples as `input` holds: puts the work into this stream, after all
    /// that is there, does `meanwhile` on this thread, and waits for the work.
    ///
    /// It waits also when `meanwhile` panics, so that nothing uses memory that is lent no more.
    ///
    /// # Errors
    ///
    /// As [`CudaModel::infer_on_device`]; a mismatch if the model is in another context, which its
    /// [`last_error`](CudaModel::last_error) does not say.
    pub fn infer<R>(
        &self,
        model: &mut CudaModel,
        input: DeviceView<'_>,
        output: DeviceViewMut<'_>,
        meanwhile: impl FnOnce() -> R,
    ) -> Result<R, InferenceError> {
        if model.context().as_raw() != self.stream.context().as_raw() {
            return Err(CudaError::OtherContext.into());
        }
        // SAFETY: the stream is of the model's context; both views are borrowed for longer than
        // this function runs, which waits for the work however it ends.
        unsafe { model.enqueue_on_device(&self.stream, input, output) }?;
        let work = Work(model);
        let found = meanwhile();
        work.end().map(|()| found)
    }
}

impl Deref for LentStream<'_> {
    type Target = Stream;

    fn deref(&self) -> &Stream {
        &self.stream
    }
}

/// Work on borrowed memory. Its drop waits.
struct Work<'a>(&'a mut CudaModel);

impl Work<'_> {
    fn end(self) -> Result<(), InferenceError> {
        self.0.drain()
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        // After `end` nothing is left to wait for; else a panic is on its way.
        let _late = self.0.drain();
    }
}
