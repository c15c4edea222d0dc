//! Single elements of tensors and arrays, as numbers.

use core::fmt;

use isokern_core::DType;
use serde::{Serialize, Serializer};

/// The value of an element, exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// Of an integer type, or 0 and 1 of a bool.
    Integer(i128),
    /// Of a type of real numbers.
    Real(f64),
}

impl Number {
    /// Reads an element from its bytes, the low ones first; none for a type that is not known, or
    /// another count of bytes.
    pub(crate) fn read(dtype: DType, bytes: &[u8]) -> Option<Self> {
        let number = match dtype {
            DType::Bool => Self::Integer(u8::from_le_bytes(bytes.try_into().ok()?).min(1).into()),
            DType::I8 => Self::Integer(i8::from_le_bytes(bytes.try_into().ok()?).into()),
            DType::U8 => Self::Integer(u8::from_le_bytes(bytes.try_into().ok()?).into()),
            DType::I16 => Self::Integer(i16::from_le_bytes(bytes.try_into().ok()?).into()),
            DType::U16 => Self::Integer(u16::from_le_bytes(bytes.try_into().ok()?).into()),
            DType::I32 => Self::Integer(i32::from_le_bytes(bytes.try_into().ok()?).into()),
            DType::U32 => Self::Integer(u32::from_le_bytes(bytes.try_into().ok()?).into()),
            DType::I64 => Self::Integer(i64::from_le_bytes(bytes.try_into().ok()?).into()),
            DType::U64 => Self::Integer(u64::from_le_bytes(bytes.try_into().ok()?).into()),
            DType::F16 => Self::Real(half(u16::from_le_bytes(bytes.try_into().ok()?))),
            DType::Bf16 => {
                let upper = u16::from_le_bytes(bytes.try_into().ok()?);
                Self::Real(f32::from_bits(u32::from(upper) << 16).into())
            }
            DType::F32 => Self::Real(f32::from_le_bytes(bytes.try_into().ok()?).into()),
            DType::F64 => Self::Real(f64::from_le_bytes(bytes.try_into().ok()?)),
            _ => return None,
        };
        Some(number)
    }
}

/// Returns the elements of a tensor or an array as numbers; none of a type that is not known.
pub(crate) fn numbers(bytes: &[u8], dtype: DType) -> impl Iterator<Item = Number> {
    bytes.chunks_exact(dtype.size_bytes()).filter_map(move |element| Number::read(dtype, element))
}

/// A JSON number; what JSON has no number for is a string that Python's `float` reads.
impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            // Of 64 bits at most, of either kind.
            Self::Integer(value) => match i64::try_from(value) {
                Ok(value) => serializer.serialize_i64(value),
                Err(_) => serializer.serialize_u64(value as u64),
            },
            Self::Real(value) if !value.is_finite() => serializer.collect_str(&value),
            Self::Real(value) if f64::from(value as f32) == value => {
                serializer.serialize_f32(value as f32)
            }
            Self::Real(value) => serializer.serialize_f64(value),
        }
    }
}

/// The shortest decimal number of the element's own precision.
impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Integer(value) => value.fmt(formatter),
            Self::Real(value) if f64::from(value as f32) == value => (value as f32).fmt(formatter),
            Self::Real(value) => value.fmt(formatter),
        }
    }
}

/// Returns the value of a number of half precision: a sign, 5 bits of exponent, 10 of mantissa.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + mantissa) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use isokern_core::DType;

    use super::{Number, half};

    #[test]
    fn elements_of_every_type_are_read() {
        let cases: [(DType, &[u8], Number); 13] = [
            (DType::Bool, &[1], Number::Integer(1)),
            (DType::I8, &[0x80], Number::Integer(-128)),
            (DType::U8, &[0x80], Number::Integer(128)),
            (DType::I16, &[0, 0x80], Number::Integer(-32_768)),
            (DType::U16, &[0, 0x80], Number::Integer(32_768)),
            (DType::I32, &[0, 0, 0, 0x80], Number::Integer(i32::MIN.into())),
            (DType::U32, &[0xFF; 4], Number::Integer(u32::MAX.into())),
            (DType::I64, &[0xFF; 8], Number::Integer(-1)),
            (DType::U64, &[0xFF; 8], Number::Integer(u64::MAX.into())),
            (DType::F16, &[0, 0xC0], Number::Real(-2.0)),
            (DType::Bf16, &[0x80, 0x3F], Number::Real(1.0)),
            (DType::F32, &[0, 0, 0x20, 0x40], Number::Real(2.5)),
            (DType::F64, &[0, 0, 0, 0, 0, 0, 0xF0, 0x3F], Number::Real(1.0)),
        ];
        for (dtype, bytes, expected) in cases {
            assert_eq!(Number::read(dtype, bytes), Some(expected), "{dtype}");
            assert_eq!(Number::read(dtype, &bytes[1..]), None, "{dtype}");
        }
        assert_eq!(DType::ALL.len(), cases.len());
    }

    #[test]
    fn c05_numbers_of_half_precision_have_their_values() {
        // From IEEE 754: the least, the greatest that is subnormal, the least that is normal, one,
        // a third, the greatest.
        let cases = [
            (0x0001, 5.960_464_477_539_063e-8),
            (0x03FF, 6.097_555_160_522_461e-5),
            (0x0400, 6.103_515_625e-5),
            (0x3C00, 1.0),
            (0x3555, 0.333_251_953_125),
            (0x7BFF, 65_504.0),
            (0x7C00, f64::INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!((half(bits), half(bits | 0x8000)), (value, -value), "{bits:#06x}");
        }
        assert!(half(0x7C01).is_nan() && half(0xFE00).is_nan());
        assert!(half(0x8000) == 0.0 && half(0x8000).is_sign_negative());
        // Between neighbours nothing turns round.
        assert!((0..0x7C00).all(|bits| half(bits) < half(bits + 1)));
    }

    #[test]
    fn json_has_every_number() {
        let numbers = [
            Number::Integer(i64::MIN.into()),
            Number::Integer(u64::MAX.into()),
            Number::Real(0.1_f32.into()),
            Number::Real(1e-300),
            Number::Real(f64::NAN),
            Number::Real(f64::NEG_INFINITY),
        ];
        let text = serde_json::to_string(&numbers).expect("they are numbers");
        let expected = "[-9223372036854775808,18446744073709551615,0.1,1e-300,\"NaN\",\"-inf\"]";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_number_is_written_in_its_own_precision() {
        let texts =
            [0.1_f32.into(), 0.1_f64, 1e300].map(|real: f64| Number::Real(real).to_string());
        assert_eq!(texts[..2], ["0.1", "0.1"]);
        assert_eq!(Number::Integer(-3).to_string(), "-3");
        assert_eq!(Number::Real(f64::from(f32::NAN)).to_string(), "NaN");
    }
}
