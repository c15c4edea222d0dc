//! Actors on threads that are stopped under fire: the numbers add up all the time, and nothing
//! is in flight when they are joined.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::thread;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorPlan, Mailboxes, Supervision};
use isokern_core::call::Clock;

use super::dice::Random;
use super::toys::{Do, HandClock, Script};
use crate::{PushError, RequesterOn, RequesterStats, ThreadHost, spawn};

type Host = ThreadHost<HandClock, Mailboxes<4, 1, 2>>;

fn add_up(stats: RequesterStats) -> RequesterStats {
    assert_eq!(stats.accounted_count(), stats.accepted_count, "{stats:?}");
    stats
}

/// Asks, tells, takes and abandons until the mailbox is closed; what was accepted.
fn fire(
    requester: &mut RequesterOn<Host, Script>,
    clock: &HandClock,
    seed: u64,
    fired_count: &AtomicU64,
) -> u64 {
    let (mut random, mut accepted_count) = (Random(seed), 0);
    loop {
        let message = match random.below(512) {
            0 => Do::Break.with(0),
            1..32 => Do::Fail.with(7),
            32..128 => Do::Send.with(2),
            _ => Do::Add.with(1),
        };
        let deadline_ns = if random.below(4) == 0 { clock.now_ns() + 500 } else { 0 };
        let header = MessageHeader::new().with_deadline_ns(deadline_ns);
        let outcome = if random.below(2) == 0 {
            requester.try_tell(header, message)
        } else {
            requester.try_ask(header, message).map(|sequence| {
                if random.below(4) == 0 {
                    requester.abandon(sequence);
                }
            })
        };
        match outcome {
            Ok(()) => {
                accepted_count += 1;
                fired_count.fetch_add(1, Ordering::Relaxed);
            }
            Err(PushError::Full(_)) => thread::yield_now(),
            Err(PushError::Closed(_)) => return accepted_count,
        }
        clock.advance_us(1);
        let _ = requester.try_answer();
        assert_eq!(add_up(requester.stats()).accepted_count, accepted_count);
    }
}

#[test]
fn p01_nothing_is_in_flight_after_join() {
    let mut told_count = 0;
    for round in 1..40 {
        let script = Script::default();
        let window = Duration::from_secs(3600);
        let restart = Supervision::Restart { count_max: 8, window, backoff: Duration::ZERO };
        let plan = || ActorPlan::new().with_supervision(restart);
        let host = || Host::new("script", script.clock.clone());
        let mut second = spawn(&host(), script.clone(), plan()).expect("it starts");
        let link = second.take_link(1).expect("nobody used it");
        let plan = plan().try_with_link(link).expect("one fits");
        let mut first = spawn(&host(), script.clone(), plan).expect("it starts");
        let mut requesters = [0, 1].map(|index| first.take_requester(index).expect("it is here"));
        let (mut controls, running) = first.into_parts();
        let fired_count = AtomicU64::new(0);
        let accepted_counts = thread::scope(|scope| {
            let [one, two] = requesters.each_mut();
            let (clock, count) = (&script.clock, &fired_count);
            let firing = [(one, round), (two, round + 1_000)]
                .map(|(requester, seed)| scope.spawn(move || fire(requester, clock, seed, count)));
            // Under fire by count, not by time: a busy machine stops them no earlier.
            while fired_count.load(Ordering::Relaxed) < 50 * round
                && !firing.iter().all(thread::ScopedJoinHandle::is_finished)
            {
                thread::yield_now();
            }
            // The second one first, every other time: the link's messages are refused then.
            if round % 2 == 0 {
                second.stop();
            }
            controls.stop();
            firing.map(|asker| asker.join().expect("its numbers add up"))
        });
        let _ = running.join();
        second.stop();
        let (seen, running) = second.into_parts();
        let _ = running.join();
        let mut accepted_count = 0;
        for (requester, fired_count) in requesters.iter_mut().zip(accepted_counts) {
            let stats = add_up(requester.stats());
            assert_eq!(
                (stats.accepted_count, stats.in_flight_count),
                (fired_count, 0),
                "{stats:?}"
            );
            accepted_count += fired_count;
        }
        let view = controls.view().expect("nobody writes");
        assert!(view.taken() <= accepted_count, "{view:?}");
        let linked = add_up(seen.link_stats(1).expect("a link"));
        assert_eq!(linked.in_flight_count, 0, "{linked:?}");
        told_count += linked.told_count;
    }
    // How many cross in time is the scheduler's affair.
    assert!(told_count > 0, "{told_count}");
}
