//! Calls as a C program makes them, of memory that the tests own.
#![allow(unsafe_code)]
#![allow(dead_code, reason = "each suite uses some")]

pub(crate) mod contexts;

use core::ffi::CStr;
use core::ptr;
use std::fs;
use std::path::{Path, PathBuf};

use isokern_capi::functions::{
    isokern_init, isokern_input, isokern_missing_kind, isokern_model_sizes, isokern_output,
    isokern_reset, isokern_run, isokern_status_text,
};
use isokern_capi::kind::{
    isokern_kind_add, isokern_kind_add_n, isokern_kind_binary, isokern_kind_conv2d,
    isokern_kind_convert, isokern_kind_depthwise_conv2d, isokern_kind_fully_connected,
    isokern_kind_gather, isokern_kind_move, isokern_kind_pool, isokern_kind_reduce,
    isokern_kind_reshape, isokern_kind_select, isokern_kind_softmax, isokern_kind_table,
};
use isokern_capi::{ABI_VERSION, Kind, Model, Session, Sizes, Status, Tensor};
use isokern_cpu::model::layout::Layout;

/// Every kind, in the order of the codes.
pub(crate) static KINDS: [&Kind; 15] = [
    &isokern_kind_conv2d,
    &isokern_kind_depthwise_conv2d,
    &isokern_kind_fully_connected,
    &isokern_kind_add,
    &isokern_kind_pool,
    &isokern_kind_reshape,
    &isokern_kind_softmax,
    &isokern_kind_table,
    &isokern_kind_binary,
    &isokern_kind_reduce,
    &isokern_kind_move,
    &isokern_kind_gather,
    &isokern_kind_convert,
    &isokern_kind_select,
    &isokern_kind_add_n,
];

/// Bytes on a boundary of 16, with room for one more boundary.
#[derive(Debug)]
pub(crate) struct Aligned {
    chunks: Vec<u128>,
    len: usize,
}

impl Aligned {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut chunks = vec![0_u128; bytes.len().div_ceil(16) + 1];
        for (chunk, part) in chunks.iter_mut().zip(bytes.chunks(16)) {
            let mut whole = [0; 16];
            whole[..part.len()].copy_from_slice(part);
            *chunk = u128::from_ne_bytes(whole);
        }
        Self { chunks, len: bytes.len() }
    }

    pub(crate) fn zeroed(len: usize) -> Self {
        Self::new(&vec![0; len])
    }

    pub(crate) fn start(&mut self) -> *mut u8 {
        self.chunks.as_mut_ptr().cast()
    }

    /// Returns the first bytes.
    pub(crate) fn bytes(&self, len: usize) -> &[u8] {
        assert!(len <= self.len);
        // SAFETY: the chunks have as many, and any byte is one.
        unsafe { core::slice::from_raw_parts(self.chunks.as_ptr().cast(), len) }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

/// Everything a C program declares for one model.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) blob: Aligned,
    pub(crate) kinds: Vec<*const Kind>,
    pub(crate) model: Model,
    pub(crate) session: Session,
    pub(crate) arena: Aligned,
    pub(crate) state: Aligned,
}

impl Program {
    /// Declares a program for these bytes, with all kinds.
    pub(crate) fn new(bytes: &[u8], (arena, state): (usize, usize)) -> Box<Self> {
        let mut program = Box::new(Self {
            blob: Aligned::new(bytes),
            kinds: KINDS.iter().map(|kind| ptr::from_ref(*kind)).collect(),
            model: Model {
                struct_bytes: size_of::<Model>() as u32,
                abi_version: ABI_VERSION,
                blob: ptr::null(),
                blob_bytes: bytes.len(),
                kinds: ptr::null(),
                kind_count: KINDS.len(),
            },
            session: Session {
                struct_bytes: size_of::<Session>() as u32,
                mark: 0,
                model: ptr::null(),
                arena: ptr::null_mut(),
                state: ptr::null_mut(),
            },
            arena: Aligned::zeroed(arena),
            state: Aligned::zeroed(state),
        });
        program.model.blob = program.blob.start();
        program.model.kinds = program.kinds.as_ptr();
        program
    }

    /// Initialises the session with all of its memory.
    pub(crate) fn init(&mut self) -> Status {
        let arena = (self.arena.start(), self.arena.len());
        let state = (self.state.start(), self.state.len());
        init(&raw mut self.session, &raw const self.model, arena, state)
    }

    pub(crate) fn run(&mut self) -> Status {
        run(&raw mut self.session)
    }

