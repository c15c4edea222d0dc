//! A million random steps through two linked actors: after each, the numbers add up.

use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::boxed::Box;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::vec::Vec;

use isokern_core::MessageHeader;
use isokern_core::actor::{
    ActorCells, ActorError, ActorPlan, LinkEnd, Mailboxes, NoBuffers, NoLinks, Supervision,
};
use isokern_core::call::Clock;

use super::dice::{Dice, KINDS, Random};
use super::toys::HandClock;
use crate::{
    ActorControls, FAULT_PANIC, LoopHost, PopError, PushError, RequesterOn, RequesterStats,
    Spinning, Step, spawn,
};

const STEPS: u32 = 1_000_000;
const SLOTS: usize = 4;

type Shape = Mailboxes<SLOTS, 1, 3>;
type Host = LoopHost<'static, HandClock, Shape>;
type Memory = &'static ActorCells<Shape>;
type OptionalLink = (NoLinks, Option<LinkEnd<Memory>>);
type Running = <Host as isokern_core::actor::Host<Dice, NoBuffers, OptionalLink>>::Running;
type Asker = RequesterOn<Host, Dice>;

/// One asker, and what it has seen by itself.
struct Seat {
    asker: Asker,
    /// Questions not taken and not abandoned.
    open: Vec<u32>,
    seen: RequesterStats,
}

impl Seat {
    fn send(&mut self, random: &mut Random, now_ns: u64) {
        let message = [random.below(KINDS) as u32, random.below(1_000) as u32];
        let header = match random.below(4) {
            0 => MessageHeader::new().with_deadline_ns(now_ns + random.below(20_000)),
            1 => MessageHeader::new().with_deadline_ns(u64::MAX).with_creation_ns(now_ns),
            _ => MessageHeader::new(),
        };
        let outcome = if random.below(2) == 0 {
            self.asker.try_tell(header, message)
        } else {
            self.asker.try_ask(header, message).map(|sequence| self.open.push(sequence))
        };
        match outcome {
            Ok(()) => self.seen.accepted_count += 1,
            Err(PushError::Full(back) | PushError::Closed(back)) => {
                assert_eq!(back, message);
                self.seen.refused_count += 1;
            }
        }
    }

    fn take(&mut self, random: &mut Random) {
        let answer = if self.open.is_empty() || random.below(2) == 0 {
            match self.asker.try_answer() {
                Ok(answer) => answer,
                Err(PopError::Empty | PopError::Closed) => return,
            }
        } else {
            let place = random.below(self.open.len() as u64) as usize;
            match self.asker.try_answer_to(self.open[place]) {
                Some(answer) => answer,
                None => return,
            }
        };
        let place = self.open.iter().position(|open| *open == answer.header.sequence());
        self.open.swap_remove(place.expect("asked, and neither taken nor abandoned"));
        *match answer.result {
            Ok(_) => &mut self.seen.answered_count,
            Err(ActorError::Handler { .. }) => &mut self.seen.failed_count,
            Err(ActorError::Expired | ActorError::TimedOut) => &mut self.seen.expired_count,
            Err(ActorError::ActorFaulted) => &mut self.seen.faulted_count,
            Err(ActorError::Stopped) => &mut self.seen.stopped_count,
            Err(error) => panic!("{error}"),
        } += 1;
    }

    fn abandon(&mut self, random: &mut Random) {
        if !self.open.is_empty() {
            let place = random.below(self.open.len() as u64) as usize;
            self.asker.abandon(self.open.swap_remove(place));
            self.seen.abandoned_count += 1;
        }
    }

