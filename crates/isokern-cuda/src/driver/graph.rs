//! Recorded work that is launched as one.
#![allow(unsafe_code)]

use core::mem::ManuallyDrop;
use core::ptr;

use cudarc::driver::sys;

use crate::driver::{Context, Stream};
use crate::error::CudaError;

/// A recorded sequence of copies and launches, ready to be launched again.
#[derive(Debug)]
pub struct GraphExec {
    context: Context,
    raw: sys::CUgraphExec,
}

// SAFETY: the driver's functions may be called from any thread; launches of one graph must not
// overlap, which `launch` leaves to its caller.
unsafe impl Send for GraphExec {}
// SAFETY: as above.
unsafe impl Sync for GraphExec {}

impl GraphExec {
    /// Records what `work` puts into `stream`, without running it.
    ///
    /// Other threads may use the driver meanwhile. A panic of `work` ends the recording and goes
    /// on.
    ///
    /// # Errors
    ///
    /// Those of `work`, and as [`Context::bind`]. The stream is usable in any case.
    pub fn capture(
        stream: &Stream,
        work: impl FnOnce() -> Result<(), CudaError>,
    ) -> Result<Self, CudaError> {
        let context = stream.context();
        context.bind()?;
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: the stream is alive.
        let result = unsafe { sys::cuStreamBeginCapture_v2(stream.as_raw(), mode) };
        context.check("cuStreamBeginCapture_v2", result)?;
        let recording = Recording { stream };
        work()?;
        let graph = recording.end()?;
        let mut raw = ptr::null_mut();
        // SAFETY: the pointer is to a place for an executable graph, and the graph is alive.
        let result = unsafe { sys::cuGraphInstantiateWithFlags(&raw mut raw, graph.raw, 0) };
        context.check("cuGraphInstantiateWithFlags", result)?;
        Ok(Self { context: context.clone(), raw })
    }

    /// Puts into a stream that the device gets what a launch needs, so that the first launch is
    /// as fast as the next and allocates no more than it.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    pub fn upload(&self, stream: &Stream) -> Result<(), CudaError> {
        self.context.bind()?;
        // SAFETY: graph and stream are alive.
        let result = unsafe { sys::cuGraphUpload(self.raw, stream.as_raw()) };
        self.context.check("cuGraphUpload", result)
    }

    /// Puts the recorded work into a stream.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    ///
    /// # Safety
    ///
    /// * The memory and the modules that were recorded are alive and stay so until the work has
    ///   ended.
    /// * No launch before is still going on.
    pub unsafe fn launch(&self, stream: &Stream) -> Result<(), CudaError> {
        self.context.bind()?;
        // SAFETY: graph and stream are alive; the memory is the caller's promise.
        let result = unsafe { sys::cuGraphLaunch(self.raw, stream.as_raw()) };
        self.context.check("cuGraphLaunch", result)
    }
}

impl Drop for GraphExec {
    fn drop(&mut self) {
        // SAFETY: the graph is this handle's.
        self.context.release(|| unsafe { sys::cuGraphExecDestroy(self.raw) });
    }
}

/// A graph, between its recording and its instantiation.
struct Graph<'a> {
    context: &'a Context,
    raw: sys::CUgraph,
}

impl Drop for Graph<'_> {
    fn drop(&mut self) {
        // SAFETY: the graph is this handle's.
        self.context.release(|| unsafe { sys::cuGraphDestroy(self.raw) });
    }
}

/// A stream that records. Its drop ends the recording and forgets it, so that neither an error
/// nor a panic of what is recorded leaves the stream recording.
struct Recording<'a> {
    stream: &'a Stream,
}

impl<'a> Recording<'a> {
    /// Ends it.
    fn end(self) -> Result<Graph<'a>, CudaError> {
        end_capture(ManuallyDrop::new(self).stream)
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        // Whoever drops it is on the way out with an error or a panic of its own.
        let _forgotten = end_capture(self.stream);
    }
}

/// Ends the recording. A refusal is tried once more, for a stream that still records would
/// record everything that comes.
fn end_capture(stream: &Stream) -> Result<Graph<'_>, CudaError> {
    let context = stream.context();
    let mut raw = ptr::null_mut();
    // SAFETY: the stream is alive, and the pointer is to a place for a graph.
    let result = unsafe { sys::cuStreamEndCapture(stream.as_raw(), &raw mut raw) };
    let ended = context.check("cuStreamEndCapture", result);
    if ended.is_err() && raw.is_null() {
        // SAFETY: as above; a stream that records no more gives an error.
        let _second = unsafe { sys::cuStreamEndCapture(stream.as_raw(), &raw mut raw) };
    }
    let graph = (!raw.is_null()).then_some(Graph { context, raw });
    ended?;
    graph.ok_or(CudaError::Call {
        call: "cuStreamEndCapture",
        status: crate::driver::Status::from_code(901),
    })
}
