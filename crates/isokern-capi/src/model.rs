//! A model of a C program: its bytes and the kinds it needs.
#![allow(unsafe_code)]

use isokern_cpu::linked::{self, LinkedKind};
use isokern_cpu::model::{self, OpKind};

use crate::ABI_VERSION;
use crate::kind::Kind;
use crate::pointers::{Sized32, Span, values};
use crate::status::Status;

/// A model: `isokern convert --emit c` writes one as a constant.
#[derive(Debug)]
#[repr(C)]
pub struct Model {
    /// `sizeof(isokern_model)`.
    pub struct_bytes: u32,
    /// `ISOKERN_ABI_VERSION`.
    pub abi_version: u32,
    /// The bytes of the packed model, on a boundary of `ISOKERN_ALIGNMENT` bytes. They must not
    /// change while a session uses them.
    pub blob: *const u8,
    /// How many there are.
    pub blob_bytes: usize,
    /// The kinds that the model needs, each the address of an `isokern_kind_...`.
    pub kinds: *const *const Kind,
    /// How many there are.
    pub kind_count: usize,
}

/// What a model needs.
#[derive(Debug)]
#[repr(C)]
pub struct Sizes {
    /// `sizeof(isokern_sizes)`, set by the caller.
    pub struct_bytes: u32,
    /// How many inputs there are.
    pub input_count: u32,
    /// How many outputs there are.
    pub output_count: u32,
    /// Bytes of arena: memory for activations, inputs and outputs inside.
    pub arena_bytes: usize,
    /// Bytes of state that last from one run to the next; 0 for most models.
    pub state_bytes: usize,
}

// SAFETY: numbers and pointers in the order of C, the size first.
unsafe impl Sized32 for Model {}
// SAFETY: as above.
unsafe impl Sized32 for Sizes {}

/// Bytes and kinds of a model, after their pointers were checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    blob: &'a [u8],
    kinds: &'a [Option<&'a Kind>],
}

impl Model {
    /// Checks the fields and views what they point to.
    ///
    /// # Safety
    ///
    /// Pointers that are not null are of as many bytes, and of as many addresses of kinds, as the
    /// fields beside them say; nothing changes those for the lifetime.
    pub(crate) unsafe fn view(&self) -> Result<View<'_>, Status> {
        if self.abi_version != ABI_VERSION {
            return Err(Status::AbiVersion);
        }
        if self.kind_count > OpKind::ALL.len() {
            return Err(Status::KindCount);
        }
        // SAFETY: an address of a kind, or null, is such an option; the rest is promised.
        let kinds: &[Option<&Kind>] = unsafe { values(self.kinds.cast(), self.kind_count) }?;
        if kinds.iter().any(Option::is_none) || self.blob.is_null() {
            return Err(Status::NullPointer);
        }
        // SAFETY: promised.
        let blob = unsafe { values(self.blob, self.blob_bytes) }?;
        Ok(View { blob, kinds })
    }
}

impl<'a> View<'a> {
    /// Returns where the bytes are.
    pub(crate) fn span(self) -> Result<Span, Status> {
        Span::new(self.blob.as_ptr(), self.blob.len())
    }

    /// Checks the whole model.
    pub(crate) fn parse(self) -> Result<model::Model<'a>, Status> {
        Ok(linked::parse(self.blob, |kind| self.find(kind))?)
    }

    /// Returns the model, which was checked before.
    pub(crate) fn checked(self) -> Result<model::Model<'a>, Status> {
        model::Model::of_checked(self.blob).ok_or(Status::NotInitialized)
    }

    /// Returns the code of a kind, if it is in the table.
    pub(crate) fn find(self, kind: OpKind) -> Option<&'a LinkedKind> {
        let linked = self.kinds.iter().flatten().find(|linked| linked.0.kind() == kind);
        linked.map(|linked| &linked.0)
    }
}
