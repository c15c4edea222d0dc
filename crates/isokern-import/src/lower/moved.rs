//! Outputs put together of boxes of what an operator reads, and the move that copies them.
//!
//! Whatever is read may be a constant. An output of constants alone is one itself, unless it is
//! much larger than what it is made of; a copy of all of an activation costs nothing.

use std::borrow::Cow;

use isokern_core::DType;
use isokern_model::encode::{DraftMove, DraftOp, DraftTensor, MoveError};
use isokern_model::tensor::{RANK_MAX, Region};

pub(super) use isokern_model::operators::moves::PieceAxis;

use super::activations;
use super::operand::{ConstantTensor, Operand, Value};
use super::site::Site;
use crate::error::{CopyFault, ImportError, OperatorFault, TensorFault};
use crate::graph::Element;

/// Bytes up to which an output of constants is computed when the model is converted.
const FOLDED_BYTES: usize = 4096;

/// What a box comes from: an activation or a constant.
#[derive(Debug)]
pub(super) struct Read<'s> {
    /// The place of an activation.
    pub(super) place: Option<u16>,
    /// The bytes of a constant.
    pub(super) data: Cow<'s, [u8]>,
    /// Its index in the file.
    pub(super) index: usize,
    /// Its sizes, as the file states them: none for one value.
    pub(super) dims: Vec<u32>,
    pub(super) element: Element,
}

/// An output of boxes.
#[derive(Debug)]
pub(super) struct Boxes {
    /// The sizes by which its elements are numbered.
    dims: Vec<u32>,
    boxes: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// Which of what is read.
    from: usize,
    start: u32,
    axes: Vec<PieceAxis>,
}

/// Returns an axis with all places from the first.
pub(super) const fn whole(size: u32, stride: u32) -> PieceAxis {
    // No tensor has 2^31 elements.
    PieceAxis { first: 0, size, stride: stride.cast_signed() }
}

/// Returns how many elements are between neighbours along each dimension.
pub(super) fn strides(dims: &[u32]) -> Vec<u32> {
    let mut all = vec![1; dims.len()];
    for place in (1..dims.len()).rev() {
        all[place - 1] = all[place] * dims[place];
    }
    all
}

impl<'s> Site<'s, '_> {
    /// Returns the activation or constant read at `position`, of one of these types.
    pub(super) fn read(
        &self,
        position: usize,
        role: &'static str,
        elements: &[Element],
    ) -> Result<Read<'s>, ImportError> {
        let (place, index, data) = match self.operand(position, role, elements)? {
            Operand::Value(value) => (Some(value.place), value.index, Cow::default()),
            Operand::Constant(constant) => (None, constant.index, constant.data),
        };
        let dims = activations::dims(&self.graph.tensors[index], 0, RANK_MAX);
        let dims = dims.map_err(|fault| self.tensor_fault(role, index, fault))?;
        Ok(Read { place, data, index, dims, element: self.graph.tensors[index].element })
    }

    /// Returns a constant as an activation: a copy.
    pub(super) fn copied(
        &mut self,
        role: &'static str,
        constant: &ConstantTensor<'_>,
    ) -> Result<Value, ImportError> {
        let (index, element) = (constant.index, constant.element);
        let tensor = activations::activation(&self.graph.tensors[index], &[element]);
        let tensor = tensor.map_err(|fault| self.tensor_fault(role, index, fault))?;
        let place = self.activations.constant(tensor.clone(), constant.data.to_vec());
        let place = place.map_err(|fault| self.tensor_fault(role, index, fault))?;
        Ok(Value { place, index, tensor })
    }

    /// Returns constant integers at `position`, as many as `need`.
    pub(super) fn integers_for(
        &self,
        position: usize,
        role: &'static str,
        need: usize,
    ) -> Result<Vec<i64>, ImportError> {
        let integers = self.integers(position, role)?;
        let found = integers.len();
        if found != need {
            return Err(self.copy_fault(CopyFault::Count { role, found, need }));
        }
        Ok(integers)
    }

    /// Checks that a number of the operator is in a range.
    pub(super) fn is_in(
        &self,
        field: &'static str,
        found: i64,
        least: i64,
        most: i64,
    ) -> Result<u32, ImportError> {
        let inside = (least..=most).contains(&found).then_some(found);
        let inside = inside.and_then(|found| u32::try_from(found).ok());
        inside.ok_or_else(|| self.fault(OperatorFault::Option { field, found, least, most }))
    }

    /// Returns the scale and the zero point of the int8 tensor read at `position`.
    pub(super) fn scale_of_input(&self, position: usize) -> Result<(f32, i16), ImportError> {
        let index = self.stated_input(position)?;
        self.scale_of(index, "input")
    }

    /// Returns the scale and the zero point of the int8 tensor that is written.
    pub(super) fn scale_of_output(&self) -> Result<(f32, i16), ImportError> {
        let index = self.stated_output(0)?;
        self.scale_of(index, "output")
    }

    fn scale_of(&self, index: usize, role: &'static str) -> Result<(f32, i16), ImportError> {
        let scale = activations::scale(&self.graph.tensors[index]);
        scale.map_err(|fault| self.tensor_fault(role, index, fault))
    }

    /// Returns the size of an output along a dimension; 0 if it has none.
    pub(super) fn output_size(&self, position: usize, dim: usize) -> Result<u32, ImportError> {
        let index = self.stated_output(position)?;
        let size = self.graph.tensors[index].sizes().nth(dim);
        Ok(size.and_then(|size| u32::try_from(size).ok()).unwrap_or(0))
    }
}

