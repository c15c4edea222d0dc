//! Arrays that go in: which shapes, which types, and what is said of values that are cut.

use crate::drafts::{HOSTILE, LEN, addition, bytes, mixed, sums};
use crate::inference::npy;
use crate::program::{Folder, IMAGE, fixture, fixture_bytes, isokern};

/// Returns the digest of the outputs for some images, and what is on standard error.
fn run(input: &str) -> (String, String) {
    let ran = isokern(["run", &fixture("digits.ikm"), "-q", "-i", input]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    (String::from_utf8(ran.stdout).expect("a digest is ASCII"), ran.stderr)
}

/// Works as [`npy`], with the first index the fastest.
fn fortran(element: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let bytes = npy(element, shape, data);
    let header = String::from_utf8_lossy(&bytes[10..128]).replace("False, ", "True,  ");
    [&bytes[..10], header.as_bytes(), data].concat()
}

#[test]
fn c01_only_the_shape_of_the_input_is_taken() {
    let folder = Folder::new();
    let images = &fixture_bytes("vectors/digits.in.i8")[..2 * IMAGE];
    let (expected, _) = run(&folder.write("raw.i8", images));
    for shape in ["(2, 8, 8, 1)", "(2, 64)", "(2, 1, 8, 8, 1)"] {
        let input = folder.write("x.npy", &npy("|i1", shape, images));
        assert_eq!(run(&input), (expected.clone(), String::new()), "{shape}");
    }
    let one = &images[..IMAGE];
    let (expected, _) = run(&folder.write("raw.i8", one));
    for shape in ["(1, 8, 8, 1)", "(8, 8, 1)", "(64,)"] {
        let input = folder.write("x.npy", &npy("|i1", shape, one));
        assert_eq!(run(&input).0, expected, "{shape}");
    }
    let model = fixture("digits.ikm");
    for (shape, shown, remedy) in [
        ("(2, 1, 8, 8)", "2x1x8x8", "x.transpose(0, 2, 3, 1)"),
        ("(64, 2)", "64x2", "x.transpose(1, 0)"),
        ("(128,)", "128", "axes of the model"),
        ("(2, 4, 16, 1)", "2x4x16x1", "axes of the model"),
        ("(8, 8, 2)", "8x8x2", "axes of the model in their order"),
    ] {
        let input = folder.write("x.npy", &npy("|i1", shape, images));
        for arguments in [["run", &model, "-i", &input], ["bench", &model, "-i", &input]] {
            let ran = isokern(arguments);
            let (error, fix) = ran.error_and_fix(1);
            let words = format!("the shape {shown}, which is none for 1x8x8x1");
            assert!(error.contains("x.npy") && error.contains(&words), "{error}");
            assert!(error.contains("8x8x1 or 64"), "{error}");
            assert!(fix.contains(remedy), "{fix}");
        }
    }
}

#[test]
fn c01_every_input_of_a_model_has_a_shape_of_its_own() {
    let folder = Folder::new();
    let model = folder.write("mixed.ikm", &mixed());
    let left = format!("left={}", folder.write("left.npy", &npy("|i1", "(2, 4)", &[1; 8])));
    let words = |shape| format!("2={}", folder.write("words.npy", &npy("<i4", shape, &[0; 24])));
    let run = |right: &str, third: &str| {
        isokern(["run", &model, "-q", "-i", &left, "-i", right, "-i", third])
    };
    let right = |shape, len| {
        let array = npy("|i1", shape, &vec![1; len]);
        format!("right={}", folder.write("right.npy", &array))
    };
    assert_eq!(run(&right("(2, 1, 4)", 8), &words("(2, 3)")).code, Some(0));
    let ran = run(&right("(2, 4)", 8), &words("(3, 2)"));
    let (error, fix) = ran.error_and_fix(1);
    let shown = format!("words.npy for input 2 \"{}\"", HOSTILE.replace('\u{1b}', "\\u{1b}"));
    assert!(error.contains(&shown) && error.contains("3x2, which is none for 1x3"), "{error}");
    assert!(fix.contains("x.transpose(1, 0)"), "{fix}");
    let ran = run(&right("(8,)", 8), &words("(2, 3)"));
    let (error, _) = ran.error_and_fix(1);
    assert!(
        error.contains("right.npy for input 1 \"right\": the array has the shape 8"),
        "{error}"
    );
    let ran = run(&right("(3, 4)", 12), &words("(2, 3)"));
    assert!(ran.error_and_fix(1).0.contains("input 1 \"right\" has 3 samples"), "{}", ran.stderr);
}

#[test]
fn c02_what_is_cut_is_counted_for_each_input() {
    let folder = Folder::new();
    let reals = |values: &[f32]| -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    };
    let hot = folder.write("hot.npy", &npy("<f4", "(1, 64)", &reals(&[255.0; IMAGE])));
    let (_, note) = run(&hot);
    let words = "64 of 64 values are outside the range of the input, 0 to 1, and were cut to it: \
                 0 below, 64 above";
    assert_eq!(note, format!("note: {hot}: {words}\n"));
    let fitting = folder.write("fit.npy", &npy("<f4", "(1, 64)", &reals(&[1.0; IMAGE])));
    assert_eq!(run(&fitting).1, "");

    let model = folder.write("add.ikm", &addition());
    let left = [-200.0, -128.4, 127.4, 0.0, 1.0, f32::INFINITY, f32::NEG_INFINITY, 128.0];
    let left = format!("0={}", folder.write("l.npy", &npy("<f4", "(2, 4)", &reals(&left))));
    let right = format!("1={}", folder.write("r.npy", &npy("|i1", "(2, 4)", &[0; 2 * LEN])));
    let target = folder.path("sum.i8");
    for command in ["run", "bench"] {
        let inputs = [command, &model, "-i", &left, "-i", &right];
        let more = if command == "run" { ["-o", &target] } else { ["--runs", "5"] };
        let ran = isokern(inputs.iter().chain(&more));
        let words = "l.npy for input 0 \"left\": 4 of 8 values are outside the range of the \
                     input, -128 to 127, and were cut to it: 2 below, 2 above\n";
        assert_eq!(ran.code, Some(0));
        assert!(ran.stderr.starts_with("note: ") && ran.stderr.ends_with(words), "{}", ran.stderr);
    }
    let cut = [-128, -128, 127, 0, 1, 127, -128, 127];
    assert!(folder.read("sum.i8") == bytes(&sums(&cut, &[0; 2 * LEN])));
}

