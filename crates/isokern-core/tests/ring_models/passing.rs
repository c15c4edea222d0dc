//! Messages pass in order and whole, with what they represent, across the wrap.

use super::{
    LoomCell, LoomRing, LoomWord, ModelCell, Payload, ends, explore, message, ring, until,
};
use isokern_core::ring::{ConsumerState, PopError, SplitCell};
use loom::thread;

/// Two threads, `COUNT` messages, close; at most `bound` interruptions.
fn passes<C: ModelCell, const COUNT: u32>(bound: usize) {
    explore(bound, || {
        let (ring, payload) = (ring::<C>(), Payload::new());
        let (mut producer, mut consumer) = ends();
        let far = thread::spawn({
            let (ring, payload) = (ring.clone(), payload.clone());
            move || {
                for number in 0..COUNT {
                    until(|| (producer.free_slots(&*ring) != 0).then_some(()));
                    payload.write(number);
                    producer.try_push(&*ring, message(number)).expect("a slot is free");
                }
                producer.close(&*ring);
            }
        });
        for number in 0..COUNT {
            let taken = until(|| take_then(&mut consumer, &ring, || payload.read(number)));
            assert_eq!(taken, message(number));
        }
        until(|| match consumer.try_pop::<[u32; 2], _>(&*ring) {
            Ok(_) => panic!("more than was pushed"),
            Err(PopError::Empty) => None,
            Err(PopError::Closed) => Some(()),
        });
        far.join().expect("no panic");
    });
}

/// Takes a message, uses its payload, then frees the slot.
fn take_then<C: ModelCell>(
    consumer: &mut ConsumerState,
    ring: &LoomRing<C>,
    then: impl Fn(),
) -> Option<[u32; 2]> {
    let taken = consumer.try_take(ring).ok()?;
    then();
    consumer.publish_head(ring);
    Some(taken)
}

#[test]
fn whole_cells_pass_messages_in_order() {
    passes::<LoomCell, 3>(4);
}

#[test]
fn split_cells_pass_messages_in_order() {
    passes::<SplitCell<LoomWord>, 3>(3);
}

/// Two laps and a half.
#[test]
fn whole_cells_pass_five_messages() {
    passes::<LoomCell, 5>(2);
}
