//! What arrays and raw bytes become.

use isokern_core::DType;
use isokern_model::Tensor;
use isokern_model::tensor::TensorRecord;

use super::{Decoded, decode};
use crate::element::descr;
use crate::input::InputError;
use crate::input::values::Clipped;
use crate::npy;

/// Returns a vector of two elements; real zero is the value 3.
fn pair(dtype: DType) -> Tensor {
    tensor(dtype, 1, [1, 1, 1, 1, 1, 2])
}

fn tensor(dtype: DType, rank: u8, dims: [u32; 6]) -> Tensor {
    Tensor::from_record(&TensorRecord {
        dtype: dtype.code(),
        rank,
        region: 0,
        reserved: 0,
        root: 0,
        first_step: 0,
        last_step: 1,
        zero_point: 3,
        offset: 0,
        bytes: dims.iter().product::<u32>() * dtype.size_bytes() as u32,
        dims,
        scale: 0.5,
    })
}

fn array(descr: &str, data: &[u8]) -> Vec<u8> {
    npy::write(&[2], descr, data)
}

/// Returns the values of two elements, given from the low byte up.
fn values(descr: &str, data: &[u8], dtype: DType) -> Result<Vec<u8>, InputError> {
    decode(array(descr, data), true, &pair(dtype), false).map(|decoded| decoded.values)
}

fn refusal(descr: &str, data: &[u8], dtype: DType) -> String {
    values(descr, data, dtype).expect_err("it is no value").to_string()
}

#[test]
fn an_array_of_the_input_s_own_type_is_taken_as_it_is() {
    for dtype in DType::ALL {
        let mut data: Vec<u8> = (0..2 * dtype.size_bytes() as u8).collect();
        if dtype == DType::Bool {
            data = vec![0, 1];
        }
        let Some(descr) = descr(dtype) else {
            let refused = values("|V2", &data, dtype);
            assert!(matches!(refused, Err(InputError::NoElement { .. })), "{refused:?}");
            continue;
        };
        assert_eq!(values(descr, &data, dtype).expect("it fits"), data, "{dtype}");
        let swapped: Vec<u8> =
            data.chunks(dtype.size_bytes()).flat_map(|value| value.iter().rev()).copied().collect();
        let big = if dtype.size_bytes() == 1 { descr.to_owned() } else { descr.replace('<', ">") };
        let found = values(&big, &swapped, dtype);
        assert_eq!(found.expect("it fits"), data, "{dtype}, the other order");
    }
}

#[test]
fn real_numbers_are_quantised_and_cut_to_the_type() {
    let reals = |values: [f32; 2]| values.map(f32::to_le_bytes).as_flattened().to_vec();
    let cases: [(DType, [f32; 2], &[u8]); 4] = [
        (DType::I8, [1.0, -1000.0], &[5, 0x80]),
        (DType::U8, [1000.0, -1000.0], &[255, 0]),
        (DType::I16, [-2.0, 1e9], &[0xFF, 0xFF, 0xFF, 0x7F]),
        (DType::F32, [1.0, f32::INFINITY], &[0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x7F]),
    ];
    for (dtype, real, expected) in cases {
        assert_eq!(values("<f4", &reals(real), dtype).expect("they fit"), expected, "{dtype}");
    }
    let refused = values("<f4", &reals([0.0; 2]), DType::I32);
    assert!(matches!(refused, Err(InputError::Element { .. })), "{refused:?}");
}

#[test]
fn c02_what_is_cut_is_counted() {
    let clipped = |reals: [f64; 2], dtype| {
        let array = array("<f8", reals.map(f64::to_le_bytes).as_flattened());
        let Clipped { of_count, below_count, above_count } =
            decode(array, true, &pair(dtype), false).expect("they are numbers").clipped;
        (of_count, below_count, above_count)
    };
    // The values of int8 represent -65.5 to 62, those of uint8 -1.5 to 126.
    assert_eq!(clipped([-65.5, 62.0], DType::I8), (2, 0, 0));
    assert_eq!(clipped([-65.74, 62.24], DType::I8), (2, 0, 0));
    assert_eq!(clipped([-65.75, 62.25], DType::I8), (2, 1, 1));
    assert_eq!(clipped([f64::NEG_INFINITY, -1e300], DType::I8), (2, 2, 0));
    assert_eq!(clipped([f64::INFINITY, -1.5], DType::U8), (2, 0, 1));
    assert_eq!(clipped([f64::INFINITY, -1.5], DType::F32), (0, 0, 0));
    let raw = decode(vec![0x80, 0x7F], false, &pair(DType::I8), false).expect("they fit");
    assert_eq!(raw, Decoded { values: vec![0x80, 0x7F], clipped: Clipped::default() });
}

