//! Calls of rings and actors as a C program makes them, of memory that the tests own.
#![allow(unsafe_code)]

use core::ffi::c_void;
use core::ptr;

use isokern_capi::actor::ACTOR_HEAD_BYTES;
use isokern_capi::actor::calls::{
    isokern_actor_answer, isokern_actor_ask, isokern_actor_bytes, isokern_actor_claim,
    isokern_actor_close, isokern_actor_init, isokern_actor_input, isokern_actor_output,
    isokern_actor_poll, isokern_actor_release, isokern_actor_stop,
};
use isokern_capi::ring::{
    isokern_ring_close, isokern_ring_init, isokern_ring_leave, isokern_ring_pop, isokern_ring_push,
};
use isokern_capi::{Actor, Model, Request, Ring, Status, Tensor};

use super::{Aligned, Program, tensor};

/// A ring of a program, and its memory.
#[derive(Debug)]
pub(crate) struct RingProgram {
    pub(crate) ring: Ring,
    pub(crate) memory: Aligned,
}

impl RingProgram {
    pub(crate) fn new(bytes: usize) -> Self {
        let ring = Ring {
            struct_bytes: size_of::<Ring>() as u32,
            mark: 0,
            memory: ptr::null_mut(),
            slots: 0,
            message_bytes: 0,
        };
        Self { ring, memory: Aligned::zeroed(bytes) }
    }

    pub(crate) fn init(&mut self, slots: u32, message_bytes: u32) -> Status {
        let (memory, bytes) = (self.memory.start(), self.memory.len());
        ring_init(&raw mut self.ring, (memory, bytes), (slots, message_bytes))
    }

    pub(crate) fn push(&self, message: &[u8]) -> Status {
        push(&raw const self.ring, message.as_ptr())
    }

    /// Takes a message of at most 64 bytes.
    pub(crate) fn pop(&self) -> Result<[u8; 64], Status> {
        let mut message = [0; 64];
        match pop(&raw const self.ring, message.as_mut_ptr()) {
            Status::Ok => Ok(message),
            status => Err(status),
        }
    }

    pub(crate) fn close(&self) -> Status {
        // SAFETY: what is not refused is memory of the test, as long as it says.
        unsafe { isokern_ring_close(&raw const self.ring) }
    }

    pub(crate) fn leave(&self) -> Status {
        // SAFETY: as above.
        unsafe { isokern_ring_leave(&raw const self.ring) }
    }
}

pub(crate) fn ring_init(
    ring: *mut Ring,
    (memory, bytes): (*mut u8, usize),
    (slots, message_bytes): (u32, u32),
) -> Status {
    // SAFETY: what is not refused is memory of the test, as long as it says.
    unsafe { isokern_ring_init(ring, memory.cast(), bytes, slots, message_bytes) }
}

pub(crate) fn push(ring: *const Ring, message: *const u8) -> Status {
    // SAFETY: as above.
    unsafe { isokern_ring_push(ring, message.cast()) }
}

pub(crate) fn pop(ring: *const Ring, message: *mut u8) -> Status {
    // SAFETY: as above.
    unsafe { isokern_ring_pop(ring, message.cast()) }
}

/// An actor of a program, its memory and its clock.
#[derive(Debug)]
pub(crate) struct ActorProgram {
    pub(crate) program: Box<Program>,
    pub(crate) actor: Actor,
    pub(crate) memory: Aligned,
    pub(crate) clock: Box<Clock>,
}

/// A clock that advances by a step whenever it is read.
#[derive(Debug)]
pub(crate) struct Clock {
    pub(crate) now_ns: u64,
    pub(crate) step_ns: u64,
}

unsafe extern "C" fn now_ns(clock: *mut c_void) -> u64 {
    // SAFETY: it is the clock of an `ActorProgram`, which one thread uses.
    let clock = unsafe { &mut *clock.cast::<Clock>() };
    clock.now_ns += clock.step_ns;
    clock.now_ns
}

