//! A thread that waits with a bound looks again after it, even when nobody wakes it.

use core::task::Waker;
use core::time::Duration;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use isokern_core::MessageHeader;
use isokern_core::actor::{
    ActorCells, ActorMemory, ActorPlan, Bells, Host, Mailboxes, NoBuffers, NoLinks,
};
use isokern_core::ring::HostLine;

use super::toys::{Do, HandClock, Script};
use crate::runner::Runner;
use crate::{AlreadyLent, SharedRequester, Spinning, WaitStrategy, spawn};

/// Memory whose bells are never heard: every wake-up is lost.
#[derive(Clone, Copy)]
struct DeafMemory(&'static ActorCells<Mailboxes<2>>);

struct Deaf;

impl Bells for Deaf {
    fn ring_actor(&self) {}

    fn register(&self, _: usize, _: u32, _: &Waker) {}

    fn ring_requester(&self, _: usize, _: u32) {}

    fn ring_all(&self) {}
}

impl ActorMemory for DeafMemory {
    type Mailbox = <ActorCells<Mailboxes<2>> as ActorMemory>::Mailbox;
    type Line = HostLine;
    type Bells = Deaf;
    type PerSlot<T> = [T; 2];

    fn mailbox_count(&self) -> usize {
        self.0.mailbox_count()
    }

    fn mailbox(&self, index: usize) -> Option<&Self::Mailbox> {
        self.0.mailbox(index)
    }

    fn host_line(&self) -> &HostLine {
        self.0.host_line()
    }

    fn device_line(&self) -> &HostLine {
        self.0.device_line()
    }

    fn bells(&self) -> &Deaf {
        &Deaf
    }

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> [T; 2] {
        core::array::from_fn(make)
    }
}

/// Lends that memory, once.
struct DeafHost(HandClock);

impl Host<Script> for DeafHost {
    type Memory = DeafMemory;
    type Running = Runner<(Script, DeafMemory, NoBuffers, NoLinks, HandClock)>;
    type Clock = HandClock;
    type Error = AlreadyLent;

    fn lend(&self) -> Result<DeafMemory, AlreadyLent> {
        static CELLS: ActorCells<Mailboxes<2>> = ActorCells::new();
        Ok(DeafMemory(&CELLS))
    }

    fn clock(&self) -> HandClock {
        self.0.clone()
    }

    fn start(
        &self,
        parts: (Script, u32),
        memory: DeafMemory,
        plan: ActorPlan,
    ) -> Result<Self::Running, AlreadyLent> {
        Ok(Runner::new(parts, memory, plan, self.0.clone()))
    }
}

#[test]
fn p08_a_parked_asker_looks_again_after_its_bound() {
    let script = Script::default();
    let host = DeafHost(script.clock.clone());
    let mut actor = spawn(&host, script, ActorPlan::new()).expect("it is new");
    let shared = SharedRequester::new(actor.take_requester(0).expect("it is here"));
    let (answer, answered) = channel();
    let asker = thread::spawn(move || {
        let wait = WaitStrategy::Park { bound: Duration::from_millis(2) };
        let result = shared.ask_blocking(MessageHeader::new(), Do::Add.with(1), wait);
        answer.send(result).expect("the test is there");
    });
    let mut runner = actor.into_running();
    // The asker sleeps by the time of its answer.
    thread::sleep(Duration::from_millis(20));
    let start = Instant::now();
    let result = loop {
        runner.step(&mut Spinning);
        if let Ok(result) = answered.try_recv() {
            break result;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "it never looks again");
    };
    assert_eq!(result, Ok(101));
    asker.join().expect("it ends");
}
