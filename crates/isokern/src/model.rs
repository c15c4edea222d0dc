//! A model that was opened: its bytes, checked, and its inputs and outputs.

mod file;

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use isokern_core::compute::ModelArtifact;
use isokern_cpu::{ArtifactBackend, CpuModel, InstructionSet};
use isokern_cuda::{CudaBackend, CudaError, CudaModel};
use isokern_import::{Progress, Report};
use isokern_model::layout::Layout;
use isokern_model::{Checked, Model as View};

use crate::error::Error;
use crate::escape::escaped;
use crate::port::{Port, PortKey, Ports};
use crate::session::{Device, Plan, Session};
use crate::values::{Inputs, Packing};

pub use file::FileKind;

/// The name of a model from bytes, in messages.
const UNNAMED: &str = "the model";

/// A model, opened and checked; a clone shares it.
///
/// ```
/// use isokern::Model;
///
/// # let digits = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/models/models/digits.tflite");
/// let model = Model::open(digits)?;
/// let input = model.input(0)?;
/// assert_eq!(input.facts(), "1x8x8x1 int8");
/// assert_eq!(model.outputs().list(), "output 0 \"Identity\": 1x10 int8");
/// # Ok::<(), isokern::Error>(())
/// ```
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    name: String,
    kind: FileKind,
    file_bytes: usize,
    artifact: ModelArtifact,
    checked: Checked,
    conversion: Option<Report>,
    inputs: Ports,
    outputs: Ports,
}

