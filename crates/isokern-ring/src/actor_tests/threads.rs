//! Actors on threads: nothing lost, nothing answered twice, nobody left waiting.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::HashSet;
use std::thread;
use std::vec::Vec;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorCells, ActorError, ActorPlan, ActorState, Mailboxes, Supervision};
use isokern_core::call::Clock;

use super::toys::{Do, Fork, HandClock, Script};
use crate::{
    AskError, LoopHost, PushError, SharedRequester, Spinning, Step, ThreadHost, WaitStrategy, spawn,
};

const ASKERS: usize = 4;

fn host<const N: usize, const BOXES: usize>(
    script: &Script,
) -> ThreadHost<HandClock, Mailboxes<N, 1, BOXES>> {
    ThreadHost::new("script", script.clock.clone())
}

fn park() -> WaitStrategy {
    WaitStrategy::Park { bound: Duration::from_millis(1) }
}

#[test]
fn draining_under_fire_loses_nothing_and_answers_nothing_twice() {
    for round in 0..20 {
        let script = Script::default();
        let mut actor =
            spawn(&host::<4, 1>(&script), script.clone(), ActorPlan::new()).expect("it starts");
        let shared = SharedRequester::new(actor.take_requester(0).expect("it is here"));
        let is_begun = AtomicBool::new(false);
        let sums: Vec<Vec<u32>> = thread::scope(|scope| {
            let askers: Vec<_> = (0..ASKERS)
                .map(|_| {
                    let (shared, is_begun) = (shared.clone(), &is_begun);
                    scope.spawn(move || {
                        let mut sums = Vec::new();
                        loop {
                            is_begun.store(true, Ordering::Relaxed);
                            match pollster::block_on(shared.ask(Do::Add.with(1))) {
                                Ok(sum) => sums.push(sum),
                                Err(AskError::Refused(PushError::Full(_))) => thread::yield_now(),
                                Err(AskError::Refused(PushError::Closed(_))) => return sums,
                                Err(error) => panic!("accepted and not answered: {error}"),
                            }
                        }
                    })
                })
                .collect();
            while !is_begun.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            thread::sleep(Duration::from_micros(100 * round));
            shared.close();
            askers.into_iter().map(|asker| asker.join().expect("no asker panics")).collect()
        });
        assert_eq!(actor.into_running().join(), ActorState::Stopped);
        let stats = shared.stats();
        let all: HashSet<u32> = sums.iter().flatten().copied().collect();
        let answered_count = sums.iter().map(Vec::len).sum::<usize>();
        assert_eq!(all.len(), answered_count, "an answer went to two askers");
        assert_eq!(stats.accepted_count, answered_count as u64);
        assert_eq!(stats.answered_count, stats.accepted_count);
        assert_eq!((stats.depth, stats.foreign_count), (0, 0));
        assert_eq!(all.iter().max().copied().unwrap_or(100), 100 + answered_count as u32);
    }
}

#[test]
fn what_was_told_is_done_before_the_end() {
    let script = Script::default();
    let mut actor =
        spawn(&host::<8, 2>(&script), script.clone(), ActorPlan::new()).expect("it starts");
    let mut teller = actor.take_requester(1).expect("there are two");
    let mut accepted_count = 0;
    while accepted_count < 50_000 {
        match teller.try_tell(MessageHeader::new(), Do::Add.with(1)) {
            Ok(()) => accepted_count += 1,
            Err(PushError::Full(_)) => thread::yield_now(),
            Err(PushError::Closed(_)) => panic!("nobody closed"),
        }
    }
    drop(teller);
    let sum = loop {
        // The other mailbox comes first; ask until the tells are through.
        let sum = pollster::block_on(actor.ask(Do::Add.with(0))).expect("it answers");
        if sum == 100 + accepted_count {
            break sum;
        }
    };
    assert_eq!(sum, 50_100);
    assert_eq!(actor.into_running().join(), ActorState::Stopped);
}

