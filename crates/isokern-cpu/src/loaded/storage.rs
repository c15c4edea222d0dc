//! Where a loaded model's bytes and arena live.

#[cfg(feature = "std")]
use std::boxed::Box;
#[cfg(feature = "std")]
use std::vec;

#[cfg(feature = "std")]
use bytemuck::{Pod, Zeroable};
#[cfg(feature = "std")]
use isokern_core::ModelArtifact;
use isokern_model::{Checked, Model};

/// Bytes that were checked, and memory for the activations.
#[derive(Debug)]
pub(super) struct Storage<'m> {
    checked: Checked,
    memory: Memory<'m>,
}

#[derive(Debug)]
enum Memory<'m> {
    Lent {
        blob: &'m [u8],
        arena: &'m mut [u8],
    },
    #[cfg(feature = "std")]
    Owned {
        artifact: ModelArtifact,
        arena: Box<[Line]>,
    },
}

/// A cache line: vector loads of an owned arena start on whole ones.
#[cfg(feature = "std")]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

impl<'m> Storage<'m> {
    pub(super) const fn lent(model: &Model<'m>, arena: &'m mut [u8]) -> Self {
        Self { checked: model.checked(), memory: Memory::Lent { blob: model.blob(), arena } }
    }

    #[cfg(feature = "std")]
    pub(super) fn owned(checked: Checked, artifact: ModelArtifact) -> Self {
        Self { checked, memory: Memory::Owned { artifact, arena: Box::new([]) } }
    }

    /// Zeroes a lent arena, allocates an owned one.
    pub(super) fn prepare(&mut self) {
        match &mut self.memory {
            Memory::Lent { arena, .. } => arena.fill(0),
            #[cfg(feature = "std")]
            Memory::Owned { artifact, arena } => {
                let bytes = self.checked.view(artifact.bytes()).arena_bytes();
                *arena = vec![Line::zeroed(); bytes.div_ceil(64)].into_boxed_slice();
            }
        }
    }

    pub(super) fn model(&self) -> Model<'_> {
        match &self.memory {
            Memory::Lent { blob, .. } => self.checked.view(blob),
            #[cfg(feature = "std")]
            Memory::Owned { artifact, .. } => self.checked.view(artifact.bytes()),
        }
    }

    /// The model and its arena, apart.
    pub(super) fn parts(&mut self) -> (Model<'_>, &mut [u8]) {
        match &mut self.memory {
            Memory::Lent { blob, arena } => (self.checked.view(blob), arena),
            #[cfg(feature = "std")]
            Memory::Owned { artifact, arena } => {
                (self.checked.view(artifact.bytes()), bytemuck::must_cast_slice_mut(arena))
            }
        }
    }
}
