//! The interrupt's side of the actor: asks, tells, waits for deadlines, and has it stopped.

use core::sync::atomic::{AtomicBool, Ordering};

use isokern_cpu::core::MessageHeader;
use isokern_cpu::core::actor::ActorError;
use isokern_cpu::core::call::Clock;
use isokern_firmware::console::{print_number, print_word};
use isokern_firmware::ending;
use isokern_firmware::relay::Relay;
use isokern_firmware::ticker::{TICK_NS, TickClock};
use isokern_ring::{PopError, PushError, RequesterStats, Spinning, Step};

use crate::total::{Question, Reply, TotalActor, TotalRequester};
use crate::{CLIENT, MEASURED_COUNT};

/// Questions through each mailbox, and messages without a reply through the second.
const ASK_COUNT: u32 = 400;
const TELL_COUNT: u32 = 200;

/// Rounds of three questions: one is held, one waits after it too long, one has time.
const ROUND_COUNT: u32 = 8;

/// Questions that wait in both mailboxes while another is held.
const WAITING_COUNT: usize = 7;

/// When the answer to a held question comes: the loop sees one tick after the deadline that it
/// has passed, and the interrupt sees the answer at the next.
const LATE_TICKS: u64 = 2;

/// Whether the loop is to stop the actor.
static IS_STOP_WANTED: AtomicBool = AtomicBool::new(false);

static DONE: Relay<Outcome> = Relay::new();

/// What the interrupt has seen.
#[derive(Clone, Copy, Default)]
struct Outcome {
    urgent: RequesterStats,
    bulk: RequesterStats,
    told_count: u32,
    full_count: u32,
    /// Answers that are not the ones to the questions, or come at another time.
    wrong_count: u32,
    added_count: u32,
    order: [u8; WAITING_COUNT],
}

/// One mailbox, from the asking side.
struct Asker {
    requester: TotalRequester,
    asked_count: u32,
    answered_count: u32,
}

/// Both mailboxes and how far the plan has come.
pub(crate) struct Client {
    urgent: Asker,
    bulk: Asker,
    stage: Stage,
    tick_count: u32,
    /// Answers to the rounds.
    round_answer_count: u32,
    deadline_ns: u64,
    /// The sum of all numbers that were accepted.
    sum: u32,
    seen: Outcome,
}

/// The plan, in order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Traffic,
    /// Everything that was accepted is in the sum.
    Sum,
    Deadlines,
    Hold(Reason),
    Fill(Reason),
    Order,
    End,
}

/// Why the mailboxes are filled while the actor is busy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Order,
    Stop,
}

/// Lets the interrupt use the actor, steps it to its end, and prints what was counted.
#[inline(never)]
pub(crate) fn run(actor: &mut TotalActor) {
    let (Some(urgent), Some(bulk)) = (actor.take_requester(0), actor.take_requester(1)) else {
        ending::fail("the actor has no two mailboxes");
    };
    CLIENT.put(Client::new(urgent, bulk));
    while actor.running_mut().step(&mut Spinning) != Step::Over {
        if IS_STOP_WANTED.load(Ordering::Relaxed) {
            actor.stop();
        }
    }
    let seen = DONE.wait();
    let both = |count: fn(&RequesterStats) -> u64| (count(&seen.urgent) + count(&seen.bulk)) as u32;
    print_word("state", actor.state().as_str());
    print_number("accepted", both(|stats| stats.accepted_count));
    print_number("answered", both(|stats| stats.answered_count));
    print_number("expired", both(|stats| stats.expired_count));
    print_number("stopped", both(|stats| stats.stopped_count));
    print_number("faulted", both(|stats| stats.faulted_count + stats.failed_count));
    print_number("foreign", both(|stats| stats.foreign_count));
    print_number("told", seen.told_count);
    print_number("added", seen.added_count);
    print_number("ask_full", seen.full_count);
    print_number("wrong", seen.wrong_count);
    print_word("order", core::str::from_utf8(&seen.order).unwrap_or_default());
}

