//! Files that are no models, and models that need other steps before: told by cause.

use std::fs;

use crate::program::{Folder, fixture, isokern};

/// Returns the commands that read a model.
fn reading(model: &str) -> [Vec<String>; 6] {
    let words: [&[&str]; 6] = [
        &["inspect", model],
        &["convert", model, "-o", "/dev/null"],
        &["run", model, "--random"],
        &["run", model, "--random", "--mode", "ring"],
        &["bench", model],
        &["selftest", model],
    ];
    words.map(|words| words.iter().map(|&word| word.to_owned()).collect())
}

#[test]
fn c08_a_file_of_another_kind_is_named_with_what_to_do() {
    let folder = Folder::new();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234\n";
    let mut keras = vec![0; 30];
    keras[..4].copy_from_slice(b"PK\x03\x04");
    keras[26] = 13;
    keras.extend(b"metadata.json");
    let mut torch = keras.clone();
    torch[26] = 16;
    torch.truncate(30);
    torch.extend(b"archive/data.pkl");
    let cases: [(&str, &[u8], &str, &str); 11] = [
        ("empty.tflite", b"", "an empty file", "again"),
        ("pointer.tflite", pointer, "the pointer that Git LFS", "git lfs pull"),
        ("page.tflite", b"<!DOCTYPE html>\n<html>", "a web page", "Raw"),
        ("m.onnx", b"\x08\x07\x12\x07tf2onnx\x1a\x0b1.17.0:", "an ONNX model", "onnx2tf"),
        ("m.h5", b"\x89HDF\r\n\x1a\n\0", "an HDF5 file", "TFLITE_BUILTINS_INT8"),
        ("m.keras", &keras, "a Keras model", "representative_dataset"),
        ("m.pt", &torch, "a PyTorch model", "torch.onnx"),
        ("m.pb", b"\x08\x01\x12\xb0\x14\n", "a SavedModel", "TFLiteConverter"),
        ("m.tflite.gz", b"\x1f\x8b\x08\0", "an archive or a compressed file", "unpack"),
        ("x.npy", b"\x93NUMPY\x01\0", "an array of NumPy", "arrays are inputs"),
        ("m.cc", b"const unsigned char m[] = {", "source text in C", ".tflite file"),
    ];
    for (name, bytes, what, remedy) in cases {
        let path = folder.write(name, bytes);
        for words in reading(&path) {
            let ran = isokern(&words);
            let (error, fix) = ran.error_and_fix(1);
            assert!(error.starts_with(&format!("{path} is {what}")), "{words:?}: {error}");
            assert!(error.ends_with(", not a TFLite file or packed model"), "{error}");
            assert!(fix.contains(remedy), "{fix}");
        }
    }
    let path = folder.write("noise.tflite", b"\x01\x02\x03");
    let ran = isokern(["inspect", &path]);
    assert!(ran.error_and_fix(1).0.ends_with("is neither a TFLite file nor a packed model"));
}

#[test]
fn c08_a_folder_is_named_and_a_saved_model_known() {
    let folder = Folder::new();
    let path = folder.path("exported");
    fs::create_dir(&path).expect("a folder can be made");
    for words in reading(&path) {
        let ran = isokern(&words);
        let (error, fix) = ran.error_and_fix(3);
        assert!(error.starts_with(&format!("cannot read {path}: ")), "{error}");
        assert!(fix.contains("name a file, not a folder"), "{fix}");
    }
    folder.write("exported/saved_model.pb", b"\x08\x01\x12\xb0\x14\n");
    for words in reading(&path) {
        let ran = isokern(&words);
        let (error, fix) = ran.error_and_fix(1);
        assert!(error.contains("exported is a SavedModel of TensorFlow"), "{error}");
        assert!(fix.contains("TFLiteConverter"), "{fix}");
    }
}

#[test]
fn c06_a_graph_that_nothing_calls_is_left_out_and_told() {
    let folder = Folder::new();
    let target = folder.path("m.ikm");
    let ran = isokern(["convert", &fixture("models/second_graph.tflite"), "-o", &target]);
    assert!(ran.text().ends_with("; 1 other graph left out, which nothing calls\n"));
    let ran = isokern(["convert", &fixture("models/digits.tflite"), "-o", &target]);
    assert!(ran.text().ends_with("(read: 10,696)\n"), "{}", ran.text());
}
