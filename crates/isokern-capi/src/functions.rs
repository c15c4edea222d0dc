//! The functions of the header.
#![allow(unsafe_code)]

use core::ffi::c_char;
use core::ptr;

use isokern_cpu::model::OpKind;

use crate::ABI_VERSION;
use crate::kind::symbol_of;
use crate::model::{Model, Sizes};
use crate::pointers::{structure, structure_mut};
use crate::session::{Lent, Session, Side};
use crate::status::Status;
use crate::tensor::Tensor;

/// Returns the version of this interface that the library has. A header fits if its
/// `ISOKERN_ABI_VERSION` is the same.
#[unsafe(no_mangle)]
pub extern "C" fn isokern_abi_version() -> u32 {
    ABI_VERSION
}

/// Returns what a status means and what to do, as a constant text; also for a number that is no
/// status.
#[unsafe(no_mangle)]
pub extern "C" fn isokern_status_text(status: i32) -> *const c_char {
    Status::text_of(status)
}

/// Checks a model and says what it needs.
///
/// # Safety
///
/// Pointers are null, or of structures that are as long as they say; those of the model are of as
/// many bytes and kinds as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_model_sizes(model: *const Model, sizes: *mut Sizes) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { sizes_of(model, sizes) })
}

/// Returns the name of the first symbol that the table of a model lacks, as a constant text: what
/// `ISOKERN_STATUS_KIND_NOT_LINKED` is about. Null if it lacks none, or the model cannot be read.
///
/// # Safety
///
/// As for `isokern_model_sizes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_missing_kind(model: *const Model) -> *const c_char {
    // SAFETY: the caller's promise.
    let missing = unsafe { missing_kind(model) };
    missing.map_or(ptr::null(), |kind| symbol_of(kind).as_ptr())
}

/// Checks a model and the memory for it, and prepares the first run.
///
/// The model is checked whole, so that any bytes give a status or run to an answer. The session
/// keeps the pointers: model, bytes, kinds, arena and state must stay until its last use. Arena and
/// state are on a boundary of `ISOKERN_ALIGNMENT` bytes; without state they may be `NULL, 0`.
/// A session may be initialised again, with another model too.
///
/// # Safety
///
/// As for `isokern_model_sizes`; arena and state are null, or of as many bytes as the arguments
/// say, which nothing else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_init(
    session: *mut Session,
    model: *const Model,
    arena: *mut u8,
    arena_bytes: usize,
    state: *mut u8,
    state_bytes: usize,
) -> Status {
    let arena = Lent { start: arena, bytes: arena_bytes };
    let state = Lent { start: state, bytes: state_bytes };
    // SAFETY: the caller's promise.
    Status::of(unsafe { structure_mut::<Session>(session) }.and_then(|session| {
        // SAFETY: the caller's promise.
        unsafe { session.init(model, &arena, &state) }
    }))
}

/// Describes the input at `index`, from 0. The caller writes it before each run.
///
/// # Safety
///
/// Pointers are null, or of structures that are as long as they say; what `isokern_init` was given
/// is still there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_input(
    session: *const Session,
    index: u32,
    tensor: *mut Tensor,
) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { describe(session, tensor, (Side::Input, index)) })
}

/// Describes the output at `index`, from 0. It is an answer after a run, until inputs are written.
///
/// # Safety
///
/// As for `isokern_input`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_output(
    session: *const Session,
    index: u32,
    tensor: *mut Tensor,
) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { describe(session, tensor, (Side::Output, index)) })
}

/// Runs the model on what its inputs hold.
///
/// # Safety
///
/// As for `isokern_input`; nothing else uses session, arena and state meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_run(session: *mut Session) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { structure_mut::<Session>(session) }.and_then(|session| {
        // SAFETY: the caller's promise.
        unsafe { session.run() }
    }))
}

/// Returns a session to where `isokern_init` left it: a zeroed arena, the initial state.
///
/// # Safety
///
/// As for `isokern_run`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_reset(session: *mut Session) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { structure_mut::<Session>(session) }.and_then(|session| {
        // SAFETY: the caller's promise.
        unsafe { session.reset() }
    }))
}

/// Works as `isokern_input` and `isokern_output`, whose code is in firmware once.
///
/// # Safety
///
/// As there.
#[inline(never)]
unsafe fn describe(
    session: *const Session,
    tensor: *mut Tensor,
    port: (Side, u32),
) -> Result<(), Status> {
    // SAFETY: the caller's promise.
    let session: &Session = unsafe { structure(session) }?;
    // SAFETY: the caller's promise.
    let tensor = unsafe { structure_mut(tensor) }?;
    // SAFETY: the caller's promise.
    unsafe { session.describe(tensor, port) }
}

/// Works as `isokern_model_sizes`.
///
/// # Safety
///
/// As there.
unsafe fn sizes_of(model: *const Model, sizes: *mut Sizes) -> Result<(), Status> {
    // SAFETY: the caller's promise.
    let described: &Model = unsafe { structure(model) }?;
    // SAFETY: the caller's promise.
    let sizes = unsafe { structure_mut(sizes) }?;
    // SAFETY: the caller's promise.
    let parsed = unsafe { described.view() }?.parse()?;
    sizes.input_count = parsed.input_count() as u32;
    sizes.output_count = parsed.output_count() as u32;
    sizes.arena_bytes = parsed.arena_bytes();
    sizes.state_bytes = parsed.state_bytes();
    Ok(())
}

/// Works as `isokern_missing_kind`.
///
/// # Safety
///
/// As there.
unsafe fn missing_kind(model: *const Model) -> Option<OpKind> {
    // SAFETY: the caller's promise.
    let described: &Model = unsafe { structure(model) }.ok()?;
    // SAFETY: the caller's promise.
    let view = unsafe { described.view() }.ok()?;
    let needed = view.checked().ok()?.operator_set();
    let is_missing = |kind: &OpKind| needed.contains(*kind) && view.find(*kind).is_none();
    OpKind::ALL.iter().copied().find(is_missing)
}
