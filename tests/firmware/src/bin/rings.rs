//! Numbered messages through two rings: from an interrupt to the loop, and back.
//!
//! The interrupt comes at any instruction of the loop, also in the middle of a push or a pop.
//! What both sides have counted is printed; `cargo xtask firmware` knows what it must be.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};

use bytemuck::{Pod, Zeroable};
use isokern_firmware::clock::{CALIBRATION, Clock};
use isokern_firmware::console::print_number;
use isokern_firmware::processor::{Timer, entry};
use isokern_firmware::relay::Relay;
use isokern_firmware::stack::Gauge;
use isokern_firmware::ticker::Ticker;
use isokern_firmware::{ending, lend, on_tick};
use isokern_ring::{Consumer, PopError, Producer, PushError, Ring};

/// Messages each way.
const COUNT: u32 = 2000;

/// Messages of a measurement.
const MEASURED_COUNT: u32 = 1024;

/// Four slots: the bursts below are larger.
type Line = Ring<Sample, 4>;

/// As much as one line of a ring carries, every word of it from the number.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Sample {
    number: u32,
    words: [u32; 15],
}

/// What a consumer found out about the messages it took.
#[derive(Clone, Copy, Default)]
struct Tally {
    taken_count: u32,
    /// Numbers that were left out, came again or came late, and messages of two halves.
    lost_count: u32,
    again_count: u32,
    torn_count: u32,
    next: u32,
}

/// The interrupt's ends, one of each kind.
struct FarSide {
    up: Option<Producer<&'static Line>>,
    down: Consumer<&'static Line>,
    next: u32,
    /// Handed back by a full ring; goes first next time.
    waiting: Option<Sample>,
    full_count: u32,
    /// Ticks that came in the middle of a push of the loop.
    between_count: u32,
    tick_count: u32,
    taken: Tally,
}

/// The ends, for the interrupt.
static FAR_SIDE: Relay<FarSide> = Relay::new();

/// What the interrupt counted, when it is done.
static DONE: Relay<(u32, u32, Tally)> = Relay::new();

/// Whether the loop is pushing.
static IS_PUSHING: AtomicBool = AtomicBool::new(false);

on_tick!(tick);

fn tick() {
    FAR_SIDE.with(|place| {
        if place.as_mut().is_some_and(FarSide::tick) {
            *place = None;
        }
    });
}

#[entry]
fn main() -> ! {
    let up = lend!(Line = Line::new());
    let down = lend!(Line = Line::new());
    let Some(timer) = Timer::take() else {
        ending::fail("the timer is taken");
    };
    let mut clock = Clock::start(timer);
    print_number("calibration_instructions", CALIBRATION);
    print_number("calibration_ticks", clock.calibrate());
    print_number("messages", MEASURED_COUNT);
    print_number("word_ticks", push_and_pop(&mut clock, 1_u32));
    print_number("line_ticks", push_and_pop(&mut clock, Sample::new(1)));

    let gauge = Gauge::paint();
    let ticker = Ticker::start(clock.stop());
    run(up, down);
    let _ = ticker.stop();
    print_number("stack", gauge.peak() as u32);
    ending::succeed()
}

/// Runs the messages through the rings and prints what was counted.
#[inline(never)]
fn run(up: &'static mut Line, down: &'static mut Line) {
    let (up_producer, up_consumer) = up.split();
    let (down_producer, down_consumer) = down.split();
    FAR_SIDE.put(FarSide {
        up: Some(up_producer),
        down: down_consumer,
        next: 0,
        waiting: None,
        full_count: 0,
        between_count: 0,
        tick_count: 0,
        taken: Tally::default(),
    });
    let (taken, pushed_count) = near_side(up_consumer, down_producer);
    let (full_count, between_count, far_taken) = DONE.wait();
    print_tally(["up_taken", "up_lost", "up_again", "up_torn"], &taken);
    print_number("up_full", full_count);
    print_number("down_pushed", pushed_count);
    print_tally(["down_taken", "down_lost", "down_again", "down_torn"], &far_taken);
    print_number("down_between", between_count);
}

