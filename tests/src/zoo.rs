//! Public models beside the repository, in `../shared/zoo`: what TFLite Micro answers for each, and
//! which of them are refused.
//!
//! They are other people's and stay where they are. `models/zoo.json` has digests of what TFLite
//! Micro's variables hold, and `models/make_zoo.py` made it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use isokern_model::{Model, Region, Tensor};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::vectors::{Case, other_folder};

/// Why the tests are skipped, where they are.
pub const NO_ZOO: &str = "no public models are beside the repository, in ../shared/zoo";

/// Work, in multiply-accumulates, above which a model runs in batch mode alone.
pub const SMALL_MACS: u64 = 60_000_000;

/// What a variable holds over a stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Variable {
    /// Its length.
    pub bytes: usize,
    /// The first 16 hex digits of the SHA-256 of its bytes after each step, one after the other.
    pub steps: String,
    /// Those of its bytes after the last step.
    pub last: String,
}

/// What the repository knows of the models.
#[derive(Debug, Deserialize)]
struct Record {
    /// By the first digits of their hashes: why they are refused.
    refused: BTreeMap<String, String>,
    variables: BTreeMap<String, Vec<Variable>>,
}

/// A row of the manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The name of its vectors.
    pub name: String,
    file: PathBuf,
    inputs: Vec<serde::de::IgnoredAny>,
    outputs: Vec<serde::de::IgnoredAny>,
    runs: usize,
    /// Whether the vectors are one stream.
    pub sequence: bool,
}

/// Returns all rows; none where there is no zoo.
///
/// # Panics
///
/// If the manifest is not as described: this is for tests.
#[must_use]
pub fn rows() -> Vec<Row> {
    let path = folder().join("manifest.json");
    if !path.is_file() {
        return Vec::new();
    }
    let rows = serde_json::from_slice(&bytes(&path));
    rows.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Row {
    /// Returns the first digits of the model's hash.
    #[must_use]
    pub fn id(&self) -> &str {
        self.name.split_once('-').map_or(&self.name, |(id, _)| id)
    }

    /// Returns whether the model is one of those that are refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        record().refused.contains_key(self.id())
    }

    /// Returns the file.
    ///
    /// # Panics
    ///
    /// If it is missing: this is for tests.
    #[must_use]
    pub fn tflite(&self) -> Vec<u8> {
        bytes(&self.path())
    }

    /// Returns where the file is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        folder().join("models").join(&self.file)
    }

    /// Returns where the inputs of each port are.
    #[must_use]
    pub fn inputs(&self) -> Vec<PathBuf> {
        (0..self.inputs.len()).map(|port| self.vector(&format!("in{port}"))).collect()
    }

    /// Returns where TFLite Micro's outputs of each port are.
    #[must_use]
    pub fn outputs(&self) -> Vec<PathBuf> {
        (0..self.outputs.len()).map(|port| self.vector(&format!("out{port}.tflm"))).collect()
    }

    /// Returns the model with its vectors: the bytes of all ports of a run, one run after
    /// the other.
    ///
    /// # Panics
    ///
    /// If a file is missing or no array.
    #[must_use]
    pub fn case(&self) -> Case {
        Case {
            name: self.name.clone(),
            tflite: self.tflite(),
            inputs: self.values(&self.inputs()),
            outputs: self.values(&self.outputs()),
            layers: None,
            is_plain: false,
        }
    }

    fn vector(&self, end: &str) -> PathBuf {
        folder().join("vectors").join(format!("{}.{end}.npy", self.name))
    }

    /// Returns the bytes of these arrays, of each the first run, then of each the second.
    fn values(&self, files: &[PathBuf]) -> Vec<i8> {
        let arrays: Vec<Vec<u8>> = files.iter().map(|file| array(file)).collect();
        let mut all = Vec::new();
        for run in 0..self.runs {
            for array in &arrays {
                let len = array.len() / self.runs;
                all.extend(array[run * len..][..len].iter().map(|byte| byte.cast_signed()));
            }
        }
        all
    }
}

/// Returns what the variables of a model hold over the stream of its vectors, sorted.
///
/// # Panics
///
/// If the record has no such model.
#[must_use]
pub fn variables(id: &str) -> Vec<Variable> {
    let found = record().variables.remove(id);
    let mut found = found.unwrap_or_else(|| panic!("{id} has no row of variables"));
    found.sort();
    found
}

/// Returns what the state of a model has of its variables, over states after each step, sorted. A
/// packed model does not keep the names.
///
/// # Panics
///
/// If a state is too short.
#[must_use]
pub fn variables_in(model: &Model<'_>, states: &[Vec<u8>]) -> Vec<Variable> {
    let tensors = (0..model.tensor_count()).map(|index| model.tensor(index));
    let over_time = |tensor: Tensor| {
        let values = |state: &'_ Vec<u8>| state[tensor.offset()..][..tensor.bytes()].to_vec();
        let steps: Vec<Vec<u8>> = states.iter().map(values).collect();
        let last = steps.last().map(|last| digest(last)).unwrap_or_default();
        Variable { bytes: tensor.bytes(), steps: digest(&steps.concat()), last }
    };
    let in_state = tensors.filter(|tensor| tensor.region() == Region::State);
    let mut found: Vec<Variable> = in_state.map(over_time).collect();
    found.sort();
    found
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn record() -> Record {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo.json");
    let record = serde_json::from_slice(&bytes(&path));
    record.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> PathBuf {
    other_folder().join("zoo")
}

/// Returns the values of a file of NumPy, as they are there.
fn array(path: &Path) -> Vec<u8> {
    let file = bytes(path);
    assert!(file.starts_with(b"\x93NUMPY\x01"), "{}: version 1 of the format", path.display());
    let header = usize::from(u16::from_le_bytes([file[8], file[9]]));
    file[10 + header..].to_vec()
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
