//! The memory a model runs in: an arena, and the state of a model that has one.

use isokern_core::Cells;

use crate::tensor::{Region, Tensor};

/// The memory that the operators of a model read and write.
///
/// ```
/// use isokern_core::Cells;
/// use isokern_model::Memory;
///
/// let mut arena = [0_i8; 64];
/// let memory = Memory::stateless(Cells::from_mut(&mut arena));
/// assert!(memory.state.is_empty());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Memory<'a> {
    /// The arena: at least [`arena_bytes`](crate::Model::arena_bytes).
    pub arena: Cells<'a>,
    /// The state: at least [`state_bytes`](crate::Model::state_bytes). It must hold what the
    /// run before left, or the initial contents.
    pub state: Cells<'a>,
}

impl<'a> Memory<'a> {
    /// Returns the memory of a model without state.
    #[must_use]
    pub fn stateless(arena: Cells<'a>) -> Self {
        Self { arena, state: Cells::from_mut(&mut []) }
    }

    /// Returns the bytes of `tensor`.
    #[cfg_attr(target_arch = "riscv32", inline(never))] // Once in firmware, whose flash is short.
    #[cfg_attr(not(target_arch = "riscv32"), inline)]
    #[must_use]
    pub fn view(&self, tensor: &Tensor) -> Cells<'a> {
        let region = match tensor.region() {
            Region::Arena => self.arena,
            Region::State => self.state,
        };
        region.window(tensor.offset(), tensor.bytes())
    }
}
