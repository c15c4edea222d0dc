//! The backend: a device, its context and the kernels that run models there.
#![allow(unsafe_code)]

use std::sync::Arc;

use isokern_core::compute::{BackendCapabilities, ModelArtifact};
use isokern_core::{ComputeBackend, Payload, PayloadMut};
use isokern_model::Model;
use isokern_model::encode::relayout;
use isokern_model::layout::Layout;

use crate::driver::{Context, Device};
use crate::error::CudaError;
use crate::kernel::Kernels;
use crate::model::CudaModel;
use crate::payloads;

/// Input and output of one chunk of a batch, together; both are allocated twice.
const CHUNK_BYTES: usize = 4 << 20;
/// Most samples of a chunk.
const CHUNK_SAMPLES_MAX: usize = 2048;

/// Runs models from a [`ModelArtifact`] on an NVIDIA GPU.
///
/// A clone is the same backend: it shares context and kernels, and may be used from other
/// threads. Each model has streams and memory of its own, so models of one backend run side by
/// side.
///
/// ```no_run
/// use isokern_core::compute::ModelArtifact;
/// use isokern_cuda::CudaBackend;
///
/// let bytes = include_bytes!("../../../tests/models/digits.ikm");
/// let mut model = CudaBackend::new(0)?.load(&ModelArtifact::from_bytes(bytes))?;
/// model.init()?;
/// let mut scores = [0_i8; 10];
/// model.infer_one(&[0_i8; 64], &mut scores)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CudaBackend {
    kernels: Result<Arc<Kernels>, CudaError>,
    chunk_samples: Option<usize>,
    streams: usize,
}

impl CudaBackend {
    /// Returns a backend on the device with this ordinal, in its primary context, with the kernels
    /// this crate ships.
    ///
    /// # Errors
    ///
    /// Why there is no such device, or none that is usable: as
    /// [`Driver::find`](crate::Driver::find), [`CudaError::NoSuchDevice`],
    /// [`CudaError::DeviceTooOld`], [`CudaError::DriverTooOld`], [`CudaError::Compile`],
    /// [`CudaError::Call`].
    pub fn new(ordinal: u32) -> Result<Self, CudaError> {
        Self::with_context(&Context::primary(Device::new(ordinal)?)?)
    }

    /// Returns a backend in any case, for [`Fallback`](isokern_core::compute::Fallback): where
    /// [`new`](Self::new) fails, every load fails with the same reason.
    ///
    /// ```
    /// use isokern_core::compute::{Fallback, ModelArtifact};
    /// use isokern_cuda::CudaBackend;
    ///
    /// let backend = CudaBackend::if_available(0);
    /// if let Some(reason) = backend.unavailable() {
    ///     println!("no GPU: {reason}");
    /// }
    /// ```
    #[must_use]
    pub fn if_available(ordinal: u32) -> Self {
        Self::new(ordinal).unwrap_or_else(|error| Self::of(Err(error)))
    }

