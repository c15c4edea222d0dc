//! `isokern run`: the bytes of TFLite Micro, whatever way a model and its inputs come in.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Folder, IMAGE, Ran, command, fixture, fixture_bytes, isokern};

const DIGITS: &str = "models/digits.tflite";

/// Returns a `.npy` file as NumPy writes it.
pub(crate) fn npy(element: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{element}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), data].concat()
}

/// Runs a model with these extra arguments and reads the output file back.
fn outputs(folder: &Folder, model: &str, input: &str, more: &[&str]) -> Vec<u8> {
    let target = folder.path("out.i8");
    let arguments = ["run", model, "--input", input, "--output", &target];
    let _ = isokern(arguments.iter().chain(more)).text();
    folder.read("out.i8")
}

#[test]
fn every_model_gives_the_bytes_of_tflite_micro() {
    let folder = Folder::new();
    let manifest: Value = serde_json::from_slice(&fixture_bytes("vectors/manifest.json"))
        .expect("the manifest is JSON");
    let models = manifest["models"].as_object().expect("the models have names");
    assert!(models.len() >= 10);
    // One file of inputs holds those of one input.
    let ports = |model: &Value, side: &str| model[side].as_array().map_or(1, Vec::len);
    for (name, model) in models {
        if ports(model, "inputs") > 1 || ports(model, "outputs") > 1 {
            continue;
        }
        let path = |file: &Value| fixture(&format!("vectors/{}", file.as_str().unwrap()));
        let input = path(&model["vectors"]["in"]["file"]);
        let expected = std::fs::read(path(&model["vectors"]["out.tflm"]["file"])).unwrap();
        let tflite = fixture(model["file"].as_str().unwrap());
        assert!(outputs(&folder, &tflite, &input, &[]) == expected, "{name} from TFLite");
        let ring = ["--mode", "ring"];
        assert!(outputs(&folder, &tflite, &input, &ring) == expected, "{name} in ring mode");
        for layout in ["row", "packed"] {
            let packed = folder.path(layout);
            let _ = isokern(["convert", &tflite, "-o", &packed, "--layout", layout]).text();
            for set in ["auto", "plain"] {
                let found = outputs(&folder, &packed, &input, &["--instructions", set]);
                assert!(found == expected, "{name}, {layout} layout, {set} instructions");
                let ring = ["--instructions", set, "--mode", "ring"];
                let found = outputs(&folder, &packed, &input, &ring);
                assert!(found == expected, "{name}, {layout} layout, {set}, ring mode");
            }
        }
    }
}

#[test]
fn arrays_go_in_and_out() {
    let folder = Folder::new();
    let images = fixture_bytes("vectors/digits.in.i8");
    let expected = fixture_bytes("vectors/digits.out.tflm.i8");
    let int8 = folder.write("int8.npy", &npy("|i1", "(32, 8, 8, 1)", &images));
    assert!(outputs(&folder, &fixture(DIGITS), &int8, &[]) == expected);

    // The model's input has scale 1/255 and zero point -128.
    let real = |byte: &u8| (f32::from(byte.cast_signed()) + 128.0) / 255.0;
    let little: Vec<u8> = images.iter().flat_map(|byte| real(byte).to_le_bytes()).collect();
    let float = folder.write("little.npy", &npy("<f4", "(32, 64)", &little));
    assert!(outputs(&folder, &fixture(DIGITS), &float, &[]) == expected);
    let big: Vec<u8> = images.iter().flat_map(|byte| real(byte).to_be_bytes()).collect();
    let float = folder.write("big.npy", &npy(">f4", "(32, 1, 8, 8, 1)", &big));
    assert!(outputs(&folder, &fixture(DIGITS), &float, &[]) == expected);

    let target = folder.path("out.npy");
    let _ = isokern(["run", &fixture(DIGITS), "-i", &int8, "-o", &target]).text();
    assert!(folder.read("out.npy") == npy("|i1", "(32, 10)", &expected));
}

#[test]
fn standard_input_and_output_can_be_pipes() {
    let arguments = ["run", &fixture(DIGITS), "--input", "-", "--output", "-"];
    let mut child = command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let images = fixture_bytes("vectors/digits.in.i8");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    stdin.write_all(&images).expect("the program reads");
    drop(stdin);
    let ran = Ran::from(child.wait_with_output().expect("the program ends"));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout == fixture_bytes("vectors/digits.out.tflm.i8"));
}

#[test]
fn answers_digest_and_latency_are_printed() {
    let input = fixture("vectors/digits.in.i8");
    let ran = isokern(["run", &fixture(DIGITS), "-i", &input, "--top", "2"]);
    let text = ran.text();
    // TFLite Micro's second output has 127 for class 8, -127 for class 9, -128 for the others.
    assert!(text.contains("      1    8 (0.9961, 127)       9 (0.0039, -127)\n"), "{text}");
    assert!(text.contains("    ...  22 more; --output FILE writes them all\n"), "{text}");
    assert!(text.contains("over 32 runs"), "{text}");
    assert!(
        text.contains("digest     04de18928f895f4a (FNV-1a over 320 output bytes)\n"),
        "{text}"
    );
    // The first line has the path in it.
    assert!(text.lines().skip(1).all(|line| line.chars().count() <= 100), "{text}");

    let quiet = isokern(["run", &fixture(DIGITS), "-i", &input, "--quiet"]);
    assert_eq!(quiet.text(), "04de18928f895f4a\n");
}

#[test]
fn one_input_is_enough() {
    let folder = Folder::new();
    let input = folder.write("one.u8", &fixture_bytes("vectors/digits.in.i8")[..IMAGE]);
    let ran = isokern(["run", &fixture("digits.ikm"), "-i", &input]);
    assert!(ran.text().contains("1 input of 1x8x8x1 int8"), "{}", ran.text());
    assert!(ran.text().contains("one cold run"), "{}", ran.text());
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let folder = Folder::new();
    let refused = |name: &str, bytes: &[u8], words: &[&str]| {
        let input = folder.write(name, bytes);
        let ran = isokern(["run", &fixture(DIGITS), "-i", &input]);
        let (error, _) = ran.error_and_fix(1);
        for word in words.iter().chain([&name]) {
            assert!(error.contains(word), "{name}: {error}");
        }
    };
    refused("long.i8", &[0; 2 * IMAGE + 1], &["129 bytes", "inputs of 64", "1x8x8x1"]);
    refused("short.i8", &[0; IMAGE - 1], &["63 bytes", "64"]);
    refused("empty.i8", &[], &["no bytes"]);
    refused("bytes.npy", &npy("|u1", "(64,)", &[200; IMAGE]), &["|u1", "[0]", "200"]);
    refused("complex.npy", &npy("<c8", "(64,)", &[0; 8 * IMAGE]), &["<c8"]);
    refused("cut.npy", &npy("|i1", "(64,)", &[0; IMAGE - 1]), &["63", "64"]);
    refused("few.npy", &npy("|i1", "(2, 31)", &[0; 62]), &["2x31", "1x8x8x1"]);
    refused("huge.npy", &npy("|i1", "(18446744073709551615, 2)", &[0; 62]), &["2^64"]);
    refused("raw.npy", &[0; IMAGE], &["named .npy"]);
    let nan = [f32::NAN.to_le_bytes(); IMAGE].concat();
    refused("nan.npy", &npy("<f4", "(64,)", &nan), &["value [0]"]);
}
