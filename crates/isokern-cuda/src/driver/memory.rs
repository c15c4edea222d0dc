//! Memory of the device: owned, borrowed, copied to and from.
#![allow(unsafe_code)]

use cudarc::driver::sys;
use isokern_core::compute::{BufferDescriptor, DeviceView, DeviceViewMut};
use isokern_core::{Payload, PayloadMut};

use crate::driver::{Context, Status, Stream};
use crate::error::CudaError;

/// What `cuMemAlloc` gives is aligned to at least as many bytes (CUDA C++ programming guide).
const DEVICE_ALIGNMENT: usize = 256;

/// Memory of a device. As a payload it stays there: a model in its context reads and writes it
/// where it is, also through [`ComputeModel`](isokern_core::ComputeModel), and nothing is copied.
///
/// ```no_run
/// use isokern_core::compute::{ModelArtifact, PlacementDecision, decide_placement};
/// use isokern_core::{ComputeModel, Payload};
/// use isokern_cuda::{Context, CudaBackend, Device, DeviceBuffer, Stream};
///
/// /// Runs any model that takes memory of that device.
/// fn classify<M>(model: &mut M, pixels: &DeviceBuffer, scores: &mut DeviceBuffer)
/// where
///     M: ComputeModel<DeviceBuffer, DeviceBuffer>,
/// {
///     let class = pixels.buffer_descriptor().memory_class();
///     let decision = decide_placement(class, model.metadata().memory());
///     assert_eq!(decision, PlacementDecision::ZeroCopy);
///     model.infer_one(pixels, scores).expect("the lengths are the model's");
/// }
///
/// let context = Context::primary(Device::new(0)?)?;
/// let bytes = include_bytes!("../../../../tests/models/digits.ikm");
/// let mut model = CudaBackend::with_context(&context)?.load(&ModelArtifact::from_bytes(bytes))?;
/// model.init()?;
///
/// let stream = Stream::new(&context)?;
/// let mut pixels = DeviceBuffer::new(&context, 64)?;
/// let mut scores = DeviceBuffer::new(&context, 10)?;
/// pixels.upload(&[0; 64], &stream)?;
/// classify(&mut model, &pixels, &mut scores);
/// let mut found = [0; 10];
/// scores.download(&mut found, &stream)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DeviceBuffer {
    context: Context,
    address: u64,
    bytes: usize,
}

impl DeviceBuffer {
    /// Allocates memory with unspecified contents. No bytes are one byte.
    ///
    /// # Errors
    ///
    /// [`CudaError::OutOfMemory`]; as [`Context::bind`].
    pub fn new(context: &Context, bytes: usize) -> Result<Self, CudaError> {
        context.bind()?;
        let mut address = 0;
        // SAFETY: the pointer is to a place for an address.
        let result = unsafe { sys::cuMemAlloc_v2(&raw mut address, bytes.max(1)) };
        context
            .check("cuMemAlloc_v2", result)
            .map_err(|error| with_free_bytes(context, bytes, error))?;
        Ok(Self { context: context.clone(), address, bytes })
    }

