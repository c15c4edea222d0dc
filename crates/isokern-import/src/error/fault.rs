//! What can be wrong with one operator.

use thiserror::Error;

use super::copy_fault::CopyFault;

/// A fault of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OperatorFault {
    /// The number of input tensors is wrong.
    #[error("it has {found} inputs, not {least} to {most}. Fix: export the model again")]
    InputCount {
        /// How many it has.
        found: usize,
        /// The least it needs.
        least: usize,
        /// The most it can have.
        most: usize,
    },
    /// The number of output tensors is wrong.
    #[error("it has {found} outputs, not {least} to {most}. Fix: export the model again")]
    OutputCount {
        /// How many it has.
        found: usize,
        /// The least it needs.
        least: usize,
        /// The most it can have.
        most: usize,
    },
    /// An input is left out that the operator needs.
    #[error("it has no {role}. Fix: export the model again")]
    Missing {
        /// What is left out.
        role: &'static str,
    },
    /// It names a tensor that does not exist.
    #[error("it names the tensor {found}, which is not there. Fix: export the model again")]
    NoTensor {
        /// The index in the file.
        found: i32,
    },
    /// The options are those of another operator.
    #[error("its options are of type {found}, not {need}. Fix: export the model again")]
    OptionsType {
        /// The number of the options' type in the file.
        found: u8,
        /// The number this operator's options have.
        need: u8,
    },
    /// The file's reader does not know an option of that name and type.
    #[error(
        "its option `{name}` was not read. Fix: report this with the file; it is a fault of the \
             converter"
    )]
    NoOption {
        /// The option.
        name: &'static str,
    },
    /// An option has a value that cannot be.
    #[error("`{field}` is {found}, not {least} to {most}. Fix: choose a value in that range")]
    Option {
        /// The option.
        field: &'static str,
        /// Its value.
        found: i64,
        /// The least value possible.
        least: i64,
        /// The greatest value possible.
        most: i64,
    },
    /// The fused activation is not one Isokern has.
    #[error(
        "the fused activation {name} is not supported. Fix: use NONE, RELU, RELU6 or \
             RELU_N1_TO_1"
    )]
    Activation {
        /// The schema's name.
        name: &'static str,
    },
    /// The output scale is too small to express the bound of the fused activation.
    #[error(
        "the output scale is too small for its fused activation. Fix: quantise the model again"
    )]
    ActivationRange,
    /// The filter reads fewer channels than the input has.
    #[error(
        "its filter reads {filter} channels of {input}, which makes no whole groups, at most \
             65535, of its {output} output channels. Fix: use groups that divide both"
    )]
    Grouped {
        /// Channels the filter reads.
        filter: usize,
        /// Channels of the input.
        input: usize,
        /// Channels of the output.
        output: usize,
    },
    /// Channels, filter and `depth_multiplier` contradict each other.
    #[error(
        "{output} output channels are not {input} input channels times `depth_multiplier` \
             {stated}. Fix: export the model again"
    )]
    DepthMultiplier {
        /// Channels of the input.
        input: usize,
        /// Channels of the output.
        output: usize,
        /// The option, where 0 means not stated.
        stated: i32,
    },
    /// The input is not made of whole rows of the weights' length.
    #[error(
        "{input} input values are not {rows} rows of {terms} weights. Fix: export the model \
             again"
    )]
    Rows {
        /// Values of the input.
        input: usize,
        /// Rows of the output.
        rows: usize,
        /// Weights of one unit.
        terms: usize,
    },
    /// The bias was quantised with another scale than input and weights together.
    #[error("its bias has another scale than input and weights. Fix: quantise the model again")]
    BiasScale,
    /// A scale is zero, negative, infinite or no number where that makes no sense.
    #[error(
        "the scales of channel {channel} give no finite multiplier. Fix: quantise the model \
             again"
    )]
    NoMultiplier {
        /// The output channel; 0 where there is one scale for all.
        channel: usize,
    },
    /// The scales ask for a shift to the left that the packed format does not have.
    #[error(
        "the scales of channel {channel} need a left shift of {shift}, at most 30 is possible. \
             Fix: quantise the model again"
    )]
    Shift {
        /// The output channel; 0 where there is one scale for all.
        channel: usize,
        /// The shift.
        shift: i32,
    },
    /// The shapes of both inputs do not fit.
    #[error(
        "shapes {a} and {b} do not broadcast. Fix: give both inputs one shape, or 1 where a size \
             shall repeat"
    )]
    Broadcast {
        /// Shape of the first input.
        a: String,
        /// Shape of the second input.
        b: String,
    },
    /// The inputs of a sum of several have several scales.
    #[error("its inputs differ in scale or zero point. Fix: add two inputs at a time")]
    SummandScales,
    /// An input of a comparison has a scale that TFLite Micro stops at.
    #[error("it compares values of a scale of 1 or more. Fix: scale the values down")]
    ComparisonScale,
    /// The output scale of a sum is so small that rescaling it would enlarge.
    #[error(
        "its output scale is below 2^-19 of the greater input scale. Fix: quantise the model \
             again"
    )]
    SumScale,
    /// A pool or a reduction to an extreme rescales, which TFLite Micro does not do.
    #[error("its input and output differ in scale or zero point. Fix: quantise the model again")]
    PoolQuantisation,
    /// Softmax's input steps are too fine, or `beta` is not above zero.
    #[error("beta {beta} times the input scale is not above 2^-26. Fix: use beta 1")]
    SoftmaxScale {
        /// The option, in words.
        beta: String,
    },
    /// The output of a softmax is not in steps of 1/256 from -128.
    #[error(
        "its output is not quantised with scale 1/256 and zero point -128. Fix: quantise the \
             model again with a current converter"
    )]
    SoftmaxOutput,
    /// The zero point of a logistic function's output is not the least value.
    #[error(
        "the zero point of its output is not -128. Fix: quantise the model again with a current \
             converter"
    )]
    LogisticOutput,
    /// The input steps of a logistic function or a hyperbolic tangent are too fine.
    #[error("its input scale is below 2^-28. Fix: quantise the model again")]
    ArgumentScale,
    /// The output steps of a hard swish are finer than TFLite Micro takes.
    #[error(
        "its output scale is below 1/128 of the input scale, which TFLite Micro refuses as well. \
             Fix: quantise the model again"
    )]
    SwishScale,
    /// Some inputs of a reciprocal square root represent values below zero.
    #[error(
        "its input has the zero point {zero_point}, so that some of its values are below zero, for \
             which TFLite Micro ends the inference with an error. Fix: let the model hold them \
             above zero first, as tf.nn.relu does, and quantise it again, which gives a zero \
             point of -128"
    )]
    RootOfNegative {
        /// The input's zero point.
        zero_point: i32,
    },
    /// TFLite Micro has no conversion between these types.
    #[error(
        "TFLite Micro does not convert {from} to {to}. Fix: set inference_input_type and \
             inference_output_type of the converter to tf.int8 or tf.float32 and convert the \
             model again"
    )]
    Conversion {
        /// The input's type.
        from: &'static str,
        /// The output's type.
        to: &'static str,
    },
    /// A copy of elements is none that there is.
    #[error(transparent)]
    Copy(#[from] CopyFault),
    /// Nothing assigns the variable, so that it has no memory.
    #[error(
        "nothing assigns its variable, so that TFLite Micro gives it no memory. Fix: assign it in \
             the model, or use a constant instead"
    )]
    Unassigned,
    /// The graph to run once is not there.
    #[error(
        "it runs graph {found} once, which is not there or itself called. Fix: export the model \
             again"
    )]
    NoGraph {
        /// The number in the file.
        found: i32,
    },
    /// Variables were used before the graph that initialises them runs.
    #[error(
        "it runs after variables are read or assigned. Fix: initialise the variables before their \
             first use"
    )]
    CalledLate,
    /// The graph to run once computes while it runs.
    #[error(
        "graph {graph}, which it runs, computes what it assigns. Fix: initialise the variables \
             with constants"
    )]
    CalledComputes {
        /// The graph's number in the file.
        graph: usize,
    },
    /// Input and output of a reshape differ in size.
    #[error("{input} values do not fit a shape of {output}. Fix: export the model again")]
    ReshapeLength {
        /// Values of the input.
        input: usize,
        /// Values of the output.
        output: usize,
    },
}