#[test]
fn c05_arrays_of_every_type_and_order_are_read() {
    let folder = Folder::new();
    // Values from 0 to 127 are those of every integer type; the input has scale 1/255 and zero
    // point -128, so that -1 is the real number 127/255.
    let images: Vec<u8> = (0..2 * IMAGE as u8).map(|value| value % 97).collect();
    let (expected, _) = run(&folder.write("raw.i8", &images));
    let real = |byte: &u8| (f64::from(*byte) + 128.0) / 255.0;
    let integer = |size: usize, big: bool| -> Vec<u8> {
        let element = |byte: &u8| {
            let mut element = vec![0; size];
            element[if big { size - 1 } else { 0 }] = *byte;
            element
        };
        images.iter().flat_map(element).collect()
    };
    let double: Vec<u8> = images.iter().flat_map(|byte| real(byte).to_be_bytes()).collect();
    let mut arrays = vec![("|u1".to_owned(), images.clone()), (">f8".to_owned(), double)];
    for size in [2, 4, 8] {
        for kind in ["i", "u"] {
            arrays.push((format!("<{kind}{size}"), integer(size, false)));
            arrays.push((format!(">{kind}{size}"), integer(size, true)));
        }
    }
    for (element, data) in &arrays {
        let input = folder.write("x.npy", &npy(element, "(2, 8, 8, 1)", data));
        assert_eq!(run(&input), (expected.clone(), String::new()), "{element}");
    }

    // The axes in the other order: sample, row and column of a value are its indices.
    let mut data = Vec::new();
    for column in 0..8 {
        for row in 0..8 {
            data.extend([0, 1].map(|sample| u16::from(images[sample * IMAGE + row * 8 + column])));
        }
    }
    let data: Vec<u8> = data.iter().flat_map(|value| value.to_be_bytes()).collect();
    let input = folder.write("x.npy", &fortran(">u2", "(2, 8, 8, 1)", &data));
    assert_eq!(run(&input).0, expected, "Fortran order");

    // 1 and 0 in half precision are the greatest and the least value; bools are 1 and 0.
    let bits: Vec<bool> = images.iter().map(|value| value % 3 == 0).collect();
    let raw: Vec<u8> = bits.iter().map(|&bit| if bit { 0x7F } else { 0x80 }).collect();
    let half: Vec<u8> = bits.iter().flat_map(|&bit| [0, if bit { 0x3C } else { 0 }]).collect();
    let (expected, _) = run(&folder.write("raw.i8", &raw));
    assert_eq!(run(&folder.write("x.npy", &npy("<f2", "(2, 64)", &half))).0, expected);
    let ones: Vec<u8> = bits.iter().map(|&bit| bit.into()).collect();
    let (expected, _) = run(&folder.write("raw.i8", &ones));
    assert_eq!(run(&folder.write("x.npy", &npy("|b1", "(2, 64)", &ones))).0, expected);
}

#[test]
fn c05_an_integer_out_of_range_is_named_with_its_index() {
    let folder = Folder::new();
    let mut images = [0; 2 * IMAGE];
    images[IMAGE + 3 * 8 + 2] = 200;
    let input = folder.write("x.npy", &npy("|u1", "(2, 8, 8, 1)", &images));
    let ran = isokern(["run", &fixture("digits.ikm"), "-i", &input]);
    let (error, fix) = ran.error_and_fix(1);
    let words =
        "value [1, 3, 2, 0] of the array, of type `|u1`, is 200: int8 goes from -128 to 127";
    assert!(error.ends_with(words), "{error}");
    assert!(fix.contains("floats for real numbers") && fix.contains("numpy.int8"), "{fix}");
}
