//! A model in the memory that a C program gave it.
#![allow(unsafe_code)]

use isokern_cpu::core::Cells;
use isokern_cpu::linked;
use isokern_cpu::model::{self, Memory};

use crate::ALIGNMENT;
use crate::model::{Model, View};
use crate::pointers::{self, Sized32, Span, cells, require_apart, structure};
use crate::status::Status;
use crate::tensor::Tensor;

/// A model with its memory. One thread or interrupt at a time uses a session; several sessions may
/// share a model.
#[derive(Debug)]
#[repr(C)]
pub struct Session {
    /// `sizeof(isokern_session)`, set by the caller: `ISOKERN_SESSION_INIT`.
    pub struct_bytes: u32,
    /// Private.
    pub mark: u32,
    /// Private.
    pub model: *const Model,
    /// Private.
    pub arena: *mut u8,
    /// Private.
    pub state: *mut u8,
}

// SAFETY: numbers and pointers in the order of C, the size first.
unsafe impl Sized32 for Session {}

/// What a session has in `mark` between a good `init` and the next.
const READY: u32 = 0x6973_6f6b;

/// One of the lists of tensors that a caller sees.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    Input,
    Output,
}

impl Side {
    /// Returns the tensor at an index of the list; an empty one where there is none.
    pub(crate) fn port(self, model: &model::Model<'_>, index: u32) -> model::Tensor {
        match self {
            Self::Input => model.input_at(index as usize),
            Self::Output => model.output_at(index as usize),
        }
    }
}

/// Memory of the caller, and how much of it there is.
pub(crate) struct Lent {
    pub(crate) start: *mut u8,
    pub(crate) bytes: usize,
}

impl Lent {
    /// Returns the part that is needed; `short` unless there is as much.
    fn take(&self, need: usize, short: Status) -> Result<Span, Status> {
        if need > 0 {
            pointers::require(self.start, ALIGNMENT)?;
        }
        if self.bytes < need {
            return Err(short);
        }
        Span::new(self.start, need)
    }
}

impl Session {
    /// Checks model and memory, and prepares the first run.
    ///
    /// # Safety
    ///
    /// `model` and memory are as the header asks for.
    pub(crate) unsafe fn init(
        &mut self,
        model: *const Model,
        arena: &Lent,
        state: &Lent,
    ) -> Result<(), Status> {
        self.mark = 0;
        let place = Span::new(&raw const *self, self.struct_bytes as usize)?;
        // SAFETY: promised.
        let described = unsafe { structure(model) }?;
        let described_at = Span::new(model, size_of::<Model>())?;
        // SAFETY: promised.
        let view = unsafe { described.view() }?;
        let parsed = view.parse()?;
        let arena_at = arena.take(parsed.arena_bytes(), Status::ArenaTooShort)?;
        let state_at = state.take(parsed.state_bytes(), Status::StateTooShort)?;
        require_apart(&[place, arena_at, state_at, view.span()?, described_at])?;
        (self.model, self.arena, self.state) = (model, arena.start, state.start);
        // SAFETY: the memory is there, apart from all else.
        unsafe { self.clear(&parsed) }?;
        self.mark = READY;
        Ok(())
    }

    /// Zeroes the arena and gives the state its initial contents.
    ///
    /// # Safety
    ///
    /// The session has a checked model, this one, and the memory for it.
    unsafe fn clear(&mut self, model: &model::Model<'_>) -> Result<(), Status> {
        // SAFETY: the arena has as many bytes; what they are before does not matter.
        unsafe { self.arena.write_bytes(0, model.arena_bytes()) };
        if model.state_bytes() > 0 {
            // SAFETY: so has the state.
            unsafe { self.state.write_bytes(0, model.state_bytes()) };
        }
        // SAFETY: the bytes are there, and nothing else uses them.
        let state = unsafe { cells(self.state, model.state_bytes()) }?;
        for (cell, byte) in state.iter_mut().zip(model.initial_state()) {
            *cell = byte.cast_signed();
        }
        Ok(())
    }

    /// Views the model of a session that is ready.
    ///
    /// # Safety
    ///
    /// What `init` was given is still there.
    unsafe fn view<'a>(&self) -> Result<View<'a>, Status> {
        if self.mark != READY {
            return Err(Status::NotInitialized);
        }
        // SAFETY: promised.
        let described: &'a Model = unsafe { structure(self.model) }?;
        // SAFETY: promised.
        unsafe { described.view() }
    }

    /// Runs the model once.
    ///
    /// # Safety
    ///
    /// As [`view`](Self::view).
    pub(crate) unsafe fn run(&mut self) -> Result<(), Status> {
        // SAFETY: promised.
        let view = unsafe { self.view() }?;
        let model = view.checked()?;
        // SAFETY: `init` found as many bytes, apart from all else.
        let arena = unsafe { cells(self.arena, model.arena_bytes()) }?;
        // SAFETY: as above.
        let state = unsafe { cells(self.state, model.state_bytes()) }?;
        let memory = Memory { arena: Cells::from_mut(arena), state: Cells::from_mut(state) };
        Ok(linked::run_all(&model, |kind| view.find(kind), &memory)?)
    }

    /// Returns to where `init` left the session.
    ///
    /// # Safety
    ///
    /// As [`view`](Self::view).
    pub(crate) unsafe fn reset(&mut self) -> Result<(), Status> {
        // SAFETY: promised.
        let model = unsafe { self.view() }?.checked()?;
        // SAFETY: promised.
        unsafe { self.clear(&model) }
    }

    /// Describes an input or output.
    ///
    /// # Safety
    ///
    /// As [`view`](Self::view).
    pub(crate) unsafe fn describe(
        &self,
        target: &mut Tensor,
        (side, index): (Side, u32),
    ) -> Result<(), Status> {
        // SAFETY: promised.
        let model = unsafe { self.view() }?.checked()?;
        let tensor = side.port(&model, index);
        if tensor.is_empty() {
            return Err(Status::NoSuchTensor);
        }
        target.describe(&tensor, self.arena, self.state);
        Ok(())
    }
}