impl Read<'_> {
    /// Returns one element that no tensor of the file has.
    pub(super) fn of_bytes(&self, data: Vec<u8>) -> Self {
        let data = Cow::Owned(data);
        Self { place: None, data, index: self.index, dims: Vec::new(), element: self.element }
    }

    /// Returns one element that represents real zero in the output.
    pub(super) fn real_zero(&self, site: &Site<'_, '_>) -> Result<Self, ImportError> {
        let zero = if self.element == Element::Int8 { site.scale_of_output()?.1 } else { 0 };
        // A zero point of INT8 fits.
        Ok(self.of_bytes((zero as i8).to_le_bytes().repeat(self.element.size_bytes())))
    }

    /// Checks the number of dimensions.
    pub(super) fn rank(
        &self,
        site: &Site<'_, '_>,
        role: &'static str,
        (least, most): (usize, usize),
    ) -> Result<usize, ImportError> {
        let found = self.dims.len();
        if (least..=most).contains(&found) {
            return Ok(found);
        }
        Err(site.tensor_fault(role, self.index, TensorFault::Rank { found, least, most }))
    }
}

impl Boxes {
    /// Describes an output whose elements are numbered by these sizes.
    pub(super) fn new(dims: &[u32]) -> Self {
        Self { dims: dims.to_vec(), boxes: Vec::new() }
    }

    /// Adds a box with an axis for each of the sizes, whose first element is element `start` of
    /// what is read at place `from`.
    pub(super) fn add(&mut self, from: usize, start: u32, axes: &[PieceAxis]) {
        self.boxes.push(Part { from, start, axes: axes.to_vec() });
    }

