//! What became of every message, in numbers that add up.

use core::cell::RefCell;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Waker};
use core::time::Duration;
use std::rc::Rc;

use isokern_core::MessageHeader;
use isokern_core::actor::{
    ActorCells, ActorError, ActorMemory, ActorPlan, ActorState, Envelope, LentBuffers, Mailbox,
    Mailboxes, ReplyHeader, Supervision,
};
use isokern_core::ring::{BufferHandle, ReplierState, WireHeader};

use super::ends::{settle_catching, step_catching};
use super::toys::{Do, HandClock, Lending, Script};
use super::{LoopActor, answers, ask, cells, settle, start, start_linked};
use crate::actor::place_looks as looks_so_far;
use crate::{LoopHost, PopError, PushError, Requester, RequesterStats, Spinning, Step, spawn};

fn restart() -> ActorPlan {
    let (window, backoff) = (Duration::from_secs(1), Duration::ZERO);
    let supervision = Supervision::Restart { count_max: 1, window, backoff };
    ActorPlan::new().with_supervision(supervision)
}

/// Returns the counts of all outcomes in the order of the fields; they add up.
fn outcomes(stats: RequesterStats) -> [u64; 9] {
    assert_eq!(stats.accounted_count(), stats.accepted_count, "{stats:?}");
    [
        stats.answered_count,
        stats.told_count,
        stats.failed_count,
        stats.expired_count,
        stats.faulted_count,
        stats.stopped_count,
        stats.dropped_count,
        stats.abandoned_count,
        stats.in_flight_count,
    ]
}

#[test]
fn p01_what_became_of_a_tell_is_counted() {
    let script = Script::default();
    script.clock.advance_us(1_000);
    let mut actor = start::<8, 1>(&script, restart());
    let late = MessageHeader::new().with_deadline_ns(1);
    for (header, message) in [
        (MessageHeader::new(), Do::Add.with(1)),
        (MessageHeader::new(), Do::Fail.with(1)),
        (late, Do::Add.with(1)),
        (MessageHeader::new(), Do::Break.with(0)),
        (MessageHeader::new(), Do::Fail.with(2)),
    ] {
        let requester = actor.requester(0).expect("it is here");
        requester.try_tell(header, message).expect("there is room");
    }
    assert_eq!(outcomes(actor.stats()), [0, 0, 0, 0, 0, 0, 0, 0, 5]);
    assert_eq!(settle_catching(&mut actor), Step::Idle);
    assert_eq!(outcomes(actor.stats()), [0, 1, 2, 1, 1, 0, 0, 0, 0]);
    let view = actor.view().expect("nobody writes");
    assert_eq!((view.taken(), view.answered(), view.failed()), (5, 1, 2));
    assert_eq!((view.expired(), view.turned_away()), (1, 1));

    actor.tell(Do::Add.with(1)).expect("there is room");
    actor.tell(Do::Add.with(1)).expect("there is room");
    actor.stop();
    assert_eq!(settle(&mut actor), Step::Over);
    assert_eq!(outcomes(actor.stats()), [0, 1, 2, 1, 1, 2, 0, 0, 0]);
    let view = actor.view().expect("nobody writes");
    assert_eq!((view.answered(), view.turned_away()), (1, 3), "turned away is not answered");
}

