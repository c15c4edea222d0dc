//! Buffers have one owner at a time, and no handle gets around that.

use std::thread;

use std::vec::Vec;

use super::{PayloadPool, PoolError, heap_pool};
use crate::{BufferHandle, Ring, WaitStrategy};

#[test]
fn a_buffer_goes_there_and_back() {
    let mut pool = PayloadPool::<100, 2>::new(7);
    let (mut lender, mut borrower) = pool.split();
    let mut claimed = lender.try_claim().expect("two are free");
    assert_eq!(claimed.as_ptr().addr() % 64, 0);
    assert_eq!(claimed.len(), 100);
    claimed[..3].copy_from_slice(b"abc");
    let handle = claimed.lend(3).expect("fits");
    let BufferHandle { index, generation, length_bytes, pool } = handle;
    assert_eq!((index, length_bytes, pool), (0, 3, 7));
    assert_ne!(generation, 0);

    assert_eq!(lender.bytes(handle), Err(PoolError::StillLent { index: 0 }));
    assert_eq!(lender.release(handle), Err(PoolError::StillLent { index: 0 }));
    let bytes = borrower.bytes(handle).expect("lent");
    assert_eq!(bytes, b"abc");
    bytes[0] = b'x';
    borrower.give_back(handle).expect("lent");
    assert_eq!(lender.bytes(handle).expect("back"), b"xbc");

    let again = lender.lend_again(handle, 2).expect("back");
    assert_eq!((again.index, again.length_bytes), (0, 2));
    assert_eq!(borrower.bytes(again).expect("lent"), b"xb");
    borrower.give_back(again).expect("lent");
    lender.release(again).expect("back");
    assert_eq!(lender.free_count(), 2);
}

#[test]
fn handles_that_are_over_are_stale() {
    let mut pool = PayloadPool::<8, 1>::new(0);
    let (mut lender, mut borrower) = pool.split();
    let first = lender.try_claim().and_then(|buffer| buffer.lend(8)).expect("one is free");
    let stale = PoolError::StaleGeneration { index: 0, generation: first.generation };
    borrower.give_back(first).expect("lent");
    assert_eq!(borrower.bytes(first), Err(stale), "given back");
    assert_eq!(borrower.give_back(first), Err(stale), "given back");
    lender.release(first).expect("back");
    assert_eq!(lender.bytes(first), Err(stale), "released");
    assert_eq!(lender.release(first), Err(stale), "released");
    assert_eq!(lender.lend_again(first, 1), Err(stale), "released");

    let second = lender.try_claim().and_then(|buffer| buffer.lend(8)).expect("free again");
    assert_eq!(borrower.bytes(first), Err(stale), "the lending before");
    assert_eq!(lender.bytes(first), Err(stale), "the lending before");
    assert!(borrower.bytes(second).is_ok());
}

#[test]
fn made_up_handles_are_refused() {
    let mut pool = PayloadPool::<8, 2>::new(3);
    let (mut lender, mut borrower) = pool.split();
    let good = lender.try_claim().and_then(|buffer| buffer.lend(4)).expect("two are free");
    let foreign = BufferHandle { pool: 4, ..good };
    let error = PoolError::ForeignHandle { expected: 3, found: 4 };
    assert_eq!(borrower.bytes(foreign), Err(error));
    assert_eq!(borrower.give_back(foreign), Err(error));
    assert_eq!(lender.bytes(foreign), Err(error));
    let outside = BufferHandle { index: 2, ..good };
    let error = PoolError::NoSuchBuffer { index: 2, count: 2 };
    assert_eq!(borrower.bytes(outside), Err(error));
    assert_eq!(lender.release(outside), Err(error));
    let long = BufferHandle { length_bytes: 9, ..good };
    let error = PoolError::TooLong { length_bytes: 9, capacity_bytes: 8 };
    assert_eq!(borrower.bytes(long), Err(error));
    let never_lent = BufferHandle { index: 1, generation: 0, ..good };
    assert!(matches!(borrower.bytes(never_lent), Err(PoolError::StaleGeneration { .. })));
    assert!(matches!(lender.bytes(never_lent), Err(PoolError::StaleGeneration { .. })));
}

#[test]
fn claims_are_bounded_and_given_up_when_dropped() {
    let mut pool = PayloadPool::<8, 2>::new(0);
    let (mut lender, _borrower) = pool.split();
    drop(lender.try_claim().expect("two are free"));
    assert_eq!(lender.free_count(), 2);
    let error = lender.try_claim().and_then(|buffer| buffer.lend(9)).map(|_| ());
    assert_eq!(error, Err(PoolError::TooLong { length_bytes: 9, capacity_bytes: 8 }));
    assert_eq!(lender.free_count(), 2);
    for _ in 0..2 {
        lender.try_claim().and_then(|buffer| buffer.lend(8)).expect("free");
    }
    assert_eq!(lender.try_claim().err(), Some(PoolError::Exhausted { count: 2 }));
}

#[test]
fn a_second_split_takes_every_buffer_home() {
    let mut pool = PayloadPool::<8, 1>::new(0);
    let old = pool.split().0.try_claim().and_then(|buffer| buffer.lend(8)).expect("free");
    let (mut lender, mut borrower) = pool.split();
    assert!(matches!(borrower.bytes(old), Err(PoolError::StaleGeneration { .. })));
    let new = lender.try_claim().and_then(|buffer| buffer.lend(8)).expect("home again");
    assert_ne!(new.generation, old.generation);
}

