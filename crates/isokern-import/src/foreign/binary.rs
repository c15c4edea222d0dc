//! Kinds of files that a mark or the first fields tell.

use isokern_model::header::MAGIC;

use super::ForeignFile::{
    self, Archive, Array, FrozenGraph, Hdf5, Keras, Onnx, Packed, Pickle, PyTorch, SavedModel,
    Weights,
};

/// Marks, with the offset where they are.
const MARKS: &[(usize, &[u8], ForeignFile)] = &[
    (0, &MAGIC, Packed),
    (0, b"\x93NUMPY", Array),
    (0, b"\x89HDF\r\n\x1a\n", Hdf5),
    (0, b"GGUF", Weights),
    // What torch.save wrote before version 1.6: a pickle of its own number.
    (0, b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", PyTorch),
    // Flatbuffers have their identifier after the offset of the root.
    (4, b"ORTM", Onnx),
    (4, b"ET12", PyTorch),
    (0, b"\x1f\x8b", Archive),
    (0, b"BZh", Archive),
    (0, b"\xfd7zXZ\0", Archive),
    (0, b"\x28\xb5\x2f\xfd", Archive),
    (0, b"7z\xbc\xaf\x27\x1c", Archive),
    (0, b"Rar!\x1a\x07", Archive),
    (257, b"ustar", Archive),
];

/// Returns the kind of a file that is no text.
pub(super) fn kind(start: &[u8]) -> Option<ForeignFile> {
    let has = |offset: usize, mark: &[u8]| {
        start.get(offset..).is_some_and(|bytes| bytes.starts_with(mark))
    };
    if let Some((.., kind)) = MARKS.iter().find(|(offset, mark, _)| has(*offset, mark)) {
        return Some(*kind);
    }
    if let [b'P', b'K', 3 | 5, 4 | 6, ..] = start {
        return Some(zip(start));
    }
    match *start {
        // Protocol buffers. Field 1, version 1, then field 2, a graph.
        [0x08, 1, 0x12, ..] => Some(SavedModel),
        // Field 1, the version of the format, then any other field of a model.
        [0x08, 3..=30, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..] => Some(Onnx),
        // Field 1, a node; among the first is one that takes an input.
        [0x0a, ..] if start.windows(13).any(|part| part == b"\x12\x0bPlaceholder") => {
            Some(FrozenGraph)
        }
        [0x80, 2..=5, ..] => Some(Pickle),
        // A length of 64 bits, then a JSON text.
        [_, _, _, _, 0, 0, 0, 0, b'{', b'"', ..] => Some(Weights),
        _ => None,
    }
}

/// Returns the kind of a ZIP archive, by the name of its first file.
fn zip(start: &[u8]) -> ForeignFile {
    let name_len = start.get(26..28).map_or(0, |len| u16::from_le_bytes([len[0], len[1]]));
    let name = start.get(30..30 + usize::from(name_len)).unwrap_or_default();
    if [b"metadata.json".as_slice(), b"config.json", b"model.weights.h5"].contains(&name) {
        return Keras;
    }
    let of_torch: [&[u8]; 4] = [b"/data.pkl", b"/constants.pkl", b"/version", b"/archive_format"];
    if of_torch.iter().any(|end| name.ends_with(end)) {
        return PyTorch;
    }
    if name.ends_with(b".npy") { Array } else { Archive }
}
