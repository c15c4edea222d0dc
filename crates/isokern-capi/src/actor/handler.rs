//! What an actor does with a message: runs its model in the buffer that came with it.
#![allow(unsafe_code)]

use isokern_cpu::core::ring::BufferHandle;
use isokern_cpu::core::{
    Cells, GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext,
    RingKernelHandler,
};
use isokern_cpu::linked;
use isokern_cpu::model::Memory;

use crate::model::View;
use crate::pointers::cells;
use crate::status::Status;

/// A model of the caller, and where its state is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linked {
    view: View<'static>,
    state: *mut u8,
}

// SAFETY: model and kinds are read; the state is used by the context that runs the model.
unsafe impl Send for Linked {}
// SAFETY: as above.
unsafe impl Sync for Linked {}

/// Marks of an actor: no step is under way, or one was begun.
pub(super) const WHOLE: u32 = 0;
const BEGUN: u32 = 1;

impl Linked {
    pub(super) const fn new(view: View<'static>, state: *mut u8) -> Self {
        Self { view, state }
    }

    /// Gives the state its initial contents.
    ///
    /// # Safety
    ///
    /// The state has as many bytes as the model needs, which nothing else uses.
    pub(super) unsafe fn begin(&self) -> Result<(), Status> {
        let model = self.view.checked()?;
        if model.state_bytes() > 0 {
            // SAFETY: promised.
            unsafe { self.state.write_bytes(0, model.state_bytes()) };
        }
        // SAFETY: promised; it was written.
        let state = unsafe { cells(self.state, model.state_bytes()) }?;
        for (cell, byte) in state.iter_mut().zip(model.initial_state()) {
            *cell = byte.cast_signed();
        }
        Ok(())
    }

    /// Runs one operator in a buffer.
    fn run(&self, index: usize, payload: &mut [u8]) -> Result<(), Status> {
        let model = self.view.checked()?;
        if payload.len() < model.arena_bytes() {
            return Err(Status::ArenaTooShort);
        }
        // SAFETY: the payload is there, on a boundary, and borrowed.
        let arena = unsafe { cells(payload.as_mut_ptr(), model.arena_bytes()) }?;
        // SAFETY: `init` found as many bytes, apart from all else; this context alone uses them.
        let state = unsafe { cells(self.state, model.state_bytes()) }?;
        let memory = Memory { arena: Cells::from_mut(arena), state: Cells::from_mut(state) };
        let steps = index..index + 1;
        Ok(linked::run_steps(&model, steps, |kind| self.view.find(kind), &memory)?)
    }
}

/// Returns the error that carries a status to the side that asked.
fn refuse(status: Status) -> KernelError {
    KernelError::Failed { code: status as u32 }
}

impl GpuKernel for Linked {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("model", KernelMode::Ring) }
    }
}

impl RingKernelHandler<BufferHandle, ()> for Linked {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        _: BufferHandle,
    ) -> Result<(), KernelError> {
        let mark = context.state::<u32>()?;
        if core::mem::replace(mark, BEGUN) != WHOLE {
            // A step that did not end leaves no half state.
            // SAFETY: `init` found as many bytes; this context alone uses them.
            unsafe { self.begin() }.map_err(refuse)?;
        }
        let count = self.view.checked().map_err(refuse)?.operator_count();
        for index in 0..count {
            if index > 0 {
                context.yield_now().await;
            }
            self.run(index, context.payload_mut()).map_err(refuse)?;
        }
        *context.state::<u32>()? = WHOLE;
        Ok(())
    }
}

impl Resident for Linked {
    type Handler = Self;
    type Message = BufferHandle;
    type Reply = ();
    /// A mark: whether a step is under way.
    type State = u32;

    fn buffer_of(message: &BufferHandle) -> Option<BufferHandle> {
        Some(*message)
    }

    fn into_parts(self) -> (Self, u32) {
        (self, WHOLE)
    }
}
