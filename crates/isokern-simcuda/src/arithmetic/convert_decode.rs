//! Which conversion an instruction is.

use crate::error::PtxError;
use crate::ptx::ast::{Operand, Type};

use super::convert::{Conversion, Operation};
use super::float::{Form, Format};
use super::lanes::{One, Source};
use super::places::{Extend, Number, Place};
use super::reader::{Class, Reader, class};
use super::rounding::{ROUNDINGS, Rounding};

/// The modifiers of rounding to an integer.
const INTEGRAL: [(&str, Rounding); 4] = [
    ("rni", Rounding::Nearest),
    ("rzi", Rounding::Zero),
    ("rmi", Rounding::Down),
    ("rpi", Rounding::Up),
];

/// Decodes a `cvt`.
pub(super) fn decode(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let integral = reader.choice(&INTEGRAL);
    let rounding = reader.choice(&ROUNDINGS);
    let flush = reader.flag("ftz");
    let saturate = reader.flag("sat");
    let [to, from] = reader.types()?;
    reader.count(2)?;
    if flush && to != Type::F32 && from != Type::F32 {
        return Err(reader.wrong(".ftz needs an .f32 on one side"));
    }
    let form = |rounding| Form { rounding, flush, saturate };
    match (number(to), number(from)) {
        (Some(to_number), Some(from_number)) => {
            if integral.is_some() || rounding.is_some() {
                return Err(reader.wrong("integers are converted without rounding"));
            }
            let (at, from, to) = places(&reader, to, from, from_number, to_number)?;
            if saturate {
                return Ok(Operation::Saturate { from, to, at });
            }
            let extend = Extend::between(from.number, to);
            Ok(Operation::Extend { from_wide: from.wide, to_wide: to.wide, extend, at })
        }
        (None, Some(number)) => {
            let format = format(&reader, to)?;
            let rounding = only(&reader, rounding, integral, "one of .rn, .rz, .rm, .rp")?;
            let (at, from, _) = places(&reader, to, from, number, number)?;
            Ok(Operation::ToFloat { from, to: format, form: form(rounding), at })
        }
        (Some(number), None) => {
            let format = format(&reader, from)?;
            let rounding = only(&reader, integral, rounding, "one of .rni, .rzi, .rmi, .rpi")?;
            let (at, _, to) = places(&reader, to, from, number, number)?;
            Ok(Operation::ToInteger { from: format, to, form: form(rounding), at })
        }
        (None, None) => {
            let (conversion, rounding) = floats(&reader, to, from, rounding, integral)?;
            let at = One { target: reader.target(0, to)?, a: reader.source(1, from)? };
            Ok(Operation::Float { conversion, form: form(rounding), at })
        }
    }
}

/// Returns the conversion between two float types, and how it rounds.
fn floats(
    reader: &Reader<'_>,
    to: Type,
    from: Type,
    rounding: Option<Rounding>,
    integral: Option<Rounding>,
) -> Result<(Conversion, Rounding), PtxError> {
    let conversion = match (from, to, integral.is_some()) {
        (Type::F32, Type::F32, false) => Conversion::SingleToSingle,
        (Type::F64, Type::F64, false) => Conversion::DoubleToDouble,
        (Type::F32, Type::F32, true) => Conversion::SingleToInteger,
        (Type::F64, Type::F64, true) => Conversion::DoubleToInteger,
        (Type::F32, Type::F64, false) => Conversion::SingleToDouble,
        (Type::F64, Type::F32, false) => Conversion::DoubleToSingle,
        (Type::F16, Type::F32, false) => Conversion::HalfToSingle,
        (Type::F16, Type::F64, false) => Conversion::HalfToDouble,
        (Type::F32, Type::F16, false) => Conversion::SingleToHalf,
        (Type::F64, Type::F16, false) => Conversion::DoubleToHalf,
        _ => return Err(reader.unsupported()),
    };
    let smaller = to.bytes() < from.bytes();
    match (rounding, integral) {
        (Some(rounding), None) if smaller => Ok((conversion, rounding)),
        (None, Some(rounding)) => Ok((conversion, rounding)),
        (None, None) if !smaller => Ok((conversion, Rounding::Nearest)),
        _ if smaller => Err(reader.wrong("one of .rn, .rz, .rm, .rp is needed")),
        _ => Err(reader.wrong("this conversion is exact and takes no rounding")),
    }
}

/// Returns the one kind of rounding that is needed, where the other one must not be there.
fn only(
    reader: &Reader<'_>,
    needed: Option<Rounding>,
    other: Option<Rounding>,
    names: &str,
) -> Result<Rounding, PtxError> {
    match (needed, other) {
        (Some(rounding), None) => Ok(rounding),
        _ => Err(reader.wrong(format!("{names} is needed, and no other rounding"))),
    }
}

/// Returns the operands, and the places of those that are integers: registers may be wider than
/// these.
fn places(
    reader: &Reader<'_>,
    to: Type,
    from: Type,
    from_number: Number,
    to_number: Number,
) -> Result<(One, Place, Place), PtxError> {
    let (to, target) = place(reader, 0, to, to_number)?;
    let (from, a) = place(reader, 1, from, from_number)?;
    match target {
        Source::Register(target) => Ok((One { target, a }, from, to)),
        Source::Constant(_) => Err(reader.wrong("expected a register to write to")),
    }
}

fn place(
    reader: &Reader<'_>,
    index: usize,
    ty: Type,
    number: Number,
) -> Result<(Place, Source), PtxError> {
    let place = |ty: Type| Place { number, wide: ty.bytes() == 8, register_bits: bits(ty) };
    if let Operand::Name(name) = &reader.at.operands[index]
        && class(ty) == Class::Integer
        && reader.scope.find(name).is_some()
    {
        let register = reader.register(name)?;
        let wide_enough = register.ty.bytes() >= ty.bytes();
        if !wide_enough || !matches!(class(register.ty), Class::Untyped | Class::Integer) {
            let have = register.ty;
            return Err(reader.wrong(format!("`{name}` is declared as {have:?}, expected {ty:?}")));
        }
        return Ok((place(register.ty), Source::Register(register.index)));
    }
    Ok((place(ty), reader.source(index, ty)?))
}

fn format(reader: &Reader<'_>, ty: Type) -> Result<Format, PtxError> {
    match ty {
        Type::F32 => Ok(Format::F32),
        Type::F64 => Ok(Format::F64),
        _ => Err(reader.unsupported()),
    }
}

fn number(ty: Type) -> Option<Number> {
    let integer = class(ty) == Class::Integer;
    integer.then(|| Number { bits: bits(ty), signed: ty.is_signed() })
}

#[expect(clippy::cast_possible_truncation, reason = "at most 64")]
const fn bits(ty: Type) -> u8 {
    (8 * ty.bytes()) as u8
}
