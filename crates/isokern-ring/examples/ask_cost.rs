//! What a question and its answer cost the asker, in a ring of 8 slots and in one of 4096.
//!
//! `cargo run --release -p isokern-ring --example ask_cost`
//!
//! Every round fills the ring with questions, lets the actor answer them all, and takes every
//! answer. The times are the least of all rounds. Instructions, which do not depend on caches:
//!
//! ```text
//! valgrind --tool=callgrind --callgrind-out-file=ask_cost.out --toggle-collect='*ask_all*' \
//!     target/release/examples/ask_cost 8 64
//! ```
//!
//! with 8 or 4096 slots, `*ask_all*` or `*take_all*`, and so many rounds: the difference
//! between two numbers of rounds, divided by the messages of the difference.

use core::future::Future;
use core::time::Duration;
use std::time::Instant;

use isokern_core::actor::{ActorCells, ActorPlan, Mailboxes};
use isokern_core::call::{Clock, PollingSleep};
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, MessageHeader, Resident, RingContext,
    RingKernelHandler,
};
use isokern_ring::{LoopHost, RequesterOn, Spinning, Step, spawn};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse());
    let rounds = 1 << 16;
    match (arguments.next(), arguments.next()) {
        (Some(Ok(8)), Some(Ok(rounds))) => run::<8>(rounds),
        (Some(Ok(4096)), Some(Ok(rounds))) => run::<4096>(rounds),
        (None, None) => {
            run::<8>(rounds);
            run::<4096>(rounds / 512);
        }
        _ => eprintln!("expected nothing, or 8 or 4096 slots and a number of rounds"),
    }
}

/// Answers what it is asked.
struct Echo;

impl GpuKernel for Echo {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("echo", KernelMode::Ring) }
    }
}

impl RingKernelHandler<u32, u32> for Echo {
    async fn handle(&self, _: &mut RingContext<'_>, message: u32) -> Result<u32, KernelError> {
        Ok(message)
    }
}

impl Resident for Echo {
    type Handler = Self;
    type Message = u32;
    type Reply = u32;
    type State = [u8; 0];

    fn into_parts(self) -> (Self, [u8; 0]) {
        (self, [])
    }
}

/// A clock that does not move; the questions have no deadline.
#[derive(Clone)]
struct Stopped;

impl Clock for Stopped {
    fn now_ns(&self) -> u64 {
        0
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

type Asker<const N: usize> = RequesterOn<LoopHost<'static, Stopped, Mailboxes<N>>, Echo>;

/// Measures so many rounds with `N` slots, and prints the least times.
fn run<const N: usize>(rounds: usize) {
    let cells: &'static ActorCells<Mailboxes<N>> = Box::leak(Box::default());
    let host = LoopHost::new(cells, Stopped);
    let mut actor = spawn(&host, Echo, ActorPlan::new()).expect("the host is new");
    let mut asker = actor.take_requester(0).expect("one mailbox");
    let (mut asking, mut taking) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        let begun = Instant::now();
        ask_all::<N>(&mut asker);
        asking = asking.min(begun.elapsed());
        while actor.running_mut().step(&mut Spinning) == Step::Worked {}
        let begun = Instant::now();
        take_all::<N>(&mut asker);
        taking = taking.min(begun.elapsed());
    }
    let each_ns = |all: Duration| all.as_secs_f64() * 1e9 / N as f64;
    println!(
        "{N} slots: {:.1} ns a question, {:.1} ns an answer",
        each_ns(asking),
        each_ns(taking)
    );
}

#[inline(never)]
fn ask_all<const N: usize>(asker: &mut Asker<N>) {
    for number in 0..N as u32 {
        assert!(asker.try_ask(MessageHeader::new(), number).is_ok(), "every slot is free");
    }
}

#[inline(never)]
fn take_all<const N: usize>(asker: &mut Asker<N>) {
    for number in 0..N as u32 {
        let answer = asker.try_answer().expect("every question was answered");
        assert_eq!(answer.result, Ok(number));
    }
}
