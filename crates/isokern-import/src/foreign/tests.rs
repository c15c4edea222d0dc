//! Tests of what the first bytes of a file tell.

use super::ForeignFile::{
    self, Archive, Array, CArray, Empty, FrozenGraph, Hdf5, Json, Keras, Onnx, Packed, Pickle,
    Pointer, PyTorch, SavedModel, WebPage, Weights, Xml,
};
use crate::error::{ImportError, TfliteError};

/// Returns the start of a ZIP archive whose first file has this name.
fn zip(name: &str) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0".to_vec();
    bytes.resize(26, 0);
    bytes.extend([u8::try_from(name.len()).expect("a short name"), 0, 0, 0]);
    bytes.extend(name.as_bytes());
    bytes.extend(b"some data");
    bytes
}

fn tar() -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[..5].copy_from_slice(b"model");
    bytes[257..262].copy_from_slice(b"ustar");
    bytes
}

#[test]
fn c08_the_first_bytes_tell_what_a_file_is() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234\n";
    let cases: [(&[u8], ForeignFile); 40] = [
        (b"", Empty),
        (pointer.as_bytes(), Pointer),
        (b"/annex/objects/SHA256E-s1234--00.tflite\n", Pointer),
        (b"<!DOCTYPE html>\n<html", WebPage),
        (b"\xef\xbb\xbf\r\n <HTML lang=\"en\">", WebPage),
        (b"<?xml version=\"1.0\"?><html xmlns=\"", WebPage),
        (b"<?xml version=\"1.0\"?><net name=\"model\"", Xml),
        (b"{\"error\": \"not found\"}", Json),
        (b"// A model.\nalignas(16) const unsigned char g_model[] = {\n 0x1c, 0x00", CArray),
        (b"#include <cstdint>\nextern const uint8_t model[];\n", CArray),
        (b"IKM\x1a\x02\0\x01\0", Packed),
        (b"\x93NUMPY\x01\0v\0{'descr'", Array),
        (&zip("arr_0.npy"), Array),
        (b"\x08\x07\x12\x07tf2onnx\x1a\x0b1.17.0 None:", Onnx),
        (b"\x08\x0a\x12\x07pytorch\x1a\x052.6.0:", Onnx),
        (b"\x08\x08:\xd2\x04\x0a", Onnx),
        (b"\x20\0\0\0ORTM\0\0", Onnx),
        (b"\x89HDF\r\n\x1a\n\0\0", Hdf5),
        (&zip("metadata.json"), Keras),
        (&zip("config.json"), Keras),
        (b"\x08\x01\x12\xb0\x14\n\x90", SavedModel),
        (b"\n<\n\x01x\x12\x0bPlaceholder*\x0b", FrozenGraph),
        (&zip("archive/data.pkl"), PyTorch),
        (&zip("model/version"), PyTorch),
        (&zip("tiny/archive_format"), PyTorch),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", PyTorch),
        (b"\x20\0\0\0ET12\0\0", PyTorch),
        (b"\x80\x04\x95\x10\0\0", Pickle),
        (b"GGUF\x03\0\0\0", Weights),
        (b"\x40\0\0\0\0\0\0\0{\"__metadata__\"", Weights),
        (b"\x1f\x8b\x08\0", Archive),
        (b"BZh91AY", Archive),
        (b"\xfd7zXZ\0\0", Archive),
        (b"\x28\xb5\x2f\xfd\x04", Archive),
        (b"7z\xbc\xaf\x27\x1c", Archive),
        (b"Rar!\x1a\x07\x01", Archive),
        (&zip("model.tflite"), Archive),
        (b"PK\x05\x06\0\0\0\0", Archive),
        (b"PK\x03\x04", Archive),
        (&tar(), Archive),
    ];
    for (start, kind) in cases {
        assert_eq!(ForeignFile::of(start), Some(kind), "{}", start.escape_ascii());
        let error = crate::convert(start, isokern_model::layout::Layout::Row).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(&format!("this is {}, not a TFLite file. Fix: ", kind.what())));
        assert!(text.ends_with(kind.remedy()), "{text}");
    }
}

#[test]
fn c08_other_bytes_tell_nothing() {
    let cases: [&[u8]; 6] =
        [b"TFL3", b"\0\0\0\0\0\0\0\0", b"hello world", b"\xff\xfe\0\0", b"\x08\x02", b"PK"];
    for start in cases {
        assert_eq!(ForeignFile::of(start), None, "{}", start.escape_ascii());
        let error = crate::convert(start, isokern_model::layout::Layout::Row).unwrap_err();
        assert!(matches!(error, ImportError::File(TfliteError::Identifier { found: None })));
        assert!(error.to_string().starts_with("this is no TFLite file"), "{error}");
    }
}

#[test]
fn every_model_of_the_repository_is_none_of_them() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models/models");
    for entry in folder.read_dir().expect("the folder is in the repository") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "tflite") {
            let bytes = std::fs::read(&path).expect("a readable file");
            assert_eq!(ForeignFile::of(&bytes), None, "{}", path.display());
        }
    }
}