    /// Makes the output at `position`, of this shape and the type of what is read.
    pub(super) fn write(
        self,
        site: &mut Site<'_, '_>,
        position: usize,
        reads: &[Read<'_>],
        shape: &[u32],
    ) -> Result<(), ImportError> {
        let element = reads.first().map_or(Element::Int8, |read| read.element);
        let size = element.size_bytes();
        if reads.iter().all(|read| read.place.is_none()) {
            let bytes = activations::elements(shape).saturating_mul(size);
            if bytes <= reads.iter().map(|read| read.data.len()).sum::<usize>().max(FOLDED_BYTES) {
                return site.fold_as(position, (element, shape), self.computed(reads, size));
            }
        }
        let output = site.output_of(position, &[element])?;
        site.shape(&output, shape)?;
        if let Some(place) = self.is_copy(reads) {
            site.same_bytes(place, &output);
            return Ok(());
        }
        let op = self
            .op(reads, size, output.place)
            .map_err(|error| site.copy_fault(CopyFault::Move(error)))?;
        site.emit(op);
        Ok(())
    }

    /// Makes a tensor that the file has no name for, of these sizes and of the type of what is
    /// read.
    pub(super) fn write_temporary(
        self,
        site: &mut Site<'_, '_>,
        reads: &[Read<'_>],
        dims: &[u32],
    ) -> Result<Read<'static>, ImportError> {
        let (index, element) =
            reads.first().map_or((0, Element::Int8), |read| (read.index, read.element));
        let dtype = element.dtype().unwrap_or(DType::I8);
        let (region, offset) = (Region::Arena, 0);
        let dims = dims.to_vec();
        let tensor =
            DraftTensor { dims: dims.clone(), dtype, scale: 1.0, zero_point: 0, region, offset };
        let place = site.temporary(tensor);
        let op = self.op(reads, dtype.size_bytes(), place);
        site.emit(op.map_err(|error| site.copy_fault(CopyFault::Move(error)))?);
        Ok(Read { place: Some(place), data: Cow::default(), index, dims, element })
    }

    /// Returns the move, with elements of `size` bytes.
    fn op(self, reads: &[Read<'_>], size: usize, output: u16) -> Result<DraftOp, MoveError> {
        let mut inputs: Vec<u16> = Vec::new();
        let mut data: Vec<u8> = Vec::new();
        // For each of what is read, its number and what comes before it there; constants are
        // numbered after all inputs.
        let mut sources = Vec::new();
        for read in reads {
            sources.push(match read.place {
                Some(wanted) => {
                    let known = inputs.iter().position(|&place| place == wanted);
                    let number = known.unwrap_or(inputs.len());
                    if known.is_none() {
                        inputs.push(wanted);
                    }
                    (Some(number), 0)
                }
                None => {
                    let before = data.len() / size;
                    data.extend_from_slice(&read.data);
                    (None, before as u32)
                }
            });
        }
        let mut draft = DraftMove::new(&self.dims);
        for Part { from, start, axes } in &self.boxes {
            let (number, before) = sources[*from];
            draft.piece(number.unwrap_or(inputs.len()) as u32, before + start, axes);
        }
        draft.with_data(data).op(&inputs, output)
    }

    /// Returns the activation that the output is a copy of, all of it in the same order.
    fn is_copy(&self, reads: &[Read<'_>]) -> Option<u16> {
        let [Part { from, start: 0, axes }] = self.boxes.as_slice() else { return None };
        let read = reads.get(*from)?;
        let is_all = activations::elements(&self.dims) == activations::elements(&read.dims);
        let mut pairs = axes.iter().zip(strides(&self.dims));
        let follows = pairs.all(|(axis, stride)| {
            let is_stride = axis.stride == stride.cast_signed();
            axis.size == 1 || is_stride
        });
        if is_all && follows { read.place } else { None }
    }

    /// Returns the bytes of the output, from constants with elements of `size` bytes.
    fn computed(&self, reads: &[Read<'_>], size: usize) -> Vec<u8> {
        let steps = strides(&self.dims);
        let mut output = vec![0; activations::elements(&self.dims) * size];
        for part in &self.boxes {
            let mut places = vec![0; part.axes.len()];
            let elements: u32 = part.axes.iter().map(|axis| axis.size).product();
            for _ in 0..elements {
                let axes = places.iter().zip(&part.axes).zip(&steps);
                let (mut from, mut to) = (i64::from(part.start), 0);
                for ((&place, axis), &step) in axes {
                    from += i64::from(place) * i64::from(axis.stride);
                    to += (axis.first + place) * step;
                }
                let (from, to) = (from as usize * size, to as usize * size);
                if let Some(element) = reads[part.from].data.get(from..from + size) {
                    output[to..to + size].copy_from_slice(element);
                }
                for (place, axis) in places.iter_mut().zip(&part.axes).rev() {
                    *place += 1;
                    if *place < axis.size {
                        break;
                    }
                    *place = 0;
                }
            }
        }
        output
    }
}
