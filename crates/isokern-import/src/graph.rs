//! A TFLite graph as the lowering sees it: typed, and still borrowed from the file.
//!
//! Lists of numbers are bytes, each number with its least byte first, that methods read: a thousand
//! tensors may name one long list of the file, and copies of it would fill the memory.

mod options;

use isokern_core::DType;

pub(crate) use options::{FromOption, NamedOption, OptionFault, OptionValue};

/// The graph of a file that runs, or one that it calls.
#[derive(Debug)]
pub(crate) struct Graph<'f> {
    /// Indices of the tensors the caller writes.
    pub(crate) inputs: Vec<usize>,
    /// Indices of the tensors the caller reads.
    pub(crate) outputs: Vec<usize>,
    pub(crate) tensors: Vec<GraphTensor<'f>>,
    pub(crate) operators: Vec<GraphOperator<'f>>,
    /// Graphs that operators of this one call, each with its number in the file.
    pub(crate) called: Vec<(usize, Self)>,
    /// How many graphs of the file nothing calls.
    pub(crate) unused_subgraph_count: usize,
    /// Bytes of the file.
    pub(crate) file_bytes: usize,
}

/// A tensor: an activation, or a constant if it has data.
#[derive(Debug)]
pub(crate) struct GraphTensor<'f> {
    pub(crate) name: &'f [u8],
    /// See [`GraphTensor::sizes`].
    pub(crate) shape: &'f [[u8; 4]],
    pub(crate) element: Element,
    pub(crate) quantization: Quantization<'f>,
    pub(crate) data: Option<&'f [u8]>,
    pub(crate) is_sparse: bool,
}

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Float32,
    Int32,
    UInt8,
    Int64,
    Bool,
    Int16,
    Int8,
    UInt64,
    /// No numbers: the name of a variable.
    Resource,
    UInt32,
    /// Any other, by the schema's name of it.
    Other(&'static str),
}

/// How a tensor's numbers represent real values; empty where the file says nothing.
#[derive(Debug, Default)]
pub(crate) struct Quantization<'f> {
    /// See [`Quantization::scale_values`].
    pub(crate) scales: &'f [[u8; 4]],
    /// See [`Quantization::zero_point_values`].
    pub(crate) zero_points: &'f [[u8; 8]],
    /// The dimension along which several scales run.
    pub(crate) dimension: i32,
    /// Whether scales and zero points are not all there is to know.
    pub(crate) is_custom: bool,
}

/// An operator of the file, whether Isokern has it or not.
#[derive(Debug)]
pub(crate) struct GraphOperator<'f> {
    /// The schema's name of it.
    pub(crate) name: &'static str,
    /// What messages call it where that name says too little.
    pub(crate) label: Option<String>,
    /// See [`GraphOperator::input`].
    pub(crate) inputs: &'f [[u8; 4]],
    /// See [`GraphOperator::output`].
    pub(crate) outputs: &'f [[u8; 4]],
    pub(crate) options: Vec<NamedOption<'f>>,
}

/// The schema's name of all custom operators, which have another one of their own.
pub(crate) const CUSTOM: &str = "CUSTOM";
/// The operator that runs another graph, once.
pub(crate) const CALL_ONCE: &str = "CALL_ONCE";
/// The option of CALL_ONCE that says which graph that is.
pub(crate) const INIT_SUBGRAPH: &str = "init_subgraph_index";
/// The options of VAR_HANDLE that name a variable.
pub(crate) const CONTAINER: &str = "container";
pub(crate) const SHARED_NAME: &str = "shared_name";

/// How many bytes of a name messages show.
const NAME_MAX: usize = 64;

impl GraphTensor<'_> {
    /// Returns the name for messages: shortened, and without control characters.
    pub(crate) fn display_name(&self) -> String {
        escaped(self.name)
    }

    /// Returns the sizes of the dimensions, outermost first.
    pub(crate) fn sizes(&self) -> impl ExactSizeIterator<Item = i32> {
        self.shape.iter().map(|size| i32::from_le_bytes(*size))
    }
}

