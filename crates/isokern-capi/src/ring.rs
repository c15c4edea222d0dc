//! Rings of a C program: messages of a size that it chooses, in memory of its own.
#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::marker::PhantomData;

use isokern_cpu::core::ring::{
    AddressSpace, AddressedRing, ConsumerState, HostCell, HostWord, LINE_DATA_BYTES, PopError,
    ProducerState, PushBytesError, PushError, SlotCount,
};

use crate::ALIGNMENT;
use crate::pointers::{Sized32, Span, require, require_apart, structure, structure_mut, values};
use crate::status::Status;

/// Bytes that a ring takes beside its slots.
pub const RING_HEAD_BYTES: usize = 320;

/// The most bytes of a message.
pub const RING_MESSAGE_MAX: usize = 64;

/// Bytes of a slot.
pub const RING_SLOT_BYTES: usize = 128;

/// The most slots, so that the bytes of a ring are a number of 32 bits.
const SLOTS_MAX: u32 = 1 << 16;

/// A ring of messages, from one context to another: an interrupt and the main loop, or two threads.
///
/// One context pushes and one pops; each call takes a bounded number of steps, and neither locks.
/// The structure does not change after `isokern_ring_init`, so both contexts use the same.
#[derive(Debug)]
#[repr(C)]
pub struct Ring {
    /// `sizeof(isokern_ring)`, set by the caller: `ISOKERN_RING_INIT`.
    pub struct_bytes: u32,
    /// Private.
    pub mark: u32,
    /// Private.
    pub memory: *mut c_void,
    /// Private.
    pub slots: u32,
    /// Private.
    pub message_bytes: u32,
}

// SAFETY: numbers and a pointer in the order of C, the size first.
unsafe impl Sized32 for Ring {}

/// What a ring has in `mark` after a good `init`.
const READY: u32 = 0x6973_7267;

/// What each end knows, each in memory of its own; the lines of the ring follow.
#[repr(C)]
struct Ends {
    producer: UnsafeCell<ProducerState>,
    consumer: UnsafeCell<ConsumerState>,
}

/// Where the lines of the ring begin: after the ends.
const LINES_AT: usize = 64;

const _: () = {
    assert!(RING_MESSAGE_MAX == LINE_DATA_BYTES);
    assert!(size_of::<Ends>() <= LINES_AT && align_of::<Ends>() <= ALIGNMENT);
    let Some(two) = SlotCount::try_new(2) else { panic!() };
    let two_slots = AddressedRing::<Lines<'_>, 1>::bytes(two) as usize;
    assert!(LINES_AT + two_slots == RING_HEAD_BYTES + 2 * RING_SLOT_BYTES);
};

/// Returns the slots and the bytes of a ring; `None` where there is no such ring.
fn shape(slots: u32, message_bytes: u32) -> Option<(SlotCount, usize)> {
    let has_message = (1..=RING_MESSAGE_MAX).contains(&(message_bytes as usize));
    let count = SlotCount::try_new(slots).filter(|_| has_message && slots <= SLOTS_MAX)?;
    Some((count, RING_HEAD_BYTES + slots as usize * RING_SLOT_BYTES))
}

impl Ring {
    /// Makes an empty ring of the memory.
    ///
    /// # Safety
    ///
    /// Memory is null, or of as many bytes, which nothing else uses.
    pub(crate) unsafe fn init(
        &mut self,
        (memory, bytes): (*mut c_void, usize),
        (slots, message_bytes): (u32, u32),
    ) -> Result<(), Status> {
        self.mark = 0;
        let (_, need) = shape(slots, message_bytes).ok_or(Status::RingShape)?;
        require(memory, ALIGNMENT)?;
        if bytes < need {
            return Err(Status::MemoryTooShort);
        }
        let place = Span::new(core::ptr::from_mut(self), size_of::<Self>())?;
        require_apart(&[place, Span::new(memory, need)?])?;
        // SAFETY: as many bytes are there, and nothing else uses them.
        unsafe { memory.cast::<u8>().write_bytes(0, need) };
        let ends = Ends {
            producer: UnsafeCell::new(ProducerState::new()),
            consumer: UnsafeCell::new(ConsumerState::new()),
        };
        // SAFETY: the memory begins with room for them, on their boundary.
        unsafe { memory.cast::<Ends>().write(ends) };
        (self.memory, self.slots, self.message_bytes) = (memory, slots, message_bytes);
        self.mark = READY;
        Ok(())
    }

    /// Views a ring that was initialised.
    ///
    /// # Safety
    ///
    /// The structure is as long as it says, and what `init` was given is still there.
    unsafe fn view<'a>(ring: *const Self) -> Result<View<'a>, Status> {
        // SAFETY: promised.
        let ring: &Self = unsafe { structure(ring) }?;
        let shape = shape(ring.slots, ring.message_bytes).filter(|_| ring.mark == READY);
        let (slots, _) = shape.ok_or(Status::NotInitialized)?;
        // SAFETY: `init` wrote them there.
        let ends = unsafe { ring.memory.cast::<Ends>().as_ref() }.ok_or(Status::NotInitialized)?;
        let start = ring.memory.cast::<u8>().wrapping_add(LINES_AT);
        let lines = AddressedRing::new(Lines { start, lent: PhantomData }, 0, slots);
        Ok(View { ends, lines, message_bytes: ring.message_bytes as usize })
    }
}

/// A ring that was initialised.
struct View<'a> {
    ends: &'a Ends,
    lines: AddressedRing<Lines<'a>, 1>,
    message_bytes: usize,
}