#[test]
fn p01_no_credit_comes_before_its_count_after_a_fault() {
    let script = Script::default();
    // Two messages of eight are held back before the requester learns of them. The fault shows the
    // count of the first, and not yet that it is done.
    let mut actor = start::<8, 1>(&script, restart());
    for (message, is_asked) in [(Do::Add, false), (Do::Break, true), (Do::Add, false)] {
        let requester = actor.requester(0).expect("it is here");
        let sent = if is_asked {
            requester.try_ask(MessageHeader::new(), message.with(1)).map(|_| ())
        } else {
            requester.try_tell(MessageHeader::new(), message.with(1))
        };
        sent.expect("there is room");
    }
    while step_catching(&mut actor) == Step::Worked {
        let stats = actor.stats();
        assert!(stats.in_flight_count <= u64::from(stats.depth), "{stats:?}");
    }
    assert_eq!(outcomes(actor.stats()), [0, 2, 0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn p01_what_became_of_a_question_is_counted() {
    let script = Script::default();
    script.clock.advance_us(1_000);
    let mut actor = start::<8, 1>(&script, restart());
    for message in [Do::Add, Do::Fail, Do::Break, Do::Add, Do::Add] {
        ask(&mut actor, message.with(1));
    }
    let requester = actor.requester(0).expect("it is here");
    let late = MessageHeader::new().with_deadline_ns(1);
    requester.try_ask(late, Do::Add.with(1)).expect("there is room");
    let forgotten = requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("it fits");
    requester.abandon(forgotten);
    requester.abandon(forgotten); // Once only.
    assert_eq!(outcomes(actor.stats()), [0, 0, 0, 0, 0, 0, 0, 1, 6]);
    settle_catching(&mut actor);
    // Not taken yet, and known.
    assert_eq!(outcomes(actor.stats()), [3, 0, 1, 1, 1, 0, 0, 1, 0]);
    let requester = actor.requester(0).expect("it is here");
    let first = requester.try_answer().expect("it was handled").header.sequence();
    requester.abandon(first); // It was taken.
    answers(&mut actor);
    assert_eq!(outcomes(actor.stats()), [3, 0, 1, 1, 1, 0, 0, 1, 0]);
}

#[test]
fn p01_what_became_of_a_linked_message_is_counted() {
    let script = Script::default();
    let mut second = start::<4, 2>(&script, ActorPlan::new());
    assert_eq!(second.link_stats(1), None, "there is no link");
    let link = second.take_link(1).expect("nobody used it");
    let plan = ActorPlan::new().try_with_link(link).expect("one link fits");
    let mut first = start_linked::<4, 2, _>(&script, plan);
    let counts = |actor: &LoopActor<4, 2>| outcomes(actor.link_stats(1).expect("a link"));
    for _ in 0..3 {
        ask(&mut first, Do::Send.with(2));
    }
    settle(&mut first);
    assert_eq!(counts(&second), [0, 0, 0, 0, 0, 0, 0, 0, 3]);
    settle(&mut second);
    assert_eq!(counts(&second), [0, 3, 0, 0, 0, 0, 0, 0, 0]);
    ask(&mut first, Do::Send.with(2));
    answers(&mut first);
    settle(&mut first);
    second.stop();
    settle(&mut second);
    assert_eq!(counts(&second), [0, 3, 0, 0, 0, 1, 0, 0, 0]);
    ask(&mut first, Do::Send.with(2));
    answers(&mut first);
    settle(&mut first);
    let stats = second.link_stats(1).expect("a link");
    assert_eq!((outcomes(stats), stats.refused_count), ([0, 3, 0, 0, 0, 1, 0, 0, 0], 1));
}

#[test]
fn p11_counts_are_the_incarnations() {
    let mut actor = start::<8, 1>(&Script::default(), restart());
    for message in [Do::Add, Do::Count, Do::Fail, Do::Count, Do::Break, Do::Count, Do::Count] {
        ask(&mut actor, message.with(1));
    }
    settle_catching(&mut actor);
    let counts = answers(&mut actor);
    assert_eq!([counts[1], counts[3], counts[5], counts[6]], [Ok(1), Ok(2), Ok(0), Ok(1)]);
}

/// A future that was polled and dropped leaves a question nobody waits for, and no place taken.
#[test]
fn p14_a_dropped_ask_is_abandoned() {
    let mut actor = start::<2, 1>(&Script::default(), ActorPlan::new());
    for _ in 0..10 {
        {
            let mut asking = pin!(actor.ask(Do::Add.with(1)));
            let polled = asking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        settle(&mut actor);
    }
    assert_eq!(outcomes(actor.stats()), [0, 0, 0, 0, 0, 0, 0, 10, 0]);
    ask(&mut actor, Do::Add.with(0));
    settle(&mut actor);
    assert_eq!(answers(&mut actor), [Ok(110)]);
}

type Memory = super::Cells<4, 1>;
type Asker = Requester<Memory, [u32; 2], u32, HandClock>;

/// Returns two questions, and the side that answers them, in the hands of the test.
fn by_hand() -> (Memory, Asker, ReplierState, [u32; 2]) {
    let memory: Memory = cells();
    let mut requester = Requester::try_new(memory, 0, HandClock::default()).expect("a mailbox");
    let mut replier = ReplierState::new();
    let sequences = [1, 2].map(|number| {
        let sequence = requester.try_ask(MessageHeader::new(), [0, number]);
        let requests = memory.mailbox(0).expect("it is there").requests();
        let _: Envelope<WireHeader, [u32; 2]> = replier.try_pop(requests).expect("just sent");
        sequence.expect("there is room")
    });
    (memory, requester, replier, sequences)
}

#[test]
fn p14_what_a_gone_actor_left_is_answered_oldest_first() {
    let (memory, mut requester, mut replier, sequences) = by_hand();
    requester.abandon(sequences[1]);
    let third = requester.try_ask(MessageHeader::new(), [0, 3]).expect("there is room");
    requester.try_tell(MessageHeader::new(), [0, 4]).expect("there is room");
    assert_eq!(outcomes(requester.stats()), [0, 0, 0, 0, 0, 0, 0, 1, 3]);
    let mailbox = memory.mailbox(0).expect("it is there");
    replier.close(mailbox.requests(), mailbox.replies());
    assert_eq!(outcomes(requester.stats()), [0, 0, 0, 0, 0, 3, 0, 1, 0]);
    for sequence in [sequences[0], third] {
        let answer = requester.try_answer().expect("it is over");
        assert_eq!((answer.header.sequence(), answer.result), (sequence, Err(ActorError::Stopped)));
    }
    assert_eq!(requester.try_answer(), Err(PopError::Closed));
    assert_eq!(outcomes(requester.stats()), [0, 0, 0, 0, 0, 3, 0, 1, 0]);
}

#[test]
fn p14_a_reply_to_another_sequence_in_the_place_is_foreign() {
    let (memory, mut requester, mut replier, [first, _]) = by_hand();
    let replies = memory.mailbox(0).expect("it is there").replies();
    for (sequence, answered_count) in [(first + 4, 0), (first, 1)] {
        let reply = Envelope::new(ReplyHeader::new(sequence, Ok(())), sequence);
        replier.reply(replies, reply).expect("two are owed");
        let stats = requester.stats();
        assert_eq!((stats.answered_count, stats.foreign_count), (answered_count, 1));
    }
    assert_eq!(requester.try_answer().map(|answer| answer.result), Ok(Ok(first)));
}

/// The place of an abandoned question is free when its own reply has come, and not before.
#[test]
fn p14_a_reply_to_another_sequence_frees_no_abandoned_place() {
    let (memory, mut requester, mut replier, [first, _]) = by_hand();
    requester.abandon(first);
    let replies = memory.mailbox(0).expect("it is there").replies();
    for (sequence, foreign_count) in [(first + 4, 1), (first, 1)] {
        let reply = Envelope::new(ReplyHeader::new(sequence, Ok(())), sequence);
        replier.reply(replies, reply).expect("two are owed");
        assert_eq!(requester.stats().foreign_count, foreign_count);
    }
    assert_eq!(requester.try_answer(), Err(PopError::Empty));
}

/// A sequence whose place has another question by now takes no answer and abandons nothing.
#[test]
fn p14_an_old_sequence_is_nobodys() {
    let mut actor = start::<2, 1>(&Script::default(), ActorPlan::new());
    let ask_one = |actor: &mut LoopActor<2, 1>| {
        let requester = actor.requester(0).expect("it is here");
        let sequence = requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("it fits");
        settle(actor);
        sequence
    };
    let old = ask_one(&mut actor);
    assert_eq!(answers(&mut actor), [Ok(101)]);
    let new = ask_one(&mut actor);
    assert_eq!(old % 2, new % 2, "the same place");
    let requester = actor.requester(0).expect("it is here");
    assert_eq!(requester.try_answer_to(old), None);
    requester.abandon(old);
    assert_eq!(requester.try_answer_to(new).map(|answer| answer.result), Some(Ok(102)));
    let unanswered = requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("it fits");
    assert_eq!(unanswered % 2, old % 2, "the same place");
    requester.abandon(old);
    assert_eq!(outcomes(requester.stats()), [2, 0, 0, 0, 0, 0, 0, 0, 1]);
}

/// Sends a message whenever the actor gives a buffer back.
#[derive(Clone)]
struct SendsAtReturn {
    requester: Rc<RefCell<Option<Asker>>>,
    refusals: Rc<RefCell<std::vec::Vec<PushError<[u32; 2]>>>>,
}

impl LentBuffers for SendsAtReturn {
    fn bytes(&mut self, _: BufferHandle) -> Option<&mut [u8]> {
        Some(&mut [])
    }

    fn give_back(&mut self, _: BufferHandle) -> bool {
        if let Some(requester) = self.requester.borrow_mut().as_mut()
            && let Err(error) = requester.try_ask(MessageHeader::new(), Do::Add.with(7))
        {
            self.refusals.borrow_mut().push(error);
        }
        true
    }
}

/// Who sends while an actor that broke is answering what waits learns that it is gone.
#[test]
fn p14_an_actor_that_is_buried_takes_nothing_new() {
    let script = Script { stillborn: 1, ..Script::default() };
    let hook = SendsAtReturn { requester: Rc::default(), refusals: Rc::default() };
    let host = LoopHost::<_, Mailboxes<4>>::new(cells(), script.clock.clone());
    let plan = ActorPlan::new().with_buffers(hook.clone());
    let mut actor = spawn(&host, Lending(script), plan).expect("the host is new");
    let mut requester = actor.take_requester(0).expect("it is here");
    requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("there is room");
    *hook.requester.borrow_mut() = Some(requester);
    while actor.running_mut().step(&mut Spinning) == Step::Worked {}
    assert_eq!(actor.state(), ActorState::Faulted);
    assert_eq!(*hook.refusals.borrow(), [PushError::Closed(Do::Add.with(7))]);
    let stats = hook.requester.borrow_mut().as_mut().expect("it was put there").stats();
    assert_eq!((outcomes(stats)[4], stats.refused_count), (1, 1));
}

/// Returns how many places of its table a requester looks at for `N` questions and their answers.
fn looks<const N: usize>() -> u64 {
    let cells: &'static ActorCells<Mailboxes<N>> =
        std::boxed::Box::leak(std::boxed::Box::default());
    let host = LoopHost::new(cells, HandClock::default());
    let mut actor = spawn(&host, Script::default(), ActorPlan::new()).expect("the host is new");
    let count = looks_so_far();
    for _ in 0..N {
        let requester = actor.requester(0).expect("it is here");
        requester.try_ask(MessageHeader::new(), Do::Add.with(0)).expect("there is room");
    }
    while actor.running_mut().step(&mut Spinning) == Step::Worked {}
    let requester = actor.requester(0).expect("it is here");
    let answered_count = core::iter::from_fn(|| requester.try_answer().ok()).count();
    assert_eq!(answered_count, N);
    looks_so_far() - count
}

/// `ask_cost`, an example of this crate, counts instructions.
#[test]
fn p10_a_question_looks_at_no_more_places_of_a_long_table_than_of_a_short_one() {
    let measure = || (looks::<8>(), looks::<4096>());
    // The long table is moved about on the stack.
    let measuring = std::thread::Builder::new().stack_size(64 << 20).spawn(measure);
    let (short, long) = measuring.expect("a thread").join().expect("it measures");
    // 15 or 16 each.
    assert!(short <= 8 * 16 && long <= 4096 * 16, "{short} and {long}");
}
