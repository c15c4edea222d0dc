//! Tables and fields of the TFLite schema, as far as int8 models need them.
//!
//! Source: `tensorflow/compiler/mlir/lite/schema/schema.fbs`, version 3. A field's
//! number is its place in the declaration of its table; a union takes two numbers,
//! first its type. Fields never move, so these numbers hold for every file.

mod options;

use crate::flatbuffer::Field;
use crate::graph::Element;

pub(crate) use options::options_table;

/// Bytes 4 to 7 of every TFLite file.
pub(crate) const IDENTIFIER: [u8; 4] = *b"TFL3";
/// The one schema version that is in use.
pub(crate) const VERSION: u32 = 3;

macro_rules! table {
    (
        $(#[$doc:meta])*
        $module:ident $name:literal { $($field:ident $slot:literal $text:literal,)+ }
    ) => {
        $(#[$doc])*
        pub(crate) mod $module {
            use super::Field;

            pub(crate) const TABLE: &str = $name;
            $(pub(crate) const $field: Field = Field::new($slot, $text);)+
        }
    };
}

table! {
    /// The root.
    model "Model" {
        VERSION 0 "version",
        OPERATOR_CODES 1 "operator_codes",
        SUBGRAPHS 2 "subgraphs",
        BUFFERS 4 "buffers",
    }
}

table! {
    /// What an operator is; operators refer to it by index.
    operator_code "OperatorCode" {
        DEPRECATED_BUILTIN_CODE 0 "deprecated_builtin_code",
        CUSTOM_CODE 1 "custom_code",
        BUILTIN_CODE 3 "builtin_code",
    }
}

table! {
    /// A graph of tensors and operators.
    sub_graph "SubGraph" {
        TENSORS 0 "tensors",
        INPUTS 1 "inputs",
        OUTPUTS 2 "outputs",
        OPERATORS 3 "operators",
    }
}

table! {
    /// An activation or a constant.
    tensor "Tensor" {
        SHAPE 0 "shape",
        TYPE 1 "type",
        BUFFER 2 "buffer",
        NAME 3 "name",
        QUANTIZATION 4 "quantization",
        SPARSITY 6 "sparsity",
    }
}

table! {
    /// How a tensor's numbers represent real values.
    quantization "QuantizationParameters" {
        SCALE 2 "scale",
        ZERO_POINT 3 "zero_point",
        DETAILS_TYPE 4 "details_type",
        QUANTIZED_DIMENSION 6 "quantized_dimension",
    }
}

table! {
    /// One step of the graph.
    operator "Operator" {
        OPCODE_INDEX 0 "opcode_index",
        INPUTS 1 "inputs",
        OUTPUTS 2 "outputs",
        BUILTIN_OPTIONS_TYPE 3 "builtin_options_type",
        BUILTIN_OPTIONS 4 "builtin_options",
    }
}

table! {
    /// Constant data; offset and size above 1 mean data outside the flatbuffer.
    buffer "Buffer" {
        DATA 0 "data",
        OFFSET 1 "offset",
        SIZE 2 "size",
    }
}

/// Returns the type of elements that a number of the `TensorType` enum represents.
pub(crate) fn element(code: u8) -> Element {
    const NAMES: [&str; 23] = [
        "FLOAT32",
        "FLOAT16",
        "INT32",
        "UINT8",
        "INT64",
        "STRING",
        "BOOL",
        "INT16",
        "COMPLEX64",
        "INT8",
        "FLOAT64",
        "COMPLEX128",
        "UINT64",
        "RESOURCE",
        "VARIANT",
        "UINT32",
        "UINT16",
        "INT4",
        "BFLOAT16",
        "INT2",
        "UINT4",
        "FLOAT8_E4M3FN",
        "FLOAT8_E5M2",
    ];
    match code {
        0 => Element::Float32,
        2 => Element::Int32,
        3 => Element::UInt8,
        4 => Element::Int64,
        6 => Element::Bool,
        7 => Element::Int16,
        9 => Element::Int8,
        12 => Element::UInt64,
        13 => Element::Resource,
        15 => Element::UInt32,
        _ => Element::Other(NAMES.get(usize::from(code)).copied().unwrap_or("of an unknown type")),
    }
}
