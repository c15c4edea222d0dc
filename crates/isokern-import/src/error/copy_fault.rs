//! What can be wrong with an operator that copies elements.

use isokern_model::encode::MoveError;
use thiserror::Error;

/// A fault of an operator that copies elements.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CopyFault {
    /// A list does not have one number for each thing.
    #[error("its {role} has {found} values, not {need}. Fix: export the model again")]
    Count {
        /// What the list is.
        role: &'static str,
        /// How many it has.
        found: usize,
        /// How many are needed.
        need: usize,
    },
    /// Shapes of tensors that are put together differ.
    #[error("the shapes {a} and {b} do not fit together. Fix: export the model again")]
    Concatenated {
        /// Shape of one input.
        a: String,
        /// Shape that fits.
        b: String,
    },
    /// Tensors of several scales are put together.
    #[error(
        "its inputs and its output differ in scale or zero point, which TFLite Micro refuses as \
             well. Fix: quantise the model again, with the scale of the output for each input"
    )]
    Scales,
    /// The value of a margin is none, or quantised otherwise.
    #[error(
        "the value it pads with is not one, or has another scale than the output, which TFLite \
             Micro refuses as well. Fix: quantise the model again"
    )]
    PadValue,
    /// Blocks do not divide an image or its channels.
    #[error("blocks of {block} do not divide a size of {size}. Fix: pad it first")]
    Blocks {
        /// The size.
        size: u32,
        /// The size of a block.
        block: u32,
    },
    /// A constant index is that of nothing.
    #[error("its index {found} is outside of what it picks from. Fix: export the model again")]
    Index {
        /// The index.
        found: String,
    },
    /// A number is there twice.
    #[error("`{field}` has {found} twice. Fix: export the model again")]
    Repeated {
        /// The list of numbers.
        field: &'static str,
        /// The number.
        found: i64,
    },
    /// The dimensions to reverse are not next to each other.
    #[error(
        "its axes are not next to each other, which TFLite Micro refuses as well. Fix: reverse \
             one axis after the other"
    )]
    AxesApart,
    /// What makes up the output is no move.
    #[error("{0}. Fix: split it into several operators")]
    Move(MoveError),
}
