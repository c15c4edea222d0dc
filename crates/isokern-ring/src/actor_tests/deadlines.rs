//! Deadlines over all 64 bits: nothing late is an answer, and nothing in time is refused.

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorPlan};
use isokern_core::call::Clock;
use isokern_core::ring::DEADLINE_TICK_NS;
use proptest::prelude::{any, prop_assert_eq, proptest};

use super::toys::{Do, HandClock, Script};
use super::{LoopActor, answers, ask, settle, start, start_linked};

const MINUTE_NS: u64 = 60_000_000_000;

/// Returns an actor, and the script with the clock both sides go by.
fn actor() -> (LoopActor<2, 1>, HandClock) {
    let script = Script::default();
    let mut actor = start(&script, ActorPlan::new());
    settle(&mut actor);
    (actor, script.clock)
}

/// Returns what becomes of a question with this header, sent, handled and collected at these
/// moments.
fn outcome(
    (actor, clock): &mut (LoopActor<2, 1>, HandClock),
    header: MessageHeader,
    [sent_ns, handled_ns, taken_ns]: [u64; 3],
) -> Result<u32, ActorError> {
    clock.set_ns(sent_ns);
    let requester = actor.requester(0).expect("it is here");
    let sequence = requester.try_ask(header, Do::Add.with(0)).expect("there is room");
    clock.set_ns(handled_ns);
    settle(actor);
    clock.set_ns(taken_ns);
    let requester = actor.requester(0).expect("it is here");
    requester.try_answer_to(sequence).expect("it was handled").result
}

/// A question of one second that waits longer in the ring is not handled, however much longer.
#[test]
fn p02_a_question_late_by_any_time_is_expired() {
    let mut pair = actor();
    for minutes in [0, 1, 30, 35, 36, 37, 60, 71, 72, 73, 107, 1_000_000] {
        let now_ns = 10_000_000_000;
        let header = MessageHeader::new().with_deadline_ns(now_ns + 1_000_000_000);
        let late_ns = now_ns + 1_000_000_000 + DEADLINE_TICK_NS + minutes * MINUTE_NS;
        for header in [header, header.with_creation_ns(now_ns)] {
            let result = outcome(&mut pair, header, [now_ns, late_ns, late_ns]);
            assert_eq!(result, Err(ActorError::Expired), "{minutes} minutes");
        }
    }
    let view = pair.0.view().expect("nobody writes");
    assert_eq!((view.taken(), view.expired()), (24, 24), "the handler saw none");
    assert_eq!(pair.0.stats().expired_count, 24);
}

/// The actor is in time, and the asker does not look until it is too late.
#[test]
fn p02_a_reply_taken_late_is_expired() {
    let mut pair = actor();
    for (waited_ns, is_late) in [(0, false), (999, false), (1_000, true), (1_001, true)] {
        for minutes in [0, 37, 71] {
            let now_ns = 10_000_000_000 + minutes * MINUTE_NS;
            let header = MessageHeader::new().with_deadline_ns(now_ns + 1_000);
            let result = outcome(&mut pair, header, [now_ns, now_ns, now_ns + waited_ns]);
            let expected = if is_late { Err(ActorError::Expired) } else { Ok(100) };
            assert_eq!(result, expected, "{waited_ns} ns");
        }
    }
    let (stats, view) = (pair.0.stats(), pair.0.view().expect("nobody writes"));
    assert_eq!((stats.answered_count, stats.expired_count), (6, 6));
    assert_eq!((view.answered(), view.expired()), (12, 0), "to the actor all were in time");
}

/// Far away, or no limit at all, with a creation time and without.
#[test]
fn p03_a_deadline_far_away_is_not_over() {
    let mut pair = actor();
    let now_ns = 7_200 * 1_000_000_000;
    for ahead_ns in [35, 37, 60, 100, 71_583, 143_166].map(|minutes| minutes * MINUTE_NS) {
        for deadline_ns in [now_ns + ahead_ns, u64::MAX - ahead_ns, u64::MAX - 1, u64::MAX] {
            let header = MessageHeader::new().with_deadline_ns(deadline_ns);
            for header in [header, header.with_creation_ns(now_ns)] {
                let result = outcome(&mut pair, header, [now_ns; 3]);
                assert_eq!(result, Ok(100), "{deadline_ns}");
            }
        }
    }
}