/// Runs the loop: takes what the interrupt pushes, and pushes to it until it closes.
fn near_side(mut up: Consumer<&'static Line>, down: Producer<&'static Line>) -> (Tally, u32) {
    let mut taken = Tally::default();
    let mut down = Some(down);
    let (mut pushed_count, mut is_up_closed) = (0, false);
    while !is_up_closed || down.is_some() {
        if let Some(producer) = &mut down {
            IS_PUSHING.store(true, Ordering::Relaxed);
            let outcome = producer.try_push(Sample::new(pushed_count));
            IS_PUSHING.store(false, Ordering::Relaxed);
            match outcome {
                Ok(()) => pushed_count += 1,
                Err(PushError::Full(_)) => {}
                Err(PushError::Closed(back)) => {
                    if !back.is_whole() || back.number != pushed_count {
                        ending::fail("a closed ring handed another message back");
                    }
                    down = None;
                }
            }
        }
        match up.try_pop() {
            Ok(sample) => taken.note(&sample),
            Err(PopError::Empty) => {}
            Err(PopError::Closed) => is_up_closed = true,
        }
        // Work of changing length, so that the interrupt comes at every place.
        for step in 0..taken.next % 61 {
            black_box(step);
        }
    }
    (taken, pushed_count)
}

impl FarSide {
    /// Pushes a burst, takes a burst; `true` when both rings are done with.
    fn tick(&mut self) -> bool {
        self.tick_count += 1;
        self.between_count += u32::from(IS_PUSHING.load(Ordering::Relaxed));
        self.push(1 + self.tick_count % 7);
        let is_down_closed = self.pop(1 + self.tick_count % 5);
        let is_done = self.up.is_none() && is_down_closed;
        if is_done {
            DONE.put((self.full_count, self.between_count, self.taken));
        }
        is_done
    }

    fn push(&mut self, burst: u32) {
        let Some(producer) = &mut self.up else {
            return;
        };
        for _ in 0..burst {
            if self.waiting.is_none() && self.next == COUNT {
                self.up = None; // Dropped, and so closed.
                return;
            }
            let sample = self.waiting.take().unwrap_or_else(|| {
                self.next += 1;
                Sample::new(self.next - 1)
            });
            if let Err(refusal) = producer.try_push(sample) {
                self.full_count += u32::from(refusal.is_full());
                self.waiting = Some(refusal.into_message());
                return;
            }
        }
    }

    /// Takes messages, closes after the last that is wanted, and then takes what is left.
    fn pop(&mut self, burst: u32) -> bool {
        for _ in 0..burst {
            match self.down.try_pop() {
                Ok(sample) => self.taken.note(&sample),
                Err(PopError::Empty) => break,
                Err(PopError::Closed) => return true,
            }
            if self.taken.taken_count == COUNT {
                self.down.close();
            }
        }
        false
    }
}

impl Tally {
    fn note(&mut self, sample: &Sample) {
        self.taken_count += 1;
        self.torn_count += u32::from(!sample.is_whole());
        match sample.number.checked_sub(self.next) {
            Some(left_out) => self.lost_count += left_out,
            None => self.again_count += 1,
        }
        self.next = sample.number.wrapping_add(1);
    }
}

impl Sample {
    fn new(number: u32) -> Self {
        let mut words = [0; 15];
        for (word, turn) in words.iter_mut().zip(1..) {
            *word = !number.rotate_left(turn);
        }
        Self { number, words }
    }

    fn is_whole(&self) -> bool {
        self.words == Self::new(self.number).words
    }
}

fn print_tally(names: [&str; 4], tally: &Tally) {
    let counts = [tally.taken_count, tally.lost_count, tally.again_count, tally.torn_count];
    for (name, count) in names.into_iter().zip(counts) {
        print_number(name, count);
    }
}

/// Returns the ticks of pushes and pops in turn, with no interrupt, and with their share of the
/// loop.
#[inline(never)]
fn push_and_pop<T: Pod>(clock: &mut Clock, message: T) -> u32 {
    let mut ring = Ring::<T, 4>::new();
    let (mut producer, mut consumer) = ring.split();
    clock.restart();
    for _ in 0..MEASURED_COUNT {
        if producer.try_push(black_box(message)).is_err() {
            ending::fail("a ring was full");
        }
        if black_box(consumer.try_pop()).is_err() {
            ending::fail("a ring was empty");
        }
    }
    clock.ticks()
}
