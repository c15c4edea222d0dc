//! Element types of inputs and outputs: their names and ranges, and the Rust types that go in and
//! out.

use isokern_core::DType;
use isokern_core::compute::Quantization;
use isokern_model::Tensor;

/// A Rust type that values of inputs and outputs have.
///
/// Implemented for integers of 8 to 64 bits, `f32` and `bool`. Values of the tensor's own type are
/// taken and given as they are; `f32` represents the real numbers of a quantised tensor (int8,
/// uint8, int16) and is converted by its scale and zero point.
pub trait Element: sealed::Raw {}

impl<T: sealed::Raw> Element for T {}

pub(crate) mod sealed {
    use isokern_core::DType;

    /// How a type is read.
    pub trait Raw: Copy + Default + core::fmt::Debug + 'static {
        /// The type as a tensor names it.
        const DTYPE: DType;

        /// Reads an element from its bytes, the low one first.
        fn read(bytes: &[u8]) -> Self;

        /// Returns the value for a real number; none for a type of integers.
        fn of_real(real: f32) -> Option<Self>;

        /// Returns the values as those of any type.
        fn values(values: &[Self]) -> super::super::Values<'_>;
    }
}

macro_rules! element {
    ($($rust:ident $kind:ident $real:expr;)*) => {$(
        impl sealed::Raw for $rust {
            const DTYPE: DType = DType::$kind;

            fn read(bytes: &[u8]) -> Self {
                bytes.try_into().map_or_else(|_| Self::default(), Self::from_le_bytes)
            }

            fn of_real(real: f32) -> Option<Self> {
                let of_real: fn(f32) -> Option<Self> = $real;
                of_real(real)
            }

            fn values(values: &[Self]) -> crate::Values<'_> {
                crate::Values::$kind(values)
            }
        }
    )*};
}

element! {
    i8 I8 |_| None;
    u8 U8 |_| None;
    i16 I16 |_| None;
    u16 U16 |_| None;
    i32 I32 |_| None;
    u32 U32 |_| None;
    i64 I64 |_| None;
    u64 U64 |_| None;
    f32 F32 Some;
}

impl sealed::Raw for bool {
    const DTYPE: DType = DType::Bool;

    fn read(bytes: &[u8]) -> Self {
        bytes != [0]
    }

    fn of_real(_: f32) -> Option<Self> {
        None
    }

    fn values(values: &[Self]) -> crate::Values<'_> {
        crate::Values::Bool(values)
    }
}

/// Returns the name of a type: NumPy's, where it has one.
#[must_use]
pub const fn name(dtype: DType) -> &'static str {
    match dtype {
        DType::I8 => "int8",
        DType::U8 => "uint8",
        DType::I16 => "int16",
        DType::U16 => "uint16",
        DType::I32 => "int32",
        DType::U32 => "uint32",
        DType::I64 => "int64",
        DType::U64 => "uint64",
        DType::F16 => "float16",
        DType::F32 => "float32",
        DType::F64 => "float64",
        DType::Bool | DType::Bf16 | _ => dtype.name(),
    }
}

/// Returns the least and greatest value of an integer type, 0 and 1 of bool; none for others.
#[must_use]
pub fn integer_range(dtype: DType) -> Option<(i128, i128)> {
    let ranges: [(DType, i128, i128); 9] = [
        (DType::Bool, 0, 1),
        (DType::I8, i8::MIN.into(), i8::MAX.into()),
        (DType::U8, 0, u8::MAX.into()),
        (DType::I16, i16::MIN.into(), i16::MAX.into()),
        (DType::U16, 0, u16::MAX.into()),
        (DType::I32, i32::MIN.into(), i32::MAX.into()),
        (DType::U32, 0, u32::MAX.into()),
        (DType::I64, i64::MIN.into(), i64::MAX.into()),
        (DType::U64, 0, u64::MAX.into()),
    ];
    let range = ranges.iter().find(|(integer, ..)| *integer == dtype);
    range.map(|&(_, least, greatest)| (least, greatest))
}

/// Returns the least and greatest value of a type that real numbers are quantised to; none for
/// a type whose numbers are taken as they are.
#[must_use]
pub fn quantised_range(dtype: DType) -> Option<(i32, i32)> {
    const RANGES: [(DType, i32, i32); 3] =
        [(DType::I8, -128, 127), (DType::U8, 0, 255), (DType::I16, -32_768, 32_767)];
    let range = RANGES.iter().find(|(quantised, ..)| *quantised == dtype);
    range.map(|&(_, least, greatest)| (least, greatest))
}

/// Returns the least and greatest real number that a quantised tensor represents; none for others.
#[must_use]
pub fn real_range(tensor: &Tensor) -> Option<(f32, f32)> {
    let (least, greatest) = quantised_range(tensor.dtype())?;
    let quantization = Quantization::new(tensor.scale(), tensor.zero_point());
    Some((quantization.dequantize(least), quantization.dequantize(greatest)))
}

/// Returns whether elements of this type represent real numbers.
#[must_use]
pub fn is_real(dtype: DType) -> bool {
    quantised_range(dtype).is_some() || integer_range(dtype).is_none()
}

#[cfg(test)]
mod tests {
    use super::{integer_range, is_real, name, quantised_range};
    use isokern_core::DType;

    #[test]
    fn names_say_the_bits_and_ranges_belong_to_them() {
        for dtype in DType::ALL {
            let bits = (8 * dtype.size_bytes()).to_string();
            assert!(dtype == DType::Bool || name(dtype).ends_with(&bits), "{dtype:?}");
            if let Some((least, greatest)) = quantised_range(dtype) {
                assert_eq!(integer_range(dtype), Some((least.into(), greatest.into())));
                assert!(is_real(dtype), "{dtype:?}");
            }
        }
    }
}
