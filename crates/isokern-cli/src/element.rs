//! Elements of inputs and outputs: their names in NumPy, their real values.

use isokern_core::DType;
use isokern_core::compute::Quantization;
use isokern_model::Tensor;

use crate::number::{Number, numbers};
pub(crate) use isokern::element::{integer_range, is_real, name, quantised_range, real_range};

/// Returns byte order, kind and size of a type as a `.npy` file has them: `|i1`, `<f4`; none for a
/// type that NumPy does not have.
pub(crate) const fn descr(dtype: DType) -> Option<&'static str> {
    let descr = match dtype {
        DType::Bool => "|b1",
        DType::I8 => "|i1",
        DType::U8 => "|u1",
        DType::I16 => "<i2",
        DType::U16 => "<u2",
        DType::I32 => "<i4",
        DType::U32 => "<u4",
        DType::I64 => "<i8",
        DType::U64 => "<u8",
        DType::F16 => "<f2",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::Bf16 | _ => return None,
    };
    Some(descr)
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
    pub(crate) fn parse(found: &str) -> Option<Self> {
        let mut stored = DType::ALL.into_iter().filter_map(|dtype| {
            let own = descr(dtype)?;
            let is_swapped = own.strip_prefix('<').is_some_and(|own| is_big(found, own));
            (is_swapped || own == found).then_some(Self { dtype, is_swapped })
        });
        stored.next()
    }
}

/// Returns whether `found` says kind and size `own`, the high byte first.
fn is_big(found: &str, own: &str) -> bool {
    found.strip_prefix('>') == Some(own)
}

/// Returns the real number that an element of a tensor represents; none where it represents none.
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

/// Returns the real numbers that elements of a tensor represent, in single precision; none where
/// they represent none.
pub(crate) fn real_values(bytes: &[u8], tensor: &Tensor) -> Vec<f32> {
    let reals = numbers(bytes, tensor.dtype()).filter_map(|number| real_of(number, tensor));
    reals.map(|real| real as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::{Stored, descr};
    use isokern_core::DType;

    #[test]
    fn sizes_of_names_and_elements_agree() {
        for dtype in DType::ALL {
            let Some(element) = descr(dtype) else {
                assert_eq!(dtype, DType::Bf16);
                continue;
            };
            let size = dtype.size_bytes();
            assert!(element.ends_with(&size.to_string()), "{element:?}");
            assert_eq!(element.starts_with('|'), size == 1, "{element:?}");
            let stored = |is_swapped| Some(Stored { dtype, is_swapped });
            assert_eq!(Stored::parse(element), stored(false), "{element:?}");
            let other = element.replace('<', ">");
            assert_eq!(Stored::parse(&other), stored(size > 1), "{element:?}");
        }
        for text in ["", "<", "i1", ">i1", "=i4", "<i3", "<c8", "<f16", "<U4", "|O", "<M8[ns]"] {
            assert_eq!(Stored::parse(text), None, "{text}");
        }
    }
}