impl Client {
    fn new(urgent: TotalRequester, bulk: TotalRequester) -> Self {
        let asker = |requester| Asker { requester, asked_count: 0, answered_count: 0 };
        Self {
            urgent: asker(urgent),
            bulk: asker(bulk),
            stage: Stage::Traffic,
            tick_count: 0,
            round_answer_count: 0,
            deadline_ns: 0,
            sum: 0,
            seen: Outcome { added_count: MEASURED_COUNT, ..Outcome::default() },
        }
    }

    /// Goes on with the plan; `true` at its end.
    pub(crate) fn tick(&mut self) -> bool {
        match self.stage {
            Stage::Traffic => self.send_traffic(),
            Stage::Sum => self.check_sum(),
            Stage::Deadlines => self.check_deadlines(),
            Stage::Hold(reason) => {
                self.hold(2);
                self.stage = Stage::Fill(reason);
            }
            Stage::Fill(reason) => self.fill(reason),
            Stage::Order => self.check_order(),
            Stage::End => return self.check_end(),
        }
        false
    }

    fn send_traffic(&mut self) {
        for asker in [&mut self.urgent, &mut self.bulk] {
            self.seen.wrong_count += asker.collect(&mut self.seen.added_count);
        }
        // More than there are slots, now and then.
        self.tick_count += 1;
        for _ in 0..1 + self.tick_count % 6 {
            self.sum = self.sum.wrapping_add(self.urgent.ask(&mut self.seen.full_count));
            self.sum = self.sum.wrapping_add(self.bulk.ask(&mut self.seen.full_count));
        }
        let told = Question { number: self.seen.told_count, is_held: 0 };
        if self.seen.told_count < TELL_COUNT
            && self.bulk.requester.try_tell(MessageHeader::new(), told).is_ok()
        {
            self.sum = self.sum.wrapping_add(told.number);
            self.seen.told_count += 1;
        }
        let is_done = |asker: &Asker| asker.answered_count == ASK_COUNT;
        if is_done(&self.urgent) && is_done(&self.bulk) && self.seen.told_count == TELL_COUNT {
            let foreign_count = self.bulk.requester.stats().foreign_count;
            self.expect(foreign_count == 0);
            self.ask_bulk(0);
            self.stage = Stage::Sum;
        }
    }

    /// Checks the sum that the actor answers after everything else in the second mailbox.
    fn check_sum(&mut self) {
        if let Ok(answer) = self.bulk.requester.try_answer() {
            self.seen.added_count += self.seen.told_count;
            let reply = Reply { number: 0, turn: self.seen.added_count, sum: self.sum };
            self.expect(answer.result == Ok(reply));
            self.seen.added_count += 1;
            self.stage = Stage::Deadlines;
        }
    }

    /// Checks one round: a question held until its deadline, one that expired meanwhile, one
    /// answered.
    fn check_deadlines(&mut self) {
        let now_ns = TickClock.now_ns();
        if self.deadline_ns == 0 {
            self.hold(3);
            self.ask_urgent(0, now_ns + TICK_NS);
            self.ask_urgent(0, now_ns + 1000 * TICK_NS);
        }
        while let Ok(answer) = self.urgent.requester.try_answer() {
            let is_right = match self.round_answer_count % 3 {
                0 => {
                    answer.result == Err(ActorError::TimedOut)
                        && now_ns == self.deadline_ns + LATE_TICKS * TICK_NS
                }
                1 => answer.result == Err(ActorError::Expired),
                _ => {
                    self.seen.added_count += 1;
                    self.deadline_ns = 0;
                    answer.result.is_ok()
                }
            };
            self.round_answer_count += 1;
            self.expect(is_right);
        }
        if self.round_answer_count == 3 * ROUND_COUNT {
            self.stage = Stage::Hold(Reason::Order);
        }
    }

    /// Fills what is left of both mailboxes, once the loop has taken the held question.
    fn fill(&mut self, reason: Reason) {
        let mut filled_count = 0;
        while self.ask_urgent(0, 0) || self.ask_bulk(0) {
            filled_count += 1;
        }
        self.expect(filled_count == WAITING_COUNT);
        self.stage = Stage::Order;
        if reason == Reason::Stop {
            IS_STOP_WANTED.store(true, Ordering::Relaxed);
            self.stage = Stage::End;
        }
    }

