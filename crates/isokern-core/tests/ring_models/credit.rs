//! Requests and replies: no slot is written before it was read, with replies as credit.

use super::{FIRST, LoomCell, LoomWord, ModelCell, Payload, explore, message, ring, until};
use isokern_core::ring::{PopError, PushError, ReplierState, RequesterState, SplitCell};
use loom::thread;

/// Three requests over two slots; those with an odd number get no reply.
fn exchange<C: ModelCell>(bound: usize, wants_reply: fn(u32) -> bool) {
    explore(bound, move || {
        let (requests, replies, payload) = (ring::<C>(), ring::<C>(), Payload::new());
        let mut requester = RequesterState::starting_at(FIRST);
        let far = thread::spawn({
            let (requests, replies, payload) = (requests.clone(), replies.clone(), payload.clone());
            move || {
                let mut replier = ReplierState::starting_at(FIRST);
                for number in 0..3 {
                    let taken: [u32; 2] = until(|| replier.try_pop(&*requests).ok());
                    assert_eq!(taken, message(number));
                    payload.write(number);
                    if wants_reply(number) {
                        replier.reply(&*replies, message(number + 10)).expect("owed");
                    } else {
                        replier.acknowledge(&*requests);
                    }
                }
                replier.close(&*requests, &*replies);
            }
        });
        let mut expected = (10..13).filter(|number| wants_reply(number - 10));
        let mut take = |requester: &mut RequesterState| match requester.try_pop_reply(&*replies) {
            Ok(taken) => assert_eq!(Some(taken), expected.next().map(message)),
            Err(error) => {
                assert_eq!(error, PopError::Empty);
                thread::yield_now();
            }
        };
        for number in 0..3 {
            while requester.free_slots(&*requests) == 0 {
                take(&mut requester);
            }
            // The slot before in this place is done with, and what it stood for.
            payload.write(number);
            let pushed = requester.try_push(&*requests, message(number));
            assert_eq!(pushed, Ok::<(), PushError<[u32; 2]>>(()));
        }
        until(|| match requester.try_pop_reply(&*replies) {
            Ok(taken) => {
                assert_eq!(Some(taken), expected.next().map(message));
                None
            }
            Err(PopError::Empty) => None,
            Err(PopError::Closed) => Some(()),
        });
        assert_eq!(expected.next(), None);
        far.join().expect("no panic");
    });
}

#[test]
fn replies_are_the_credit() {
    exchange::<LoomCell>(3, |_| true);
    exchange::<SplitCell<LoomWord>>(2, |_| true);
}

#[test]
fn acknowledgements_are_credit_too() {
    exchange::<LoomCell>(3, |_| false);
    exchange::<SplitCell<LoomWord>>(2, |_| false);
}

#[test]
fn both_kinds_mix() {
    exchange::<LoomCell>(2, |number| number % 2 == 0);
}