    /// Compares with what was seen here; the rest of each count are messages without reply, and
    /// replies that were not taken.
    fn check(&mut self) -> RequesterStats {
        let (stats, seen) = (self.asker.stats(), self.seen);
        assert_eq!(stats.accounted_count(), stats.accepted_count, "{stats:?}");
        assert_eq!(stats.accepted_count, seen.accepted_count, "{stats:?}");
        assert_eq!(stats.refused_count, seen.refused_count, "{stats:?}");
        assert_eq!(stats.abandoned_count, seen.abandoned_count, "{stats:?}");
        assert_eq!((stats.foreign_count, stats.dropped_count), (0, 0), "{stats:?}");
        assert!(stats.depth <= SLOTS as u32, "{stats:?}");
        assert!(stats.in_flight_count <= u64::from(stats.depth), "{stats:?}");
        for (count, seen_count) in [
            (stats.answered_count, seen.answered_count),
            (stats.failed_count, seen.failed_count),
            (stats.expired_count, seen.expired_count),
            (stats.faulted_count, seen.faulted_count),
            (stats.stopped_count, seen.stopped_count),
        ] {
            assert!(count >= seen_count, "{stats:?} and {seen:?}");
        }
        stats
    }
}

/// One of the two actors.
struct Player {
    controls: ActorControls<Memory>,
    /// `None` when it was dropped.
    runner: Option<Running>,
    done_count: Arc<AtomicU64>,
    seats: Vec<Seat>,
}

impl Player {
    /// Starts one, with an asker for each mailbox; the third may be a link instead.
    fn start(
        clock: &HandClock,
        plan: ActorPlan<OptionalLink>,
        fails_to_start: bool,
        is_linked: bool,
    ) -> (Self, Option<LinkEnd<Memory>>) {
        let cells: Memory = Box::leak(Box::default());
        let host = LoopHost::new(cells, clock.clone());
        let done_count = Arc::<AtomicU64>::default();
        let dice = Dice { clock: clock.clone(), done_count: done_count.clone(), fails_to_start };
        let mut actor = spawn(&host, dice, plan).expect("the host is new");
        let link = if is_linked { actor.take_link(2) } else { None };
        let seats = (0..if is_linked { 2 } else { 3 }).map(|index| Seat {
            asker: actor.take_requester(index).expect("it is new"),
            open: Vec::new(),
            seen: RequesterStats::default(),
        });
        let seats = seats.collect();
        let (controls, runner) = actor.into_parts();
        (Self { controls, runner: Some(runner), done_count, seats }, link)
    }

    fn step(&mut self) -> Step {
        let Some(runner) = &mut self.runner else {
            return Step::Over;
        };
        catch_unwind(AssertUnwindSafe(|| runner.step(&mut Spinning)))
            .unwrap_or_else(|_| runner.fault(FAULT_PANIC, &mut Spinning))
    }

    /// Checks the end: nothing is in flight, and everything is where both sides saw it.
    fn check_end(&mut self, linked_count: u64) {
        let mut accepted_count = linked_count;
        for seat in &mut self.seats {
            assert_eq!(seat.check().in_flight_count, 0);
            while !seat.open.is_empty() {
                seat.take(&mut Random(1));
            }
            let (stats, seen) = (seat.check(), seat.seen);
            assert_eq!(seat.asker.try_answer().map(|_| ()), Err(PopError::Closed));
            assert_eq!((stats.in_flight_count, stats.depth), (0, 0));
            assert_eq!(stats.answered_count, seen.answered_count, "no tell among them");
            accepted_count += stats.accepted_count;
        }
        let view = self.controls.view().expect("nobody writes");
        assert_eq!(view.taken(), accepted_count, "{view:?}");
        let done_count = self.done_count.load(Ordering::Relaxed);
        // Some came to their end late.
        let answered_counts = done_count.saturating_sub(view.expired())..=done_count;
        assert!(answered_counts.contains(&view.answered()), "{view:?} and {done_count}");
    }
}

/// A life of two actors, the first of which sends to the third mailbox of the second.
struct Game {
    random: Random,
    clock: HandClock,
    players: [Player; 2],
}

