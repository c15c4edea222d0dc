//! A model as an actor of a C program: one context asks, an interrupt for example, and another
//! answers when it polls, the main loop for example.
#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::ffi::c_void;

use isokern_cpu::core::actor::{ActorCells, ActorPlan, Mailboxes, NoLinks};
use isokern_cpu::core::ring::HostControl;
use isokern_ring::Runner;

use crate::ALIGNMENT;
use crate::model::Model;
use crate::pointers::{self, Sized32, Span, require, require_apart, structure};
use crate::status::Status;

mod arenas;
mod asking;
pub mod calls;
mod clock;
mod handler;

pub use asking::Request;
pub use clock::NowNs;

use arenas::Arenas;
use asking::Asking;
use clock::CallerClock;
use handler::Linked;

/// The most buffers of an actor, and the most questions that are under way at a time.
pub const ACTOR_BUFFERS_MAX: usize = 4;

/// Bytes that an actor takes beside its buffers, on every target.
pub const ACTOR_HEAD_BYTES: usize = 4352;

/// A model that one context asks and another runs, in memory of the caller.
///
/// The structure does not change after `isokern_actor_init`, so both contexts use the same.
#[derive(Debug)]
#[repr(C)]
pub struct Actor {
    /// `sizeof(isokern_actor)`, set by the caller: `ISOKERN_ACTOR_INIT`.
    pub struct_bytes: u32,
    /// Private.
    pub mark: u32,
    /// Private.
    pub memory: *mut c_void,
}

// SAFETY: numbers and a pointer in the order of C, the size first.
unsafe impl Sized32 for Actor {}

/// What an actor has in `mark` after a good `init`.
const READY: u32 = 0x6973_6163;

/// What both sides share: one mailbox, with a slot for each buffer.
type Cells = ActorCells<Mailboxes<ACTOR_BUFFERS_MAX>>;

/// The side that runs the model.
type Running = Runner<(Linked, &'static Cells, Arenas, NoLinks, CallerClock)>;

/// The memory of an actor before its buffers. Each part in a cell is reached from one context.
#[repr(C)]
struct Whole {
    cells: Cells,
    asking: UnsafeCell<Asking>,
    running: UnsafeCell<Running>,
    control: UnsafeCell<HostControl>,
}

const _: () = {
    assert!(size_of::<Whole>() + align_of::<Whole>() <= ACTOR_HEAD_BYTES + ALIGNMENT);
    assert!(ACTOR_HEAD_BYTES.is_multiple_of(ALIGNMENT));
};

/// Returns the bytes of an actor with so many buffers for an arena of so many bytes.
fn actor_bytes(arena_bytes: usize, buffers: u32) -> Result<usize, Status> {
    if buffers == 0 || buffers as usize > ACTOR_BUFFERS_MAX {
        return Err(Status::BufferCount);
    }
    // An arena has fewer than 2^32 bytes, and memory that does not exist is not asked for.
    let stride = arena_bytes.checked_next_multiple_of(ALIGNMENT).ok_or(Status::MemoryTooShort)?;
    let bytes = stride.checked_mul(buffers as usize).ok_or(Status::MemoryTooShort)?;
    bytes.checked_add(ACTOR_HEAD_BYTES).ok_or(Status::MemoryTooShort)
}

/// Memory and clock that a caller gives to an actor.
struct Given {
    memory: (*mut c_void, usize),
    buffers: u32,
    state: (*mut u8, usize),
    clock: CallerClock,
}

impl Actor {
    /// Checks a model and the memory for it, and makes the actor.
    ///
    /// # Safety
    ///
    /// As `isokern_actor_init`.
    unsafe fn init(&mut self, model: *const Model, given: Given) -> Result<(), Status> {
        self.mark = 0;
        let place = Span::new(core::ptr::from_mut(self), size_of::<Self>())?;
        // SAFETY: promised, also that it stays.
        let described: &'static Model = unsafe { structure(model) }?;
        // SAFETY: promised.
        let view = unsafe { described.view() }?;
        let parsed = view.parse()?;
        let need = actor_bytes(parsed.arena_bytes(), given.buffers)?;
        let (memory, bytes) = given.memory;
        require(memory, ALIGNMENT)?;
        if bytes < need {
            return Err(Status::MemoryTooShort);
        }
        let (state, state_bytes) = given.state;
        if parsed.state_bytes() > 0 {
            require(state, ALIGNMENT)?;
        }
        if state_bytes < parsed.state_bytes() {
            return Err(Status::StateTooShort);
        }
        let memory_at = Span::new(memory, need)?;
        let state_at = Span::new(state, parsed.state_bytes())?;
        let described_at = Span::new(model, size_of::<Model>())?;
        require_apart(&[place, memory_at, state_at, view.span()?, described_at])?;

        // SAFETY: as many bytes are there, apart from all else.
        unsafe { memory.cast::<u8>().write_bytes(0, need) };
        let whole = first_whole(memory);
        // SAFETY: cells are all zero when new, and so is this memory, on their boundary.
        let cells: &'static Cells = unsafe { &(*whole).cells };
        let first = memory.cast::<u8>().wrapping_add(ACTOR_HEAD_BYTES);
        let arenas = Arenas::new(first, parsed.arena_bytes(), given.buffers);
        let asking = Asking::new(cells, arenas, (view, state), given.clock);
        let asking = asking.ok_or(Status::ActorDamaged)?;
        let handler = Linked::new(view, state);
        // SAFETY: the state is there, and nothing else uses it yet.
        unsafe { handler.begin() }?;
        let plan = ActorPlan::new().with_buffers(arenas);
        let running = Runner::new((handler, handler::WHOLE), cells, plan, given.clock);
        // SAFETY: the place of the part, which nothing was written to.
        let place = unsafe { &raw mut (*whole).asking };
        // SAFETY: as above.
        unsafe { place.write(UnsafeCell::new(asking)) };
        // SAFETY: as above.
        let place = unsafe { &raw mut (*whole).running };
        // SAFETY: as above.
        unsafe { place.write(UnsafeCell::new(running)) };
        // SAFETY: as above.
        let place = unsafe { &raw mut (*whole).control };
        // SAFETY: as above.
        unsafe { place.write(UnsafeCell::new(HostControl::new())) };
        self.memory = memory;
        self.mark = READY;
        Ok(())
    }

    /// Returns the memory of an actor that was initialised.
    ///
    /// # Safety
    ///
    /// The structure is as long as it says, and what `init` was given is still there.
    unsafe fn whole<'a>(actor: *const Self) -> Result<&'a Whole, Status> {
        // SAFETY: promised.
        let actor: &Self = unsafe { structure(actor) }?;
        if actor.mark != READY {
            return Err(Status::NotInitialized);
        }
        pointers::require(actor.memory, ALIGNMENT)?;
        // SAFETY: `init` wrote it there.
        Ok(unsafe { &*first_whole(actor.memory) })
    }
}

/// Returns where the parts of an actor are: the first boundary of theirs.
fn first_whole(memory: *mut c_void) -> *mut Whole {
    let offset = memory.addr().wrapping_neg() % align_of::<Whole>();
    memory.wrapping_byte_add(offset).cast()
}
