//! Conversions in blocks, which the compiler turns into vector code: every type that is read or
//! written is a constant in its loop.

use isokern_core::Cells;
use isokern_model::number::Number;
use isokern_model::operators::convert::{Conversion, ConvertView};

/// Values a block; as many bits of inputs and outputs are in registers or close by.
const BLOCK: usize = 64;

/// Runs a conversion on one core, from the value `first` on.
#[inline(always)]
pub(super) fn run(op: &ConvertView, first: usize, x: Cells<'_>, y: Cells<'_>) {
    use Conversion::{Cast, Dequantize, Quantize, Requantize};
    use Number::{F32, I8, I16, I32, U8};
    if first > 0 {
        return values(op, (op.from, op.to), first..op.output.len(), (x, y));
    }
    // The operation is a constant of its loop, too.
    let with = |operation| ConvertView { operation, ..*op };
    match (op.operation, op.from, op.to) {
        (Quantize, F32, U8) => blocks::<4, 1, 256, 64>(&with(Quantize), (F32, U8), x, y),
        (Dequantize, I8, F32) => blocks::<1, 4, 64, 256>(&with(Dequantize), (I8, F32), x, y),
        (Dequantize, U8, F32) => blocks::<1, 4, 64, 256>(&with(Dequantize), (U8, F32), x, y),
        (Dequantize, I16, F32) => blocks::<2, 4, 128, 256>(&with(Dequantize), (I16, F32), x, y),
        (Requantize, I8, I16) => blocks::<1, 2, 64, 128>(&with(Requantize), (I8, I16), x, y),
        (Requantize, I16, I8) => blocks::<2, 1, 128, 64>(&with(Requantize), (I16, I8), x, y),
        (Requantize, I16, I16) => blocks::<2, 2, 128, 128>(&with(Requantize), (I16, I16), x, y),
        (Requantize, I8, I32) => blocks::<1, 4, 64, 256>(&with(Requantize), (I8, I32), x, y),
        (Requantize, I32, I8) => blocks::<4, 1, 256, 64>(&with(Requantize), (I32, I8), x, y),
        (Cast, I8, F32) => blocks::<1, 4, 64, 256>(&with(Cast), (I8, F32), x, y),
        (Cast, I32, F32) => blocks::<4, 4, 256, 256>(&with(Cast), (I32, F32), x, y),
        (Cast, I8, I32) => blocks::<1, 4, 64, 256>(&with(Cast), (I8, I32), x, y),
        (Cast, F32, I8) => blocks::<4, 1, 256, 64>(&with(Cast), (F32, I8), x, y),
        (Cast, F32, I32) => blocks::<4, 4, 256, 256>(&with(Cast), (F32, I32), x, y),
        (Quantize | Dequantize | Requantize | Cast, from, to) => {
            values(op, (from, to), first..op.output.len(), (x, y));
        }
    }
}

/// Converts block after block of `IN` bytes, `A` a value, to `OUT` bytes, `B` a value, then the
/// rest.
#[inline(always)]
fn blocks<const A: usize, const B: usize, const IN: usize, const OUT: usize>(
    op: &ConvertView,
    (from, to): (Number, Number),
    x: Cells<'_>,
    y: Cells<'_>,
) {
    let count = op.output.len();
    let mut done = 0;
    while done + BLOCK <= count {
        let input = x.load::<IN>(done * A);
        let mut output = [0; OUT];
        let (values, _) = input.as_chunks::<A>();
        let (results, _) = output.as_chunks_mut::<B>();
        for (value, result) in values.iter().zip(results) {
            let bits = op.value((from, to), from.bits(*value)).to_le_bytes();
            for (result, byte) in result.iter_mut().zip(bits) {
                *result = byte.cast_signed();
            }
        }
        y.store::<OUT>(done * B, output);
        done += BLOCK;
    }
    values(op, (from, to), done..count, (x, y));
}

/// Converts values one by one.
#[inline(always)]
fn values(
    op: &ConvertView,
    (from, to): (Number, Number),
    range: core::ops::Range<usize>,
    (x, y): (Cells<'_>, Cells<'_>),
) {
    for index in range {
        to.store(y, index, op.value((from, to), from.load(x, index)));
    }
}
