//! Backpressure made visible: a fast producer, a slow consumer, four slots, three answers to
//! a full ring.
//!
//! `cargo run -p isokern-ring --features std --example backpressure`

use core::time::Duration;
use std::thread;

use isokern_ring::{Producer, PushError, Ring, WaitStrategy};

/// A reading of a sensor that makes one every millisecond.
type Sample = u32;
type Samples = Ring<Sample, 4>;

const SAMPLE_COUNT: Sample = 40;

/// What happened to the samples.
#[derive(Default)]
struct Ledger {
    taken: u32,
    dropped: u32,
    waited: u32,
}

/// What the producer does with a sample, given the end and the ledger.
type Answer = fn(&mut Producer<&Samples>, Sample, &mut Ledger);

fn main() {
    let answers: [(&str, Answer); 3] =
        [("drop the new one", drop_new), ("wait", wait), ("keep every fourth", thin_out)];
    for (name, answer) in answers {
        let Ledger { taken, dropped, waited } = run(answer);
        println!("{name:18} {taken:3} taken {dropped:3} dropped {waited:3} waited for");
        assert_eq!(taken + dropped, SAMPLE_COUNT, "every sample is accounted for");
    }
}

/// Returns one run: the consumer needs three times as long for a sample as the producer.
fn run(answer: Answer) -> Ledger {
    let mut ring = Samples::new();
    let (mut producer, mut consumer) = ring.split();
    let slow = WaitStrategy::Park { bound: Duration::from_millis(10) };
    thread::scope(|scope| {
        let consuming = scope.spawn(move || {
            let mut taken = 0;
            while consumer.pop(slow).is_ok() {
                thread::sleep(Duration::from_millis(3));
                taken += 1;
            }
            taken
        });
        let mut ledger = Ledger::default();
        for sample in 0..SAMPLE_COUNT {
            thread::sleep(Duration::from_millis(1));
            answer(&mut producer, sample, &mut ledger);
        }
        drop(producer); // what is in the ring is still delivered
        ledger.taken = consuming.join().expect("the consumer does not panic");
        ledger
    })
}

/// Drops the newest samples.
fn drop_new(producer: &mut Producer<&Samples>, sample: Sample, ledger: &mut Ledger) {
    if producer.try_push(sample).is_err() {
        ledger.dropped += 1;
    }
}

/// Slows the producer down to the consumer's pace.
fn wait(producer: &mut Producer<&Samples>, sample: Sample, ledger: &mut Ledger) {
    let patient = WaitStrategy::Park { bound: Duration::from_millis(10) };
    match producer.try_push(sample) {
        Err(PushError::Full(sample)) => {
            ledger.waited += 1;
            producer.push(sample, patient).expect("the consumer is there");
        }
        outcome => outcome.expect("the consumer is there"),
    }
}

/// Thins out: while the ring is more than half full, only every fourth sample goes in.
fn thin_out(producer: &mut Producer<&Samples>, sample: Sample, ledger: &mut Ledger) {
    let is_crowded = producer.free_slots() < 2;
    if (is_crowded && !sample.is_multiple_of(4)) || producer.try_push(sample).is_err() {
        ledger.dropped += 1;
    }
}
