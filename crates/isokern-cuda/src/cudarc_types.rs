//! Slices of cudarc's safe layer as payloads, and work on its streams.
//!
//! [`Context::from_cudarc`] and [`Stream::from_cudarc`](crate::Stream::from_cudarc) take its
//! other handles. Nothing here is `unsafe` to call: cudarc's values are kept alive or borrowed,
//! and its events order what they are used for.
//!
//! ```no_run
//! use cudarc::driver::CudaContext;
//! use isokern_core::compute::ModelArtifact;
//! use isokern_cuda::cudarc_types::{view_mut_of, view_of};
//! use isokern_cuda::{Context, CudaBackend};
//!
//! let theirs = CudaContext::new(0)?;
//! let stream = theirs.new_stream()?;
//! let pixels = stream.clone_htod(&[0_i8; 64])?;
//! let mut scores = stream.alloc_zeros::<i8>(10)?;
//!
//! let context = Context::from_cudarc(&theirs)?;
//! let bytes = include_bytes!("../../../tests/models/digits.ikm");
//! let mut model = CudaBackend::with_context(&context)?.load(&ModelArtifact::from_bytes(bytes))?;
//! model.init()?;
//! // Waits for cudarc's copy, runs the model on the slices, and waits for it.
//! let input = view_of(&context, &pixels.as_view())?;
//! model.infer_one(&input, &mut view_mut_of(&context, scores.as_view_mut())?)?;
//! // Puts it into cudarc's stream, without waiting.
//! model.enqueue_cudarc(&stream, &pixels.as_view(), &mut scores.as_view_mut())?;
//! let scores = stream.clone_dtoh(&scores)?;
//! # assert_eq!(scores.len(), 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![allow(unsafe_code)]

use std::sync::Arc;

use bytemuck::Pod;
use cudarc::driver::{
    CudaContext, CudaStream, CudaView, CudaViewMut, DevicePtr, DevicePtrMut, DeviceSlice,
    DriverError,
};
use isokern_core::compute::{DeviceView, DeviceViewMut};
use isokern_core::{DType, InferenceError};

use crate::driver::{Context, Stream};
use crate::error::CudaError;
use crate::model::CudaModel;

/// Lends a slice of cudarc as a payload, once all work that cudarc gave its stream before has
/// ended. `slice.as_view()` is all of it, `slice.slice(..)` a part.
///
/// # Errors
///
/// [`CudaError::OtherContext`]; [`CudaError::Call`] with what went wrong in that work.
pub fn view_of<'a, T: Pod>(
    context: &Context,
    slice: &CudaView<'a, T>,
) -> Result<DeviceView<'a>, CudaError> {
    let stream = slice.stream();
    context.check_cudarc(stream)?;
    let (address, used) = slice.device_ptr(stream);
    drop(used); // Nothing was given to the stream: it records that much.
    call(context, "cuStreamSynchronize", stream.synchronize())?;
    // SAFETY: cudarc has allocated the slice in this context and keeps it for the borrow; work
    // that wrote it has ended, and safe code writes it only through a mutable borrow.
    let view = unsafe { DeviceView::new(context.space(), address, size_of::<T>() * slice.len()) };
    Ok(view.with_dtype(DType::of::<T>()))
}

/// Lends a slice of cudarc as a payload to write. As [`view_of`], with `slice.as_view_mut()`.
///
/// # Errors
///
/// As [`view_of`].
pub fn view_mut_of<'a, T: Pod>(
    context: &Context,
    mut slice: CudaViewMut<'a, T>,
) -> Result<DeviceViewMut<'a>, CudaError> {
    let stream = Arc::clone(slice.stream());
    context.check_cudarc(&stream)?;
    let bytes = size_of::<T>() * slice.len();
    let (address, used) = slice.device_ptr_mut(&stream);
    drop(used); // Nothing was given to the stream: it records that much.
    call(context, "cuStreamSynchronize", stream.synchronize())?;
    // SAFETY: as in `view_of`; the borrow is exclusive.
    let view = unsafe { DeviceViewMut::new(context.space(), address, bytes) };
    Ok(view.with_dtype(DType::of::<T>()))
}

impl CudaModel {
    /// Puts as many samples as `input` holds into a stream of cudarc, without waiting. The
    /// stream waits for what cudarc did with both slices before, and what it does with them
    /// afterwards waits for this. [`drain`](Self::drain) waits, and says what went wrong.
    ///
    /// The model keeps the stream alive until then, or until it is given another one.
    ///
    /// # Errors
    ///
    /// As [`infer_on_device`](Self::infer_on_device), as far as it is known by then. The stream
    /// and both slices have to be made from one [`CudaContext`] value, whose events order them;
    /// another one is a mismatch, also if it is of the same context of the driver.
    pub fn enqueue_cudarc<I: Pod, O: Pod>(
        &mut self,
        stream: &Arc<CudaStream>,
        input: &CudaView<'_, I>,
        output: &mut CudaViewMut<'_, O>,
    ) -> Result<(), InferenceError> {
        self.try_enqueue(stream, input, output).map_err(|error| self.note(error))
    }

    fn try_enqueue<I: Pod, O: Pod>(
        &mut self,
        stream: &Arc<CudaStream>,
        input: &CudaView<'_, I>,
        output: &mut CudaViewMut<'_, O>,
    ) -> Result<(), CudaError> {
        let context = self.context().clone();
        let theirs: &Arc<CudaContext> = stream.context();
        let is_one = |other: &Arc<CudaStream>| Arc::ptr_eq(other.context(), theirs);
        if !is_one(input.stream()) || !is_one(output.stream()) {
            return Err(CudaError::OtherContext);
        }
        let ours = Stream::from_cudarc(&context, stream)?;
        let lens = (size_of::<I>() * input.len(), size_of::<O>() * output.len());
        let (source, read) = input.device_ptr(stream);
        let (target, written) = output.device_ptr_mut(stream);
        // A wait that the driver refused is reported here alone.
        call(&context, "cuStreamWaitEvent", theirs.check_err())?;
        // SAFETY: cudarc has allocated the slice in this context; its events keep it until the
        // stream has passed the work, and order everything else that uses it.
        let source = unsafe { DeviceView::new(context.space(), source, lens.0) };
        // SAFETY: as above.
        let target = unsafe { DeviceViewMut::new(context.space(), target, lens.1) };
        let source = source.with_dtype(DType::of::<I>());
        let target = target.with_dtype(DType::of::<O>());
        let run = self.run_of(&source, &target)?;
        let direct = &mut self.ready()?.direct;
        // SAFETY: as above; `direct` keeps the stream until the work has ended, for cudarc minds
        // its events only as long as there are streams.
        let enqueued = unsafe { direct.enqueue_kept(ours, run) };
        drop((read, written));
        let recorded = enqueued.and(call(&context, "cuEventRecord", theirs.check_err()));
        if recorded.is_err() {
            // Nothing orders what comes after: the work has to end here.
            let _told_once = direct.drain();
        }
        recorded
    }
}

/// Returns cudarc's result as ours. Its error is not to be formatted: that asks the driver for a
/// text.
fn call(
    context: &Context,
    call: &'static str,
    result: Result<(), DriverError>,
) -> Result<(), CudaError> {
    result.or_else(|error| context.check(call, error.0))
}
