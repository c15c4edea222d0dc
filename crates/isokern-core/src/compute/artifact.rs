//! A model's bytes, owned and shared, for programs that have a heap.

use core::fmt;
use core::ops::Deref;
use std::path::{Path, PathBuf};
use std::string::String;
use std::sync::Arc;
use std::{fs, io};

use bytemuck::{Pod, Zeroable};
use thiserror::Error;

/// The bytes of a packed model and a name for reports.
///
/// The bytes start at a multiple of [`ALIGNMENT`](Self::ALIGNMENT), so that a
/// model can be read in place. A clone shares them.
///
/// ```
/// use isokern_core::compute::ModelArtifact;
///
/// let artifact = ModelArtifact::new(&[1, 2, 3], Some("keywords"));
/// assert_eq!(artifact.bytes(), [1, 2, 3]);
/// assert_eq!(artifact.label(), Some("keywords"));
/// assert_eq!(artifact.clone().bytes().as_ptr(), artifact.bytes().as_ptr());
/// ```
#[derive(Clone)]
pub struct ModelArtifact {
    chunks: Arc<[Chunk]>,
    /// At most the length of all chunks; the last may have zeros after it.
    len: usize,
    label: Option<Arc<str>>,
}

impl ModelArtifact {
    /// What the address of the first byte is a multiple of, in bytes.
    pub const ALIGNMENT: usize = align_of::<Chunk>();

    /// Copies the bytes of a model, with an optional name.
    ///
    /// Whatever points to bytes will do: a slice, a `Vec<u8>`, an `Arc<Vec<u8>>`, a mapped
    /// file. They are copied once, to be aligned. Without a name use
    /// [`from_bytes`](Self::from_bytes).
    #[must_use]
    pub fn new<B, L>(bytes: B, label: Option<L>) -> Self
    where
        B: Deref<Target: AsRef<[u8]>>,
        L: Into<String>,
    {
        let bytes = bytes.as_ref();
        let chunks = bytes.chunks(size_of::<Chunk>()).map(Chunk::from_start).collect();
        Self { chunks, len: bytes.len(), label: label.map(|label| Arc::from(label.into())) }
    }

    /// Copies the bytes of a model that has no name.
    #[must_use]
    pub fn from_bytes<B>(bytes: B) -> Self
    where
        B: Deref<Target: AsRef<[u8]>>,
    {
        Self::new(bytes, None::<String>)
    }

    /// Reads a model from a file, and names it after the file.
    ///
    /// # Errors
    ///
    /// The system's, of its kind, with an [`ArtifactError`] inside that has the path.
    pub fn from_file(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| ArtifactError::of(path, source))?;
        let label = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self::new(bytes, label))
    }

    /// Returns the bytes, aligned.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        bytemuck::must_cast_slice(&self.chunks).get(..self.len).unwrap_or(&[])
    }

    /// Returns the name: the one given, or the file's.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
}

impl fmt::Debug for ModelArtifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelArtifact")
            .field("bytes", &self.len)
            .field("label", &self.label)
            .finish()
    }
}

/// A model file that could not be read; [`from_file`](ModelArtifact::from_file) has it inside
/// its error.
#[non_exhaustive]
#[derive(Debug, Error)]
#[error("cannot read the model file {}: {source}", .path.display())]
pub struct ArtifactError {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Why the system refused.
    pub source: io::Error,
}

impl ArtifactError {
    /// Returns the system's error with the path in it.
    fn of(path: &Path, source: io::Error) -> io::Error {
        io::Error::new(source.kind(), Self { path: path.to_path_buf(), source })
    }
}

/// The unit of storage; its alignment is the artifact's.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Chunk([u8; 64]);

impl Chunk {
    /// Copies at most 64 bytes and leaves the rest zero.
    fn from_start(bytes: &[u8]) -> Self {
        let mut chunk = [0; 64];
        for (target, source) in chunk.iter_mut().zip(bytes) {
            *target = *source;
        }
        Self(chunk)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::sync::Arc;
    use std::vec::Vec;
    use std::{env, format, fs, process, vec};

    use super::{ArtifactError, ModelArtifact};

    #[test]
    fn bytes_are_aligned_and_exact_at_every_length() {
        assert_eq!(ModelArtifact::ALIGNMENT, 64);
        for len in [0, 1, 63, 64, 65, 128, 1000] {
            let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let artifact = ModelArtifact::from_bytes(&bytes);
            assert_eq!(artifact.bytes(), bytes);
            assert_eq!(artifact.label(), None);
            if len > 0 {
                assert!(artifact.bytes().as_ptr().addr().is_multiple_of(64), "{len} bytes");
            }
        }
    }

    #[test]
    fn a_file_gives_its_name() {
        let path = env::temp_dir().join(format!("isokern-artifact-{}.ikm", process::id()));
        fs::write(&path, [7, 8, 9]).unwrap();
        let artifact = ModelArtifact::from_file(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(artifact.bytes(), [7, 8, 9]);
        assert_eq!(artifact.label(), path.file_name().and_then(|name| name.to_str()));
    }

    #[test]
    fn a_missing_file_is_named_in_the_error() {
        let error = ModelArtifact::from_file("no/such/model.ikm").unwrap_err();
        assert!(error.to_string().starts_with("cannot read the model file no/such/model.ikm: "));
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        let inside = error.get_ref().and_then(|inside| inside.downcast_ref::<ArtifactError>());
        let ArtifactError { path, source } = inside.expect("it has the path");
        assert_eq!((path.to_str(), source.kind()), (Some("no/such/model.ikm"), error.kind()));
    }

    #[test]
    fn s2_whatever_points_to_bytes_makes_an_artifact() {
        let expected = ModelArtifact::new(&[1, 2, 3], Some("a"));
        for artifact in [
            ModelArtifact::new(Arc::new(vec![1, 2, 3]), Some("a".to_string())),
            ModelArtifact::new(vec![1, 2, 3], Some("a")),
            ModelArtifact::new(Arc::<[u8]>::from([1, 2, 3]), Some("a")),
            ModelArtifact::new(&[1, 2, 3][..], Some("a")),
        ] {
            assert_eq!((artifact.bytes(), artifact.label()), (expected.bytes(), expected.label()));
        }
        assert_eq!(ModelArtifact::from_bytes(vec![7]).bytes(), [7]);
    }
}
