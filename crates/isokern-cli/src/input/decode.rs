//! The bytes of a file as values of an input: as they are, or from a NumPy array.

use isokern_core::compute::Quantization;
use isokern_model::Tensor;

use super::{BYTES_MAX, InputError};
use crate::element::{Element, quantised_range};
use crate::figures::shape;
use crate::npy::{self, Array};

/// Returns the values for a whole number of samples, at least one, as the tensor holds them.
pub(super) fn decode(
    bytes: Vec<u8>,
    named_npy: bool,
    tensor: &Tensor,
) -> Result<Vec<u8>, InputError> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(InputError::TooLong);
    }
    let (what, value_bytes, values) = if bytes.starts_with(npy::MAGIC) {
        let values = elements(&Array::read(&bytes)?, tensor)?;
        ("values", tensor.dtype().size_bytes(), values)
    } else if named_npy {
        return Err(InputError::NotNpy);
    } else {
        ("bytes", 1, bytes)
    };
    let need = tensor.bytes();
    if values.is_empty() {
        return Err(InputError::Empty { need });
    }
    if !values.len().is_multiple_of(need) {
        let (have, need) = (values.len() / value_bytes, need / value_bytes);
        let (shape, dtype) = (shape(tensor.shape()), tensor.dtype());
        return Err(InputError::Length { what, have, need, shape, dtype });
    }
    Ok(values)
}

/// Returns the elements of an array, as the input's tensor takes them.
fn elements(array: &Array<'_>, tensor: &Tensor) -> Result<Vec<u8>, InputError> {
    if array.fortran_order && array.shape.len() > 1 {
        return Err(InputError::Order);
    }
    let dtype = tensor.dtype();
    let element = Element::of(dtype).ok_or(InputError::NoElement { dtype })?;
    let size = dtype.size_bytes();
    if array.element == element.descr {
        array.check_length(size)?;
        return Ok(array.data.to_vec());
    }
    if element.is_swapped(array.element) {
        array.check_length(size)?;
        return Ok(array
            .data
            .chunks_exact(size)
            .flat_map(|value| value.iter().rev())
            .copied()
            .collect());
    }
    match (array.element, quantised_range(dtype)) {
        ("<f4", Some(range)) => quantised(array, f32::from_le_bytes, tensor, range),
        (">f4", Some(range)) => quantised(array, f32::from_be_bytes, tensor, range),
        (found, _) => Err(InputError::Element { found: found.to_owned(), dtype }),
    }
}

/// Returns real numbers in the steps of the input's tensor, halves away from zero, cut at the
/// ends of its type.
fn quantised(
    array: &Array<'_>,
    from_bytes: fn([u8; 4]) -> f32,
    tensor: &Tensor,
    (least, greatest): (i32, i32),
) -> Result<Vec<u8>, InputError> {
    array.check_length(size_of::<f32>())?;
    let quantization = Quantization::new(tensor.scale(), tensor.zero_point());
    let size = tensor.dtype().size_bytes();
    let mut values = Vec::with_capacity(array.data.len() / size_of::<f32>() * size);
    for (index, bytes) in array.data.as_chunks().0.iter().enumerate() {
        let real = from_bytes(*bytes);
        if real.is_nan() {
            return Err(InputError::NotANumber { index });
        }
        let value = quantization.quantize(real).clamp(least, greatest);
        values.extend_from_slice(&value.to_le_bytes()[..size]);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use isokern_core::DType;
    use isokern_model::Tensor;
    use isokern_model::tensor::TensorRecord;

    use super::decode;
    use crate::element::Element;
    use crate::input::InputError;
    use crate::npy;

    /// A vector of two elements; real zero is the value 3.
    fn pair(dtype: DType) -> Tensor {
        Tensor::from_record(&TensorRecord {
            dtype: dtype.code(),
            rank: 1,
            region: 0,
            reserved: 0,
            root: 0,
            first_step: 0,
            last_step: 1,
            zero_point: 3,
            offset: 0,
            bytes: 2 * dtype.size_bytes() as u32,
            dims: [1, 1, 1, 1, 1, 2],
            scale: 0.5,
        })
    }

    fn array(descr: &str, data: &[u8]) -> Vec<u8> {
        npy::write(&[2], descr, data)
    }

    #[test]
    fn an_array_of_the_input_s_own_type_is_taken_as_it_is() {
        for dtype in DType::ALL {
            let data: Vec<u8> = (0..2 * dtype.size_bytes() as u8).collect();
            let Some(Element { descr, .. }) = Element::of(dtype) else {
                let refused = decode(array("|V2", &data), true, &pair(dtype));
                assert!(matches!(refused, Err(InputError::NoElement { .. })), "{refused:?}");
                continue;
            };
            let found = decode(array(descr, &data), true, &pair(dtype));
            assert_eq!(found.expect("it fits"), data, "{dtype}");
            let swapped: Vec<u8> = data
                .chunks(dtype.size_bytes())
                .flat_map(|value| value.iter().rev())
                .copied()
                .collect();
            let found = decode(array(&descr.replace('<', ">"), &swapped), true, &pair(dtype));
            assert_eq!(found.expect("it fits"), data, "{dtype}, the other order");
        }
    }

    #[test]
    fn real_numbers_are_quantised_and_cut_to_the_type() {
        let reals = |values: [f32; 2]| array("<f4", values.map(f32::to_le_bytes).as_flattened());
        let cases: [(DType, [f32; 2], &[u8]); 4] = [
            (DType::I8, [1.0, -1000.0], &[5, 0x80]),
            (DType::U8, [1000.0, -1000.0], &[255, 0]),
            (DType::I16, [-2.0, 1e9], &[0xFF, 0xFF, 0xFF, 0x7F]),
            (DType::F32, [1.0, f32::INFINITY], &[0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x7F]),
        ];
        for (dtype, values, expected) in cases {
            let found = decode(reals(values), true, &pair(dtype));
            assert_eq!(found.expect("they fit"), expected, "{dtype}");
        }
        let refused = decode(reals([0.0; 2]), true, &pair(DType::I32));
        assert!(matches!(refused, Err(InputError::Element { .. })), "{refused:?}");
    }

    #[test]
    fn lengths_are_counted_in_what_the_file_holds() {
        let tensor = pair(DType::I32);
        let refused = decode(vec![0; 12], false, &tensor).expect_err("it is one and a half");
        assert!(refused.to_string().contains("12 bytes") && refused.to_string().contains("of 8"));
        let three = npy::write(&[3], "<i4", &[0; 12]);
        let refused = decode(three, true, &tensor).expect_err("it is one and a half");
        assert!(refused.to_string().contains("3 values") && refused.to_string().contains("of 2"));
    }
}
