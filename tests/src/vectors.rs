//! Reference vectors: where they are and what they say.
//!
//! A folder of vectors has `models/*.tflite`, `vectors/manifest.json`,
//! `vectors/<model>.in.i8` and `vectors/<model>.out.tflm.i8`; `vectors/layers.json`
//! may hold digests of every operator's output.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use isokern_core::Payload;
use isokern_core::compute::{BufferDescriptor, ModelArtifact, PayloadMut};
use isokern_import::convert;
use isokern_model::layout::Layout;
use serde::Deserialize;

/// Returns the folder of the repository's own models: `ISOKERN_OWN_VECTORS` names it where the
/// repository is not at hand.
#[must_use]
pub fn own_folder() -> PathBuf {
    if let Some(named) = std::env::var_os("ISOKERN_OWN_VECTORS") {
        return named.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

/// Why tests on the reference models are skipped, where they are.
pub const NO_REFERENCE: &str = "no reference models are beside the repository; \
    ISOKERN_VECTORS names a folder of models and vectors (docs/testing.md)";

/// Returns the folder that is searched for other models: the one that `ISOKERN_VECTORS` names or,
/// without that, `../shared` beside the repository.
#[must_use]
pub fn other_folder() -> PathBuf {
    // Cargo runs tests in the package's folder; a relative path is meant from the root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(std::env::var_os("ISOKERN_VECTORS").unwrap_or_else(|| "../shared".into()))
}

/// Returns the folder of the reference models and their vectors, if it is there. One that
/// `ISOKERN_VECTORS` names has to be.
#[must_use]
pub fn reference_folder() -> Option<PathBuf> {
    let folder = other_folder();
    let is_named = std::env::var_os("ISOKERN_VECTORS").is_some();
    (is_named || folder.join("vectors/manifest.json").is_file()).then_some(folder)
}

/// A model file with inputs and the outputs a reference gave.
#[derive(Debug, Clone)]
pub struct Case {
    /// The model's name.
    pub name: String,
    /// The `.tflite` bytes.
    pub tflite: Vec<u8>,
    /// Inputs, one after another.
    pub inputs: Vec<i8>,
    /// Outputs of profile `tflm`, one after another.
    pub outputs: Vec<i8>,
    /// Every operator's output for the first inputs, if the folder has them.
    pub layers: Option<Vec<Layer>>,
    /// Whether the model has one int8 input and one int8 output; else inputs and outputs are the
    /// bytes of all ports, one after the other.
    pub is_plain: bool,
}

/// One operator of `layers.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Layer {
    /// TFLite's name of the operator.
    pub op: String,
    /// One entry per input.
    pub tflm: Vec<LayerDigest>,
}

/// What is known of an operator's output for one input.
#[derive(Debug, Clone, Deserialize)]
pub struct LayerDigest {
    /// Sum of all values.
    pub sum: i64,
    /// First 16 hex digits of the SHA-256 of the raw bytes.
    pub sha256_16: String,
}

#[derive(Deserialize)]
struct Manifest {
    models: BTreeMap<String, ManifestModel>,
}

#[derive(Deserialize)]
struct ManifestModel {
    file: PathBuf,
    /// The ports of a model with several, or of other types than int8.
    inputs: Option<serde::de::IgnoredAny>,
    vectors: BTreeMap<String, ManifestFile>,
}

#[derive(Deserialize)]
struct ManifestFile {
    file: PathBuf,
}

/// Returns all models of a folder that have one int8 input, one int8 output, and outputs of profile
/// `tflm`.
///
/// # Panics
///
/// If a file is missing or says something else than it should: these are tests.
#[must_use]
pub fn cases(folder: &Path) -> Vec<Case> {
    let mut cases = cases_of_any_ports(folder);
    cases.retain(|case| case.is_plain);
    cases
}

/// Returns all models of a folder that have outputs of profile `tflm`, whatever their inputs and
/// outputs.
///
/// # Panics
///
/// As for [`cases`].
#[must_use]
pub fn cases_of_any_ports(folder: &Path) -> Vec<Case> {
    let vectors = folder.join("vectors");
    let manifest: Manifest = json(&vectors.join("manifest.json"));
    let layers_file = vectors.join("layers.json");
    let mut layers: BTreeMap<String, Vec<Layer>> =
        if layers_file.is_file() { json(&layers_file) } else { BTreeMap::new() };
    let case = |(name, model): (String, ManifestModel)| {
        let outputs = model.vectors.get("out.tflm")?;
        let inputs = model.vectors.get("in").expect("a model with outputs has inputs");
        Some(Case {
            tflite: bytes(&folder.join(&model.file)),
            inputs: values(&vectors.join(&inputs.file)),
            outputs: values(&vectors.join(&outputs.file)),
            layers: layers.remove(&name),
            is_plain: model.inputs.is_none(),
            name,
        })
    };
    let cases: Vec<Case> = manifest.models.into_iter().filter_map(case).collect();
    assert!(!cases.is_empty(), "{} names no model", vectors.display());
    cases
}

/// Returns the cases of the repository's own models, those of [`cases`].
#[must_use]
pub fn own_cases() -> Vec<Case> {
    cases(&own_folder())
}

/// Returns the cases of the repository's own models, whatever their inputs and outputs.
#[must_use]
pub fn own_cases_of_any_ports() -> Vec<Case> {
    cases_of_any_ports(&own_folder())
}

/// Returns the cases of the repository's own models, and of the reference models where they are.
#[must_use]
pub fn all_cases() -> Vec<Case> {
    let folders = [Some(own_folder()), reference_folder()];
    folders.iter().flatten().flat_map(|folder| cases(folder)).collect()
}

impl Case {
    /// Returns the converted model, in aligned memory.
    ///
    /// # Panics
    ///
    /// If the file does not convert.
    #[must_use]
    pub fn convert(&self, layout: Layout) -> ModelArtifact {
        let conversion = convert(&self.tflite, layout);
        let blob = conversion.unwrap_or_else(|error| panic!("{}: {error}", self.name)).blob;
        ModelArtifact::new(&blob, Some(&self.name))
    }

    /// Returns pairs of one input and its output, for tensors of these lengths.
    ///
    /// # Panics
    ///
    /// If the files do not hold as many inputs as outputs.
    pub fn pairs(
        &self,
        input_len: usize,
        output_len: usize,
    ) -> impl ExactSizeIterator<Item = (&[i8], &[i8])> {
        let inputs = self.inputs.chunks_exact(input_len);
        let outputs = self.outputs.chunks_exact(output_len);
        assert!(inputs.remainder().is_empty(), "{}: inputs are cut short", self.name);
        assert!(outputs.remainder().is_empty(), "{}: outputs are cut short", self.name);
        assert!(inputs.len() == outputs.len() && inputs.len() > 0, "{}: counts", self.name);
        inputs.zip(outputs)
    }
}

/// Bytes of any element type, as a payload.
#[derive(Debug)]
pub struct Untyped<'b>(pub &'b mut [u8]);

impl Payload for Untyped<'_> {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::new(self.0.len())
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(self.0)
    }
}

impl PayloadMut for Untyped<'_> {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(self.0)
    }
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn values(path: &Path) -> Vec<i8> {
    bytes(path).into_iter().map(u8::cast_signed).collect()
}

fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    serde_json::from_slice(&bytes(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