impl Element {
    /// Returns the schema's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Float32 => "FLOAT32",
            Self::Int32 => "INT32",
            Self::UInt8 => "UINT8",
            Self::Int64 => "INT64",
            Self::Bool => "BOOL",
            Self::Int16 => "INT16",
            Self::Int8 => "INT8",
            Self::UInt64 => "UINT64",
            Self::Resource => "RESOURCE",
            Self::UInt32 => "UINT32",
            Self::Other(name) => name,
        }
    }

    /// Returns bytes of a value; 1 for a type that no packed model has.
    pub(crate) fn size_bytes(self) -> usize {
        self.dtype().map_or(1, DType::size_bytes)
    }

    /// Returns the type in a packed model, if it has one.
    pub(crate) const fn dtype(self) -> Option<DType> {
        match self {
            Self::Float32 => Some(DType::F32),
            Self::Int32 => Some(DType::I32),
            Self::UInt8 => Some(DType::U8),
            Self::Int64 => Some(DType::I64),
            Self::Bool => Some(DType::Bool),
            Self::Int16 => Some(DType::I16),
            Self::Int8 => Some(DType::I8),
            Self::UInt64 => Some(DType::U64),
            Self::UInt32 => Some(DType::U32),
            Self::Resource | Self::Other(_) => None,
        }
    }
}

impl Quantization<'_> {
    /// Returns whether the file says nothing.
    pub(crate) const fn is_empty(&self) -> bool {
        self.scales.is_empty() && self.zero_points.is_empty()
    }

    /// Returns the scale and the zero point, if there is one of each.
    pub(crate) fn only(&self) -> Option<(f32, i64)> {
        let (&[scale], &[zero_point]) = (self.scales, self.zero_points) else { return None };
        Some((f32::from_le_bytes(scale), i64::from_le_bytes(zero_point)))
    }

    /// Returns the scales.
    pub(crate) fn scale_values(&self) -> impl ExactSizeIterator<Item = f32> {
        self.scales.iter().map(|scale| f32::from_le_bytes(*scale))
    }

    /// Returns the zero points.
    pub(crate) fn zero_point_values(&self) -> impl ExactSizeIterator<Item = i64> {
        self.zero_points.iter().map(|point| i64::from_le_bytes(*point))
    }
}

/// Returns text from the file, fit to be printed.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let shown = bytes.get(..NAME_MAX).unwrap_or(bytes);
    String::from_utf8_lossy(shown).escape_debug().to_string()
}

impl<'f> GraphOperator<'f> {
    /// Returns what messages call it.
    pub(crate) fn display_name(&self) -> &str {
        self.label.as_deref().unwrap_or(self.name)
    }

    /// Returns the tensor indices of all outputs, those that are none included.
    pub(crate) fn output_indices(&self) -> impl Iterator<Item = usize> {
        self.outputs.iter().filter_map(|index| usize::try_from(i32::from_le_bytes(*index)).ok())
    }

    /// Returns the tensor index of an input; none where it is left out.
    pub(crate) fn input(&self, position: usize) -> Option<i32> {
        let index = i32::from_le_bytes(*self.inputs.get(position)?);
        (index != -1).then_some(index)
    }

    /// Returns whether it reads the tensor with this index.
    pub(crate) fn reads(&self, tensor: usize) -> bool {
        self.inputs.iter().any(|index| usize::try_from(i32::from_le_bytes(*index)) == Ok(tensor))
    }

    /// Returns the value of the option with this name, if it was read.
    pub(crate) fn option(&self, name: &str) -> Option<OptionValue<'f>> {
        self.options.iter().find(|option| option.name == name)?.value.as_ref().ok().copied()
    }

    /// Returns the tensor index of an output.
    pub(crate) fn output(&self, position: usize) -> Option<i32> {
        self.outputs.get(position).map(|index| i32::from_le_bytes(*index))
    }
}
