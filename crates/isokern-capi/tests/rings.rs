//! Rings of C programs: order, bounds, ends, and what is refused.

mod calls;

use core::ptr::{null, null_mut};

use calls::contexts::{RingProgram, pop, push, ring_init};
use isokern_capi::Status;
use isokern_capi::ring::isokern_ring_bytes;

/// Returns a ring of messages that was initialised, with as much memory as it needs.
fn ring(slots: u32, message_bytes: u32) -> RingProgram {
    let mut program = RingProgram::new(isokern_ring_bytes(slots, message_bytes));
    assert_eq!(program.init(slots, message_bytes), Status::Ok);
    program
}

/// Returns a message that a number stands for.
fn message(number: u32, bytes: usize) -> Vec<u8> {
    (0..bytes as u32).map(|at| (number.wrapping_mul(31).wrapping_add(at)) as u8 | 1).collect()
}

#[test]
fn messages_of_every_size_come_out_in_order_however_full_the_ring_is() {
    for bytes in 1..=64_usize {
        for slots in [2, 4, 16] {
            let ring = ring(slots, bytes as u32);
            let (mut pushed, mut popped) = (0, 0);
            for lap in 0..40_u32 {
                for _ in 0..=lap % (slots + 1) {
                    let is_full = pushed - popped == slots;
                    let status = ring.push(&message(pushed, bytes));
                    assert_eq!(status, if is_full { Status::Full } else { Status::Ok });
                    pushed += u32::from(!is_full);
                }
                for _ in 0..lap % (slots + 1) {
                    let taken = ring.pop();
                    if popped == pushed {
                        assert_eq!(taken, Err(Status::Empty));
                    } else {
                        let taken = taken.expect("one is there");
                        assert_eq!(taken[..bytes], message(popped, bytes));
                        assert!(taken[bytes..].iter().all(|byte| *byte == 0), "{bytes}");
                        popped += 1;
                    }
                }
            }
            assert!(popped > slots);
        }
    }
}

#[test]
fn a_closed_ring_gives_what_is_in_it_and_takes_nothing() {
    let mut closed = ring(2, 4);
    assert_eq!(closed.push(b"last"), Status::Ok);
    assert_eq!(closed.close(), Status::Ok);
    assert_eq!(closed.push(b"more"), Status::Closed);
    assert_eq!(closed.pop().map(|taken| taken[..4] == *b"last"), Ok(true));
    assert_eq!(closed.pop(), Err(Status::Closed));
    assert_eq!(closed.init(2, 4), Status::Ok);
    assert_eq!(closed.push(b"anew"), Status::Ok);

    let left = ring(2, 4);
    assert_eq!(left.leave(), Status::Ok);
    assert_eq!(left.push(b"more"), Status::Closed);
}

#[test]
fn only_rings_that_exist_have_bytes() {
    assert_eq!(isokern_ring_bytes(2, 1), 320 + 256);
    assert_eq!(isokern_ring_bytes(1 << 16, 64), 320 + (128 << 16));
    for (slots, message_bytes) in
        [(0, 4), (1, 4), (3, 4), (1 << 17, 4), (u32::MAX, 4), (2, 0), (2, 65)]
    {
        assert_eq!(isokern_ring_bytes(slots, message_bytes), 0);
        assert_eq!(RingProgram::new(4096).init(slots, message_bytes), Status::RingShape);
    }
}

#[test]
fn what_is_no_ring_is_refused() {
    let mut program = RingProgram::new(isokern_ring_bytes(2, 4));
    assert_eq!(program.push(b"none"), Status::NotInitialized);
    assert_eq!(program.pop(), Err(Status::NotInitialized));
    assert_eq!(
        (program.close(), program.leave()),
        (Status::NotInitialized, Status::NotInitialized)
    );
    let (ring, start, bytes) =
        (&raw mut program.ring, program.memory.start(), program.memory.len());
    let shape = (2, 4);
    assert_eq!(ring_init(null_mut(), (start, bytes), shape), Status::NullPointer);
    assert_eq!(ring_init(ring, (null_mut(), bytes), shape), Status::NullPointer);
    let off = (start.wrapping_add(8), bytes);
    assert_eq!(ring_init(ring, off, shape), Status::Misaligned);
    assert_eq!(ring_init(ring, (start, bytes - 1), shape), Status::MemoryTooShort);
    let here = (ring.cast::<u8>().wrapping_sub(ring.addr() % 16), bytes);
    assert_eq!(ring_init(ring, here, shape), Status::Overlap);
    program.ring.struct_bytes -= 1;
    assert_eq!(program.init(2, 4), Status::StructBytes);
    program.ring.struct_bytes += 1;
    assert_eq!(program.init(2, 4), Status::Ok);
    assert_eq!(push(null(), null()), Status::NullPointer);
    assert_eq!(push(&raw const program.ring, null()), Status::NullPointer);
    assert_eq!(pop(&raw const program.ring, null_mut()), Status::NullPointer);
    program.ring.slots = 3;
    assert_eq!(program.push(b"none"), Status::NotInitialized);
}
