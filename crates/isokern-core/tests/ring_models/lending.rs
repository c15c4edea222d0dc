//! A lent buffer is touched by one side at a time.

use std::sync::Arc;

use super::{LoomWord, explore, until};
use isokern_core::ring::LendingWords;
use loom::cell::UnsafeCell;
use loom::thread;

/// Two lendings of one buffer, the second of them across the wrap of its generation.
#[test]
fn a_buffer_has_one_owner_at_a_time() {
    explore(5, || {
        let last = u32::MAX - 2;
        let words = Arc::new(LendingWords::new(LoomWord::new(last), LoomWord::new(last)));
        let bytes = Arc::new(UnsafeCell::new(0));
        let borrower = thread::spawn({
            let (words, bytes) = (words.clone(), bytes.clone());
            move || {
                for generation in [u32::MAX - 1, 1] {
                    until(|| words.is_borrowed(generation).then_some(()));
                    bytes.with_mut(|_| {});
                    assert!(words.give_back(generation));
                }
            }
        });
        for _ in 0..2 {
            until(|| words.is_home().then_some(()));
            bytes.with_mut(|_| {});
            assert!(words.lend().is_some());
        }
        until(|| words.is_home().then_some(()));
        bytes.with_mut(|_| {});
        borrower.join().expect("no panic");
    });
}