    /// Checks the order in which the mailboxes were served, which the replies give.
    fn check_order(&mut self) {
        let requesters = [(b'0', &mut self.urgent.requester), (b'1', &mut self.bulk.requester)];
        for (name, requester) in requesters {
            while let Ok(answer) = requester.try_answer() {
                let Ok(reply) = answer.result else {
                    continue; // The held one; the counts know it.
                };
                let place = reply.turn.wrapping_sub(self.seen.added_count) as usize;
                match self.seen.order.get_mut(place) {
                    Some(place) => *place = name,
                    None => self.seen.wrong_count += 1,
                }
            }
        }
        if !self.seen.order.contains(&0) {
            self.seen.added_count += WAITING_COUNT as u32;
            self.stage = Stage::Hold(Reason::Stop);
        }
    }

    /// Checks that every question has come back, and that the actor takes no more.
    fn check_end(&mut self) -> bool {
        let mut is_over = true;
        for asker in [&mut self.urgent, &mut self.bulk] {
            let last = loop {
                match asker.requester.try_answer() {
                    Ok(answer) => self.seen.wrong_count += u32::from(answer.result.is_ok()),
                    Err(error) => break error,
                }
            };
            is_over &= last == PopError::Closed;
        }
        if is_over {
            let refused = self.urgent.requester.try_tell(MessageHeader::new(), QUESTION);
            self.expect(matches!(refused, Err(PushError::Closed(_))));
            self.seen.urgent = self.urgent.requester.stats();
            self.seen.bulk = self.bulk.requester.stats();
            for stats in [self.seen.urgent, self.seen.bulk] {
                self.expect(stats.accounted_count() == stats.accepted_count);
                self.expect(stats.in_flight_count == 0);
            }
            DONE.put(self.seen);
        }
        is_over
    }

    /// Asks what has no answer but the end of its time.
    fn hold(&mut self, ticks: u64) {
        let now_ns = TickClock.now_ns();
        self.deadline_ns = now_ns + ticks * TICK_NS;
        let header = MessageHeader::new().with_creation_ns(now_ns);
        let header = header.with_deadline_ns(self.deadline_ns);
        let held = Question { is_held: 1, ..QUESTION };
        let outcome = self.urgent.requester.try_ask(header, held);
        self.expect(outcome.is_ok());
    }

    fn ask_urgent(&mut self, number: u32, deadline_ns: u64) -> bool {
        let header = MessageHeader::new().with_creation_ns(TickClock.now_ns());
        let question = Question { number, ..QUESTION };
        self.urgent.requester.try_ask(header.with_deadline_ns(deadline_ns), question).is_ok()
    }

    fn ask_bulk(&mut self, number: u32) -> bool {
        let question = Question { number, ..QUESTION };
        self.bulk.requester.try_ask(MessageHeader::new(), question).is_ok()
    }

    fn expect(&mut self, is_right: bool) {
        self.seen.wrong_count += u32::from(!is_right);
    }
}

const QUESTION: Question = Question { number: 0, is_held: 0 };

impl Asker {
    /// Asks the next number; that number, or 0 when it was not accepted.
    fn ask(&mut self, full_count: &mut u32) -> u32 {
        if self.asked_count == ASK_COUNT {
            return 0;
        }
        let number = self.asked_count;
        let header = MessageHeader::new().with_trace_id(trace_id(number));
        match self.requester.try_ask(header, Question { number, is_held: 0 }) {
            Ok(_) => {
                self.asked_count += 1;
                number
            }
            Err(_) => {
                *full_count += 1;
                0
            }
        }
    }

    /// Takes the answers, which come in the order of the questions; how many do not.
    fn collect(&mut self, added_count: &mut u32) -> u32 {
        let mut wrong_count = 0;
        while let Ok(answer) = self.requester.try_answer() {
            let number = self.answered_count;
            let is_right = answer.result.is_ok_and(|reply| reply.number == number)
                && answer.header.trace_id() == trace_id(number);
            wrong_count += u32::from(!is_right);
            self.answered_count += 1;
            *added_count += 1;
        }
        wrong_count
    }
}

/// Stays with the asking side, and comes back with the answer.
fn trace_id(number: u32) -> [u8; 16] {
    u128::from(number).to_le_bytes()
}
