//! A TFLite graph as the lowering sees it: typed, and still borrowed from the file.

mod options;

pub(crate) use options::{FromOption, NamedOption, OptionFault, OptionValue};

/// The one graph of a file.
#[derive(Debug)]
pub(crate) struct Graph<'f> {
    /// Index of the tensor the caller writes.
    pub(crate) input: usize,
    /// Index of the tensor the caller reads.
    pub(crate) output: usize,
    pub(crate) tensors: Vec<GraphTensor<'f>>,
    pub(crate) operators: Vec<GraphOperator<'f>>,
    /// Bytes of the file.
    pub(crate) file_bytes: usize,
}

/// A tensor: an activation, or a constant if it has data.
#[derive(Debug)]
pub(crate) struct GraphTensor<'f> {
    pub(crate) name: &'f [u8],
    /// Sizes as `i32`, outermost first.
    pub(crate) shape: &'f [[u8; 4]],
    /// The `TensorType`.
    pub(crate) element: u8,
    pub(crate) quantization: Quantization<'f>,
    pub(crate) data: Option<&'f [u8]>,
    pub(crate) is_sparse: bool,
}

/// How a tensor's numbers stand for real values; empty where the file says nothing.
#[derive(Debug, Default)]
pub(crate) struct Quantization<'f> {
    /// Scales as `f32`.
    pub(crate) scales: &'f [[u8; 4]],
    /// Zero points as `i64`.
    pub(crate) zero_points: &'f [[u8; 8]],
    /// The dimension along which several scales run.
    pub(crate) dimension: i32,
    /// Whether scales and zero points are not all there is to know.
    pub(crate) is_custom: bool,
}

/// An operator that Isokern has.
#[derive(Debug)]
pub(crate) struct GraphOperator<'f> {
    /// The schema's name of it.
    pub(crate) name: &'static str,
    /// Tensor indices as `i32`; -1 stands for an optional input left out.
    pub(crate) inputs: &'f [[u8; 4]],
    /// Tensor indices as `i32`.
    pub(crate) outputs: &'f [[u8; 4]],
    pub(crate) options: Vec<NamedOption>,
}

/// How many bytes of a name messages show.
const NAME_MAX: usize = 64;

impl GraphTensor<'_> {
    /// The name for messages: shortened, and without control characters.
    pub(crate) fn display_name(&self) -> String {
        escaped(self.name)
    }
}

/// Text from the file, fit to be printed.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let shown = bytes.get(..NAME_MAX).unwrap_or(bytes);
    String::from_utf8_lossy(shown).escape_debug().to_string()
}

impl GraphOperator<'_> {
    /// The tensor index of an input; none where it is left out.
    pub(crate) fn input(&self, position: usize) -> Option<i32> {
        let index = i32::from_le_bytes(*self.inputs.get(position)?);
        (index != -1).then_some(index)
    }
}
