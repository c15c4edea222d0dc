//! An actor in the main loop, asked and told by an interrupt through two mailboxes.
//!
//! Every message is accounted for: answered, expired, or turned away because the actor was
//! stopped. What was counted is printed; `cargo xtask firmware` knows what it must be.
//!
//! | module | what it is |
//! |---|---|
//! | [`total`] | the actor |
//! | [`client`] | the interrupt's side, and the loop that steps the actor |
#![no_std]
#![no_main]

#[path = "../actors/client.rs"]
mod client;
#[path = "../actors/total.rs"]
mod total;

use client::Client;
use isokern_cpu::core::MessageHeader;
use isokern_cpu::core::actor::ActorCells;
use isokern_firmware::clock::{CALIBRATION, Clock};
use isokern_firmware::console::print_number;
use isokern_firmware::processor::{Timer, entry};
use isokern_firmware::relay::Relay;
use isokern_firmware::stack::Gauge;
use isokern_firmware::ticker::Ticker;
use isokern_firmware::{ending, lend, on_tick};
use isokern_ring::Spinning;
use total::{Cells, Question, Shape, TotalActor};

/// Questions of the measurement.
const MEASURED_COUNT: u32 = 1024;

/// The interrupt's side.
static CLIENT: Relay<Client> = Relay::new();

on_tick!(tick);

fn tick() {
    CLIENT.with(|place| {
        if place.as_mut().is_some_and(Client::tick) {
            *place = None;
        }
    });
}

#[entry]
fn main() -> ! {
    let cells = lend!(ActorCells<Shape> = ActorCells::new());
    let Some(timer) = Timer::take() else {
        ending::fail("the timer is taken");
    };
    let mut clock = Clock::start(timer);
    print_number("calibration_instructions", CALIBRATION);
    print_number("calibration_ticks", clock.calibrate());
    let gauge = Gauge::paint();
    run(cells, clock);
    print_number("stack", gauge.peak() as u32);
    ending::succeed()
}

/// Runs the actor, from its failed starts to its stop.
#[inline(never)]
fn run(cells: Cells, clock: Clock) {
    let mut spawned = total::spawn(cells);
    let Some(actor) = &mut spawned else {
        ending::fail("the actor was not started");
    };
    let ticker = Ticker::start(clock.stop());
    total::start(actor);
    let mut clock = Clock::start(ticker.stop());
    measure(actor, &mut clock);
    let ticker = Ticker::start(clock.stop());
    client::run(actor);
    let _ = ticker.stop();
}

/// Prints the ticks of questions, each with a step of the actor and its answer, with no
/// interrupt and with their share of the loop.
fn measure(actor: &mut TotalActor, clock: &mut Clock) {
    clock.restart();
    for _ in 0..MEASURED_COUNT {
        let question = Question { number: 0, is_held: 0 };
        let is_asked = actor
            .requester(1)
            .is_some_and(|mailbox| mailbox.try_ask(MessageHeader::new(), question).is_ok());
        actor.running_mut().step(&mut Spinning);
        let answer = actor.requester(1).and_then(|mailbox| mailbox.try_answer().ok());
        if !is_asked || answer.is_none_or(|answer| answer.result.is_err()) {
            ending::fail("a question had no answer");
        }
    }
    let ticks = clock.ticks();
    print_number("messages", MEASURED_COUNT);
    print_number("ask_ticks", ticks);
}