impl ActorProgram {
    /// Declares an actor for these bytes, with memory for so many buffers of an arena.
    pub(crate) fn new(bytes: &[u8], (arena, state): (usize, usize), buffers: usize) -> Self {
        let actor =
            Actor { struct_bytes: size_of::<Actor>() as u32, mark: 0, memory: ptr::null_mut() };
        Self {
            program: Program::new(bytes, (0, state)),
            actor,
            memory: Aligned::zeroed(ACTOR_HEAD_BYTES + buffers * arena.next_multiple_of(16)),
            clock: Box::new(Clock { now_ns: 1, step_ns: 0 }),
        }
    }

    pub(crate) fn init(&mut self, buffers: u32) -> Status {
        let memory = (self.memory.start(), self.memory.len());
        let state = (self.program.state.start(), self.program.state.len());
        let model = &raw const self.program.model;
        let clock = (&raw mut *self.clock).cast();
        let actor = &raw mut self.actor;
        // SAFETY: what is not refused is memory of the test, as long as it says.
        unsafe {
            isokern_actor_init(
                actor,
                model,
                memory.0.cast(),
                memory.1,
                buffers,
                state.0,
                state.1,
                Some(now_ns),
                clock,
            )
        }
    }

    /// Initialises with other memory, and without a clock.
    pub(crate) fn init_with(
        &mut self,
        (memory, bytes): (*mut u8, usize),
        (state, state_bytes): (*mut u8, usize),
        buffers: u32,
    ) -> Status {
        let (actor, model) = (&raw mut self.actor, &raw const self.program.model);
        let clock = ptr::null_mut();
        // SAFETY: as above.
        unsafe {
            isokern_actor_init(
                actor,
                model,
                memory.cast(),
                bytes,
                buffers,
                state,
                state_bytes,
                None,
                clock,
            )
        }
    }

    pub(crate) fn claim(&self) -> Result<Request, Status> {
        let mut request = request();
        // SAFETY: as above.
        let status = unsafe { isokern_actor_claim(&raw const self.actor, &raw mut request) };
        if status == Status::Ok { Ok(request) } else { Err(status) }
    }

    pub(crate) fn input(&self, request: &Request, index: u32) -> Result<Tensor, Status> {
        let mut tensor = tensor();
        let (actor, out) = (&raw const self.actor, &raw mut tensor);
        // SAFETY: as above.
        let status = unsafe { isokern_actor_input(actor, request, index, out) };
        if status == Status::Ok { Ok(tensor) } else { Err(status) }
    }

    pub(crate) fn output(&self, request: &Request, index: u32) -> Result<Tensor, Status> {
        let mut tensor = tensor();
        let (actor, out) = (&raw const self.actor, &raw mut tensor);
        // SAFETY: as above.
        let status = unsafe { isokern_actor_output(actor, request, index, out) };
        if status == Status::Ok { Ok(tensor) } else { Err(status) }
    }

    pub(crate) fn ask(&self, request: &mut Request, deadline_ns: u64) -> Status {
        // SAFETY: as above.
        unsafe { isokern_actor_ask(&raw const self.actor, request, deadline_ns) }
    }

    pub(crate) fn answer(&self) -> Result<Request, Status> {
        let mut request = request();
        // SAFETY: as above.
        let status = unsafe { isokern_actor_answer(&raw const self.actor, &raw mut request) };
        if status == Status::Ok { Ok(request) } else { Err(status) }
    }

    pub(crate) fn release(&self, request: &mut Request) -> Status {
        // SAFETY: as above.
        unsafe { isokern_actor_release(&raw const self.actor, request) }
    }

    pub(crate) fn close(&self) -> Status {
        // SAFETY: as above.
        unsafe { isokern_actor_close(&raw const self.actor) }
    }

    pub(crate) fn stop(&self) -> Status {
        // SAFETY: as above.
        unsafe { isokern_actor_stop(&raw const self.actor) }
    }

    pub(crate) fn poll(&self) -> Status {
        // SAFETY: as above.
        unsafe { isokern_actor_poll(&raw const self.actor) }
    }
}

pub(crate) const fn request() -> Request {
    Request { struct_bytes: size_of::<Request>() as u32, buffer: 9, sequence: 0, status: 9 }
}

pub(crate) fn actor_bytes(model: *const Model, buffers: u32) -> usize {
    // SAFETY: as above.
    unsafe { isokern_actor_bytes(model, buffers) }
}