/// Every deadline of the table, taken at moments around it: an answer if and only if it is
/// after the moment at which the reply is taken. 0 is no deadline, `u64::MAX` no limit.
#[test]
fn a_reply_is_an_answer_while_its_deadline_lies_ahead() {
    let mut pair = actor();
    let step_ns = DEADLINE_TICK_NS << 32;
    let multiples = (1..=u64::MAX / step_ns).step_by(4_093).chain([u64::MAX / step_ns]);
    let around = multiples.flat_map(|multiple| {
        let moment_ns = multiple * step_ns;
        [moment_ns - DEADLINE_TICK_NS, moment_ns, moment_ns + DEADLINE_TICK_NS]
    });
    for deadline_ns in around.chain([0, 1, u64::MAX - 1, u64::MAX]) {
        let far = [0, 1, deadline_ns / 2, u64::MAX - 1, u64::MAX];
        let tick_ns = DEADLINE_TICK_NS;
        let before = [1, 2, tick_ns, step_ns].map(|by_ns| deadline_ns.saturating_sub(by_ns));
        let after = [0, 1, tick_ns, step_ns].map(|by_ns| deadline_ns.saturating_add(by_ns));
        for taken_ns in far.into_iter().chain(before).chain(after) {
            let has_end = deadline_ns != 0 && deadline_ns != u64::MAX;
            let is_answer = !has_end || deadline_ns > taken_ns;
            for creation_ns in [0, taken_ns, deadline_ns] {
                let header = MessageHeader::new()
                    .with_creation_ns(creation_ns)
                    .with_deadline_ns(deadline_ns);
                let early_ns = taken_ns.min(deadline_ns);
                for moments in [[taken_ns; 3], [early_ns, early_ns, taken_ns]] {
                    let result = outcome(&mut pair, header, moments);
                    let expected = if is_answer { Ok(100) } else { Err(ActorError::Expired) };
                    assert_eq!(result, expected, "{deadline_ns} taken at {taken_ns}");
                }
            }
        }
    }
}

/// Multiples of 2³² ticks, a tick before them and a tick after them: taken a nanosecond before
/// the deadline there is an answer, and taken at the deadline there is none. Every 61st of them;
/// with `ISOKERN_DEADLINE_STEP=1` every one, 25 165 818 questions.
#[test]
fn p02_no_multiple_of_32_bits_of_ticks_is_special() {
    let mut pair = actor();
    let (tick_ns, step_ns) = (DEADLINE_TICK_NS, DEADLINE_TICK_NS << 32);
    let step = std::env::var("ISOKERN_DEADLINE_STEP")
        .map_or(61, |step| step.parse().expect("ISOKERN_DEADLINE_STEP is a number, 1 or more"));
    let mut counts = [0; 2];
    for multiple in (1..=u64::MAX / step_ns).step_by(step) {
        let moment_ns = multiple * step_ns;
        for deadline_ns in [moment_ns - tick_ns, moment_ns, moment_ns + tick_ns] {
            for (is_late, taken_ns) in [(false, deadline_ns - 1), (true, deadline_ns)] {
                let header = MessageHeader::new().with_deadline_ns(deadline_ns);
                // Stamped or not, sent long ago or just now.
                let stamp_ns = if multiple % 2 == 0 { taken_ns } else { 0 };
                let sent_ns = if multiple % 3 == 0 { 0 } else { taken_ns };
                let header = header.with_creation_ns(stamp_ns);
                let result = outcome(&mut pair, header, [sent_ns, taken_ns, taken_ns]);
                let expected = if is_late { Err(ActorError::Expired) } else { Ok(100) };
                assert_eq!(result, expected, "{deadline_ns} taken at {taken_ns}");
                counts[usize::from(is_late)] += 1;
            }
        }
    }
    let stats = pair.0.stats();
    assert_eq!(counts, [3 * ((1_u64 << 22) - 1).div_ceil(step as u64); 2]);
    assert_eq!([stats.answered_count, stats.expired_count], counts);
}

proptest! {
    #[test]
    fn any_deadline_is_kept_to_the_nanosecond(
        deadline_ns in any::<u64>(),
        creation_ns in any::<u64>(),
        is_stamped in any::<bool>(),
        mut moments in any::<[u64; 3]>(),
        near in any::<bool>(),
    ) {
        if near {
            // Within two ticks of the deadline, before or after.
            moments = moments.map(|moment| {
                let offset_ns = moment % (4 * DEADLINE_TICK_NS);
                deadline_ns.saturating_sub(2 * DEADLINE_TICK_NS).saturating_add(offset_ns)
            });
        }
        moments.sort_unstable();
        let header = MessageHeader::new()
            .with_deadline_ns(deadline_ns)
            .with_creation_ns(if is_stamped { creation_ns } else { 0 });
        let result = outcome(&mut actor(), header, moments);
        let is_answer = matches!(deadline_ns, 0 | u64::MAX) || deadline_ns > moments[2];
        prop_assert_eq!(result, if is_answer { Ok(100) } else { Err(ActorError::Expired) });
    }
}

/// A handler without a safe point that ends after its deadline has answered nobody, and what it
/// sent stays.
#[test]
fn p14_a_late_answer_of_a_handler_without_safe_points_is_none() {
    let script = Script::default();
    script.clock.advance_us(1_000);
    let mut second = start::<2, 2>(&script, ActorPlan::new());
    let link = second.take_link(1).expect("nobody used it");
    let plan = ActorPlan::new().try_with_link(link).expect("one link fits");
    let mut first = start_linked::<2, 2, _>(&script, plan);
    for (takes_us, expected) in [(90, Ok(90)), (110, Err(ActorError::TimedOut))] {
        let deadline_ns = script.clock.now_ns() + 100_000;
        let header = MessageHeader::new().with_deadline_ns(deadline_ns);
        let requester = first.requester(0).expect("it is here");
        requester.try_ask(header, Do::Block.with(takes_us)).expect("there is room");
        settle(&mut first);
        settle(&mut second);
        assert_eq!(answers(&mut first), [expected]);
    }
    ask(&mut second, Do::Add.with(0));
    settle(&mut second);
    assert_eq!(answers(&mut second), [Ok(190)], "the first one's message alone");
}