impl Game {
    fn begin(seed: u64) -> Self {
        let (mut random, clock) = (Random(seed), HandClock::default());
        clock.advance_us(1_000);
        let plan = |random: &mut Random, link| {
            let count_max = random.below(4) as u32;
            let window = Duration::from_micros(random.below(1_000));
            let backoff = Duration::from_micros(random.below(20));
            let restart = Supervision::Restart { count_max, window, backoff };
            let plan = ActorPlan::new().with_supervision(restart).with_passed_over_max(2);
            plan.try_with_link(link).expect("one fits")
        };
        let fails_to_start = random.below(4) == 0;
        let (second, link) = Player::start(&clock, plan(&mut random, None), fails_to_start, true);
        assert!(link.is_some(), "it is new");
        let plan = plan(&mut random, link);
        let (first, _) = Player::start(&clock, plan, false, false);
        Self { random, clock, players: [first, second] }
    }

    fn step(&mut self) {
        let Self { random, clock, players } = self;
        let player = &mut players[random.below(2) as usize];
        let seat_index = random.below(player.seats.len() as u64) as usize;
        let seat = &mut player.seats[seat_index];
        match random.below(1_000) {
            0..300 => seat.send(random, clock.now_ns()),
            300..500 => seat.take(random),
            500..550 => seat.abandon(random),
            550..600 => clock.set_ns(clock.now_ns() + random.below(5_000)),
            600..620 => player.controls.pause(true),
            620..660 => player.controls.pause(false),
            660..662 => player.controls.stop(),
            662..664 => seat.asker.close(),
            664 => player.runner = None,
            _ => {
                player.step();
            }
        }
    }

    fn check(&mut self) -> RequesterStats {
        for seat in self.players.iter_mut().flat_map(|player| &mut player.seats) {
            seat.check();
        }
        let link = self.players[1].controls.link_stats(2).expect("there is a link");
        assert_eq!(link.accounted_count(), link.accepted_count, "{link:?}");
        assert_eq!((link.answered_count, link.abandoned_count), (0, 0));
        link
    }

    /// Closes every mailbox, lets both come to their end, and returns the last stats.
    fn end(&mut self) -> Vec<RequesterStats> {
        for seat in self.players.iter_mut().flat_map(|player| &mut player.seats) {
            seat.asker.close();
        }
        for _ in 0..10_000 {
            self.clock.set_ns(self.clock.now_ns() + self.random.below(20_000));
            let steps = self.players.each_mut().map(Player::step);
            if steps == [Step::Over; 2] {
                let link = self.check();
                assert_eq!(link.in_flight_count, 0, "{link:?}");
                self.players[0].check_end(0);
                self.players[1].check_end(link.accepted_count);
                let seats = self.players.iter_mut().flat_map(|player| &mut player.seats);
                return seats.map(Seat::check).chain([link]).collect();
            }
        }
        let views = self.players.each_ref().map(|player| player.controls.view());
        panic!("an actor that nobody can ask goes on: {views:?}");
    }
}

#[test]
fn every_message_is_in_one_count_after_each_of_a_million_steps() {
    let mut random = Random(0x1505_2026);
    let (mut steps_left, mut lives) = (STEPS, 0);
    let mut sums = [[0; 7]; 6];
    while steps_left != 0 {
        let seed = random.below(u64::MAX) | 1;
        let steps = steps_left.min(random.below(500) as u32);
        steps_left -= steps;
        lives += 1;
        let life = catch_unwind(|| {
            let mut game = Game::begin(seed);
            for _ in 0..steps {
                game.step();
                game.check();
            }
            game.end()
        });
        let Ok(stats) = life else {
            panic!("life {lives} of {steps} steps, seed {seed:#x}");
        };
        for (sums, stats) in sums.iter_mut().zip(stats) {
            let counts = [
                stats.told_count,
                stats.failed_count,
                stats.expired_count,
                stats.faulted_count,
                stats.stopped_count,
                stats.answered_count,
                stats.abandoned_count,
            ];
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
    // Every way to end was gone often; a link has no questions.
    for (sender, sums) in sums.into_iter().enumerate() {
        let sums = if sender == 5 { &sums[..5] } else { &sums[..] };
        assert!(sums.iter().all(|sum| *sum > 100), "{sums:?}");
    }
}