#[test]
fn c05_floats_of_every_size_are_real_numbers() {
    // 1 and -2 are the values 5 and -1.
    let arrays: [(&str, Vec<u8>); 6] = [
        ("<f2", vec![0, 0x3C, 0, 0xC0]),
        (">f2", vec![0x3C, 0, 0xC0, 0]),
        ("<f4", [1f32, -2.0].map(f32::to_le_bytes).concat()),
        (">f4", [1f32, -2.0].map(f32::to_be_bytes).concat()),
        ("<f8", [1f64, -2.0].map(f64::to_le_bytes).concat()),
        (">f8", [1f64, -2.0].map(f64::to_be_bytes).concat()),
    ];
    for (descr, data) in &arrays {
        assert_eq!(values(descr, data, DType::I8).expect("they fit"), [5, 0xFF], "{descr}");
        assert_eq!(values(descr, data, DType::I16).expect("they fit"), [5, 0, 0xFF, 0xFF]);
        let single = [1f32, -2.0].map(f32::to_le_bytes).concat();
        assert_eq!(values(descr, data, DType::F32).expect("they fit"), single, "{descr}");
        let double = [1f64, -2.0].map(f64::to_le_bytes).concat();
        assert_eq!(values(descr, data, DType::F64).expect("they fit"), double, "{descr}");
        let text = refusal(descr, data, DType::I64);
        assert!(text.contains(descr) && text.contains("integers"), "{text}");
    }
}

#[test]
fn c05_integers_are_the_values_themselves() {
    for (descr, size) in [("i1", 1), ("u1", 1), ("i2", 2), ("u2", 2), ("i4", 4), ("u4", 4)]
        .into_iter()
        .chain([("i8", 8), ("u8", 8)])
    {
        let widened = |order: &str, values: [u8; 2]| {
            let each = values.map(|value| {
                let mut bytes = vec![0; size];
                bytes[if order == ">" { size - 1 } else { 0 }] = value;
                bytes
            });
            each.concat()
        };
        for order in if size == 1 { &["|"][..] } else { &["<", ">"] } {
            let descr = format!("{order}{descr}");
            let data = widened(order, [7, 0x7F]);
            for dtype in [DType::I8, DType::U8] {
                assert_eq!(values(&descr, &data, dtype).expect("they fit"), [7, 0x7F], "{descr}");
            }
            let single = [7f32, 127.0].map(f32::to_le_bytes).concat();
            assert_eq!(values(&descr, &data, DType::F32).expect("they fit"), single, "{descr}");
        }
    }
    assert_eq!(values("<i8", &[[0xFF; 8], [0; 8]].concat(), DType::I8).unwrap(), [0xFF, 0]);
    assert_eq!(values("|b1", &[1, 0], DType::I8).unwrap(), [1, 0]);
    assert_eq!(values("|b1", &[1, 0], DType::I32).unwrap(), [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(values("<i4", &[1, 0, 0, 0, 0, 0, 0, 0], DType::Bool).unwrap(), [1, 0]);
}

#[test]
fn c05_what_no_value_stands_for_is_refused_with_index_and_value() {
    let two = |second: i64| [0i64, second].map(i64::to_le_bytes).concat();
    let cases: [(&str, Vec<u8>, DType, &str); 9] = [
        ("|u1", vec![0, 128], DType::I8, "128"),
        ("<i8", two(-129), DType::I8, "-129"),
        ("|i1", vec![0, 0xFF], DType::U8, "-1"),
        ("<i8", two(32_768), DType::I16, "32768"),
        ("<i8", two(i64::MIN), DType::I32, "-9223372036854775808"),
        ("<u8", [[0; 8], [0xFF; 8]].concat(), DType::I64, "18446744073709551615"),
        ("|u1", vec![0, 2], DType::Bool, "2"),
        ("<f8", [0.0, 1e300].map(f64::to_le_bytes).concat(), DType::F32, "1000000"),
        ("<i8", two(16_777_217), DType::F32, "16777217"),
    ];
    for (descr, data, dtype, value) in cases {
        let text = refusal(descr, &data, dtype);
        assert!(text.contains("value [1]") && text.contains(&format!(" {value}")), "{text}");
    }
    let nan = [0.0, f64::NAN].map(f64::to_le_bytes).concat();
    assert!(refusal("<f8", &nan, DType::I8).starts_with("value [1] of the array is not a number"));
    let kept = values("<f8", &nan, DType::F32).expect("a real number may be NaN");
    assert!(f32::from_le_bytes([kept[4], kept[5], kept[6], kept[7]]).is_nan());
    for descr in ["<c8", "<U4", "|O", "<M8[ns]", "<f16", "|S3"] {
        assert!(refusal(descr, &[0; 16], DType::I8).contains(descr));
    }
}

#[test]
fn c05_an_index_has_a_number_for_each_axis() {
    let tensor = tensor(DType::I8, 2, [1, 1, 1, 1, 2, 3]);
    let mut data = [0; 12];
    data[9] = 200;
    let array = npy::write(&[2, 2, 3], "|u1", &data);
    let text = decode(array, true, &tensor, false).expect_err("200 is too much").to_string();
    assert!(text.starts_with("value [1, 1, 0] of the array, of type `|u1`, is 200"), "{text}");
}

#[test]
fn lengths_are_counted_in_what_the_file_holds() {
    let tensor = pair(DType::I32);
    let refused = decode(vec![0; 12], false, &tensor, false).expect_err("it is one and a half");
    assert!(refused.to_string().contains("12 bytes") && refused.to_string().contains("of 8"));
    let three = npy::write(&[3], "<i4", &[0; 12]);
    let refused = decode(three, true, &tensor, false).expect_err("it is one and a half");
    assert!(refused.to_string().contains("the shape 3, which is none for 2"), "{refused}");
    let none =
        decode(npy::write(&[0, 2], "<i4", &[]), true, &tensor, false).expect_err("it is empty");
    assert!(matches!(none, InputError::Empty { .. }), "{none}");
}
