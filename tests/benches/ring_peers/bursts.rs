//! Bursts: so many elements at once, then a wait until the other thread has seen the last.
//!
//! What `disruptor` measures of itself, in its own way: the consumer stores a number of each
//! element in a word that the producer waits for, and the next burst begins when it has the last
//! one. `disruptor` writes a batch in place and publishes it whole; ours pushes one after the
//! other, or the whole slice.

use core::hint::{black_box, spin_loop};
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use bytemuck::Pod;
use disruptor::{BusySpin, Producer};
use isokern_ring::PopError;

use crate::{median, pin};

/// Slots of the rings, as in the benchmark of `disruptor`.
const SLOTS: usize = 128;
const SIZES: [usize; 3] = [10, 30, 100];
const SIZE_MAX: usize = 100;
/// Bursts between two looks at the clock, and such stretches in a figure, which is their median.
const BURSTS: usize = 20;
const STRETCHES: usize = 201;

/// What a burst has many of.
trait Element: Pod + Send + Sync {
    const NAME: &str;

    fn new(number: u64) -> Self;

    /// Returns the number, once the whole element is read.
    fn number(&self) -> u64;
}

impl Element for u64 {
    const NAME: &str = "8 bytes";

    fn new(number: u64) -> Self {
        black_box(number)
    }

    fn number(&self) -> u64 {
        black_box(*self)
    }
}

impl Element for [u64; 8] {
    const NAME: &str = "64 bytes";

    fn new(number: u64) -> Self {
        crate::message(number)
    }

    fn number(&self) -> u64 {
        let element = black_box(*self);
        assert!(element[7] == !element[0]);
        element[0]
    }
}

/// Measures all and prints a row for each size of elements and of bursts.
pub(crate) fn print_table(rounds: usize) {
    println!("\nbursts, {SLOTS} slots, ns an element; in brackets the ratio to disruptor\n");
    println!("{:14}{:>11}{:>19}{:>19}", "", "disruptor", "one by one", "as a slice");
    for size in SIZES {
        row::<[u64; 8]>(size, rounds);
        row::<u64>(size, rounds);
    }
}

fn row<E: Element>(size: usize, rounds: usize) {
    let candidates: [fn(usize) -> f64; 3] = [of_disruptor::<E>, one_by_one::<E>, as_slice::<E>];
    let mut figures: [Vec<f64>; 3] = core::array::from_fn(|_| Vec::new());
    for round in 0..rounds {
        for offset in 0..candidates.len() {
            let index = (round + offset) % candidates.len();
            figures[index].push(candidates[index](size));
        }
    }
    print!("{size:3} x {:8}{:>11.1}", E::NAME, median(figures[0].clone()));
    for own in &figures[1..] {
        let ratios = own.iter().zip(&figures[0]).map(|(own, base)| own / base);
        print!("{:>11.1} ({:.3})", median(own.clone()), median(ratios.collect()));
    }
    println!();
}

/// Times bursts: `publish` is given the number of the first element of each.
fn timed(size: usize, seen: &AtomicU64, mut publish: impl FnMut(u64)) -> f64 {
    pin(1);
    let mut next = 1;
    let mut stretch = || {
        let began = Instant::now();
        for _ in 0..BURSTS {
            publish(next);
            next += size as u64;
            while seen.load(Ordering::Acquire) != next - 1 {
                spin_loop();
            }
        }
        began.elapsed().as_nanos() as f64 / (BURSTS * size) as f64
    };
    median((0..STRETCHES).map(|_| stretch()).collect())
}

fn of_disruptor<E: Element>(size: usize) -> f64 {
    let seen = Arc::new(AtomicU64::new(0));
    let handler = {
        let seen = Arc::clone(&seen);
        // Not its own `pin_at_core`: that refuses what the thread that asks may not use.
        let mut is_pinned = false;
        move |element: &E, _, _| {
            if !is_pinned {
                pin(0);
                is_pinned = true;
            }
            seen.store(element.number(), Ordering::Release);
        }
    };
    let builder = disruptor::build_single_producer(SLOTS, E::zeroed, BusySpin);
    let mut producer = builder.handle_events_with(handler).build();
    timed(size, &seen, |first| {
        producer.batch_publish(size, |batch| {
            for (number, element) in (first..).zip(batch) {
                *element = E::new(number);
            }
        });
    })
}

/// The end of ours that pushes.
type Pushes<E> = isokern_ring::Producer<isokern_ring::ArcRing<E, SLOTS, 1>>;

fn one_by_one<E: Element>(size: usize) -> f64 {
    ours::<E>(size, |tx, first| {
        for number in first..first + size as u64 {
            while tx.try_push(E::new(number)).is_err() {
                spin_loop();
            }
        }
    })
}

fn as_slice<E: Element>(size: usize) -> f64 {
    let mut burst = [E::zeroed(); SIZE_MAX];
    ours::<E>(size, move |tx, first| {
        for (number, element) in (first..).zip(&mut burst[..size]) {
            *element = E::new(number);
        }
        let mut rest = &burst[..size];
        while !rest.is_empty() {
            let pushed_count = tx.push_from(rest).expect("the consumer is there");
            rest = &rest[pushed_count..];
        }
    })
}

fn ours<E: Element>(size: usize, mut publish: impl FnMut(&mut Pushes<E>, u64)) -> f64 {
    let (mut tx, mut rx) = isokern_ring::owned::<E, SLOTS, 1>();
    let seen = Arc::new(AtomicU64::new(0));
    let consumer = {
        let seen = Arc::clone(&seen);
        thread::spawn(move || {
            pin(0);
            loop {
                match rx.try_pop() {
                    Ok(element) => seen.store(element.number(), Ordering::Release),
                    Err(PopError::Empty) => spin_loop(),
                    Err(PopError::Closed) => return,
                }
            }
        })
    };
    let element_ns = timed(size, &seen, |first| publish(&mut tx, first));
    drop(tx);
    consumer.join().expect("no panic");
    element_ns
}