#[test]
fn no_asker_sleeps_through_its_reply() {
    let script = Script::default();
    let mut actor =
        spawn(&host::<8, 1>(&script), script.clone(), ActorPlan::new()).expect("it starts");
    let shared = SharedRequester::new(actor.take_requester(0).expect("it is here"));
    thread::scope(|scope| {
        for wait in [park(), park(), WaitStrategy::Yield, WaitStrategy::Spin] {
            let shared = shared.clone();
            scope.spawn(move || {
                let mut answered_count = 0;
                while answered_count < 2_000 {
                    match shared.ask_blocking(MessageHeader::new(), Do::Add.with(1), wait) {
                        Ok(_) => answered_count += 1,
                        Err(AskError::Refused(PushError::Full(_))) => thread::yield_now(),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert_eq!(shared.stats().answered_count, 8_000);
    #[cfg(feature = "latency-histogram")]
    assert_latencies(&shared.latency());
}

#[cfg(feature = "latency-histogram")]
fn assert_latencies(latency: &crate::LatencySummary) {
    assert_eq!(latency.count, 8_000);
    assert!(latency.p50 <= latency.p99 && latency.p99 <= latency.max);
}

#[test]
fn a_panic_is_a_fault_and_the_supervision_decides() {
    let script = Script::default();
    let restart = Supervision::Restart {
        count_max: 2,
        window: Duration::from_secs(3600),
        backoff: Duration::ZERO,
    };
    let plan = ActorPlan::new().with_supervision(restart);
    let mut actor = spawn(&host::<4, 1>(&script), script.clone(), plan).expect("it starts");
    pollster::block_on(async {
        let faulted = Err(AskError::Actor(ActorError::ActorFaulted));
        for incarnation in 0..3 {
            assert_eq!(actor.ask(Do::Add.with(1)).await, Ok(101), "incarnation {incarnation}");
            assert_eq!(actor.ask(Do::Break.with(0)).await, faulted);
        }
        // The window is exhausted. Refused or answered so: nobody waits.
        let after = actor.ask(Do::Add.with(1)).await;
        let closed = Err(AskError::Refused(PushError::Closed(Do::Add.with(1))));
        assert!(after == faulted || after == closed, "{after:?}");
    });
    assert_eq!(actor.into_running().join(), ActorState::Faulted);
    assert_eq!(script.calls.counts(), (3, 3));
}

#[test]
fn a_stop_ends_a_long_handler_at_its_next_safe_point() {
    let script = Script::default();
    let mut actor =
        spawn(&host::<4, 1>(&script), script.clone(), ActorPlan::new()).expect("it starts");
    let mut requester = actor.take_requester(0).expect("it is here");
    requester.try_ask(MessageHeader::new(), Do::Take.with(u32::MAX)).expect("there is room");
    let (mut controls, running) = actor.into_parts();
    while isokern_core::call::Clock::now_ns(&script.clock) == 0 {
        thread::yield_now();
    }
    controls.stop();
    assert_eq!((running.join(), controls.state()), (ActorState::Stopped, ActorState::Stopped));
    let answer = requester.try_answer().expect("it was answered");
    assert_eq!(answer.result, Err(ActorError::Stopped));
}

#[test]
fn a_chain_of_actors_passes_everything_on() {
    let script = Script::default();
    let mut last =
        spawn(&host::<8, 2>(&script), script.clone(), ActorPlan::new()).expect("it starts");
    let link = last.take_link(1).expect("nobody used it");
    let plan = ActorPlan::new().try_with_link(link).expect("one fits");
    let mut first = spawn(&host::<8, 2>(&script), script.clone(), plan).expect("it starts");
    let mut sent_count = 0;
    pollster::block_on(async {
        while sent_count < 2_000 {
            match first.ask(Do::Send.with(2)).await {
                Ok(_) => sent_count += 1,
                // The link was full: the step told nobody anything.
                Err(AskError::Actor(ActorError::Handler { code: 2009, .. })) => {
                    thread::yield_now();
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
    assert_eq!(first.into_running().join(), ActorState::Stopped);
    last.shutdown();
    let view = loop {
        if let Some(view) = last.view().filter(|view| view.state().is_some_and(|s| s.is_over())) {
            break view;
        }
        thread::yield_now();
    };
    assert_eq!(view.answered(), 2_000);
    assert_eq!(last.into_running().join(), ActorState::Stopped);
}

/// Two threads and a main loop, each with mailboxes of its own shape.
#[test]
fn s4_linked_actors_on_threads_have_shapes_of_their_own() {
    const COUNT: u32 = 500;
    let (one, wide, narrow) = (Fork::default(), Fork::default(), Fork::default());
    let clock = HandClock::default();
    let host = ThreadHost::<_, Mailboxes<64, 2, 2>>::new("wide", clock.clone());
    let mut wide_actor = spawn(&host, wide.clone(), ActorPlan::new()).expect("it starts");
    static CELLS: ActorCells<Mailboxes<4, 1, 3>> = ActorCells::new();
    let host = LoopHost::new(&CELLS, clock.clone());
    let mut narrow_actor = spawn(&host, narrow.clone(), ActorPlan::new()).expect("it is new");
    let link = narrow_actor.take_link(2).expect("nobody used it");
    let plan = ActorPlan::new().try_with_link(wide_actor.take_link(1));
    let plan = plan.and_then(|plan| plan.try_with_link(link)).expect("two fit");
    let host = ThreadHost::<_, Mailboxes<8>>::new("one", clock);
    let mut actor = spawn(&host, one, plan).expect("it starts");

    let asker = thread::spawn(move || {
        let mut sent_count = 0;
        while sent_count < COUNT {
            match pollster::block_on(actor.ask([2, 1, 1, 1, 1, 1, 1, 1])) {
                Ok(_) => sent_count += 1,
                // A link was full: the step told nobody anything.
                Err(AskError::Actor(ActorError::Handler { code: 2009, .. })) => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
        actor.into_running().join()
    });
    narrow_actor.shutdown();
    while narrow_actor.running_mut().step(&mut Spinning) != Step::Over {
        thread::yield_now();
    }
    assert_eq!(asker.join().expect("it ends"), ActorState::Stopped);
    wide_actor.shutdown();
    let (controls, running) = wide_actor.into_parts();
    assert_eq!(running.join(), ActorState::Stopped);
    let sent = || (0..COUNT).map(|sequence| Fork::header().with_sequence(sequence));
    for (seen, stats) in
        [(wide.seen(), controls.link_stats(1)), (narrow.seen(), narrow_actor.link_stats(2))]
    {
        assert!(seen.into_iter().eq(sent()));
        let stats = stats.expect("there is a link");
        let counts = (stats.accepted_count, stats.told_count, stats.in_flight_count);
        assert_eq!(counts, (COUNT.into(), COUNT.into(), 0));
    }
}

/// This clock's type cannot be written at all; the shape of the mailboxes is.
#[test]
fn s4_a_thread_host_is_told_its_clock_once() {
    fn clock() -> impl Clock + Clone {
        HandClock::default()
    }
    let host = ThreadHost::<_, Mailboxes<4, 1, 2>>::new("fork", clock());
    let mut actor = spawn(&host, Fork::default(), ActorPlan::new()).expect("it starts");
    assert_eq!(pollster::block_on(actor.ask([0, 1, 2, 3, 4, 5, 6, 7])), Ok(28));
    assert!(actor.requester(1).is_some() && actor.requester(2).is_none(), "two mailboxes");
}

#[test]
fn a_dropped_question_is_abandoned() {
    let script = Script::default();
    let mut actor =
        spawn(&host::<2, 1>(&script), script.clone(), ActorPlan::new()).expect("it starts");
    let shared = SharedRequester::new(actor.take_requester(0).expect("it is here"));
    for _ in 0..100 {
        let mut asking = std::boxed::Box::pin(shared.ask(Do::Add.with(1)));
        let mut task = core::task::Context::from_waker(core::task::Waker::noop());
        let _ = asking.as_mut().poll(&mut task);
        drop(asking);
    }
    let answered = loop {
        match pollster::block_on(shared.ask(Do::Add.with(0))) {
            Ok(sum) => break sum,
            Err(AskError::Refused(PushError::Full(_))) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(u64::from(answered), 100 + shared.stats().accepted_count - 1);
}
