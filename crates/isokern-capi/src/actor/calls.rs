//! The functions of the header that are of actors.
#![allow(unsafe_code)]

use core::ffi::c_void;

use isokern_ring::{Spinning, Step};

use super::asking::{Asking, Request};
use super::clock::{CallerClock, NowNs};
use super::{Actor, Given, actor_bytes};
use crate::model::Model;
use crate::pointers::{structure, structure_mut};
use crate::session::Side;
use crate::status::Status;
use crate::tensor::Tensor;

/// Returns the bytes of an actor of this model with 1 to 4 buffers, for `isokern_actor_init`; 0
/// where there is no such actor.
///
/// `ISOKERN_ACTOR_BYTES` is the same as a constant.
///
/// # Safety
///
/// As for `isokern_model_sizes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_bytes(model: *const Model, buffers: u32) -> usize {
    // SAFETY: the caller's promise.
    unsafe { bytes_of(model, buffers) }.unwrap_or_default()
}

/// Checks a model and the memory for it, and makes an actor of it with 1 to 4 buffers.
///
/// Each buffer is an arena: so many questions may be under way. The actor keeps the pointers: all
/// of it must stay until the last use. Memory and state are on a boundary of `ISOKERN_ALIGNMENT`
/// bytes; without state they may be `NULL, 0`. `now_ns` is the clock of deadlines and may be null;
/// both contexts call it with `clock`. Neither context uses the actor meanwhile; it may be
/// initialised again later.
///
/// # Safety
///
/// As for `isokern_init`; `now_ns` is null or can be called with `clock`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_init(
    actor: *mut Actor,
    model: *const Model,
    memory: *mut c_void,
    memory_bytes: usize,
    buffers: u32,
    state: *mut u8,
    state_bytes: usize,
    now_ns: NowNs,
    clock: *mut c_void,
) -> Status {
    let given = Given {
        memory: (memory, memory_bytes),
        buffers,
        state: (state, state_bytes),
        clock: CallerClock { now: now_ns, context: clock },
    };
    // SAFETY: the caller's promise.
    Status::of(unsafe { structure_mut::<Actor>(actor) }.and_then(|actor| {
        // SAFETY: the caller's promise.
        unsafe { actor.init(model, given) }
    }))
}

/// Claims a buffer, to write inputs into it: `ISOKERN_STATUS_FULL` while none is free. From the
/// context that asks.
///
/// # Safety
///
/// Pointers are null, or of structures that are as long as they say; what `isokern_actor_init` was
/// given is still there. One context at a time asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_claim(actor: *const Actor, request: *mut Request) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { with_request(actor, request, Asking::claim) })
}

/// Describes the input at `index` in a claimed buffer. From the context that asks.
///
/// # Safety
///
/// As for `isokern_actor_claim`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_input(
    actor: *const Actor,
    request: *const Request,
    index: u32,
    tensor: *mut Tensor,
) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { describe(actor, request, tensor, (Side::Input, index)) })
}

/// Describes the output at `index` in a buffer that came back with an answer. From the context that
/// asks.
///
/// # Safety
///
/// As for `isokern_actor_claim`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_output(
    actor: *const Actor,
    request: *const Request,
    index: u32,
    tensor: *mut Tensor,
) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { describe(actor, request, tensor, (Side::Output, index)) })
}

/// Asks for a run on the inputs in a claimed buffer, which is the other side's until its answer.
/// From the context that asks.
///
/// `deadline_ns` is a moment of the actor's clock, 0 for none. `ISOKERN_STATUS_CLOSED` once the
/// actor has ended or this side was closed.
///
/// # Safety
///
/// As for `isokern_actor_claim`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_ask(
    actor: *const Actor,
    request: *mut Request,
    deadline_ns: u64,
) -> Status {
    let ask = |asking: &mut Asking, request: &mut Request| asking.ask(request, deadline_ns);
    // SAFETY: the caller's promise.
    Status::of(unsafe { with_request(actor, request, ask) })
}

