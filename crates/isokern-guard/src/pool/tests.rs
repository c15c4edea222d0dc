//! Places, names, panics and ends of a pool.

use core::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::{PoolError, Refused, WorkItem, WorkerPool};

/// Says that it runs, waits to be let go, says that it was dropped.
struct Wait {
    started: Sender<String>,
    go: Receiver<()>,
    dropped: Sender<&'static str>,
    withdrawn: bool,
    panics: bool,
}

impl WorkItem for Wait {
    fn run(self) {
        self.started.send(thread::current().name().unwrap_or_default().to_owned()).unwrap();
        let _ = self.go.recv();
        assert!(!self.panics, "planted");
    }

    fn is_withdrawn(&self) -> bool {
        self.withdrawn
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let _ = self.dropped.send(if self.withdrawn { "withdrawn" } else { "item" });
    }
}

struct Bench {
    started: (Sender<String>, Receiver<String>),
    dropped: (Sender<&'static str>, Receiver<&'static str>),
}

impl Bench {
    fn new() -> Self {
        Self { started: channel(), dropped: channel() }
    }

    fn item(&self, withdrawn: bool, panics: bool) -> (Wait, Sender<()>) {
        let (go_sender, go) = channel();
        let (started, dropped) = (self.started.0.clone(), self.dropped.0.clone());
        (Wait { started, go, dropped, withdrawn, panics }, go_sender)
    }
}

fn pool(threads: usize, places: usize) -> WorkerPool<Wait> {
    WorkerPool::try_new("wait", NonZeroUsize::new(threads).unwrap(), places).unwrap()
}

#[test]
fn a_full_queue_hands_the_job_back() {
    for (threads, places) in [(1, 0), (1, 2), (2, 1)] {
        let (bench, pool) = (Bench::new(), pool(threads, places));
        let mut gates = Vec::new();
        for _ in 0..threads + places {
            let (item, gate) = bench.item(false, false);
            pool.try_submit(item).unwrap();
            gates.push(gate);
        }
        let (item, _gate) = bench.item(false, false);
        let Err(Refused(back)) = pool.try_submit(item) else { panic!("one too many") };
        assert!(!back.withdrawn);
        assert!(bench.dropped.1.try_recv().is_err(), "nothing was dropped");
        drop(gates);
        pool.join();
        assert_eq!(bench.started.1.try_iter().count(), threads + places);
    }
}

#[test]
fn threads_have_names_and_survive_panics() {
    let (bench, pool) = (Bench::new(), pool(1, 0));
    assert_eq!(pool.panicked_count(), 0);
    let (item, gate) = bench.item(false, true);
    pool.try_submit(item).unwrap();
    assert_eq!(bench.started.1.recv().unwrap(), "wait-0");
    assert_eq!(pool.idle_count(), 0);
    drop(gate);
    bench.dropped.1.recv().unwrap();
    while pool.idle_count() == 0 {
        thread::yield_now();
    }
    assert_eq!(pool.panicked_count(), 1);
    let (item, _) = bench.item(false, false);
    pool.try_submit(item).unwrap();
    assert_eq!(bench.started.1.recv().unwrap(), "wait-0");
    pool.join();
}

#[test]
fn places_of_withdrawn_jobs_are_given_away_in_order() {
    let (bench, pool) = (Bench::new(), pool(1, 2));
    let (running, gate) = bench.item(false, false);
    pool.try_submit(running).unwrap();
    bench.started.1.recv().unwrap();
    let (withdrawn, _) = bench.item(true, false);
    pool.try_submit(withdrawn).unwrap();
    let (kept, _) = bench.item(false, false);
    pool.try_submit(kept).unwrap();
    let (late, _) = bench.item(false, false);
    pool.try_submit(late).unwrap();
    assert_eq!(bench.dropped.1.try_recv(), Ok("withdrawn"));
    assert_eq!(pool.queued_count(), 2);
    let (too_many, _) = bench.item(false, false);
    assert!(pool.try_submit(too_many).is_err());
    drop(gate);
    pool.join();
    assert_eq!(bench.started.1.try_iter().count(), 2);
}

#[test]
fn a_dropped_pool_withdraws_what_is_queued_and_waits_for_nobody() {
    let (bench, pool) = (Bench::new(), pool(1, 1));
    let (running, gate) = bench.item(false, false);
    pool.try_submit(running).unwrap();
    bench.started.1.recv().unwrap();
    let (queued, _) = bench.item(false, false);
    pool.try_submit(queued).unwrap();
    drop(pool);
    assert_eq!(bench.dropped.1.try_iter().count(), 1, "the queued one, never run");
    drop(gate);
    assert_eq!(bench.dropped.1.recv(), Ok("item"));
    assert!(bench.started.1.try_recv().is_err());
}

#[test]
fn a_joined_pool_runs_what_is_queued() {
    let (bench, pool) = (Bench::new(), pool(1, 3));
    for _ in 0..3 {
        pool.try_submit(bench.item(false, false).0).unwrap();
    }
    pool.join();
    assert_eq!(bench.started.1.try_iter().count(), 3);
}

/// An item that does not say whether it was withdrawn.
struct Plain(Receiver<()>);

impl WorkItem for Plain {
    fn run(self) {
        let _ = self.0.recv();
    }
}

#[test]
fn a_job_is_not_withdrawn_unless_it_says_so() {
    let pool = WorkerPool::try_new("plain", NonZeroUsize::MIN, 1).unwrap();
    let gates: Vec<Sender<()>> = (0..3)
        .map(|index| {
            let (gate, receiver) = channel();
            assert_eq!(pool.try_submit(Plain(receiver)).is_ok(), index < 2, "item {index}");
            gate
        })
        .collect();
    drop(gates);
    pool.join();
}

#[test]
fn pools_that_cannot_start_say_why() {
    let refused = WorkerPool::<Wait>::try_new("a\0b", NonZeroUsize::MIN, 0);
    assert!(matches!(refused, Err(PoolError::Name)));
    let refused = WorkerPool::<Wait>::try_new("a", NonZeroUsize::MIN, usize::MAX);
    assert!(matches!(refused, Err(PoolError::Queue { place_count: usize::MAX })));
}
