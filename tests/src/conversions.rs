//! Small models of one conversion or look-up between any element types, described without a file.

use isokern_core::DType;
use isokern_model::Region;
use isokern_model::encode::{Constant, Draft, DraftOp, DraftPort, DraftTensor};
use isokern_model::operators::convert::{Conversion, Convert, ConvertBody};
use isokern_model::operators::table::{TABLE_ENTRIES, Table};

use crate::drafts::Numbers;

const QUANTISED: [DType; 3] = [DType::I8, DType::U8, DType::I16];
const CAST: [DType; 7] =
    [DType::Bool, DType::I8, DType::U8, DType::I16, DType::I32, DType::U32, DType::F32];

/// Returns a model of one `CONVERT` of random operation and types over `len` values.
#[must_use]
pub fn convert(numbers: &mut Numbers, len: usize) -> Draft {
    let operation = numbers.pick(&Conversion::ALL);
    let (from, to) = match operation {
        Conversion::Quantize => (DType::F32, numbers.pick(&QUANTISED)),
        Conversion::Dequantize => (numbers.pick(&QUANTISED), DType::F32),
        Conversion::Requantize => {
            let types = [DType::I8, DType::U8, DType::I16, DType::I32];
            (numbers.pick(&types), numbers.pick(&types))
        }
        Conversion::Cast => (numbers.pick(&CAST), numbers.pick(&CAST)),
    };
    let is_scaled = operation == Conversion::Requantize;
    let body = ConvertBody {
        multiplier: if is_scaled { numbers.within(0, i32::MAX.into()) as i32 } else { 0 },
        shift: if is_scaled { numbers.within(-31, 30) as i8 } else { 0 },
        operation: operation.code(),
        reserved: 0,
    };
    one_op(numbers, len, (from, to), DraftOp::new::<Convert>(&body, &[0], &[1]))
}

/// Returns a model that quantises `len` floats to steps of 1.
#[must_use]
pub fn whole_steps(to: DType, len: usize) -> Draft {
    let body = ConvertBody { operation: Conversion::Quantize.code(), ..ConvertBody::default() };
    let op = DraftOp::new::<Convert>(&body, &[0], &[1]);
    let mut draft = one_op(&mut Numbers::new(1), len, (DType::F32, to), op);
    for tensor in &mut draft.tensors {
        (tensor.scale, tensor.zero_point) = (1.0, 0);
    }
    draft
}

/// Returns a model of one `TABLE` of random values over `len` values, from and to bytes with sign
/// or without.
#[must_use]
pub fn table(numbers: &mut Numbers, len: usize) -> Draft {
    let table = Constant::of(&numbers.bytes(TABLE_ENTRIES));
    let op = DraftOp::new::<Table>(&[], &[0], &[1]).with_constants(vec![table]);
    let bytes = [DType::I8, DType::U8];
    let types = (numbers.pick(&bytes), numbers.pick(&bytes));
    one_op(numbers, len, types, op)
}

fn one_op(numbers: &mut Numbers, len: usize, (from, to): (DType, DType), op: DraftOp) -> Draft {
    let input = tensor(numbers, len, from, 0);
    let start = (input.bytes() as u32 + 3).next_multiple_of(4);
    let output = tensor(numbers, len, to, start);
    Draft {
        tensors: vec![input, output],
        ops: vec![op],
        inputs: vec![DraftPort::new(0, "input")],
        outputs: vec![DraftPort::new(1, "output")],
        state: Vec::new(),
        source_sha256: [0; 32],
    }
}

fn tensor(numbers: &mut Numbers, len: usize, dtype: DType, offset: u32) -> DraftTensor {
    let zero_point = match dtype {
        DType::I8 => numbers.within(-128, 127) as i16,
        DType::U8 => numbers.within(0, 255) as i16,
        _ => 0,
    };
    // Of every magnitude, so that random floats are near the ends of a type now and then.
    let scale = f32::from_bits((numbers.within(1, 250) as u32) << 23 | numbers.bits() >> 9);
    DraftTensor { dims: vec![len as u32], dtype, scale, zero_point, region: Region::Arena, offset }
}