/// Takes the oldest answer, with its buffer and with how the model ran in `status`:
/// `ISOKERN_STATUS_EMPTY` while there is none, `ISOKERN_STATUS_CLOSED` once none will come. From
/// the context that asks.
///
/// # Safety
///
/// As for `isokern_actor_claim`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_answer(
    actor: *const Actor,
    request: *mut Request,
) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { with_request(actor, request, Asking::answer) })
}

/// Gives a buffer back, claimed or answered. From the context that asks.
///
/// # Safety
///
/// As for `isokern_actor_claim`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_release(
    actor: *const Actor,
    request: *mut Request,
) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { with_request(actor, request, |asking, request| asking.release(request)) })
}

/// Asks no more: the actor answers what was asked, and ends. From the context that asks.
///
/// # Safety
///
/// As for `isokern_actor_claim`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_close(actor: *const Actor) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { Actor::whole(actor) }.map(|whole| {
        // SAFETY: the context that asks is the one that reaches this part.
        unsafe { &mut *whole.asking.get() }.close();
    }))
}

/// Begins the actor, or answers one question: `ISOKERN_STATUS_EMPTY` if there was nothing to do,
/// `ISOKERN_STATUS_CLOSED` once the actor has ended. From the context that runs the model, as often
/// as it has time.
///
/// # Safety
///
/// As for `isokern_actor_claim`; one context at a time polls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_poll(actor: *const Actor) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { poll(actor) })
}

/// Ends the actor at its next poll: what waits is answered with `ISOKERN_STATUS_STOPPED`. From the
/// context that polls, between two polls or in the clock.
///
/// # Safety
///
/// As for `isokern_actor_poll`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_actor_stop(actor: *const Actor) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { Actor::whole(actor) }.map(|whole| {
        // SAFETY: the context that polls is the one that reaches this part, here alone.
        unsafe { &mut *whole.control.get() }
            .stop(isokern_cpu::core::actor::ActorMemory::host_line(&whole.cells));
    }))
}

/// Works as `isokern_actor_bytes`.
///
/// # Safety
///
/// As there.
unsafe fn bytes_of(model: *const Model, buffers: u32) -> Result<usize, Status> {
    // SAFETY: promised.
    let described: &Model = unsafe { structure(model) }?;
    // SAFETY: promised.
    let parsed = unsafe { described.view() }?.parse()?;
    actor_bytes(parsed.arena_bytes(), buffers)
}

/// Does something with a request on the side that asks.
///
/// # Safety
///
/// As `isokern_actor_claim`.
unsafe fn with_request(
    actor: *const Actor,
    request: *mut Request,
    call: impl FnOnce(&mut Asking, &mut Request) -> Result<(), Status>,
) -> Result<(), Status> {
    // SAFETY: promised.
    let whole = unsafe { Actor::whole(actor) }?;
    // SAFETY: promised.
    let request = unsafe { structure_mut(request) }?;
    // SAFETY: the context that asks is the one that reaches this part.
    call(unsafe { &mut *whole.asking.get() }, request)
}

/// Works as `isokern_actor_input` and `isokern_actor_output`, whose code is in firmware once.
///
/// # Safety
///
/// As there.
#[inline(never)]
unsafe fn describe(
    actor: *const Actor,
    request: *const Request,
    tensor: *mut Tensor,
    port: (Side, u32),
) -> Result<(), Status> {
    // SAFETY: promised.
    let whole = unsafe { Actor::whole(actor) }?;
    // SAFETY: promised.
    let request: &Request = unsafe { structure(request) }?;
    // SAFETY: promised.
    let tensor = unsafe { structure_mut(tensor) }?;
    // SAFETY: the context that asks is the one that reaches this part.
    unsafe { &mut *whole.asking.get() }.describe(request, tensor, port)
}

/// Works as `isokern_actor_poll`.
///
/// # Safety
///
/// As there.
unsafe fn poll(actor: *const Actor) -> Result<(), Status> {
    // SAFETY: promised.
    let whole = unsafe { Actor::whole(actor) }?;
    // SAFETY: the context that polls is the one that reaches this part.
    let running = unsafe { &mut *whole.running.get() };
    match running.step(&mut Spinning) {
        Step::Worked => Ok(()),
        Step::Idle => Err(Status::Empty),
        _ => Err(Status::Closed),
    }
}
