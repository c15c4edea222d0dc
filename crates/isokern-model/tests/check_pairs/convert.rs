//! Pairs of `src/operators/convert.rs`: what a conversion checks of its own.

use isokern_core::DType;
use isokern_model::operators::convert::{Conversion, ConvertBody};

use crate::blob::Blob;
use crate::models::{conversion, with_spare_constant};
use crate::{operator, pair};

fn requantisation() -> Blob {
    conversion(Conversion::Requantize, DType::I16, DType::I8)
}

fn with(model: &Blob, change: impl FnOnce(&mut ConvertBody)) -> Blob {
    model.with(|blob| blob.body(0, change))
}

#[test]
fn body_and_tensors() {
    let model = with_spare_constant(&requantisation());
    let constants =
        |count| model.with(|blob| blob.operator(0, |record| record.constant_count = count));
    pair("constant_count", operator(0), &constants(0), &constants(1));
    let model = requantisation();
    let reserved = |value| with(&model, |body| body.reserved = value);
    pair("body", operator(0), &reserved(0), &reserved(1));
    let cast = conversion(Conversion::Cast, DType::I8, DType::I8);
    let operation = |code| with(&cast, |body| body.operation = code);
    pair("operation", operator(0), &operation(3), &operation(4));
    let size = |sizes: &[u32]| model.with(|blob| blob.size(1, sizes));
    pair("output", operator(0), &size(&[2, 3]), &size(&[3, 2]));
}

#[test]
fn scales() {
    let model = requantisation();
    let multiplier = |value| with(&model, |body| body.multiplier = value);
    pair("multiplier", operator(0), &multiplier(0), &multiplier(-1));
    let shift = |value| with(&model, |body| body.shift = value);
    pair("shift", operator(0), &shift(30), &shift(31));
    pair("shift", operator(0), &shift(-31), &shift(-32));
    // Other operations have none.
    for (operation, from, to) in [
        (Conversion::Quantize, DType::F32, DType::I8),
        (Conversion::Dequantize, DType::I8, DType::F32),
        (Conversion::Cast, DType::I32, DType::Bool),
    ] {
        let model = conversion(operation, from, to);
        let multiplier = |value| with(&model, |body| body.multiplier = value);
        pair("multiplier", operator(0), &multiplier(0), &multiplier(1));
        let shift = |value| with(&model, |body| body.shift = value);
        pair("shift", operator(0), &shift(0), &shift(1));
    }
}

/// Checks, for each operation, the types on either side that differ from accepted ones in the type
/// alone.
#[test]
fn types() {
    let (bool, i32, u32, i64, f32) =
        (DType::Bool.code(), DType::I32.code(), DType::U32.code(), DType::I64.code(), DType::F32);
    let cases = [
        (Conversion::Requantize, DType::I32, DType::U8, [u32, bool]),
        (Conversion::Requantize, DType::U8, DType::I32, [bool, u32]),
        (Conversion::Quantize, f32, DType::U8, [i32, bool]),
        (Conversion::Dequantize, DType::U8, f32, [bool, i32]),
    ];
    for (operation, from, to, others) in cases {
        let model = conversion(operation, from, to);
        for (tensor, other) in others.into_iter().enumerate() {
            let first = model.with(|blob| blob.tensor(tensor, |record| record.dtype = other));
            pair("dtype", operator(0), &model, &first);
        }
    }
    let model = conversion(Conversion::Cast, f32, f32);
    for tensor in 0..2 {
        let first = model.with(|blob| {
            blob.tensor(tensor, |record| record.dtype = i64);
            blob.size(tensor, &[1, 3]);
            blob.tensor(tensor, |record| record.bytes = 24);
        });
        pair("dtype", operator(0), &model, &first);
    }
}
