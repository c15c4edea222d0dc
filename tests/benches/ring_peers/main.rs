//! Our ring beside four others: 64-byte messages between two pinned threads.
//!
//! `cargo bench -p isokern-tests --bench ring_peers`
//!
//! All candidates run in one process, interleaved: every round measures each of them once, in
//! an order that turns from round to round, and each figure is divided by the one of `rtrb` in
//! the same round. The table has the medians over the rounds. `ISOKERN_RING_ROUNDS` changes
//! their number, at least 21.
//!
//! * **throughput**: one thread pushes, the other pops, both spin; ns a message.
//! * **round trip**: a message there and one back over a second ring, timed one by one with
//!   the clock of the system, whose two calls are part of every figure.
//! * **bursts**: see [`bursts`].

mod bursts;

use core::hint::{black_box, spin_loop};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Instant;

use core_affinity::CoreId;

/// What travels: 64 bytes.
type Message = [u64; 8];

const SLOTS: usize = 1024;
const THROUGHPUT_MESSAGES: u64 = 1_000_000;
const TRIPS: usize = 20_000;
const ROUNDS_MIN: usize = 21;

/// A queue of one producer and one consumer.
trait Peer {
    const NAME: &str;
    type Tx: Send + 'static;
    type Rx: Send + 'static;

    fn ends() -> (Self::Tx, Self::Rx);
    fn push(tx: &mut Self::Tx, message: Message) -> bool;
    fn pop(rx: &mut Self::Rx) -> Option<Message>;
}

struct Isokern;
struct Rtrb;
struct HeaplessSpsc;
struct CrossbeamChannel;
struct CrossbeamQueue;

impl Peer for Isokern {
    const NAME: &str = "isokern-ring";
    type Tx = isokern_ring::Producer<isokern_ring::ArcRing<Message, SLOTS, 1>>;
    type Rx = isokern_ring::Consumer<isokern_ring::ArcRing<Message, SLOTS, 1>>;

    fn ends() -> (Self::Tx, Self::Rx) {
        isokern_ring::owned()
    }

    fn push(tx: &mut Self::Tx, message: Message) -> bool {
        tx.try_push(message).is_ok()
    }

    fn pop(rx: &mut Self::Rx) -> Option<Message> {
        rx.try_pop().ok()
    }
}

impl Peer for Rtrb {
    const NAME: &str = "rtrb";
    type Tx = rtrb::Producer<Message>;
    type Rx = rtrb::Consumer<Message>;

    fn ends() -> (Self::Tx, Self::Rx) {
        rtrb::RingBuffer::new(SLOTS)
    }

    fn push(tx: &mut Self::Tx, message: Message) -> bool {
        tx.push(message).is_ok()
    }

    fn pop(rx: &mut Self::Rx) -> Option<Message> {
        rx.pop().ok()
    }
}

impl Peer for HeaplessSpsc {
    const NAME: &str = "heapless::spsc";
    type Tx = heapless::spsc::Producer<'static, Message>;
    type Rx = heapless::spsc::Consumer<'static, Message>;

    /// Returns the queue lives in a `static` or a borrow; a few dozen leaked ones do no harm here.
    fn ends() -> (Self::Tx, Self::Rx) {
        Box::leak(Box::new(heapless::spsc::Queue::<Message, SLOTS>::new())).split()
    }

    fn push(tx: &mut Self::Tx, message: Message) -> bool {
        tx.enqueue(message).is_ok()
    }

    fn pop(rx: &mut Self::Rx) -> Option<Message> {
        rx.dequeue()
    }
}

impl Peer for CrossbeamChannel {
    const NAME: &str = "crossbeam-channel";
    type Tx = crossbeam_channel::Sender<Message>;
    type Rx = crossbeam_channel::Receiver<Message>;

    fn ends() -> (Self::Tx, Self::Rx) {
        crossbeam_channel::bounded(SLOTS)
    }

    fn push(tx: &mut Self::Tx, message: Message) -> bool {
        tx.try_send(message).is_ok()
    }

    fn pop(rx: &mut Self::Rx) -> Option<Message> {
        rx.try_recv().ok()
    }
}

impl Peer for CrossbeamQueue {
    const NAME: &str = "crossbeam ArrayQueue";
    type Tx = Arc<crossbeam_queue::ArrayQueue<Message>>;
    type Rx = Arc<crossbeam_queue::ArrayQueue<Message>>;

    fn ends() -> (Self::Tx, Self::Rx) {
        let queue = Arc::new(crossbeam_queue::ArrayQueue::new(SLOTS));
        (Arc::clone(&queue), queue)
    }

    fn push(tx: &mut Self::Tx, message: Message) -> bool {
        tx.push(message).is_ok()
    }

    fn pop(rx: &mut Self::Rx) -> Option<Message> {
        rx.pop()
    }
}

/// What one candidate did in one round.
#[derive(Clone, Copy)]
struct Figures {
    message_ns: f64,
    trip_p50_ns: f64,
    trip_p99_ns: f64,
}

