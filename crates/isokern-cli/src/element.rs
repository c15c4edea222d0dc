//! Elements of inputs and outputs: their names in NumPy, their real values.

use isokern_core::DType;
use isokern_core::compute::Quantization;
use isokern_model::Tensor;

use crate::number::{Number, numbers};

/// How NumPy names an element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// The name: `int8`.
    pub(crate) name: &'static str,
    /// Byte order, kind and size as a `.npy` file has them: `|i1`, `<f4`.
    pub(crate) descr: &'static str,
}

impl Element {
    /// Returns NumPy's names of a type; none for a type that NumPy does not have.
    pub(crate) const fn of(dtype: DType) -> Option<Self> {
        let (name, descr) = match dtype {
            DType::Bool => ("bool", "|b1"),
            DType::I8 => ("int8", "|i1"),
            DType::U8 => ("uint8", "|u1"),
            DType::I16 => ("int16", "<i2"),
            DType::U16 => ("uint16", "<u2"),
            DType::I32 => ("int32", "<i4"),
            DType::U32 => ("uint32", "<u4"),
            DType::I64 => ("int64", "<i8"),
            DType::U64 => ("uint64", "<u8"),
            DType::F16 => ("float16", "<f2"),
            DType::F32 => ("float32", "<f4"),
            DType::F64 => ("float64", "<f8"),
            DType::Bf16 | _ => return None,
        };
        Some(Self { name, descr })
    }
}

/// The type of the elements in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The type.
    pub(crate) dtype: DType,
    /// Whether the high byte of an element comes first.
    pub(crate) is_swapped: bool,
}

impl Stored {
    /// Reads byte order, kind and size as NumPy writes them; none for what no tensor has: texts,
    /// dates, complex numbers, records, floats of more than 64 bits.
    pub(crate) fn parse(descr: &str) -> Option<Self> {
        let mut stored = DType::ALL.into_iter().filter_map(|dtype| {
            let own = Element::of(dtype)?.descr;
            let is_swapped = own.strip_prefix('<').is_some_and(|own| is_big(descr, own));
            (is_swapped || own == descr).then_some(Self { dtype, is_swapped })
        });
        stored.next()
    }
}

/// Whether `descr` says kind and size `own`, the high byte first.
fn is_big(descr: &str, own: &str) -> bool {
    descr.strip_prefix('>') == Some(own)
}

/// Returns the name of a type: NumPy's, where it has one.
pub(crate) fn name(dtype: DType) -> &'static str {
    Element::of(dtype).map_or(dtype.name(), |element| element.name)
}

/// Returns the least and greatest value of an integer type, 0 and 1 of bool; none for others.
pub(crate) fn integer_range(dtype: DType) -> Option<(i128, i128)> {
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
pub(crate) fn quantised_range(dtype: DType) -> Option<(i32, i32)> {
    const RANGES: [(DType, i32, i32); 3] =
        [(DType::I8, -128, 127), (DType::U8, 0, 255), (DType::I16, -32_768, 32_767)];
    let range = RANGES.iter().find(|(quantised, ..)| *quantised == dtype);
    range.map(|&(_, least, greatest)| (least, greatest))
}

/// Returns the least and greatest real number that a quantised tensor stands for; none for others.
pub(crate) fn real_range(tensor: &Tensor) -> Option<(f32, f32)> {
    let (least, greatest) = quantised_range(tensor.dtype())?;
    let quantization = Quantization::new(tensor.scale(), tensor.zero_point());
    Some((quantization.dequantize(least), quantization.dequantize(greatest)))
}

/// Returns whether elements of this type stand for real numbers.
pub(crate) fn is_real(dtype: DType) -> bool {
    quantised_range(dtype).is_some() || integer_range(dtype).is_none()
}

/// Returns the real number that an element of a tensor stands for; none where it stands for none.
pub(crate) fn real_of(number: Number, tensor: &Tensor) -> Option<f64> {
    match number {
        Number::Real(real) => Some(real),
        Number::Integer(value) => {
            quantised_range(tensor.dtype())?;
            let quantization = Quantization::new(tensor.scale(), tensor.zero_point());
            Some(quantization.dequantize(value.try_into().ok()?).into())
        }
    }
}

/// Returns the real numbers that elements of a tensor stand for, in single precision; none where
/// they stand for none.
pub(crate) fn real_values(bytes: &[u8], tensor: &Tensor) -> Vec<f32> {
    let reals = numbers(bytes, tensor.dtype()).filter_map(|number| real_of(number, tensor));
    reals.map(|real| real as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::{Element, Stored};
    use isokern_core::DType;

    #[test]
    fn sizes_of_names_and_elements_agree() {
        for dtype in DType::ALL {
            let Some(element) = Element::of(dtype) else {
                assert_eq!(dtype, DType::Bf16);
                continue;
            };
            let size = dtype.size_bytes();
            assert!(element.descr.ends_with(&size.to_string()), "{element:?}");
            assert_eq!(element.descr.starts_with('|'), size == 1, "{element:?}");
            let stored = |is_swapped| Some(Stored { dtype, is_swapped });
            assert_eq!(Stored::parse(element.descr), stored(false), "{element:?}");
            let other = element.descr.replace('<', ">");
            assert_eq!(Stored::parse(&other), stored(size > 1), "{element:?}");
        }
        for descr in ["", "<", "i1", ">i1", "=i4", "<i3", "<c8", "<f16", "<U4", "|O", "<M8[ns]"] {
            assert_eq!(Stored::parse(descr), None, "{descr}");
        }
    }
}
