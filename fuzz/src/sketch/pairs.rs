//! Operators with operands that repeat, and reductions.

use isokern_cpu::core::DType;
use isokern_model::encode::{Constant, DraftOp, DraftTensor};
use isokern_model::operators::add_n::{AddN, AddNBody};
use isokern_model::operators::binary::{Binary, BinaryBody, BinaryOperation};
use isokern_model::operators::convert::{Conversion, Convert, ConvertBody};
use isokern_model::operators::reduce::{Reduce, ReduceBody, ReduceOperation};
use isokern_model::operators::select::{Select, SelectBody};
use isokern_model::tensor::Region;

use super::{Sizes, Sketch};

impl Sketch<'_> {
    /// Returns an arithmetic operation of the input and itself, or a constant that may repeat.
    pub(super) fn binary(&mut self, input: u16) -> u16 {
        let operation = BinaryOperation::ALL[usize::from(self.byte()) % 7];
        let output = self.tensor(self.sizes(input), Region::Arena);
        self.pair(operation, input, output);
        output
    }

    /// Returns a comparison, perhaps a logical operation, and a choice by what they give.
    pub(super) fn select(&mut self, input: u16) -> u16 {
        let sizes = self.sizes(input);
        let mut condition = self.typed(sizes, DType::Bool);
        let comparison = BinaryOperation::ALL[7 + usize::from(self.byte()) % 6];
        self.pair(comparison, input, condition);
        if self.byte() < 128 {
            let logical = BinaryOperation::ALL[13 + usize::from(self.byte()) % 4];
            let combined = self.typed(sizes, DType::Bool);
            self.pair(logical, condition, combined);
            condition = combined;
        }
        let (repeats, constant) = self.constant(sizes);
        let constants = 1 << (1 + self.byte() % 2);
        let mut body = SelectBody { dims: six(sizes), repeats: [0; 3], constants };
        body.repeats[usize::from(constants / 2)] = repeats;
        let output = self.tensor(sizes, Region::Arena);
        let op = DraftOp::new::<Select>(&body, &[condition, input], &[output]);
        self.push(op.with_constants(vec![constant]));
        output
    }

    /// Returns a reduction over neighbouring dimensions; indices become values again, truth values
    /// come from a comparison.
    pub(super) fn reduce(&mut self, input: u16) -> u16 {
        let sizes = self.sizes(input);
        let operation = ReduceOperation::ALL[usize::from(self.byte()) % ReduceOperation::ALL.len()];
        let first = usize::from(self.byte() % 4);
        let end = first + self.up_to(4 - first as u32) as usize;
        let count = |sizes: &[u32]| sizes.iter().product::<u32>();
        let middle = count(&sizes[first..end]);
        let (outer, inner) = (count(&sizes[..first]), count(&sizes[end..]));
        let body = ReduceBody {
            reduced: if inner == 1 { [1, 1, 1, middle] } else { [1, 1, middle, 1] },
            kept: [1, outer, inner],
            multiplier: (self.values(1)[0] >> 1) as i32,
            offset: self.values(1)[0].cast_signed(),
            shift: (self.byte() % 62) as i8 - 31,
            left_shift: self.byte() % 21,
            zero_point: self.byte().cast_signed(),
            operation: operation.code(),
        };
        let left: Sizes =
            core::array::from_fn(|dim| if (first..end).contains(&dim) { 1 } else { sizes[dim] });
        let (mut from, mut written) = (input, DType::I8);
        match operation {
            ReduceOperation::Sum | ReduceOperation::Maximum | ReduceOperation::Minimum => {}
            ReduceOperation::All => {
                from = self.typed(sizes, DType::Bool);
                self.pair(BinaryOperation::Greater, input, from);
                written = DType::Bool;
            }
            ReduceOperation::ArgMaximum | ReduceOperation::ArgMinimum => written = DType::I32,
        }
        let reduced = if written == DType::I8 {
            self.tensor(left, Region::Arena)
        } else {
            self.typed(left, written)
        };
        self.push(DraftOp::new::<Reduce>(&body, &[from], &[reduced]));
        if written == DType::I8 {
            return reduced;
        }
        let output = self.tensor(left, Region::Arena);
        let body = ConvertBody { operation: Conversion::Cast.code(), ..ConvertBody::default() };
        self.push(DraftOp::new::<Convert>(&body, &[reduced], &[output]));
        output
    }

    /// Returns a sum of the input, once or several times.
    pub(super) fn add_n(&mut self, input: u16) -> u16 {
        let body = AddNBody {
            multiplier: (self.values(1)[0] >> 1) as i32,
            offset: self.values(1)[0].cast_signed(),
            shift: (self.byte() % 62) as i8 - 31,
            left_shift: self.byte() % 21,
            zero_point: self.byte().cast_signed(),
            reserved: 0,
        };
        let count = self.up_to(9) as usize;
        let output = self.tensor(self.sizes(input), Region::Arena);
        self.push(DraftOp::new::<AddN>(&body, &vec![input; count], &[output]));
        output
    }

    /// Adds an operation on a tensor and itself, or a constant on either side.
    fn pair(&mut self, operation: BinaryOperation, input: u16, output: u16) {
        let sizes = self.sizes(input);
        let code = operation.code();
        let used = match code {
            1 | 2 | 4 => [1, 1, 1],
            3 => [0, 0, 1],
            5 => [1, 0, 1],
            8..=13 => [1, 1, 0],
            _ => [0; 3],
        };
        let multipliers = self.values(3);
        let (activation_min, activation_max) = self.range();
        let mut body = BinaryBody {
            dims: six(sizes),
            multiplier: core::array::from_fn(|at| used[at] * (multipliers[at] >> 1) as i32),
            shift: [(); 3].map(|()| (self.byte() % 62) as i8 - 31),
            left_shift: self.byte() % 21,
            zero_point: [(); 3].map(|()| self.byte().cast_signed()),
            operation: code,
            activation_min,
            activation_max,
            constants: self.byte() % 3,
            ..BinaryBody::default()
        };
        if body.constants == 0 {
            self.push(DraftOp::new::<Binary>(&body, &[input, input], &[output]));
            return;
        }
        let (repeats, constant) = self.constant(sizes);
        body.repeats[usize::from(body.constants - 1)] = repeats;
        let op = DraftOp::new::<Binary>(&body, &[input], &[output]);
        self.push(op.with_constants(vec![constant]));
    }

    /// Returns a constant that repeats along some of four dimensions.
    fn constant(&mut self, sizes: Sizes) -> (u8, Constant) {
        let repeats = (self.byte() & 15) << 2;
        let kept = (2..).zip(sizes).filter(|(dim, _)| repeats >> dim & 1 == 0);
        let count: u32 = kept.map(|(_, size)| size).product();
        (repeats, Constant::of(&self.weights(count as usize)))
    }

    /// Returns a tensor of another type than i8, after all others.
    pub(super) fn typed(&mut self, sizes: Sizes, dtype: DType) -> u16 {
        let end = self.tensors.iter().map(|other| other.offset + other.bytes() as u32).max();
        self.tensors.push(DraftTensor {
            dims: sizes.to_vec(),
            dtype,
            scale: 1.0,
            zero_point: 0,
            region: Region::Arena,
            offset: end.unwrap_or(0).next_multiple_of(4),
        });
        (self.tensors.len() - 1) as u16
    }
}

/// Returns four sizes as the dimensions of an output.
const fn six([a, b, c, d]: Sizes) -> [u32; 6] {
    [1, 1, a, b, c, d]
}
