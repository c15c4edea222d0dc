//! Tasks of embassy in a loop that sleeps (`wfi`), and the clock that wakes them.
//!
//! This file is a door for `unsafe` (`docs/safety.md`): the executor wants a function of a certain
//! name, a place that never moves, and one poll at a time.
#![allow(unsafe_code)]

use core::cell::{Cell, RefCell};
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;

use critical_section::Mutex;
use embassy_executor::{Spawner, raw};
use embassy_time_driver::Driver;

use crate::{processor, ticker};

/// Whether a task is to be polled.
static IS_PENDING: AtomicBool = AtomicBool::new(false);

/// What [`run`] has seen, up to when it woke last.
static SEEN: Mutex<Cell<(Awake, u64)>> = Mutex::new(Cell::new((ZERO, 0)));

const ZERO: Awake = Awake { counts: 0, sleeps: 0, polls: 0 };

/// How long the processor was awake, and how often it slept.
#[derive(Clone, Copy, Debug)]
pub struct Awake {
    /// Counts of the timer outside of sleeps, interrupts included.
    pub counts: u64,
    /// Times it went to sleep.
    pub sleeps: u32,
    /// Times the executor looked at its tasks.
    pub polls: u32,
}

/// Returns what was counted since the last time, up to now, and begins anew. For tasks.
pub fn take_awake() -> Awake {
    critical_section::with(|section| {
        let now = processor::counts();
        let (seen, woke) = SEEN.borrow(section).replace((ZERO, now));
        Awake { counts: seen.counts + (now - woke), ..seen }
    })
}

/// Runs tasks for the rest of the program. While none is to be polled, the processor sleeps.
pub fn run(spawn: impl FnOnce(Spawner)) -> ! {
    let executor = raw::Executor::new(ptr::null_mut());
    let executor = &raw const executor;
    // SAFETY: this function never returns, so the executor is there for the rest of the program.
    let executor: &'static raw::Executor = unsafe { &*executor };
    spawn(executor.spawner());
    _ = take_awake();
    loop {
        // Who wakes a task after this is seen by the poll, or has set the flag again.
        IS_PENDING.store(false, Ordering::SeqCst);
        // SAFETY: this loop alone polls, and a poll does not come here.
        unsafe { executor.poll() };
        count(|(seen, _)| seen.polls += 1);
        while !IS_PENDING.load(Ordering::SeqCst) {
            // An interrupt that comes after the look is pending, and ends the sleep at once.
            critical_section::with(|_| {
                if !IS_PENDING.load(Ordering::SeqCst) {
                    let slept = processor::counts();
                    processor::wait_for_interrupt();
                    count(|(seen, woke)| {
                        seen.counts += slept - *woke;
                        seen.sleeps += 1;
                        *woke = processor::counts();
                    });
                }
            });
        }
    }
}

fn count(change: impl FnOnce(&mut (Awake, u64))) {
    critical_section::with(|section| {
        let place = SEEN.borrow(section);
        let mut seen = place.get();
        change(&mut seen);
        place.set(seen);
    });
}

/// What the executor calls when a task is to be polled.
#[unsafe(export_name = "__pender")]
fn pend(_: *mut ()) {
    IS_PENDING.store(true, Ordering::SeqCst);
}

/// Tasks that wait for a moment at the same time, at most: another is polled at every tick.
const ALARMS: usize = 4;

/// The driver of `embassy-time`: its ticks are the interrupts of [`ticker`].
struct TickDriver {
    alarms: Mutex<RefCell<[Option<Alarm>; ALARMS]>>,
}

struct Alarm {
    tick: u64,
    waker: Waker,
}

embassy_time_driver::time_driver_impl!(static DRIVER: TickDriver = TickDriver {
    alarms: Mutex::new(RefCell::new([const { None }; ALARMS])),
});

impl Driver for TickDriver {
    fn now(&self) -> u64 {
        ticker::ticks().into()
    }

    fn schedule_wake(&self, tick: u64, waker: &Waker) {
        let alarm = Alarm { tick, waker: waker.clone() };
        let refused = self.with(|alarms| {
            let is_its = |place: &&mut Option<Alarm>| {
                place.as_ref().is_some_and(|other| other.waker.will_wake(&alarm.waker))
            };
            if let Some(Some(other)) = alarms.iter_mut().find(is_its) {
                other.tick = other.tick.min(tick);
                return Some(alarm);
            }
            match alarms.iter_mut().find(|place| place.is_none()) {
                Some(place) => *place = Some(alarm),
                None => return Some(Alarm { tick: 0, ..alarm }),
            }
            None
        });
        // Without a place it looks again and again.
        if let Some(Some(Alarm { tick: 0, waker })) = refused {
            waker.wake();
        }
    }
}

impl TickDriver {
    /// Uses the alarms; `None` from inside another use, which no waker makes.
    fn with<R>(&self, work: impl FnOnce(&mut [Option<Alarm>; ALARMS]) -> R) -> Option<R> {
        critical_section::with(|section| {
            let mut alarms = self.alarms.borrow(section).try_borrow_mut().ok()?;
            Some(work(&mut alarms))
        })
    }
}

/// Wakes the tasks whose moment has come. Called in each interrupt of the timer.
pub fn tick() {
    let now = DRIVER.now();
    let due = |place: &mut Option<Alarm>| place.take_if(|alarm| alarm.tick <= now);
    // Woken outside of the critical section, one after the other.
    while let Some(Some(alarm)) = DRIVER.with(|alarms| alarms.iter_mut().find_map(due)) {
        alarm.waker.wake();
    }
}
