//! Closing and stopping lose no count: pushed is taken and left.

use std::sync::Arc;

use super::{LoomCell, LoomRing, LoomWord, ModelCell, ends, explore, message, ring, until};
use isokern_core::ring::{
    ConsumerState, HostControl, HostView, LineMemory, PopError, ProducerState, PushError, SplitCell,
};
use loom::thread;

/// Pushes up to three messages; how many were accepted.
fn push_some<C: ModelCell>(ring: &LoomRing<C>, producer: &mut ProducerState) -> u32 {
    let mut pushed_count = 0;
    while pushed_count < 3 {
        match producer.try_push(ring, message(pushed_count)) {
            Ok(()) => pushed_count += 1,
            Err(PushError::Full(_)) => thread::yield_now(),
            Err(PushError::Closed(_)) => break,
        }
    }
    producer.close(ring);
    pushed_count
}

/// Takes what is there until the producer's close shows; how many there were.
fn drain<C: ModelCell>(ring: &LoomRing<C>, consumer: &mut ConsumerState, first: u32) -> u32 {
    let mut number = first;
    loop {
        match consumer.try_pop::<[u32; 2], _>(ring) {
            Ok(taken) => {
                assert_eq!(taken, message(number));
                number += 1;
            }
            Err(PopError::Closed) => return number,
            Err(PopError::Empty) => thread::yield_now(),
        }
    }
}

/// The consumer closes at any moment: every accepted message can still be taken.
fn consumer_closes<C: ModelCell>(bound: usize) {
    explore(bound, || {
        let ring = ring::<C>();
        let (mut producer, mut consumer) = ends();
        let far = thread::spawn({
            let ring = ring.clone();
            move || push_some(&ring, &mut producer)
        });
        consumer.close(&*ring);
        let taken_count = drain(&ring, &mut consumer, 0);
        assert_eq!(taken_count, far.join().expect("no panic"));
    });
}

#[test]
fn a_consumer_that_closes_gets_what_was_accepted() {
    consumer_closes::<LoomCell>(4);
    consumer_closes::<SplitCell<LoomWord>>(3);
}

/// Three threads: a host that stops, a producer that goes on, a consumer that obeys.
#[test]
fn a_stop_while_pushing_loses_no_message() {
    explore(2, || {
        let ring = ring::<LoomCell>();
        let line = Arc::new(LineMemory::from_cells(LoomCell::default));
        let (mut producer, mut consumer) = ends();
        let pushing = thread::spawn({
            let ring = ring.clone();
            move || push_some(&ring, &mut producer)
        });
        let stopping = thread::spawn({
            let line = line.clone();
            move || HostControl::new().stop(&*line)
        });
        let mut taken_count = 0;
        until(|| {
            if HostView::read(&*line).is_some_and(|host| host.is_stopped()) {
                return Some(());
            }
            if let Ok(taken) = consumer.try_pop::<[u32; 2], _>(&*ring) {
                assert_eq!(taken, message(taken_count));
                taken_count += 1;
            }
            None
        });
        consumer.close(&*ring);
        let taken_count = drain(&ring, &mut consumer, taken_count);
        assert_eq!(taken_count, pushing.join().expect("no panic"));
        stopping.join().expect("no panic");
    });
}
