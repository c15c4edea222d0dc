//! Two operands that broadcast: their shapes become one list of sizes, and where each repeats.

use isokern_model::encode::{Constant, DraftOp, DraftTensor};
use isokern_model::operators::binary::{Binary, BinaryBody};
use isokern_model::tensor::RANK_MAX;

use super::activations;
use super::operand::{Operand, Value};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::graph::Element;
use crate::quantize::Multiplier;

pub(super) use isokern_model::operators::binary::BinaryOperation as Operation;

const ROLES: [&str; 2] = ["first input", "second input"];

/// Two operands, and the output whose elements are made of theirs.
#[derive(Debug)]
pub(super) struct Pair {
    operands: [Source; 2],
    pub(super) output: Value,
    dims: [u32; RANK_MAX],
    repeats: [u8; 2],
}

/// An operand: an activation at a place, or a constant.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) tensor: DraftTensor,
    pub(super) place: Option<u16>,
    /// The bytes of a constant.
    pub(super) data: Vec<u8>,
}

impl Pair {
    /// Reads both operands, of one of these types and alike, then the output: of type `to`, or of
    /// theirs where that is none.
    pub(super) fn read(
        site: &mut Site<'_, '_>,
        elements: &[Element],
        to: Option<Element>,
    ) -> Result<Self, ImportError> {
        let (a, element) = source(site, (0, ROLES[0]), elements, false)?;
        let is_constant = a.place.is_none();
        let (b, _) = source(site, (1, ROLES[1]), &[element], is_constant)?;
        let to = to.unwrap_or(element);
        let output = if to == Element::Int8 { site.output()? } else { site.output_of(0, &[to])? };
        let operands = [a, b];
        let [a, b] = operands.each_ref().map(|source| source.tensor.dims.as_slice());
        let Some(shape) = broadcast(a, b) else {
            let [a, b] = [a, b].map(|dims| format!("{dims:?}"));
            return Err(site.fault(OperatorFault::Broadcast { a, b }));
        };
        site.shape(&output, &shape)?;
        let (dims, repeats) = merged(&shape, [a, b]);
        Ok(Self { operands, output, dims, repeats })
    }

    /// Reads one operand, of type BOOL, and makes the other the constant false; then the output.
    pub(super) fn with_false(site: &mut Site<'_, '_>) -> Result<Self, ImportError> {
        let input = site.input_of(0, "input", &[Element::Bool])?;
        let output = site.output_of(0, &[Element::Bool])?;
        site.shape(&output, &input.tensor.dims)?;
        let shape = input.tensor.dims.as_slice();
        let (dims, repeats) = merged(shape, [shape, &[1]]);
        let tensor = DraftTensor { dims: vec![1], ..input.tensor.clone() };
        let constant = Source { tensor, place: None, data: vec![0] };
        let input = Source { place: Some(input.place), tensor: input.tensor, data: Vec::new() };
        Ok(Self { operands: [input, constant], output, dims, repeats })
    }

    /// Returns the scales of both operands.
    pub(super) fn scales(&self) -> [f32; 2] {
        self.operands.each_ref().map(|source| source.tensor.scale)
    }

    /// Returns the places of both operands, if they are activations of the shape of the output; one
    /// with fewer dimensions does not repeat where the others are 1, and has another shape.
    pub(super) fn alike(&self) -> Option<[u16; 2]> {
        let [a, b] = &self.operands;
        let dims = &self.output.tensor.dims;
        Some([a.place?, b.place?]).filter(|_| [&a.tensor.dims, &b.tensor.dims] == [dims; 2])
    }

    /// Returns whether both operands are of type BOOL.
    pub(super) fn is_bool(&self) -> bool {
        self.operands[0].tensor.dtype == isokern_core::DType::Bool
    }

    /// Returns the body of an operation, without scales.
    pub(super) fn body(&self, operation: Operation) -> BinaryBody {
        let [a, b] = &self.operands;
        // A zero point of INT8 fits, others are 0.
        let zero_point = [&a.tensor, &b.tensor, &self.output.tensor];
        BinaryBody {
            dims: self.dims,
            zero_point: zero_point.map(|tensor| tensor.zero_point as i8),
            operation: operation.code(),
            activation_min: i8::MIN,
            activation_max: i8::MAX,
            repeats: self.repeats,
            constants: u8::from(a.place.is_none()) | u8::from(b.place.is_none()) << 1,
            ..BinaryBody::default()
        }
    }

    /// Emits the operation.
    pub(super) fn emit(self, site: &mut Site<'_, '_>, body: &BinaryBody) {
        let inputs: Vec<u16> = self.operands.iter().filter_map(|source| source.place).collect();
        let constants = self.operands.iter().filter(|source| source.place.is_none());
        let constants = constants.map(|source| Constant::Values(source.data.clone())).collect();
        let op = DraftOp::new::<Binary>(body, &inputs, &[self.output.place]);
        site.emit(op.with_constants(constants));
    }
}

