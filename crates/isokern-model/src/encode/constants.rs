//! The constants section while it grows, and the records that point into it.

use std::vec;
use std::vec::Vec;

use bytemuck::Pod;

use super::EncodeError;
use super::draft::{DraftDot, DraftOp};
use crate::header::SECTION_ALIGN;
use crate::layout::{Layout, Terms};
use crate::operators::OpKind;
use crate::operators::add::AddBody;
use crate::operators::dot_body::DotBody;
use crate::operators::pool::PoolBody;
use crate::operators::softmax::SoftmaxBody;
use crate::record::{NONE, OpRecord};

/// Boundary of row-layout weights: a word load on every target.
const ROW_ALIGN: usize = 16;

pub(super) struct Constants {
    start: usize,
    layout: Layout,
    bytes: Vec<u8>,
}

impl Constants {
    pub(super) const fn new(start: usize, layout: Layout) -> Self {
        Self { start, layout, bytes: Vec::new() }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends what the operator needs and returns its record.
    pub(super) fn record(&mut self, op: &DraftOp) -> Result<OpRecord, EncodeError> {
        let code = op.kind().code();
        let output = op.output();
        Ok(match op {
            DraftOp::Conv2d(dot) | DraftOp::DepthwiseConv2d(dot) | DraftOp::FullyConnected(dot) => {
                OpRecord::new(code, [dot.input, NONE], output, &self.dot(dot, op.kind())?)
            }
            DraftOp::Add(add) => {
                let body = AddBody {
                    multiplier: add.multiplier,
                    shift: add.shift,
                    left_shift: add.left_shift,
                    activation_min: add.activation.min,
                    activation_max: add.activation.max,
                    reserved: 0,
                };
                OpRecord::new(code, add.inputs, output, &body)
            }
            DraftOp::Pool(pool) => {
                let body = PoolBody {
                    window: pool.window,
                    activation_min: pool.activation.min,
                    activation_max: pool.activation.max,
                    reserved: 0,
                };
                OpRecord::new(code, [pool.input, NONE], output, &body)
            }
            DraftOp::Reshape { input, .. } => OpRecord::new(code, [*input, NONE], output, &[0; 14]),
            DraftOp::Softmax(softmax) => {
                let body = SoftmaxBody {
                    multiplier: softmax.multiplier,
                    left_shift: softmax.left_shift.into(),
                    diff_min: softmax.diff_min,
                };
                OpRecord::new(code, [softmax.input, NONE], output, &body)
            }
        })
    }

    fn dot(&mut self, dot: &DraftDot, kind: OpKind) -> Result<DotBody, EncodeError> {
        let pack = kind != OpKind::DepthwiseConv2d && self.layout == Layout::Packed;
        let number = |value: usize| u32::try_from(value).map_err(|_| EncodeError::TooLong);
        let (weights, sums) = if pack { packed(dot) } else { (dot.weights.clone(), Vec::new()) };
        let align = if self.layout == Layout::Packed { SECTION_ALIGN } else { ROW_ALIGN };
        Ok(DotBody {
            window: dot.window,
            activation_min: dot.activation.min,
            activation_max: dot.activation.max,
            depth_multiplier: dot.depth_multiplier,
            weights_offset: self.append(&weights, align)?,
            weights_bytes: number(weights.len())?,
            bias_offset: self.append(&dot.bias, 4)?,
            multiplier_offset: self.append(&dot.multiplier, 4)?,
            weight_sums_offset: if pack { self.append(&sums, 4)? } else { 0 },
            shift_offset: self.append(&dot.shift, 1)?,
            scale_count: number(dot.multiplier.len())?,
            outputs: number(dot.outputs)?,
            weight_zero_point: dot.weight_zero_point.into(),
        })
    }

    /// Appends values on a boundary and returns their offset from the blob's start.
    fn append<T: Pod>(&mut self, values: &[T], align: usize) -> Result<u32, EncodeError> {
        self.bytes.resize(self.bytes.len().next_multiple_of(align), 0);
        let offset = self.start + self.bytes.len();
        self.bytes.extend_from_slice(bytemuck::cast_slice(values));
        u32::try_from(offset).map_err(|_| EncodeError::TooLong)
    }
}

/// The weights in the packed layout, and each output's sum.
fn packed(dot: &DraftDot) -> (Vec<i8>, Vec<i32>) {
    let (outputs, terms) = (dot.outputs, dot.terms());
    let mut target = vec![0; Layout::Packed.weight_bytes(outputs, terms).unwrap_or(0)];
    let mut sums = vec![0_i32; outputs];
    for (output, sum) in sums.iter_mut().enumerate() {
        for (row, term) in places(terms) {
            let value = dot.weights[Layout::Row.weight_index(outputs, terms, output, row, term)];
            target[Layout::Packed.weight_index(outputs, terms, output, row, term)] = value;
            *sum = sum.wrapping_add(value.into());
        }
    }
    (target, sums)
}

/// Row and term of every place of a dot product, in the order of the row layout.
pub(super) fn places(terms: Terms) -> impl Iterator<Item = (usize, usize)> {
    (0..terms.rows).flat_map(move |row| (0..terms.row_terms).map(move |term| (row, term)))
}
