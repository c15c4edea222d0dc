//! The models that run on the boards, converted, with what the host makes of them.

use super::host::Host;
use crate::failure::Failure;
use crate::repository;
use std::path::{Path, PathBuf};

/// The committed model that `include_model!` embeds everywhere.
pub(super) const DIGITS: &str = "tests/models/digits.ikm";

/// Where the header of a packed model keeps the sizes of arena and state (`docs/format.md`).
pub(super) const ARENA_BYTES: core::ops::Range<usize> = 64..68;
pub(super) const STATE_BYTES: core::ops::Range<usize> = 68..72;
/// Where it keeps the multiply-accumulates of one inference.
const MACS_LOW: core::ops::Range<usize> = 72..76;
const MACS_HIGH: core::ops::Range<usize> = 76..80;
/// Where it keeps the seed of the self-test; 0 if the model takes no generated input.
const SELF_TEST_SEED: core::ops::Range<usize> = 80..84;
/// Where the set of kinds begins; the bits of the first kinds in it, and that of the kind that
/// converts element types, floats too.
const KINDS: core::ops::Range<usize> = 20..24;
const BASE_BITS: u64 = 0b1_1111_1110;
const CONVERT_BIT: u64 = 1 << 13;

/// A packed model.
pub(super) struct Model {
    pub(super) name: String,
    /// The packed file.
    pub(super) path: PathBuf,
    /// Its length, all of which is in flash.
    pub(super) bytes: u64,
    /// Arena and state.
    pub(super) arena: u64,
    /// Whether it has the first kinds alone, those of networks of convolutions.
    pub(super) is_base: bool,
    /// Whether it may compute with floats.
    pub(super) has_floats: bool,
    /// The digest of its outputs on the host.
    pub(super) digest: String,
}

/// Returns the folder of models of others: what `ISOKERN_VECTORS` names, else `shared` beside the
/// repository.
pub(crate) fn reference_folder() -> PathBuf {
    let named = std::env::var_os("ISOKERN_VECTORS").map(PathBuf::from);
    named.unwrap_or_else(|| repository::root().join("../shared"))
}

/// Returns the committed models, and those of the reference folder if there is one.
pub(super) fn all(host: &Host) -> Result<Vec<Model>, Failure> {
    let mut models = Vec::from_iter(one(host, &repository::root().join(DIGITS))?);
    for folder in ["tests/models/models", "tests/models/streams"] {
        for path in int8_models(&repository::root().join(folder))? {
            if path.file_stem().is_some_and(|name| name != "digits") {
                models.extend(one(host, &path)?);
            }
        }
    }
    let folder = reference_folder().join("models");
    if !folder.is_dir() {
        println!("the reference models are not there: set ISOKERN_VECTORS to their folder");
        return Ok(models);
    }
    for path in int8_models(&folder)? {
        models.extend(one(host, &path)?);
    }
    Ok(models)
}

/// Converts a model and has the host run it; nothing if generated inputs are an error to it, as
/// indices that are outside are.
pub(super) fn one(host: &Host, source: &Path) -> Result<Option<Model>, Failure> {
    let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let path = host.convert(&name, source)?;
    let blob =
        std::fs::read(&path).map_err(|source| Failure::Path { path: path.clone(), source })?;
    let bytes_at = |range| word(&blob, range);
    if !takes_generated(&blob) {
        println!("{name}: left out, it takes no generated input");
        return Ok(None);
    }
    let arena = bytes_at(ARENA_BYTES) + bytes_at(STATE_BYTES);
    let kinds = bytes_at(KINDS);
    let (is_base, has_floats) = (kinds & !BASE_BITS == 0, kinds & CONVERT_BIT != 0);
    let digest = host.digest(&name, &path)?;
    let bytes = blob.len() as u64;
    Ok(Some(Model { name, path, bytes, arena, is_base, has_floats, digest }))
}

/// Returns whether a packed model takes generated inputs: as indices they would be outside.
pub(super) fn takes_generated(blob: &[u8]) -> bool {
    word(blob, SELF_TEST_SEED) != 0
}

/// Returns the multiply-accumulates of one inference of a packed model.
pub(super) fn macs(blob: &[u8]) -> u64 {
    word(blob, MACS_LOW) | word(blob, MACS_HIGH) << 32
}

fn word(blob: &[u8], range: core::ops::Range<usize>) -> u64 {
    let bytes = blob.get(range).and_then(|bytes| bytes.try_into().ok());
    u64::from(u32::from_le_bytes(bytes.unwrap_or_default()))
}

/// Returns the TFLite files of a folder, sorted, without those that are named as float models.
pub(super) fn int8_models(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |source| Failure::Path { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".tflite") && !name.contains("fp32") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
