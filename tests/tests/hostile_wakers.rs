//! Wakers that come back to whoever calls them, at every place that keeps one (P13).
//!
//! [`attack`] is the one test; each place brings how it is used and how a waker comes back.

use core::future::Future;
use core::num::NonZeroUsize;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Arc, Mutex};
use std::task::Wake;
use std::thread;

use isokern_core::actor::{ActorCells, ActorPlan, Mailboxes};
use isokern_core::call::Clock;
use isokern_core::{
    BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode, MessageHeader, Resident,
    RingContext, RingKernelHandler,
};
use isokern_guard::{Detached, SystemClock, VirtualClock};
use isokern_ring::{
    CriticalWakerCell, Notify, PollOnly, Requester, SharedRequester, ThreadHost, ThreadMemory,
    WakerCell, spawn,
};
use isokern_tests::gated::{Counted, End, Gated, Keeper, Work, poll_once};
use isokern_tests::hostile::{finishes, hostile_waker};

/// Uses an object with a hostile waker, which `strike`s back at every call, and says how often
/// it was cloned, woken and dropped by then.
fn attack<T: Send + Sync + 'static>(
    name: &str,
    object: T,
    strike: fn(&T),
    used: fn(&T, &Waker),
    (is_cloned, is_woken, is_dropped): (bool, bool, bool),
) {
    finishes(name, move || {
        let object = Arc::new(object);
        let (counts, waker) = hostile_waker({
            let object = Arc::clone(&object);
            move || strike(&object)
        });
        used(&object, &waker);
        drop(waker);
        let (cloned, woken, dropped) = counts.get();
        assert_eq!((cloned > 0, woken > 0), (is_cloned, is_woken));
        // One of the drops is that of the waker above.
        assert_eq!(dropped > 1, is_dropped);
    });
}

/// A cell: registered over, woken, registered over again.
fn attack_cell<N: Notify + Send + Sync + 'static>(name: &str, cell: N) {
    attack(
        name,
        cell,
        |cell| {
            cell.notify();
            cell.register(Waker::noop());
            cell.notify();
        },
        |cell, waker| {
            cell.register(waker);
            cell.register(Waker::noop());
            cell.register(waker);
            cell.notify();
            cell.register(waker);
            cell.register(Waker::noop());
        },
        (N::WAKES, true, N::WAKES),
    );
}

#[test]
fn p13_waker_cells_call_no_waker_under_a_lock() {
    attack_cell("WakerCell", WakerCell::new());
    attack_cell("CriticalWakerCell", CriticalWakerCell::new());
    attack_cell("PollOnly", PollOnly);
}

/// Polls a future with two wakers in turn.
fn poll_with<F: Future>(mut future: Pin<&mut F>, wakers: &[&Waker]) -> Poll<F::Output> {
    for waker in wakers {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(waker)) {
            return Poll::Ready(output);
        }
    }
    Poll::Pending
}

/// Polls a future again and again until it is ready.
fn poll_to_its_end<F: Future>(mut future: Pin<&mut F>, waker: &Waker) {
    while poll_with(future.as_mut(), &[waker]).is_pending() {
        thread::sleep(Duration::from_micros(100));
    }
}

#[test]
fn p13_clocks_call_no_waker_under_a_lock() {
    attack(
        "VirtualClock",
        VirtualClock::new(),
        |clock| {
            let _ = poll_once(pin!(clock.sleep_until(clock.now_ns() + 1)));
            clock.advance(Duration::ZERO);
            let _ = clock.sleeper_count();
        },
        |clock, waker| {
            let mut sleep = pin!(clock.sleep_until(10));
            assert!(poll_with(sleep.as_mut(), &[waker, Waker::noop(), waker]).is_pending());
            clock.advance(Duration::from_nanos(10));
            assert!(poll_with(sleep, &[waker]).is_ready());
            let _ = poll_with(pin!(clock.sleep_until(20)), &[waker]);
        },
        (true, true, true),
    );
    attack(
        "SystemClock",
        SystemClock,
        |clock| {
            let _ = poll_once(pin!(clock.sleep_until(clock.now_ns() + 1_000_000)));
        },
        |clock, waker| {
            let moment_ns = clock.now_ns() + 1_000_000_000;
            let mut sleep = pin!(clock.sleep_until(moment_ns));
            assert!(poll_with(sleep.as_mut(), &[waker, Waker::noop(), waker]).is_pending());
            // Who is woken later is woken after it, and nobody has looked at it meanwhile.
            pollster::block_on(clock.sleep_until(moment_ns + 1_000_000));
            poll_to_its_end(sleep, waker);
            let _ = poll_with(pin!(clock.sleep_until(clock.now_ns() + 1_000_000_000)), &[waker]);
        },
        (true, true, true),
    );
}

struct Detachment {
    kernel: Detached<Gated, Work, Counted>,
    keeper: Mutex<Keeper>,
}

impl Detachment {
    fn work(&self) -> Work {
        self.keeper.lock().expect("nobody panics").work(1, End::Answer)
    }
}

