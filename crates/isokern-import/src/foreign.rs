//! Other kinds of files that get passed for a TFLite file, told by their first bytes.

mod binary;
mod text;

/// The kind of a file that is no TFLite file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignFile {
    /// A file without bytes.
    Empty,
    /// The text that Git LFS or git-annex keeps in place of a large file.
    Pointer,
    /// A web page.
    WebPage,
    /// C source with the bytes of a model.
    CArray,
    /// A JSON text.
    Json,
    /// An XML text.
    Xml,
    /// A packed model of Isokern.
    Packed,
    /// An array of NumPy, or an archive of several.
    Array,
    /// A model of ONNX or ONNX Runtime.
    Onnx,
    /// An HDF5 file, as older versions of Keras wrote.
    Hdf5,
    /// A model of Keras 3.
    Keras,
    /// A SavedModel of TensorFlow.
    SavedModel,
    /// A frozen graph of TensorFlow 1.
    FrozenGraph,
    /// A model or a state of PyTorch or ExecuTorch.
    PyTorch,
    /// A pickled Python object.
    Pickle,
    /// Weights alone: safetensors or GGUF.
    Weights,
    /// A compressed file or an archive.
    Archive,
}

use ForeignFile::{
    Archive, Array, CArray, Empty, FrozenGraph, Hdf5, Json, Keras, Onnx, Packed, Pickle, Pointer,
    PyTorch, SavedModel, WebPage, Weights, Xml,
};

/// The number of first bytes that tell the kind of a file.
pub const START_BYTES: usize = 4096;

/// What to do about a model of TensorFlow or Keras.
const CONVERT: &str = "convert it with tf.lite.TFLiteConverter and full int8 quantisation: \
                       optimizations, a representative_dataset, \
                       tf.lite.OpsSet.TFLITE_BUILTINS_INT8, and tf.int8 as \
                       inference_input_type and inference_output_type";

impl ForeignFile {
    /// Returns the kind of a file that starts with these bytes, [`START_BYTES`] of them or the
    /// whole file; none where they tell nothing.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Self> {
        if start.is_empty() {
            return Some(Empty);
        }
        binary::kind(start).or_else(|| text::kind(start))
    }

    /// Returns what it is, in words that follow *this is*.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Empty => "an empty file",
            Pointer => "the pointer that Git LFS or git-annex keeps in place of a file",
            WebPage => "a web page",
            CArray => "source text in C with an array of bytes",
            Json => "a JSON text",
            Xml => "an XML text",
            Packed => "a packed model of Isokern",
            Array => "an array of NumPy",
            Onnx => "an ONNX model",
            Hdf5 => "an HDF5 file, as Keras 2 writes",
            Keras => "a Keras model",
            SavedModel => "a SavedModel of TensorFlow",
            FrozenGraph => "a frozen graph of TensorFlow",
            PyTorch => "a PyTorch model",
            Pickle => "a pickled Python object",
            Weights => "a file of weights without a graph, safetensors or GGUF",
            Archive => "an archive or a compressed file",
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Empty => "export or download the model again",
            Pointer => {
                "fetch the file that it points to, with `git lfs pull` or `git annex get` in the \
                 repository it came from"
            }
            WebPage => {
                "download the file itself, not the page that shows it: the link *Raw* on GitHub, \
                 `resolve` in place of `blob` in an address of Hugging Face"
            }
            CArray => "pass the .tflite file that it was made of",
            Json | Xml => "pass the model itself, a .tflite file",
            Packed => "use it as it is: it need not be converted",
            Array => "pass a .tflite file as the model; arrays are inputs",
            Onnx => {
                "convert it to an int8 .tflite file first, as with `onnx2tf -i model.onnx -oiqt`, \
                 and pass its ..._full_integer_quant.tflite"
            }
            Hdf5 | Keras | SavedModel | FrozenGraph => CONVERT,
            PyTorch => {
                "convert it to an int8 .tflite file first: with litert-torch, or with torch.onnx \
                 and `onnx2tf -i model.onnx -oiqt`"
            }
            Pickle | Weights => "export the model as an int8 .tflite file where it was trained",
            Archive => "unpack it, and pass the .tflite file in it",
        }
    }
}

#[cfg(test)]
mod tests;
