//! Lowers QUANTIZE, DEQUANTIZE and CAST: each value in another element type or scale.

use isokern_model::encode::DraftOp;
use isokern_model::fixed::rescale;
use isokern_model::operators::convert::{Conversion, Convert, ConvertBody};

use super::byte_table;
use super::operand::Value;
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::graph::Element::{self, Bool, Float32, Int8, Int16, Int32, UInt8, UInt32};
use crate::quantize;

/// Lowers QUANTIZE: from float32, or from one scale to another. Between bytes that is a table.
///
/// `micro/kernels/quantize_common.cc`, paths as in [`quantize`].
pub(super) fn lower_quantize(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    const QUANTISED: [Element; 4] = [Int8, UInt8, Int16, Int32];
    let (input, output) = ends(site, &[Float32, Int8, UInt8, Int16, Int32], &QUANTISED)?;
    site.quantized(&output, "output")?;
    let [from, to] = [&input, &output].map(|value| site.element(value));
    match (from, to) {
        (Float32, Int8 | Int16) => emit(site, (&input, &output), of(Conversion::Quantize)),
        (Int8, Int8 | UInt8 | Int16 | Int32)
        | (UInt8, Int8)
        | (Int16, Int8 | Int16 | Int32)
        | (Int32, Int8 | Int16) => {
            site.quantized(&input, "input")?;
            requantise(site, &input, &output)?;
        }
        _ => {
            let (from, to) = (from.name(), to.name());
            return Err(site.fault(OperatorFault::Conversion { from, to }));
        }
    }
    Ok(())
}

/// Lowers DEQUANTIZE, to float32; `micro/kernels/dequantize_common.cc`.
pub(super) fn lower_dequantize(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = ends(site, &[Int8, UInt8, Int16], &[Float32])?;
    site.quantized(&input, "input")?;
    emit(site, (&input, &output), of(Conversion::Dequantize));
    Ok(())
}

/// Emits the conversion of one tensor to FLOAT32.
pub(super) fn dequantised(site: &mut Site<'_, '_>, from: u16, to: u16) {
    site.emit(DraftOp::new::<Convert>(&of(Conversion::Dequantize), &[from], &[to]));
}

/// Lowers CAST of stored values, whatever their scale; `micro/kernels/cast.cc`.
pub(super) fn lower_cast(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    const TYPES: [Element; 6] = [Float32, Int8, Int16, Int32, UInt32, Bool];
    let (input, output) = ends(site, &TYPES, &TYPES)?;
    if input.tensor.dtype == output.tensor.dtype {
        site.same_bytes(input.place, &output);
    } else {
        emit(site, (&input, &output), of(Conversion::Cast));
    }
    Ok(())
}

fn ends(
    site: &mut Site<'_, '_>,
    inputs: &[Element],
    outputs: &[Element],
) -> Result<(Value, Value), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let input = site.input_of(0, "input", inputs)?;
    let output = site.output_of(0, outputs)?;
    site.shape(&output, &input.tensor.dims)?;
    Ok((input, output))
}

/// Rescales with a quotient of the scales in `double`; `Requantize` in
/// `kernels/internal/reference/requantize.h`.
fn requantise(site: &mut Site<'_, '_>, input: &Value, output: &Value) -> Result<(), ImportError> {
    let (x, y) = (&input.tensor, &output.tensor);
    let scale = quantize::multiplier(f64::from(x.scale) / f64::from(y.scale));
    let scale = scale.map_err(|fault| site.multiplier_fault(0, fault))?;
    if x.dtype.size_bytes() == 1 && y.dtype.size_bytes() == 1 {
        let (zero_x, zero_y) = (i32::from(x.zero_point), i32::from(y.zero_point));
        byte_table::emit(site, input, output, |stored| {
            rescale(stored - zero_x, scale.mantissa, scale.shift).wrapping_add(zero_y)
        });
        return Ok(());
    }
    let (multiplier, shift) = (scale.mantissa, scale.shift);
    let body = ConvertBody { multiplier, shift, ..of(Conversion::Requantize) };
    emit(site, (input, output), body);
    Ok(())
}

fn of(operation: Conversion) -> ConvertBody {
    ConvertBody { operation: operation.code(), ..ConvertBody::default() }
}

fn emit(site: &mut Site<'_, '_>, (input, output): (&Value, &Value), body: ConvertBody) {
    site.emit(DraftOp::new::<Convert>(&body, &[input.place], &[output.place]));
}