    /// Returns its length.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns its address on the device.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// Returns all of it, to read.
    #[must_use]
    pub fn view(&self) -> DeviceView<'_> {
        // SAFETY: the allocation is this handle's, which is borrowed.
        unsafe { DeviceView::new(self.context.space(), self.address, self.bytes) }
    }

    /// Returns all of it, to write.
    #[must_use]
    pub fn view_mut(&mut self) -> DeviceViewMut<'_> {
        // SAFETY: the allocation is this handle's, which is borrowed exclusively.
        unsafe { DeviceViewMut::new(self.context.space(), self.address, self.bytes) }
    }

    /// Copies bytes of the host to the start, and waits for it.
    ///
    /// # Errors
    ///
    /// [`CudaError::Call`] with `CUDA_ERROR_INVALID_VALUE` if they do not fit; as
    /// [`Stream::synchronize`].
    pub fn upload(&mut self, source: &[u8], stream: &Stream) -> Result<(), CudaError> {
        self.check_room("cuMemcpyHtoDAsync_v2", source.len())?;
        // SAFETY: the source is borrowed until the wait below is over.
        unsafe { self.enqueue_upload(source.as_ptr(), source.len(), stream) }?;
        settle(stream)
    }

    /// Copies from the start to the host, and waits for it.
    ///
    /// # Errors
    ///
    /// As [`upload`](Self::upload).
    pub fn download(&self, target: &mut [u8], stream: &Stream) -> Result<(), CudaError> {
        self.check_room("cuMemcpyDtoHAsync_v2", target.len())?;
        // SAFETY: the target is borrowed until the wait below is over.
        unsafe { self.enqueue_download(target.as_mut_ptr(), target.len(), stream) }?;
        settle(stream)
    }

    /// Puts into a stream that the first `bytes` become zero.
    ///
    /// # Errors
    ///
    /// As [`upload`](Self::upload).
    pub fn enqueue_zero(&mut self, bytes: usize, stream: &Stream) -> Result<(), CudaError> {
        self.check_room("cuMemsetD8Async", bytes)?;
        self.context.bind()?;
        // SAFETY: the bytes are inside this allocation, which the driver frees after the work.
        let result = unsafe { sys::cuMemsetD8Async(self.address, 0, bytes, stream.as_raw()) };
        self.context.check("cuMemsetD8Async", result)
    }

    /// Puts a copy to the start of this memory into a stream.
    ///
    /// # Safety
    ///
    /// * `bytes` are at most [`bytes`](Self::bytes), and can be read at `source`.
    /// * They are alive, and nobody writes them, until the work has ended.
    /// * No other work uses this memory meanwhile.
    pub(crate) unsafe fn enqueue_upload(
        &self,
        source: *const u8,
        bytes: usize,
        stream: &Stream,
    ) -> Result<(), CudaError> {
        self.context.bind()?;
        let (to, raw) = (self.address, stream.as_raw());
        // SAFETY: by this function's contract.
        let result = unsafe { sys::cuMemcpyHtoDAsync_v2(to, source.cast(), bytes, raw) };
        self.context.check("cuMemcpyHtoDAsync_v2", result)
    }

    /// Puts a copy from the start of this memory into a stream.
    ///
    /// # Safety
    ///
    /// * `bytes` are at most [`bytes`](Self::bytes), and can be written at `target`.
    /// * They are alive, and nobody else uses them, until the work has ended.
    pub(crate) unsafe fn enqueue_download(
        &self,
        target: *mut u8,
        bytes: usize,
        stream: &Stream,
    ) -> Result<(), CudaError> {
        self.context.bind()?;
        let (from, raw) = (self.address, stream.as_raw());
        // SAFETY: by this function's contract.
        let result = unsafe { sys::cuMemcpyDtoHAsync_v2(target.cast(), from, bytes, raw) };
        self.context.check("cuMemcpyDtoHAsync_v2", result)
    }

    fn check_room(&self, call: &'static str, bytes: usize) -> Result<(), CudaError> {
        if bytes <= self.bytes {
            return Ok(());
        }
        Err(CudaError::Call { call, status: Status::from_code(1) })
    }
}

impl Drop for DeviceBuffer {
    fn drop(&mut self) {
        // SAFETY: the allocation is this handle's; the driver waits for work that uses it.
        self.context.release(|| unsafe { sys::cuMemFree_v2(self.address) });
    }
}

impl Payload for DeviceBuffer {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::new(self.bytes)
            .with_alignment(DEVICE_ALIGNMENT)
            .with_memory_class(self.context.space().memory_class())
    }

    fn device_view(&self) -> Option<DeviceView<'_>> {
        Some(self.view())
    }
}

impl PayloadMut for DeviceBuffer {
    fn device_view_mut(&mut self) -> Option<DeviceViewMut<'_>> {
        Some(self.view_mut())
    }
}

/// Waits for a stream whose work uses borrowed memory. A refused wait is tried once more; after
/// a second refusal the context is gone, and no work in it runs.
pub(crate) fn settle(stream: &Stream) -> Result<(), CudaError> {
    let waited = stream.synchronize();
    if waited.is_err() {
        let _second = stream.synchronize();
    }
    waited
}

/// Returns an error of an allocation, with the bytes that are free where memory ran out.
fn with_free_bytes(context: &Context, bytes: usize, error: CudaError) -> CudaError {
    if error.status() != Some(Status::OUT_OF_MEMORY) {
        return error;
    }
    let available_bytes = context.memory_info().map_or(0, |(free, _)| free);
    CudaError::OutOfMemory { requested_bytes: bytes as u64, available_bytes }
}