/// Cells and words at offsets of the lines.
#[derive(Clone, Copy)]
struct Lines<'a> {
    start: *mut u8,
    lent: PhantomData<&'a HostCell>,
}

impl<'a> AddressSpace for Lines<'a> {
    type Cell = &'a HostCell;
    type Word = &'a HostWord;

    fn cell(&self, address: u64) -> &'a HostCell {
        let cell = self.start.wrapping_add(address as usize);
        // SAFETY: a ring asks for what is inside of it, which `init` zeroed, on the boundary of a
        // cell; both contexts reach it as a cell alone.
        unsafe { &*cell.cast() }
    }

    fn word(&self, address: u64) -> &'a HostWord {
        let word = self.start.wrapping_add(address as usize);
        // SAFETY: as above, of a word.
        unsafe { &*word.cast() }
    }
}

/// Returns the bytes of a ring, for `isokern_ring_init`; 0 where there is no such ring.
///
/// Slots are a power of two, 2 to 65536, a message has 1 to `ISOKERN_RING_MESSAGE_MAX` bytes.
/// `ISOKERN_RING_BYTES` is the same as a constant.
#[unsafe(no_mangle)]
pub extern "C" fn isokern_ring_bytes(slots: u32, message_bytes: u32) -> usize {
    shape(slots, message_bytes).map_or(0, |(_, bytes)| bytes)
}

/// Makes an empty ring of `slots` messages in the caller's memory.
///
/// Memory is on a boundary of `ISOKERN_ALIGNMENT` bytes and stays until the last use. No other
/// context uses the ring meanwhile; it may be initialised again later.
///
/// # Safety
///
/// Pointers are null, or of a structure that is as long as it says, and of as many bytes as the
/// argument says, which nothing else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_ring_init(
    ring: *mut Ring,
    memory: *mut c_void,
    memory_bytes: usize,
    slots: u32,
    message_bytes: u32,
) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { structure_mut::<Ring>(ring) }.and_then(|ring| {
        // SAFETY: the caller's promise.
        unsafe { ring.init((memory, memory_bytes), (slots, message_bytes)) }
    }))
}

/// Copies a message into the ring: `ISOKERN_STATUS_FULL` while no slot is free,
/// `ISOKERN_STATUS_CLOSED` once an end was closed.
///
/// # Safety
///
/// Pointers are null, or of a structure that is as long as it says and of as many bytes as a
/// message has; what `isokern_ring_init` was given is still there. One context at a time pushes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_ring_push(ring: *const Ring, message: *const c_void) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { push(ring, message) })
}

/// Takes the oldest message of the ring: `ISOKERN_STATUS_EMPTY` while there is none,
/// `ISOKERN_STATUS_CLOSED` once the other end was closed and all were taken.
///
/// # Safety
///
/// As for `isokern_ring_push`; one context at a time pops.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_ring_pop(ring: *const Ring, message: *mut c_void) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { pop(ring, message) })
}

/// Closes the ring from the context that pushes: what is in it can still be taken.
///
/// # Safety
///
/// As for `isokern_ring_push`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_ring_close(ring: *const Ring) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { Ring::view(ring) }.map(|view| {
        // SAFETY: the context that pushes is the one that reaches this end.
        unsafe { &mut *view.ends.producer.get() }.close(&view.lines);
    }))
}

/// Closes the ring from the context that pops: the next push is refused.
///
/// # Safety
///
/// As for `isokern_ring_pop`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isokern_ring_leave(ring: *const Ring) -> Status {
    // SAFETY: the caller's promise.
    Status::of(unsafe { Ring::view(ring) }.map(|view| {
        // SAFETY: the context that pops is the one that reaches this end.
        unsafe { &mut *view.ends.consumer.get() }.close(&view.lines);
    }))
}

/// Works as `isokern_ring_push`.
///
/// # Safety
///
/// As there.
unsafe fn push(ring: *const Ring, message: *const c_void) -> Result<(), Status> {
    // SAFETY: promised.
    let view = unsafe { Ring::view(ring) }?;
    // SAFETY: promised.
    let message = unsafe { values(message.cast::<u8>(), view.message_bytes) }?;
    // SAFETY: the context that pushes is the one that reaches this end.
    let producer = unsafe { &mut *view.ends.producer.get() };
    Ok(producer.try_push_bytes(&view.lines, message)?)
}

/// Works as `isokern_ring_pop`.
///
/// # Safety
///
/// As there.
unsafe fn pop(ring: *const Ring, message: *mut c_void) -> Result<(), Status> {
    // SAFETY: promised.
    let view = unsafe { Ring::view(ring) }?;
    require(message, 1)?;
    let mut bytes = [0; RING_MESSAGE_MAX];
    let bytes = bytes.get_mut(..view.message_bytes).ok_or(Status::NotInitialized)?;
    // SAFETY: the context that pops is the one that reaches this end.
    unsafe { &mut *view.ends.consumer.get() }.try_pop_bytes(&view.lines, bytes)?;
    // SAFETY: the message of the caller has as many, and is elsewhere than on this stack.
    unsafe { message.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Ok(())
}

impl From<PushBytesError> for Status {
    fn from(error: PushBytesError) -> Self {
        match error {
            PushBytesError::Refused(PushError::Full(())) => Self::Full,
            PushBytesError::Refused(PushError::Closed(())) => Self::Closed,
            // Not reached: a ring with room for its messages was made.
            _ => Self::RingShape,
        }
    }
}

impl From<PopError> for Status {
    fn from(error: PopError) -> Self {
        match error {
            PopError::Empty => Self::Empty,
            PopError::Closed => Self::Closed,
        }
    }
}