impl Model {
    /// Opens a file: a packed model (`.ikm`), or a TFLite file, which is converted in memory. What
    /// the file is its bytes say, not its name.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], [`Error::NotAModel`], [`Error::Foreign`], [`Error::Import`],
    /// [`Error::Format`], each with the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, None, |_| ())
    }

    /// Opens a file as [`open`](Self::open), brings the weights into a layout where one is wanted,
    /// and lets `step` see how a conversion goes on.
    ///
    /// Without a layout a packed model stays as it is, and a TFLite file gets rows.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`Error::Relayout`].
    pub fn open_with(
        path: impl AsRef<Path>,
        layout: Option<Layout>,
        step: impl FnMut(Progress),
    ) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = escaped(&path.to_string_lossy());
        let (kind, bytes) = file::read(path, &name)?;
        Self::of_kind(name, kind, &bytes, layout, step)
    }

    /// Makes a model of the bytes of such a file: `include_bytes!("model.tflite")`, or what came
    /// over a network.
    ///
    /// ```
    /// # static DIGITS: &[u8] = include_bytes!("../../../tests/models/digits.ikm");
    /// let model = isokern::Model::from_bytes(DIGITS)?;
    /// assert_eq!((model.inputs().count(), model.outputs().count()), (1, 1));
    /// # Ok::<(), isokern::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), except [`Error::Read`].
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::named(UNNAMED, bytes)
    }

    /// Makes a model of bytes as [`from_bytes`](Self::from_bytes), with a name for messages.
    ///
    /// # Errors
    ///
    /// As [`from_bytes`](Self::from_bytes).
    pub fn named(name: &str, bytes: impl AsRef<[u8]>) -> Result<Self, Error> {
        let (name, bytes) = (escaped(name), bytes.as_ref());
        let kind = file::kind_of(bytes, &name)?;
        Self::of_kind(name, kind, bytes, None, |_| ())
    }

    fn of_kind(
        name: String,
        kind: FileKind,
        bytes: &[u8],
        layout: Option<Layout>,
        step: impl FnMut(Progress),
    ) -> Result<Self, Error> {
        let (artifact, conversion) = match kind {
            FileKind::Packed => file::packed(&name, bytes, layout)?,
            FileKind::Tflite => file::converted(&name, bytes, layout.unwrap_or(Layout::Row), step)?,
        };
        let view = View::parse(artifact.bytes())
            .map_err(|source| Error::Format { name: name.clone(), source })?;
        let (inputs, outputs, checked) =
            (Ports::inputs(&view), Ports::outputs(&view), view.checked());
        let file_bytes = bytes.len();
        Ok(Self(Arc::new(Inner {
            name,
            kind,
            file_bytes,
            artifact,
            checked,
            conversion,
            inputs,
            outputs,
        })))
    }

    /// Starts a session: the model, ready to run on a device, in batch mode.
    ///
    /// # Errors
    ///
    /// As [`session_with`](Self::session_with).
    pub fn session(&self, device: Device) -> Result<Session, Error> {
        self.session_with(Plan::new(device))
    }

    /// Starts a session as a plan says.
    ///
    /// # Errors
    ///
    /// [`Error::Load`], [`Error::Cuda`], [`Error::Infer`] where memory or a device is not there;
    /// [`Error::NotOnGpu`] for a mode that a GPU does not have; [`Error::Spawn`],
    /// [`Error::Workers`] where threads do not start.
    pub fn session_with(&self, plan: Plan) -> Result<Session, Error> {
        Session::start(self.clone(), plan)
    }

    /// Returns the name in messages: the path, through [`escaped`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the inputs, in order.
    #[must_use]
    pub fn inputs(&self) -> &Ports {
        &self.0.inputs
    }

    /// Returns the outputs, in order.
    #[must_use]
    pub fn outputs(&self) -> &Ports {
        &self.0.outputs
    }

    /// Returns the input with this index or name: its shape, type and scale.
    ///
    /// # Errors
    ///
    /// [`Error::Port`] where there is none, with the ones there are.
    pub fn input<'k>(&self, key: impl Into<PortKey<'k>>) -> Result<&Port, Error> {
        let found = self.inputs().find(key);
        found.map_err(|source| Error::Port { name: self.name().to_owned(), source })
    }

    /// Returns the output with this index or name: its shape, type and scale.
    ///
    /// # Errors
    ///
    /// [`Error::Port`] where there is none, with the ones there are.
    pub fn output<'k>(&self, key: impl Into<PortKey<'k>>) -> Result<&Port, Error> {
        let found = self.outputs().find(key);
        found.map_err(|source| Error::Port { name: self.name().to_owned(), source })
    }

    /// Packs the inputs of one sample: what a model that is asked takes
    /// ([`AskedModel`](crate::asked::AskedModel)).
    ///
    /// ```
    /// # static DIGITS: &[u8] = include_bytes!("../../../tests/models/digits.ikm");
    /// let model = isokern::Model::from_bytes(DIGITS)?;
    /// assert_eq!(model.pack(&[0.0_f32; 64])?, [0x80; 64]);
    /// # Ok::<(), isokern::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Port`] where the values are not what the model takes.
    pub fn pack(&self, inputs: &(impl Inputs + ?Sized)) -> Result<Vec<u8>, Error> {
        let mut packing = Packing::new(self.inputs());
        let packed = packing.pack(inputs, self.inputs(), Some(1));
        packed.map_err(|source| Error::Port { name: self.name().to_owned(), source })?;
        Ok(packing.into_samples())
    }

    /// Returns the view of the packed model: operators, tensors, arena.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        self.0.checked.view(self.0.artifact.bytes())
    }

    /// Returns the bytes of the packed model, as every backend takes them.
    #[must_use]
    pub fn artifact(&self) -> &ModelArtifact {
        &self.0.artifact
    }

    /// Returns the bytes that are kept from one run to the next; 0 for a model without state.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        self.view().state_bytes()
    }

    /// Returns what the file was.
    #[must_use]
    pub fn kind(&self) -> FileKind {
        self.0.kind
    }

    /// Returns the bytes of the file.
    #[must_use]
    pub fn file_bytes(&self) -> usize {
        self.0.file_bytes
    }

    /// Returns what the conversion of a TFLite file found; none of a packed model.
    #[must_use]
    pub fn conversion(&self) -> Option<&Report> {
        self.0.conversion.as_ref()
    }

    /// Loads the model for these instructions of the processor and makes it ready: the backend's
    /// own type, for what a [`Session`] does not show, such as single operators.
    ///
    /// # Errors
    ///
    /// [`Error::Load`] and [`Error::Infer`].
    pub fn load_cpu(&self, instructions: InstructionSet) -> Result<CpuModel<'static>, Error> {
        let backend = ArtifactBackend::new().with_instruction_set(instructions);
        let name = || self.name().to_owned();
        let mut model =
            backend.load(self.artifact()).map_err(|source| Error::Load { name: name(), source })?;
        model.init().map_err(|source| Error::Infer { name: name(), source })?;
        Ok(model)
    }

    /// Loads the model on a GPU, without making it ready: the backend's own types, for what a
    /// [`Session`] does not show, such as memory of the device.
    ///
    /// # Errors
    ///
    /// What the driver says, or that there is none.
    pub fn load_cuda(&self, ordinal: u32) -> Result<(CudaBackend, CudaModel), CudaError> {
        let backend = CudaBackend::new(ordinal)?;
        let model = backend.load(self.artifact())?;
        Ok((backend, model))
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Model")
            .field("name", &self.name())
            .field("inputs", &self.inputs().list())
            .field("outputs", &self.outputs().list())
            .finish_non_exhaustive()
    }
}
