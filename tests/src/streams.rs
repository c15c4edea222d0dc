//! The streaming model of the repository, and what TFLite Micro computes for a stream of it.

use std::path::{Path, PathBuf};

use isokern_core::compute::ModelArtifact;
use isokern_import::{ImportError, convert};
use isokern_model::layout::Layout;
use isokern_model::{Model, Region, Tensor};

/// Bytes of the variables, in the order of the file.
const VARIABLES: [usize; 3] = [30, 32, 18];
/// Bytes of all of them.
pub const STATE_LEN: usize = 80;
/// Values of an input: int8.
pub const INPUT_LEN: usize = 20;
/// Values of an output: uint8.
pub const OUTPUT_LEN: usize = 1;

/// The model `keyword` with its vectors.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The file.
    pub tflite: Vec<u8>,
    /// The inputs of all steps.
    pub inputs: Vec<i8>,
    /// The outputs of all steps.
    pub outputs: Vec<u8>,
    /// What the variables hold after each step, in the order of the file.
    pub states: Vec<u8>,
    /// What they hold, and the output, after the first step that follows TFLite Micro's own reset.
    pub after_reset: Vec<u8>,
}

impl Stream {
    /// Reads the files.
    ///
    /// # Panics
    ///
    /// If one is missing: this is for tests.
    #[must_use]
    pub fn keyword() -> Self {
        let file = |name: &str| {
            let path = folder().join(format!("keyword.{name}"));
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        Self {
            tflite: file("tflite"),
            inputs: bytemuck::cast_slice(&file("in.i8")).to_vec(),
            outputs: file("out.tflm.u8"),
            states: file("state.tflm.i8"),
            after_reset: file("reset.tflm.i8"),
        }
    }

    /// Returns why the model does not convert: operators that the converter does not lower yet.
    /// None where it does.
    ///
    /// # Panics
    ///
    /// If something else keeps it from converting.
    #[must_use]
    pub fn missing() -> Option<String> {
        match convert(&Self::keyword().tflite, Layout::Packed) {
            Ok(_) => None,
            Err(error @ ImportError::Unsupported { .. }) => Some(error.to_string()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the converted model, in aligned memory.
    ///
    /// # Panics
    ///
    /// If the file does not convert.
    #[must_use]
    pub fn artifact(&self, layout: Layout) -> ModelArtifact {
        let converted = convert(&self.tflite, layout).unwrap_or_else(|error| panic!("{error}"));
        ModelArtifact::new(&converted.blob, Some("keyword"))
    }

    /// Returns input, output and state of each step.
    pub fn steps(&self) -> impl Iterator<Item = (&[i8], u8, &[u8])> {
        let inputs = self.inputs.chunks_exact(INPUT_LEN);
        let answers = self.outputs.iter().copied().zip(self.states.chunks_exact(STATE_LEN));
        inputs.zip(answers).map(|(input, (output, state))| (input, output, state))
    }
}

/// Returns what the variables hold, in the order of the file; each is the one of its size.
///
/// # Panics
///
/// If the model has other variables.
#[must_use]
pub fn variables(model: &Model<'_>, state: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    for bytes in VARIABLES {
        let is_it = |tensor: &Tensor| tensor.region() == Region::State && tensor.bytes() == bytes;
        let mut tensors = (0..model.tensor_count()).map(|index| model.tensor(index)).filter(is_it);
        let tensor = tensors.next().unwrap_or_else(|| panic!("no variable of {bytes} bytes"));
        found.extend_from_slice(&state[tensor.offset()..][..bytes]);
    }
    found
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/streams")
}