    pub(crate) fn reset(&mut self) -> Status {
        reset(&raw mut self.session)
    }

    pub(crate) fn input(&self, index: u32) -> Result<Tensor, Status> {
        let mut tensor = tensor();
        let status = input(&raw const self.session, index, &raw mut tensor);
        if status == Status::Ok { Ok(tensor) } else { Err(status) }
    }

    pub(crate) fn output(&self, index: u32) -> Result<Tensor, Status> {
        let mut tensor = tensor();
        let status = output(&raw const self.session, index, &raw mut tensor);
        if status == Status::Ok { Ok(tensor) } else { Err(status) }
    }

    pub(crate) fn missing(&self) -> Option<String> {
        missing_kind(&raw const self.model)
    }
}

/// Returns the bytes of a tensor of a session that is not running.
pub(crate) fn bytes_of(tensor: &Tensor) -> Vec<u8> {
    // SAFETY: the tensor is of a session of the test, whose arena has them.
    unsafe { core::slice::from_raw_parts(tensor.data.cast::<u8>(), tensor.bytes) }.to_vec()
}

/// Writes the bytes of an input of a session that is not running.
pub(crate) fn fill(tensor: &Tensor, bytes: &[u8]) {
    assert_eq!(bytes.len(), tensor.bytes);
    // SAFETY: the arena of the test's session has as many, and is elsewhere than `bytes`.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), tensor.data.cast(), bytes.len()) };
}

/// Writes a byte of memory of the test.
pub(crate) fn poke(at: *mut u8, value: u8) {
    // SAFETY: the address is inside of memory that the test owns and that nothing borrows.
    unsafe { at.write(value) };
}

pub(crate) const fn tensor() -> Tensor {
    Tensor {
        struct_bytes: size_of::<Tensor>() as u32,
        dtype: 0,
        data: ptr::null_mut(),
        bytes: 0,
        count: 0,
        rank: 0,
        shape: [0; 6],
        scale: 0.0,
        zero_point: 0,
    }
}

pub(crate) fn init(
    session: *mut Session,
    model: *const Model,
    (arena, arena_bytes): (*mut u8, usize),
    (state, state_bytes): (*mut u8, usize),
) -> Status {
    // SAFETY: what is not refused is memory of the test, as long as it says.
    unsafe { isokern_init(session, model, arena, arena_bytes, state, state_bytes) }
}

pub(crate) fn run(session: *mut Session) -> Status {
    // SAFETY: as in `init`.
    unsafe { isokern_run(session) }
}

pub(crate) fn reset(session: *mut Session) -> Status {
    // SAFETY: as in `init`.
    unsafe { isokern_reset(session) }
}

pub(crate) fn input(session: *const Session, index: u32, tensor: *mut Tensor) -> Status {
    // SAFETY: as in `init`.
    unsafe { isokern_input(session, index, tensor) }
}

pub(crate) fn output(session: *const Session, index: u32, tensor: *mut Tensor) -> Status {
    // SAFETY: as in `init`.
    unsafe { isokern_output(session, index, tensor) }
}

pub(crate) fn sizes(model: *const Model, sizes: *mut Sizes) -> Status {
    // SAFETY: as in `init`.
    unsafe { isokern_model_sizes(model, sizes) }
}

pub(crate) fn missing_kind(model: *const Model) -> Option<String> {
    // SAFETY: as in `init`.
    let name = unsafe { isokern_missing_kind(model) };
    if name.is_null() {
        return None;
    }
    // SAFETY: a constant text.
    Some(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

pub(crate) fn text(status: i32) -> String {
    // SAFETY: a constant text.
    unsafe { CStr::from_ptr(isokern_status_text(status)) }.to_string_lossy().into_owned()
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models")
}

/// Returns a model of the repository, packed.
pub(crate) fn packed(file: &str) -> Vec<u8> {
    let tflite = fs::read(models().join(file)).expect("the repository has it");
    isokern_import::convert(&tflite, Layout::Row).expect("it converts").blob
}

/// Returns every model of the repository, packed, by name.
pub(crate) fn all_packed() -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = ["models", "streams"]
        .into_iter()
        .flat_map(|folder| {
            let entries = fs::read_dir(models().join(folder)).expect("the repository has it");
            entries.map(move |entry| {
                let name = entry.expect("an entry can be read").file_name();
                format!("{folder}/{}", name.to_string_lossy())
            })
        })
        .filter(|name| name.ends_with(".tflite"))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), packed(&name))).collect()
}