#[test]
fn p13_detached_calls_call_no_waker_under_a_lock() {
    let (gated, keeper) = Gated::new(true);
    let kernel = Detached::try_new(Arc::new(gated), NonZeroUsize::MIN, 1).expect("it starts");
    attack(
        "Detached",
        Detachment { kernel, keeper: Mutex::new(keeper) },
        |object| {
            let _ = poll_once(pin!(object.kernel.execute(object.work())));
            let _ = (object.kernel.stats(), object.kernel.idle_count());
        },
        |object, waker| {
            let mut call = pin!(object.kernel.execute(object.work()));
            assert!(poll_with(call.as_mut(), &[waker, Waker::noop(), waker]).is_pending());
            object.keeper.lock().expect("nobody panics").open();
            poll_to_its_end(call, waker);
        },
        (true, true, true),
    );
}

/// Answers what it is sent.
#[derive(Clone, Copy)]
struct Echo;

impl GpuKernel for Echo {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("echo", KernelMode::Ring) }
    }
}

impl RingKernelHandler<u32, u32> for Echo {
    async fn handle(&self, _: &mut RingContext<'_>, number: u32) -> Result<u32, KernelError> {
        Ok(number)
    }
}

impl Resident for Echo {
    type Handler = Self;
    type Message = u32;
    type Reply = u32;
    type State = u32;

    fn into_parts(self) -> (Self, u32) {
        (self, 0)
    }
}

type Shared = SharedRequester<Arc<ThreadMemory<Mailboxes<4>>>, u32, u32, SystemClock>;

fn thread_host() -> ThreadHost<SystemClock, Mailboxes<4>> {
    ThreadHost::new("echo", SystemClock)
}

#[test]
fn p13_a_shared_requester_calls_no_waker_under_a_lock() {
    let mut actor = spawn(&thread_host(), Echo, ActorPlan::new()).expect("it starts");
    let shared: Shared = SharedRequester::new(actor.take_requester(0).expect("it is here"));
    attack(
        "SharedRequester on a thread",
        (shared, Mutex::new(actor)),
        |(shared, _)| {
            let _ = shared.tell(MessageHeader::new(), 1);
            let _ = poll_once(pin!(shared.ask(2)));
            let _ = shared.stats();
        },
        |(shared, actor), waker| {
            let pause = |is_paused| actor.lock().expect("nobody panics").pause(is_paused);
            pause(true);
            thread::sleep(Duration::from_millis(20));
            let mut asking = pin!(shared.ask(7));
            assert!(poll_with(asking.as_mut(), &[waker, Waker::noop(), waker]).is_pending());
            pause(false);
            poll_to_its_end(asking, waker);
        },
        (true, true, true),
    );
}

#[test]
fn p13_silent_bells_call_no_waker_under_a_lock() {
    static CELLS: ActorCells<Mailboxes<4>> = ActorCells::new();
    let requester = Requester::<_, u32, u32, _>::try_new(&CELLS, 0, SystemClock);
    attack(
        "SharedRequester over silent bells",
        SharedRequester::new(requester.expect("it has a mailbox")),
        |shared| {
            let _ = shared.tell(MessageHeader::new(), 1);
            let _ = shared.stats();
        },
        |shared, waker| assert!(poll_with(pin!(shared.ask(7)), &[waker, waker]).is_pending()),
        (false, true, false),
    );
}

/// The task of the book's executor: its waker owns the future, which says goodbye when dropped.
struct Task(Mutex<Option<Pin<Box<Farewell>>>>);

/// A question, then a wait without end; its drop tells the actor.
struct Farewell {
    shared: Shared,
    is_asked: bool,
}

impl Future for Farewell {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        if !self.is_asked {
            let shared = self.shared.clone();
            self.is_asked = pin!(shared.ask(1)).poll(task).is_ready();
        }
        Poll::Pending
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let _ = self.shared.tell(MessageHeader::new(), 0);
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn p13_a_cancelled_task_may_say_goodbye() {
    let mut actor = spawn(&thread_host(), Echo, ActorPlan::new()).expect("it starts");
    let shared: Shared = SharedRequester::new(actor.take_requester(0).expect("it is here"));
    finishes("a task whose last waker is in a bell", move || {
        for _ in 0..1_000 {
            let farewell = Farewell { shared: shared.clone(), is_asked: false };
            let task = Arc::new(Task(Mutex::new(Some(Box::pin(farewell)))));
            for _ in 0..3 {
                let waker = Waker::from(Arc::clone(&task));
                if let Some(future) = &mut *task.0.lock().expect("nobody panics") {
                    let _ = future.as_mut().poll(&mut Context::from_waker(&waker));
                }
                thread::sleep(Duration::from_micros(20));
            }
            drop(task); // A waker in a bell may be its last owner.
            let _ = pollster::block_on(shared.ask(2));
            let _ = pollster::block_on(shared.ask(3));
        }
        assert!(shared.stats().answered_count > 0);
    });
    drop(actor);
}