/// Sets the multiplier of an operand, 0 or 1, or of the output, 2.
pub(super) const fn set_scale(body: &mut BinaryBody, place: usize, multiplier: Multiplier) {
    body.multiplier[place] = multiplier.mantissa;
    body.shift[place] = multiplier.shift;
}

/// Returns the operand at `position`, with its type; an activation if a constant will not do.
pub(super) fn source(
    site: &mut Site<'_, '_>,
    (position, role): (usize, &'static str),
    elements: &[Element],
    must_be_activation: bool,
) -> Result<(Source, Element), ImportError> {
    let operand = if must_be_activation {
        Operand::Value(site.input_of(position, role, elements)?)
    } else {
        site.operand(position, role, elements)?
    };
    match operand {
        Operand::Value(value) => {
            let element = site.graph.tensors[value.index].element;
            if element == Element::Int8 {
                site.quantized(&value, role)?;
            }
            let (place, tensor) = (Some(value.place), value.tensor);
            Ok((Source { tensor, place, data: Vec::new() }, element))
        }
        Operand::Constant(constant) => {
            let stated = &site.graph.tensors[constant.index];
            let fault = |fault| site.tensor_fault(role, constant.index, fault);
            let tensor = activations::activation(stated, elements).map_err(fault)?;
            if constant.element == Element::Int8 {
                activations::quantized(stated).map_err(fault)?;
            }
            let (element, data) = (constant.element, constant.data.into_owned());
            Ok((Source { tensor, place: None, data }, element))
        }
    }
}

/// Returns the shape that two shapes make; none where they do not fit.
pub(super) fn broadcast(a: &[u32], b: &[u32]) -> Option<Vec<u32>> {
    let rank = a.len().max(b.len());
    let pair = |dim| [a, b].map(|dims| size(dims, rank, dim));
    (0..rank)
        .map(|dim| match pair(dim) {
            [a, b] if a == b => Some(a),
            [1, other] | [other, 1] => Some(other),
            _ => None,
        })
        .collect()
}

/// Returns the size of dimension `dim` of a shape that is extended to `rank` dimensions.
fn size(dims: &[u32], rank: usize, dim: usize) -> u32 {
    (dim + dims.len()).checked_sub(rank).and_then(|dim| dims.get(dim)).copied().unwrap_or(1)
}

/// Merges neighbours along which the same operands repeat; the sizes are at the end.
pub(super) fn merged<const N: usize>(
    shape: &[u32],
    operands: [&[u32]; N],
) -> ([u32; RANK_MAX], [u8; N]) {
    let mut dims = [1; RANK_MAX];
    let mut repeats = [0_u8; N];
    let mut place = RANK_MAX;
    let mut last: Option<[bool; N]> = None;
    for (dim, &whole) in shape.iter().enumerate().rev().filter(|(_, whole)| **whole > 1) {
        let repeating = operands.map(|own| size(own, shape.len(), dim) != whole);
        if last != Some(repeating) {
            place -= 1;
            last = Some(repeating);
        }
        dims[place] *= whole;
        for (repeats, repeating) in repeats.iter_mut().zip(repeating) {
            *repeats |= u8::from(repeating) << place;
        }
    }
    (dims, repeats)
}

#[cfg(test)]
mod tests {
    use super::{broadcast, merged};

    #[test]
    fn shapes_make_the_greater_size_of_each_dimension() {
        assert_eq!(broadcast(&[1, 4, 1, 3], &[5, 1]), Some(vec![1, 4, 5, 3]));
        assert_eq!(broadcast(&[3], &[1, 1, 2, 3]), Some(vec![1, 1, 2, 3]));
        assert_eq!(broadcast(&[1], &[1]), Some(vec![1]));
        assert_eq!(broadcast(&[2, 3], &[3, 2]), None);
    }

    #[test]
    fn neighbours_that_repeat_alike_are_merged() {
        let shape = [1, 4, 5, 3];
        assert_eq!(merged(&shape, [&shape, &shape]), ([1, 1, 1, 1, 1, 60], [0, 0]));
        assert_eq!(merged(&shape, [&shape, &[3]]), ([1, 1, 1, 1, 20, 3], [0, 1 << 4]));
        assert_eq!(merged(&shape, [&[1], &shape]), ([1, 1, 1, 1, 1, 60], [1 << 5, 0]));
        let crossed = merged(&shape, [&[1, 4, 1, 3], &[5, 1]]);
        assert_eq!(crossed, ([1, 1, 1, 4, 5, 3], [1 << 4, 1 << 3 | 1 << 5]));
        let six = [2, 3, 2, 3, 2, 3];
        let every_other = merged(&six, [&[1, 3, 1, 3, 1, 3], &six]);
        assert_eq!(every_other, (six, [0b01_0101, 0]));
    }
}
