//! A model from a file: packed already, or a TFLite file converted in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use isokern_core::compute::ModelArtifact;
use isokern_import::foreign::START_BYTES;
use isokern_import::{Conversion, ForeignFile, Options, Report, convert_with};
use isokern_model::Model;
use isokern_model::encode::relayout;
use isokern_model::header::MAGIC;
use isokern_model::layout::Layout;

use crate::error::{CliError, name};
use crate::progress;

/// The kinds of files that hold a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A packed model of ours.
    Packed,
    /// A TFLite file.
    Tflite,
}

impl FileKind {
    /// What the first bytes of a file say; its name says nothing.
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

/// A model that was read.
#[derive(Debug)]
pub(crate) struct ModelFile {
    /// The file, as messages name it.
    pub(crate) name: String,
    /// What was in the file.
    pub(crate) kind: FileKind,
    /// Bytes of the file.
    pub(crate) file_bytes: usize,
    /// The packed model, checked.
    pub(crate) artifact: ModelArtifact,
    /// What the conversion of a TFLite file found; none of a packed model.
    pub(crate) conversion: Option<Report>,
}

impl ModelFile {
    /// Reads a model as it is; a TFLite file is converted to the row layout.
    pub(crate) fn read(path: &Path) -> Result<Self, CliError> {
        Self::load(path, None)
    }

    /// Reads a model and brings its weights into `layout`.
    pub(crate) fn read_as(path: &Path, layout: Layout) -> Result<Self, CliError> {
        Self::load(path, Some(layout))
    }

    /// The view of the model.
    pub(crate) fn model(&self) -> Result<Model<'_>, CliError> {
        Model::parse(self.artifact.bytes())
            .map_err(|source| CliError::Format { name: self.name.clone(), source })
    }

    fn load(path: &Path, layout: Option<Layout>) -> Result<Self, CliError> {
        let name = name(path);
        let (kind, bytes) = match read(path) {
            Ok(Ok(read)) => read,
            Ok(Err(Some(kind))) => return Err(CliError::Foreign { name, kind }),
            Ok(Err(None)) => return Err(CliError::NotAModel { name }),
            // SavedModels are folders, which the system does not let programs read as files.
            Err(_) if path.join("saved_model.pb").is_file() => {
                return Err(CliError::Foreign { name, kind: ForeignFile::SavedModel });
            }
            Err(source) => return Err(CliError::Read { name, source }),
        };
        let file_bytes = bytes.len();
        let (artifact, conversion) = match kind {
            FileKind::Packed => (packed(&name, &bytes, layout)?, None),
            FileKind::Tflite => converted(&name, &bytes, layout.unwrap_or(Layout::Row))?,
        };
        Ok(Self { name, kind, file_bytes, artifact, conversion })
    }
}

/// A file that holds a model, or what it is in place of that where its first bytes tell.
type Found = Result<(FileKind, Vec<u8>), Option<ForeignFile>>;

/// Reads a whole file, unless its first bytes say that it holds no model.
fn read(path: &Path) -> io::Result<Found> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    file.by_ref().take(START_BYTES as u64).read_to_end(&mut bytes)?;
    let Some(kind) = FileKind::detect(&bytes) else {
        return Ok(Err(ForeignFile::of(&bytes)));
    };
    file.read_to_end(&mut bytes)?;
    Ok(Ok((kind, bytes)))
}

fn packed(name: &str, bytes: &[u8], layout: Option<Layout>) -> Result<ModelArtifact, CliError> {
    let artifact = ModelArtifact::new(bytes, Some(name));
    let format = |source| CliError::Format { name: name.to_owned(), source };
    let model = Model::parse(artifact.bytes()).map_err(format)?;
    match layout.filter(|&layout| layout != model.layout()) {
        None => Ok(artifact.clone()),
        Some(layout) => relayout(&model, layout)
            .map(|blob| ModelArtifact::new(&blob, Some(name)))
            .map_err(|source| CliError::Relayout { name: name.to_owned(), source }),
    }
}

/// Returns the packed model of a TFLite file, and what there is to say about it.
fn converted(
    name: &str,
    bytes: &[u8],
    layout: Layout,
) -> Result<(ModelArtifact, Option<Report>), CliError> {
    let bar = progress::bar("converting", 0);
    let conversion = convert_with(bytes, Options::new(layout), |step| progress::show(&bar, step));
    bar.finish_and_clear();
    match conversion {
        Ok(Conversion { blob, report, .. }) => {
            Ok((ModelArtifact::new(&blob, Some(name)), Some(report)))
        }
        Err(source) => Err(CliError::Import { name: name.to_owned(), source: Box::new(source) }),
    }
}
