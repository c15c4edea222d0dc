//! Which float operation an instruction is.

use crate::error::PtxError;
use crate::ptx::ast::Type;

use super::approximate::Function;
use super::float::{Binary, Extreme, Form, Format, Operation, Property, Unary};
use super::reader::Reader;
use super::rounding::{ROUNDINGS, Rounding};

const PROPERTIES: [(&str, Property); 6] = [
    ("finite", Property::Finite),
    ("infinite", Property::Infinite),
    ("number", Property::Number),
    ("notanumber", Property::NotANumber),
    ("normal", Property::Normal),
    ("subnormal", Property::Subnormal),
];

/// Decodes an instruction of float arithmetic.
pub(super) fn decode(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    match reader.at.opcode.as_str() {
        "add" => rounded(reader, Binary::Add),
        "sub" => rounded(reader, Binary::Subtract),
        "mul" => rounded(reader, Binary::Multiply),
        "fma" | "mad" => multiply_add(reader),
        "div" => divide(reader),
        "abs" => signed(reader, Unary::Absolute),
        "neg" => signed(reader, Unary::Negate),
        "min" => extreme(reader, false),
        "max" => extreme(reader, true),
        "rcp" if !reader.has("approx") => root(reader, Unary::Reciprocal),
        "sqrt" if !reader.has("approx") => root(reader, Unary::SquareRoot),
        "copysign" => {
            let (ty, format) = format(&reader, 3)?;
            Ok(Operation::Binary(Binary::CopySign, format, Form::PLAIN, reader.two(ty)?))
        }
        "testp" => {
            let property = reader.required(&PROPERTIES)?;
            let (ty, format) = format(&reader, 2)?;
            let (target, a) = (reader.predicate_target(0)?, reader.source(1, ty)?);
            Ok(Operation::Test { property, format, target, a })
        }
        _ => function(reader),
    }
}

/// Decodes `add`, `sub`, `mul`: to the nearest unless they say otherwise.
fn rounded(mut reader: Reader<'_>, binary: Binary) -> Result<Operation, PtxError> {
    let rounding = reader.choice(&ROUNDINGS).unwrap_or(Rounding::Nearest);
    let (form, ty, format) = form(&mut reader, rounding, 3)?;
    Ok(Operation::Binary(binary, format, form, reader.two(ty)?))
}

fn multiply_add(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let rounding = reader.required(&ROUNDINGS)?;
    let (form, ty, format) = form(&mut reader, rounding, 4)?;
    Ok(Operation::MultiplyAdd(format, form, reader.three(ty)?))
}

fn divide(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    if let Some(full) = reader.choice(&[("approx", false), ("full", true)]) {
        let flush = reader.flag("ftz");
        let ty = only_single(&reader, 3)?;
        return Ok(Operation::Divide { flush, full, at: reader.two(ty)? });
    }
    let rounding = reader.required(&ROUNDINGS)?;
    let (form, ty, format) = unsaturated(&mut reader, rounding, 3)?;
    Ok(Operation::Binary(Binary::Divide, format, form, reader.two(ty)?))
}

fn root(mut reader: Reader<'_>, unary: Unary) -> Result<Operation, PtxError> {
    let rounding = reader.required(&ROUNDINGS)?;
    let (form, ty, format) = unsaturated(&mut reader, rounding, 2)?;
    Ok(Operation::Unary(unary, format, form, reader.one(ty)?))
}

fn signed(mut reader: Reader<'_>, unary: Unary) -> Result<Operation, PtxError> {
    let (form, ty, format) = unsaturated(&mut reader, Rounding::Nearest, 2)?;
    Ok(Operation::Unary(unary, format, form, reader.one(ty)?))
}

fn extreme(mut reader: Reader<'_>, largest: bool) -> Result<Operation, PtxError> {
    let nan = reader.flag("NaN");
    // `.xorsign.abs`: two words that only exist together.
    let magnitude = reader.flag("xorsign");
    if magnitude != reader.flag("abs") {
        return Err(reader.unsupported());
    }
    let (form, ty, format) = unsaturated(&mut reader, Rounding::Nearest, 3)?;
    if format == Format::F64 && (nan || magnitude) {
        return Err(reader.unsupported());
    }
    let binary = Binary::Extreme(Extreme { largest, nan, magnitude });
    Ok(Operation::Binary(binary, format, form, reader.two(ty)?))
}

/// Returns the approximated functions.
fn function(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    if !reader.flag("approx") {
        return Err(reader.unsupported());
    }
    let flush = reader.flag("ftz");
    let (ty, format) = format(&reader, 2)?;
    let function = match (reader.at.opcode.as_str(), format, flush) {
        ("rcp", Format::F32, _) => Function::Reciprocal,
        ("rcp", Format::F64, true) => Function::ReciprocalCoarse,
        ("sqrt", Format::F32, _) => Function::SquareRoot,
        ("rsqrt", Format::F32, _) => Function::ReciprocalRoot,
        ("rsqrt", Format::F64, false) => Function::ReciprocalRootDouble,
        ("rsqrt", Format::F64, true) => Function::ReciprocalRootCoarse,
        ("sin", Format::F32, _) => Function::Sine,
        ("cos", Format::F32, _) => Function::Cosine,
        ("lg2", Format::F32, _) => Function::Log2,
        ("ex2", Format::F32, _) => Function::Exp2,
        ("tanh", Format::F32, false) => Function::Tanh,
        _ => return Err(reader.unsupported()),
    };
    Ok(Operation::Function(function, flush, reader.one(ty)?))
}

/// Returns the form, where `.ftz` and `.sat` exist for single precision.
fn form(
    reader: &mut Reader<'_>,
    rounding: Rounding,
    operands: usize,
) -> Result<(Form, Type, Format), PtxError> {
    let saturate = reader.flag("sat");
    let (form, ty, format) = unsaturated(reader, rounding, operands)?;
    if saturate && format == Format::F64 {
        return Err(reader.unsupported());
    }
    Ok((Form { saturate, ..form }, ty, format))
}

/// Returns the form, where `.ftz` exists for single precision.
fn unsaturated(
    reader: &mut Reader<'_>,
    rounding: Rounding,
    operands: usize,
) -> Result<(Form, Type, Format), PtxError> {
    let flush = reader.flag("ftz");
    let (ty, format) = format(reader, operands)?;
    if flush && format == Format::F64 {
        return Err(reader.unsupported());
    }
    Ok((Form { rounding, flush, saturate: false }, ty, format))
}

fn only_single(reader: &Reader<'_>, operands: usize) -> Result<Type, PtxError> {
    match format(reader, operands)? {
        (ty, Format::F32) => Ok(ty),
        _ => Err(reader.unsupported()),
    }
}

fn format(reader: &Reader<'_>, operands: usize) -> Result<(Type, Format), PtxError> {
    let [ty] = reader.types()?;
    let format = match ty {
        Type::F32 => Format::F32,
        Type::F64 => Format::F64,
        _ => return Err(reader.unsupported()),
    };
    reader.count(operands)?;
    Ok((ty, format))
}
