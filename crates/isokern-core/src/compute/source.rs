//! Model sources of a borrowing backend: bytes in flash and an arena in RAM.

use core::fmt;

/// A packed model and the memory it runs in, both lent for `'m`.
///
/// The descriptor of backends that own nothing. `load_model` takes `&self`, so
/// the arena cannot come from the backend; it travels here.
///
/// ```
/// use isokern_core::ModelSource;
///
/// static MODEL: [u8; 4] = *b"IKM\0";
/// let mut arena = [0; 64];
/// let source = ModelSource::new(&MODEL, &mut arena);
/// assert_eq!(format!("{source:?}"), "ModelSource { bytes: 4, arena: 64, state: 0 }");
/// ```
pub struct ModelSource<'m> {
    /// The packed model.
    pub bytes: &'m [u8],
    /// Where activations live while the model runs; what it holds does not
    /// matter.
    pub arena: &'m mut [u8],
    /// What lasts from one step to the next, for a model with state; else empty.
    pub state: &'m mut [u8],
}

impl<'m> ModelSource<'m> {
    /// Joins a packed model and an arena.
    #[must_use]
    pub const fn new(bytes: &'m [u8], arena: &'m mut [u8]) -> Self {
        Self { bytes, arena, state: &mut [] }
    }

    /// Returns the source with memory for the state of a model that has one.
    #[must_use]
    pub const fn with_state(self, state: &'m mut [u8]) -> Self {
        Self { bytes: self.bytes, arena: self.arena, state }
    }
}

impl fmt::Debug for ModelSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelSource")
            .field("bytes", &self.bytes.len())
            .field("arena", &self.arena.len())
            .field("state", &self.state.len())
            .finish()
    }
}
