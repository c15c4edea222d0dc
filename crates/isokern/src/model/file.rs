//! Files that hold a model: packed already, or TFLite, which is converted in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use isokern_core::compute::ModelArtifact;
use isokern_import::foreign::START_BYTES;
use isokern_import::{Conversion, ForeignFile, Options, Progress, Report, convert_with};
use isokern_model::Model as View;
use isokern_model::encode::relayout;
use isokern_model::header::MAGIC;
use isokern_model::layout::Layout;

use crate::error::Error;

/// The kinds of files that hold a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A packed model of ours, `.ikm`.
    Packed,
    /// A TFLite file.
    Tflite,
}

impl FileKind {
    /// Returns what the first bytes of a file say; its name says nothing.
    fn detect(start: &[u8]) -> Option<Self> {
        if start.starts_with(&MAGIC) {
            Some(Self::Packed)
        } else if start.get(4..8) == Some(b"TFL3") {
            Some(Self::Tflite)
        } else {
            None
        }
    }
}

/// A packed model, and what the conversion of a TFLite file found.
pub(super) type PackedModel = (ModelArtifact, Option<Report>);

/// A file that holds a model, or what it is in place of that where its first bytes tell.
type Found = Result<(FileKind, Vec<u8>), Option<ForeignFile>>;

/// Reads a file whole, unless its first bytes say that it holds no model.
pub(super) fn read(path: &Path, name: &str) -> Result<(FileKind, Vec<u8>), Error> {
    let name = name.to_owned();
    match read_found(path) {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(Some(kind))) => Err(Error::Foreign { name, kind }),
        Ok(Err(None)) => Err(Error::NotAModel { name }),
        // SavedModels are folders, which the system does not let programs read as files.
        Err(_) if path.join("saved_model.pb").is_file() => {
            Err(Error::Foreign { name, kind: ForeignFile::SavedModel })
        }
        Err(source) => Err(Error::Read { name, source }),
    }
}

fn read_found(path: &Path) -> io::Result<Found> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    file.by_ref().take(START_BYTES as u64).read_to_end(&mut bytes)?;
    let Some(kind) = FileKind::detect(&bytes) else {
        return Ok(Err(ForeignFile::of(&bytes)));
    };
    file.read_to_end(&mut bytes)?;
    Ok(Ok((kind, bytes)))
}

/// Returns the kind of a file with these bytes.
pub(super) fn kind_of(bytes: &[u8], name: &str) -> Result<FileKind, Error> {
    FileKind::detect(bytes).ok_or_else(|| {
        let name = name.to_owned();
        match ForeignFile::of(bytes.get(..START_BYTES).unwrap_or(bytes)) {
            Some(kind) => Error::Foreign { name, kind },
            None => Error::NotAModel { name },
        }
    })
}

/// Checks a packed model, and brings its weights into a layout where one is wanted.
pub(super) fn packed(
    name: &str,
    bytes: &[u8],
    layout: Option<Layout>,
) -> Result<PackedModel, Error> {
    let artifact = ModelArtifact::new(bytes, Some(name));
    let format = |source| Error::Format { name: name.to_owned(), source };
    let model = View::parse(artifact.bytes()).map_err(format)?;
    match layout.filter(|&layout| layout != model.layout()) {
        None => Ok((artifact.clone(), None)),
        Some(layout) => relayout(&model, layout)
            .map(|blob| (ModelArtifact::new(&blob, Some(name)), None))
            .map_err(|source| Error::Relayout { name: name.to_owned(), source }),
    }
}

/// Returns the packed model of a TFLite file, and what there is to say about it.
pub(super) fn converted(
    name: &str,
    bytes: &[u8],
    layout: Layout,
    step: impl FnMut(Progress),
) -> Result<PackedModel, Error> {
    match convert_with(bytes, Options::new(layout), step) {
        Ok(Conversion { blob, report, .. }) => {
            Ok((ModelArtifact::new(&blob, Some(name)), Some(report)))
        }
        Err(source) => Err(Error::Import { name: name.to_owned(), source: Box::new(source) }),
    }
}