/// A candidate by name, and what measures it.
type Candidate = (&'static str, fn() -> Figures);

fn main() {
    // `cargo test --benches` and `cargo bench` pass flags; none is of use here.
    let rounds = std::env::var("ISOKERN_RING_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS_MIN).max(ROUNDS_MIN);
    let candidates: [Candidate; 5] = [
        (Rtrb::NAME, measure::<Rtrb>),
        (Isokern::NAME, measure::<Isokern>),
        (HeaplessSpsc::NAME, measure::<HeaplessSpsc>),
        (CrossbeamChannel::NAME, measure::<CrossbeamChannel>),
        (CrossbeamQueue::NAME, measure::<CrossbeamQueue>),
    ];
    let mut figures: [Vec<Figures>; 5] = core::array::from_fn(|_| Vec::new());
    for round in 0..rounds {
        for offset in 0..candidates.len() {
            let index = (round + offset) % candidates.len();
            figures[index].push(candidates[index].1());
        }
    }
    println!("{rounds} rounds, {SLOTS} slots, medians; in brackets the ratio to rtrb\n");
    println!("{:22}{:>19}{:>19}{:>19}", "", "ns a message", "trip p50, ns", "trip p99, ns");
    for ((name, _), own) in candidates.iter().zip(&figures) {
        print!("{name:22}");
        for figure in [of_message, of_p50, of_p99] {
            let value = median(own.iter().map(figure).collect());
            let ratios = own.iter().zip(&figures[0]).map(|(own, base)| figure(own) / figure(base));
            print!("{:>11.1} ({:.3})", value, median(ratios.collect()));
        }
        println!();
    }
    bursts::print_table(rounds);
}

fn of_message(figures: &Figures) -> f64 {
    figures.message_ns
}

fn of_p50(figures: &Figures) -> f64 {
    figures.trip_p50_ns
}

fn of_p99(figures: &Figures) -> f64 {
    figures.trip_p99_ns
}

fn measure<P: Peer>() -> Figures {
    let message_ns = throughput::<P>();
    let mut trips = round_trips::<P>();
    trips.sort_unstable();
    let at = |share: f64| trips[(trips.len() as f64 * share) as usize] as f64;
    Figures { message_ns, trip_p50_ns: at(0.50), trip_p99_ns: at(0.99) }
}

fn throughput<P: Peer>() -> f64 {
    let (mut tx, mut rx) = P::ends();
    let start = Arc::new(Barrier::new(2));
    let producing = {
        let start = Arc::clone(&start);
        thread::spawn(move || {
            pin(0);
            start.wait();
            for number in 0..THROUGHPUT_MESSAGES {
                while !P::push(&mut tx, message(number)) {
                    spin_loop();
                }
            }
            tx
        })
    };
    let consuming = thread::spawn(move || {
        pin(1);
        start.wait();
        let began = Instant::now();
        for number in 0..THROUGHPUT_MESSAGES {
            let taken = pop::<P>(&mut rx);
            assert!(taken[0] == number && taken[7] == !number);
        }
        began.elapsed().as_nanos() as f64 / THROUGHPUT_MESSAGES as f64
    });
    let message_ns = consuming.join().expect("no panic");
    producing.join().expect("no panic");
    message_ns
}

fn round_trips<P: Peer>() -> Vec<u64> {
    let (mut ask, mut asked) = P::ends();
    let (mut answer, mut answered) = P::ends();
    let echo = thread::spawn(move || {
        pin(0);
        for _ in 0..TRIPS {
            let taken = pop::<P>(&mut asked);
            while !P::push(&mut answer, taken) {}
        }
        answer
    });
    let asking = thread::spawn(move || {
        pin(1);
        let mut trips = Vec::with_capacity(TRIPS);
        for number in 0..TRIPS as u64 {
            let began = Instant::now();
            while !P::push(&mut ask, message(number)) {}
            let taken = pop::<P>(&mut answered);
            trips.push(began.elapsed().as_nanos() as u64);
            assert!(taken[0] == number && taken[7] == !number);
        }
        trips
    });
    let trips = asking.join().expect("no panic");
    echo.join().expect("no panic");
    trips
}

fn pop<P: Peer>(rx: &mut P::Rx) -> Message {
    loop {
        if let Some(message) = P::pop(rx) {
            return black_box(message);
        }
        spin_loop();
    }
}

fn message(number: u64) -> Message {
    let [a, b] = [number, !number];
    black_box([a, b, a, b, a, b, a, b])
}

/// Puts the calling thread on one core; where there is only one, threads share it.
fn pin(index: usize) {
    // Once: a thread that is pinned already sees its own core alone.
    static CORES: OnceLock<Vec<CoreId>> = OnceLock::new();
    let cores = CORES.get_or_init(|| core_affinity::get_core_ids().unwrap_or_default());
    if let Some(core) = cores.get(index % cores.len().max(1)) {
        core_affinity::set_for_current(*core);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
