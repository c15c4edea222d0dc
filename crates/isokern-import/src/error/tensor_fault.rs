//! What can be wrong with one tensor.

use thiserror::Error;

/// A fault of a tensor in the place where it is used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TensorFault {
    /// The element type is not the one needed.
    #[error(
        "is {found}, not {need}. Fix: convert the model with full int8 quantisation, inputs and \
             outputs included"
    )]
    Element {
        /// The type it has.
        found: &'static str,
        /// The type it needs, or several.
        need: String,
    },
    /// The number of dimensions is wrong.
    #[error("has {found} dimensions, not {least} to {most}. Fix: reshape it in the model")]
    Rank {
        /// How many it has.
        found: usize,
        /// The least it needs.
        least: usize,
        /// The most it can have.
        most: usize,
    },
    /// A dimension is zero, negative or not fixed.
    #[error(
        "has the shape {found}, where not all sizes are fixed and above zero. Fix: fix \
             them before conversion, as with keras.Input(batch_shape=(1, ...))"
    )]
    Dims {
        /// Its shape.
        found: String,
    },
    /// The shape is not what the operator computes.
    #[error("has the shape {found}, the operator makes {need}. Fix: export the model again")]
    Shape {
        /// Its shape.
        found: String,
        /// The shape that follows from inputs and options.
        need: String,
    },
    /// It has more elements than an arena has bytes.
    #[error("has too many elements. Fix: use smaller inputs")]
    TooLarge,
    /// The number of scales or zero points is wrong.
    #[error(
        "has {scales} scales and {zero_points} zero points, not {need} of each. Fix: quantise \
             the model again"
    )]
    Scales {
        /// Scales in the file.
        scales: usize,
        /// Zero points in the file.
        zero_points: usize,
        /// How many are needed.
        need: usize,
    },
    /// A scale is not a finite number above zero.
    #[error("has a scale that is not above zero. Fix: quantise the model again")]
    Scale,
    /// A zero point is not possible there.
    #[error("has the zero point {found}, not {least} to {most}. Fix: quantise the model again")]
    ZeroPoint {
        /// The zero point.
        found: i64,
        /// The least possible.
        least: i64,
        /// The greatest possible.
        most: i64,
    },
    /// The scales run along another dimension.
    #[error("has scales along dimension {found}, not {need}. Fix: quantise the model again")]
    Dimension {
        /// The dimension in the file.
        found: i32,
        /// The dimension of the output channels.
        need: i32,
    },
    /// The quantisation is none that scales and zero points describe.
    #[error("has a custom quantisation. Fix: quantise with scales and zero points")]
    CustomQuantisation,
    /// The weights are stored sparsely.
    #[error("is stored sparsely. Fix: export it densely")]
    Sparse,
    /// It has no data, and must be a constant.
    #[error("is not a constant. Fix: export with frozen weights")]
    NotConstant,
    /// It is a constant where an activation is needed.
    #[error("is a constant, not an activation. Fix: fold constants before export")]
    Constant,
    /// The data is shorter or longer than the shape says.
    #[error("has {found} bytes of data, its shape needs {need}. Fix: export the model again")]
    DataLength {
        /// Bytes there.
        found: usize,
        /// Bytes needed.
        need: usize,
    },
    /// It is not what the variable holds.
    #[error(
        "has {found} bytes, or another element type than the variable of {need} bytes. Fix: \
             assign tensors of one shape and type to each variable"
    )]
    Variable {
        /// Its bytes.
        found: usize,
        /// Bytes of the variable.
        need: usize,
    },
    /// No operator before has written it.
    #[error("is read before anything has written it. Fix: export the operators in running order")]
    NotWritten,
    /// Two operators write it, or one writes the graph's input.
    #[error("is written twice. Fix: export the model again")]
    WrittenTwice,
}