/// Both sides write every byte of every lending; a byte of the wrong round would show.
#[test]
fn two_threads_never_see_each_others_half_work() {
    const ROUNDS: u32 = 20_000;
    let mut pool = PayloadPool::<256, 2>::new(0);
    let (mut lender, mut borrower) = pool.split();
    let (mut there, mut back) = (Ring::<BufferHandle, 2>::new(), Ring::<BufferHandle, 2>::new());
    let (mut ask, mut asked) = there.split();
    let (mut answer, mut answered) = back.split();
    thread::scope(|scope| {
        scope.spawn(move || {
            while let Ok(handle) = asked.pop(WaitStrategy::Yield) {
                let bytes = borrower.bytes(handle).expect("lent");
                let first = bytes[0];
                assert!(bytes.iter().all(|byte| *byte == first));
                bytes.fill(first.wrapping_add(1));
                borrower.give_back(handle).expect("lent");
                answer.push(handle, WaitStrategy::Yield).expect("open");
            }
        });
        for round in 0..ROUNDS {
            let mark = round as u8;
            let mut claimed = lender.try_claim().expect("one in flight");
            claimed.fill(mark);
            let handle = claimed.lend(256).expect("fits");
            ask.push(handle, WaitStrategy::Yield).expect("open");
            let handle = answered.pop(WaitStrategy::Yield).expect("open");
            let bytes = lender.bytes(handle).expect("back");
            assert!(bytes.iter().all(|byte| *byte == mark.wrapping_add(1)));
            lender.release(handle).expect("back");
        }
        ask.close();
    });
}

#[test]
fn buffers_on_the_heap_keep_the_same_rules() {
    let (mut lender, mut borrower) = heap_pool(100, 3, 9).expect("it can be addressed");
    let handles: Vec<BufferHandle> = (1..=3_u8)
        .map(|fill| {
            let mut buffer = lender.try_claim().expect("three are free");
            assert_eq!((buffer.as_ptr().addr() % 64, buffer.len()), (0, 100));
            buffer.fill(fill);
            buffer.lend(100).expect("fits")
        })
        .collect();
    assert_eq!(lender.try_claim().map(|_| ()), Err(PoolError::Exhausted { count: 3 }));
    let worker = thread::spawn(move || {
        for handle in handles.iter().rev() {
            let bytes = borrower.bytes(*handle).expect("lent");
            let fill = bytes[0];
            assert!(bytes.iter().all(|byte| *byte == fill), "buffers overlap");
            bytes.fill(fill * 10);
            borrower.give_back(*handle).expect("lent");
        }
        let beyond = BufferHandle { index: 3, ..handles[0] };
        assert_eq!(borrower.bytes(beyond), Err(PoolError::NoSuchBuffer { index: 3, count: 3 }));
        handles
    });
    for (handle, fill) in worker.join().expect("nothing overlaps").iter().zip([10, 20, 30]) {
        assert!(lender.bytes(*handle).expect("back").iter().all(|byte| *byte == fill));
        lender.release(*handle).expect("back");
    }
    assert_eq!(lender.free_count(), 3);
    for (buffer_bytes, count) in [(0, 1), (1, 0), (usize::MAX, 1), (1, usize::MAX)] {
        let refused = heap_pool(buffer_bytes, count, 0).map(|_| ());
        assert_eq!(refused, Err(PoolError::Unusable { buffer_bytes, count }));
    }
}

#[test]
fn p12_a_pool_that_does_not_fit_is_an_error() {
    const MOST: usize = u32::MAX as usize;
    for (buffer_bytes, count) in [(MOST, MOST), (MOST, 1 << 20), (1, MOST), (1 << 30, 1 << 20)] {
        match heap_pool(buffer_bytes, count, 0).map(drop) {
            Ok(()) => assert!(buffer_bytes.saturating_mul(count) < 1 << 40, "nobody has this"),
            Err(error) => assert_eq!(error, PoolError::OutOfMemory { buffer_bytes, count }),
        }
    }
    for (buffer_bytes, count) in [(0, 1), (1, 0), (MOST + 1, 1), (1, MOST + 1)] {
        let refused = heap_pool(buffer_bytes, count, 0).map(drop);
        assert_eq!(refused, Err(PoolError::Unusable { buffer_bytes, count }));
    }
}

#[test]
fn a_borrower_that_went_leaves_every_buffer_behind() {
    let (mut lender, mut borrower) = heap_pool(70, 2, 3).expect("it fits");
    let handle = lender.try_claim().and_then(|buffer| buffer.lend(2)).expect("one is free");
    borrower.bytes(handle).expect("lent")[1] = 9;
    assert_eq!(lender.bytes(handle), Err(PoolError::StillLent { index: 0 }));
    drop(borrower);
    assert!(lender.is_closed());
    assert_eq!(lender.bytes(handle), Ok(&mut [0, 9][..]), "with what was done to it");
    assert_eq!(lender.lend_again(handle, 2), Err(PoolError::BorrowerGone));
    lender.release(handle).expect("it is back");
    let refused = lender.try_claim().and_then(|buffer| buffer.lend(1));
    assert_eq!((refused, lender.free_count()), (Err(PoolError::BorrowerGone), 2));
}
