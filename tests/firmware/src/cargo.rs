//! A model and inputs that are put into the built program, so that one build runs any number of
//! models.
//!
//! Whoever runs a program writes over the mark in its file: a header of words (bytes of the model,
//! count of the inputs), the packed model, the inputs; each part begins at the next multiple of
//! [`STEP`].

use core::hint::black_box;

/// What the start of the place holds before anything is put there; `xtask/src/firmware/cargo.rs`
/// looks for it, and has the lengths.
const MARK: [u8; 16] = *b"isokern: carried";
/// Where the parts are: at multiples of this.
const STEP: usize = 64;

/// Whether the board has little memory.
pub const IS_SMALL: bool = matches!(env!("ISOKERN_BOARD").as_bytes(), b"microbit");

/// Bytes of header, model and inputs.
pub const CARGO_BYTES: usize = if IS_SMALL { 64 << 10 } else { 2 << 20 };
/// Bytes of activations. On the small board the rest is for the stack: an actor in the making takes
/// 10 KiB of it.
pub const ARENA_BYTES: usize = if IS_SMALL { 2 << 10 } else { 3 << 20 };
/// Bytes of state.
pub const STATE_BYTES: usize = if IS_SMALL { 128 } else { 64 << 10 };

/// Memory that is aligned as a model must be.
#[repr(C, align(64))]
struct Cargo([u8; CARGO_BYTES]);

static CARGO: Cargo = Cargo(marked());

const fn marked() -> [u8; CARGO_BYTES] {
    let mut bytes = [0; CARGO_BYTES];
    let mut index = 0;
    while index < MARK.len() {
        bytes[index] = MARK[index];
        index += 1;
    }
    bytes
}

/// What was put into the program.
#[derive(Clone, Copy, Debug)]
pub struct Unpacked {
    /// The packed model.
    pub blob: &'static [u8],
    /// How many inputs there are.
    pub count: u32,
    /// All ports of each input, one after the other.
    pub inputs: &'static [u8],
}

/// Returns what was put into the program; `None` where nothing was.
#[must_use]
pub fn unpack() -> Option<Unpacked> {
    // What the program file holds is known only when it runs.
    let cargo: &'static Cargo = black_box(&CARGO);
    let (header, rest) = cargo.0.split_at_checked(STEP)?;
    let word = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
    let (model_bytes, count) = (word(0)? as usize, word(4)?);
    let inputs = rest.get(model_bytes.checked_next_multiple_of(STEP)?..)?;
    Some(Unpacked { blob: rest.get(..model_bytes)?, count, inputs })
}

/// Takes the next port's bytes off `inputs`.
pub fn take_port(inputs: &mut &[u8], target: &mut [u8]) {
    let (now, later) = inputs.split_at_checked(target.len()).unwrap_or_default();
    target.iter_mut().zip(now).for_each(|(place, byte)| *place = *byte);
    *inputs = later;
}
