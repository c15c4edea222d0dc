//! What an operator reads: activations, constants, or either.

use super::activations;
use std::borrow::Cow;

use isokern_model::encode::DraftTensor;

use crate::graph::{Element, Quantization};

/// An activation that an operator reads or writes.
#[derive(Debug)]
pub(super) struct Value {
    /// Its place in the draft.
    pub(super) place: u16,
    /// Its index in the file.
    pub(super) index: usize,
    /// What it is; a tensor that is not quantised has scale 1 and zero point 0.
    pub(super) tensor: DraftTensor,
}

/// A constant, in the file or computed from such.
#[derive(Debug)]
pub(super) struct ConstantTensor<'s> {
    /// Its index in the file.
    pub(super) index: usize,
    /// Its sizes, outermost first; none for one value.
    pub(super) dims: Vec<u32>,
    pub(super) element: Element,
    pub(super) quantization: &'s Quantization<'s>,
    /// Its values, each with its least byte first.
    pub(super) data: Cow<'s, [u8]>,
}

/// An input that may be an activation or a constant.
#[derive(Debug)]
pub(super) enum Operand<'s> {
    Value(Value),
    Constant(ConstantTensor<'s>),
}

impl ConstantTensor<'_> {
    /// Returns the number of elements that the sizes say.
    pub(super) fn len(&self) -> usize {
        activations::elements(&self.dims)
    }

    /// Returns the constant as integers, if it is of type INT32 or INT64.
    pub(super) fn integers(&self) -> Option<Vec<i64>> {
        let data = &*self.data;
        if self.element == Element::Int32 {
            let values = data.as_chunks().0.iter();
            Some(values.map(|value| i32::from_le_bytes(*value).into()).collect())
        } else if self.element == Element::Int64 {
            Some(data.as_chunks().0.iter().map(|value| i64::from_le_bytes(*value)).collect())
        } else {
            None
        }
    }
}
