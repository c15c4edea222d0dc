//! Many producers: each message arrives once, in its producer's order, before the close.

use std::sync::Arc;

use super::{FIRST, LoomCell, LoomRing, LoomWord, explore, ring, until};
use isokern_core::ring::{ConsumerState, PopError, SharedTail};
use loom::thread;

/// Two producers with `COUNTS` messages over two slots, at most `bound` interruptions.
fn claims(bound: usize, counts: [u32; 2]) {
    explore(bound, move || {
        let ring = ring::<LoomCell>();
        let words = [FIRST, FIRST, 2].map(LoomWord::new);
        let [tail, head_seen, producer_count] = words;
        let tail = Arc::new(SharedTail::new(tail, head_seen, producer_count));
        let far = thread::spawn({
            let (ring, tail) = (ring.clone(), tail.clone());
            move || produce(&ring, &tail, 0x100, counts[1])
        });
        let consumer = thread::spawn({
            let ring = ring.clone();
            move || consume(&ring, counts)
        });
        produce(&ring, &tail, 0, counts[0]);
        far.join().expect("no panic");
        consumer.join().expect("no panic");
    });
}

fn produce(ring: &LoomRing<LoomCell>, tail: &SharedTail<LoomWord>, first: u32, count: u32) {
    for number in first..first + count {
        until(|| tail.try_push(ring, number).ok());
    }
    tail.leave(ring);
}

fn consume(ring: &LoomRing<LoomCell>, counts: [u32; 2]) {
    let mut consumer = ConsumerState::starting_at(FIRST);
    let mut next = [0, 0x100];
    until(|| match consumer.try_pop::<u32, _>(ring) {
        Ok(number) => {
            let expected = &mut next[number as usize >> 8];
            assert_eq!(number, *expected);
            *expected += 1;
            None
        }
        Err(PopError::Empty) => None,
        Err(PopError::Closed) => Some(()),
    });
    assert_eq!(next, [counts[0], 0x100 + counts[1]]);
}

#[test]
fn two_producers_share_one_ring() {
    claims(2, [2, 1]);
}
