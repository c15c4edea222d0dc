//! Requests and replies: no slot is written before it was read, with replies as credit.

use super::{FIRST, LoomCell, LoomWord, ModelCell, Payload, explore, message, ring, until};
use isokern_core::ring::{
    CountWriter, PopError, PushError, ReplierState, RequesterState, SplitCell, read_count,
};
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

/// Two messages of two words, the second with two more after it.
fn follow<C: ModelCell>(bound: usize) {
    explore(bound, || {
        let requests = ring::<C>();
        let mut requester = RequesterState::starting_at(FIRST);
        let far = thread::spawn({
            let requests = requests.clone();
            move || {
                let mut replier = ReplierState::starting_at(FIRST);
                let is_followed = |message: &[u32; 2]| message[0] == 1;
                for number in 0..2 {
                    let (taken, rest) =
                        until(|| replier.try_pop_followed(&*requests, is_followed).ok());
                    assert_eq!(taken, message(number));
                    assert_eq!(rest, (number == 1).then(|| message(number + 10)));
                    replier.acknowledge(&*requests);
                }
            }
        });
        requester.try_push(&*requests, message(0)).expect("both slots are free");
        let [first, second, third, fourth] = [message(1), message(11)].concat()[..] else {
            panic!("two and two words");
        };
        let words = [first, second, third, fourth];
        requester.try_push_words(&*requests, &words).expect("a slot is free");
        far.join().expect("no panic");
    });
}

#[test]
fn what_follows_a_message_comes_with_it() {
    follow::<LoomCell>(3);
    follow::<SplitCell<LoomWord>>(3);
}

/// What became of a message is shown before its credit: who has the credit sees the count.
fn account<C: ModelCell>(bound: usize) {
    explore(bound, || {
        let (requests, replies) = (ring::<C>(), ring::<C>());
        let mut requester = RequesterState::starting_at(FIRST);
        requester.try_push(&*requests, 0_u32).expect("both slots are free");
        requester.try_push(&*requests, 1_u32).expect("a slot is free");
        let far = thread::spawn({
            let (requests, replies) = (requests.clone(), replies.clone());
            move || {
                let mut replier = ReplierState::starting_at(FIRST);
                let mut counts = CountWriter::new();
                for number in 1..3 {
                    let _: u32 = replier.try_pop(&*requests).expect("both are there");
                    counts.show(&*replies, 0, number << 32 | number);
                    replier.acknowledge(&*requests);
                }
            }
        });
        let mut last = 0;
        for _ in 0..2 {
            requester.refresh(&*requests);
            let done_count = u64::from(2 - requester.outstanding());
            if let Some(count) = read_count(&*replies, 0).map(|count| count.value) {
                assert_eq!(count >> 32, count & 0xffff_ffff, "of one write");
                assert!(count & 0xff >= done_count && count >= last, "{done_count} and {count}");
                last = count;
            }
        }
        far.join().expect("no panic");
    });
}

#[test]
fn counts_are_whole_and_come_before_the_credit() {
    account::<LoomCell>(2);
    account::<SplitCell<LoomWord>>(1);
}