    /// Returns a backend in a context, which may be another library's
    /// ([`Context::from_raw`](crate::Context::from_raw)).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_context(context: &Context) -> Result<Self, CudaError> {
        Ok(Self::of(Ok(Kernels::shipped(context)?)))
    }

    fn of(kernels: Result<Kernels, CudaError>) -> Self {
        Self { kernels: kernels.map(Arc::new), chunk_samples: None, streams: 1 }
    }

    /// Returns a backend in the same context that runs another kernel: the batch entry of
    /// somebody's own device crate.
    ///
    /// # Errors
    ///
    /// The reason, if this backend is not [available](Self::unavailable);
    /// [`CudaError::NotPtx`], [`CudaError::DriverTooOld`], [`CudaError::Compile`] with the
    /// driver's log, [`CudaError::NoEntry`], [`CudaError::Call`].
    ///
    /// # Safety
    ///
    /// * `entry` takes one
    ///   [`BatchParameters`](isokern_core::device::BatchParameters) by value.
    /// * It reads and writes only the memory that these describe.
    pub unsafe fn load_ptx(&self, ptx: &[u8], entry: &str) -> Result<Self, CudaError> {
        let context = self.kernels.as_ref().map_err(Clone::clone)?.context();
        let kernels = Kernels::of_entry(context, ptx, entry)?;
        Ok(Self { kernels: Ok(kernels.into()), ..self.clone() })
    }

    /// Returns the same backend with models that take `samples` (at least 1) of a batch in one
    /// launch. A larger batch goes in chunks, whose copies and launches overlap. Without it, a
    /// chunk is up to 4 MiB of inputs and outputs and up to 2048 samples. A chunk that does not fit
    /// into memory is an error of [`CudaModel::init`].
    #[must_use]
    pub fn with_chunk_samples(self, samples: usize) -> Self {
        Self { chunk_samples: Some(samples.max(1)), ..self }
    }

    /// Returns the same backend with models that keep `count` (at least 1) states, where they have
    /// state: so many streams, which [`CudaModel::infer_streams_on_device`] steps side by side.
    /// Without it there is one.
    #[must_use]
    pub fn with_streams(self, count: usize) -> Self {
        Self { streams: count.max(1), ..self }
    }

    /// Returns why no model can be loaded, `None` if there is a device.
    #[must_use]
    pub fn unavailable(&self) -> Option<&CudaError> {
        self.kernels.as_ref().err()
    }

    /// Returns the context models are loaded in, `None` without a device.
    #[must_use]
    pub fn context(&self) -> Option<&Context> {
        self.kernels.as_ref().ok().map(|kernels| kernels.context())
    }

    /// Returns what the backend can do.
    #[must_use]
    pub fn capabilities(&self) -> BackendCapabilities {
        payloads::capabilities(self.context().map(Context::space))
    }

    /// Checks a model and brings its weights into the layout of device loops. The device is
    /// used from [`init`](CudaModel::init) on.
    ///
    /// # Errors
    ///
    /// [`CudaError::Format`], if the bytes are no model this build runs;
    /// [`CudaError::Relayout`]; the reason, if this backend is not
    /// [available](Self::unavailable); [`CudaError::DeviceLost`].
    pub fn load(&self, artifact: &ModelArtifact) -> Result<CudaModel, CudaError> {
        let kernels = self.kernels.as_ref().map_err(Clone::clone)?;
        if let Some(status) = kernels.context().lost() {
            return Err(CudaError::DeviceLost { status });
        }
        let model = Model::parse(artifact.bytes())?;
        let kernel = kernels.for_kinds(model.operator_set());
        let sample_bytes = model.input_bytes().saturating_add(model.output_bytes());
        let fitting = (CHUNK_BYTES / sample_bytes.max(1)).clamp(1, CHUNK_SAMPLES_MAX);
        let chunk_samples = self.chunk_samples.unwrap_or(fitting);
        let (kernel, sizes) = (Arc::clone(kernel), (chunk_samples, self.streams));
        let packed = packed(artifact, &model)?;
        let model = Model::parse(packed.bytes())?;
        Ok(CudaModel::new(kernel, packed.clone(), &model, sizes))
    }
}

/// Returns the artifact of a model in the layout of device loops.
pub(crate) fn packed(
    artifact: &ModelArtifact,
    model: &Model<'_>,
) -> Result<ModelArtifact, CudaError> {
    if model.layout() == Layout::Packed {
        return Ok(artifact.clone());
    }
    let blob = relayout(model, Layout::Packed).map_err(|_| CudaError::Relayout)?;
    Ok(ModelArtifact::new(&blob, artifact.label()))
}

impl<I, O> ComputeBackend<I, O> for CudaBackend
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    type Model = CudaModel;
    type Error = CudaError;
    type ModelDescriptor<'desc> = &'desc ModelArtifact;

    fn capabilities(&self) -> BackendCapabilities {
        CudaBackend::capabilities(self)
    }

    fn load_model(&self, artifact: &ModelArtifact) -> Result<CudaModel, CudaError> {
        self.load(artifact)
    }
}
