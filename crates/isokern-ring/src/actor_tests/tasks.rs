//! An actor as a task: polled when something has woken it, and never in vain.

use core::future::{Future, pending, poll_fn};
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::boxed::Box;
use std::sync::{Arc, Mutex};
use std::task::Wake;
use std::vec::Vec;

use isokern_core::actor::{
    ActorError, ActorPlan, ActorState, Fresh, Mailboxes, NoBuffers, NoLinks, Supervision,
};
use isokern_core::call::Clock;
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, MessageHeader, Resident, RingContext,
    RingKernelHandler,
};

use crate::{
    ActorControls, AskError, LoopHost, Notify, Requester, Runner, WakerCell, WakingCells, spawn,
};

/// A future with a waker of its own, polled only when that was woken.
pub(super) struct Task<F> {
    future: Pin<Box<F>>,
    flag: Arc<Flag>,
    pub(super) poll_count: u32,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<F: Future> Task<F> {
    pub(super) fn new(future: F) -> Self {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        Self { future: Box::pin(future), flag, poll_count: 0 }
    }

    /// Polls once when it is woken; `None` when it sleeps.
    pub(super) fn turn(&mut self) -> Option<Poll<F::Output>> {
        if !self.flag.0.swap(false, Ordering::Relaxed) {
            return None;
        }
        self.poll_count += 1;
        assert!(self.poll_count < 10_000, "it never sleeps");
        let waker = Waker::from(Arc::clone(&self.flag));
        Some(self.future.as_mut().poll(&mut Context::from_waker(&waker)))
    }

    /// Polls as long as it is woken.
    pub(super) fn settle(&mut self) -> Poll<F::Output> {
        while let Some(polled) = self.turn() {
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }
}

/// A clock moved by hand that wakes those who sleep by it.
#[derive(Clone, Default)]
pub(super) struct AlarmClock(Arc<Mutex<(u64, Vec<Waker>)>>);

impl AlarmClock {
    pub(super) fn advance_ns(&self, ns: u64) {
        let mut clock = self.0.lock().expect("no panic");
        clock.0 += ns;
        let sleepers = core::mem::take(&mut clock.1);
        drop(clock);
        sleepers.into_iter().for_each(Waker::wake);
    }
}

impl Clock for AlarmClock {
    fn now_ns(&self) -> u64 {
        self.0.lock().expect("no panic").0
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        assert_ne!(moment_ns, 0);
        poll_fn(move |task| {
            if self.now_ns() >= moment_ns {
                return Poll::Ready(());
            }
            assert_ne!(moment_ns, u64::MAX, "no limit is not waited for");
            self.0.lock().expect("no panic").1.push(task.waker().clone());
            Poll::Pending
        })
    }
}

/// Answers a number with the next one, and does otherwise what the constants say.
#[derive(Clone)]
pub(super) struct Sleeper(AlarmClock);

/// Waits for what never comes.
pub(super) const WAIT: u32 = 1_000_000;
/// Panics.
const BREAK: u32 = 1_000_001;
/// Takes a microsecond of the clock.
pub(super) const SLEEP: u32 = 1_000_002;

impl GpuKernel for Sleeper {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("sleeper", KernelMode::Ring) }
    }
}

impl RingKernelHandler<u32, u32> for Sleeper {
    async fn handle(&self, _: &mut RingContext<'_>, number: u32) -> Result<u32, KernelError> {
        match number {
            WAIT => pending::<()>().await,
            BREAK => panic!("planted"),
            SLEEP => self.0.sleep_until(self.0.now_ns() + 1_000).await,
            _ => {}
        }
        Ok(number + 1)
    }
}

impl Resident for Sleeper {
    type Handler = Self;
    type Message = u32;
    type Reply = u32;
    type State = [u8; 0];

    const ENTRY: &'static str = "sleeper";

    fn into_parts(self) -> (Self, [u8; 0]) {
        (self, [])
    }
}

pub(super) type Cells<N> = &'static WakingCells<Mailboxes<4>, N>;
pub(super) type Client<N> = Requester<Cells<N>, u32, u32, AlarmClock>;
pub(super) type SleeperRunner<N> = Runner<(Sleeper, Cells<N>, NoBuffers, NoLinks, AlarmClock)>;

pub(super) fn start<N: Notify + Fresh + 'static>(
    clock: &AlarmClock,
    plan: ActorPlan,
) -> (Client<N>, ActorControls<Cells<N>>, SleeperRunner<N>) {
    let cells: Cells<N> = Box::leak(Box::default());
    let host = LoopHost::new(cells, clock.clone());
    let mut actor = spawn(&host, Sleeper(clock.clone()), plan).expect("the host is new");
    let requester = actor.take_requester(0).expect("one mailbox");
    let (controls, runner) = actor.into_parts();
    (requester, controls, runner)
}

/// Returns the result of the answer that has come.
pub(super) fn answer<N: Notify + Fresh + 'static>(
    client: &mut Client<N>,
) -> Result<u32, ActorError> {
    client.try_answer().expect("it is answered").result
}

/// Asks so many questions one after another, and returns how often the actor and the client were
/// polled, each only when woken.
fn polls_of<N: Notify + Fresh + 'static>(question_count: u32) -> (u32, u32) {
    let (mut client, _controls, runner) = start::<N>(&AlarmClock::default(), ActorPlan::new());
    let mut actor = Task::new(runner.run());
    let mut client = Task::new(async move {
        for number in 0..question_count {
            assert_eq!(client.ask(number).await, Ok(number + 1));
        }
    });
    loop {
        let client_turn = client.turn();
        let actor_turn = actor.turn();
        if let Some(Poll::Ready(state)) = actor_turn {
            assert_eq!(state, ActorState::Stopped);
            return (actor.poll_count, client.poll_count);
        }
        let is_asleep = client_turn.is_none() && actor_turn.is_none();
        assert!(!is_asleep, "both sleep, and nobody wakes them");
    }
}

#[test]
fn s4_run_and_ask_are_polled_when_woken_and_not_else() {
    let (actor, client) = polls_of::<WakerCell>(1_000);
    // One for each answer, the first one, and one when the actor has started.
    assert_eq!(client, 1_002);
    // One for each question, and one after it, in which nothing is found.
    assert!((1_000..=2_010).contains(&actor), "{actor}");
}

#[cfg(feature = "critical-section")]
#[test]
fn s4_bells_of_firmware_wake_as_well() {
    assert_eq!(polls_of::<crate::CriticalWakerCell>(1_000), polls_of::<WakerCell>(1_000));
}

#[test]
fn s4_an_idle_task_sleeps_whatever_time_passes() {
    let clock = AlarmClock::default();
    let (client, mut controls, runner) = start::<WakerCell>(&clock, ActorPlan::new());
    let mut actor = Task::new(runner.run());
    assert_eq!(actor.settle(), Poll::Pending);
    let poll_count = actor.poll_count;
    for _ in 0..100 {
        clock.advance_ns(1_000_000_000);
        assert_eq!(actor.settle(), Poll::Pending);
    }
    assert_eq!(actor.poll_count, poll_count, "nothing has happened");
    // A pause wakes it, to be seen; it goes on when the pause is over.
    controls.pause(true);
    assert_eq!(actor.settle(), Poll::Pending);
    assert_eq!(controls.state(), ActorState::Paused);
    controls.pause(false);
    assert_eq!(actor.settle(), Poll::Pending);
    assert_eq!(controls.state(), ActorState::Active);
    drop(client);
    assert_eq!(actor.settle(), Poll::Ready(ActorState::Stopped));
}

#[test]
fn s4_the_clock_wakes_for_a_deadline_and_the_bell_for_a_stop() {
    let clock = AlarmClock::default();
    let (mut client, mut controls, runner) = start::<WakerCell>(&clock, ActorPlan::new());
    let mut actor = Task::new(runner.run());
    let header = MessageHeader::new().with_deadline_ns(1_024_000);
    client.try_ask(header, WAIT).expect("there is room");
    client.try_ask(MessageHeader::new(), 1).expect("there is room");
    assert_eq!(actor.settle(), Poll::Pending);
    let poll_count = actor.poll_count;
    clock.advance_ns(1_024_000);
    assert_eq!(actor.settle(), Poll::Pending);
    assert!(client.try_answer().is_err(), "it is not over yet");
    clock.advance_ns(1);
    assert_eq!(actor.settle(), Poll::Pending);
    assert_eq!(answer(&mut client), Err(ActorError::TimedOut));
    assert_eq!(answer(&mut client), Ok(2));
    assert!(actor.poll_count <= poll_count + 4, "{} after {poll_count}", actor.poll_count);

    client.try_ask(MessageHeader::new(), WAIT).expect("there is room");
    assert_eq!(actor.settle(), Poll::Pending);
    controls.stop();
    assert_eq!(actor.settle(), Poll::Ready(ActorState::Stopped));
    assert_eq!(answer(&mut client), Err(ActorError::Stopped));
}

#[test]
fn s4_a_handler_that_waits_is_woken_by_what_it_waits_for() {
    let clock = AlarmClock::default();
    let (mut client, _controls, runner) = start::<WakerCell>(&clock, ActorPlan::new());
    let mut actor = Task::new(runner.run());
    client.try_ask(MessageHeader::new(), SLEEP).expect("there is room");
    assert_eq!(actor.settle(), Poll::Pending);
    // Another message rings the bell; the one in hand goes on waiting.
    client.try_ask(MessageHeader::new(), 1).expect("there is room");
    assert_eq!(actor.settle(), Poll::Pending);
    assert!(client.try_answer().is_err());
    clock.advance_ns(1_000);
    assert_eq!(actor.settle(), Poll::Pending);
    assert_eq!([answer(&mut client), answer(&mut client)], [Ok(SLEEP + 1), Ok(2)]);
}

#[test]
fn s4_a_lease_and_a_restart_come_by_the_clock() {
    let clock = AlarmClock::default();
    let restart = Supervision::Restart {
        count_max: 1,
        window: Duration::from_secs(1),
        backoff: Duration::from_micros(50),
    };
    let plan = ActorPlan::new().with_supervision(restart).with_lease(Duration::from_millis(1));
    let (mut client, mut controls, runner) = start::<WakerCell>(&clock, plan);
    let mut actor = Task::new(runner.run());
    client.try_ask(MessageHeader::new(), BREAK).expect("there is room");
    client.try_ask(MessageHeader::new(), 1).expect("there is room");
    assert_eq!(actor.settle(), Poll::Pending);
    assert_eq!(
        (answer(&mut client), controls.state()),
        (Err(ActorError::ActorFaulted), ActorState::Faulted)
    );
    assert!(client.try_answer().is_err(), "it waits for its restart");
    clock.advance_ns(50_000);
    assert_eq!(actor.settle(), Poll::Pending);
    assert_eq!((answer(&mut client), controls.state()), (Ok(2), ActorState::Active));
    // A renewed lease goes on, one that does not change ends the actor, a nanosecond later.
    controls.renew_lease(1);
    clock.advance_ns(950_000);
    assert_eq!(actor.settle(), Poll::Pending);
    clock.advance_ns(1_000_000);
    assert_eq!(actor.settle(), Poll::Pending);
    clock.advance_ns(1);
    assert_eq!(actor.settle(), Poll::Ready(ActorState::Stopped));
}

#[test]
fn s4_a_task_that_is_dropped_answers_who_waits() {
    let clock = AlarmClock::default();
    let (mut client, controls, runner) = start::<WakerCell>(&clock, ActorPlan::new());
    let mut actor = Task::new(runner.run());
    let mut asker = Task::new(client.ask(WAIT));
    assert_eq!((asker.settle(), actor.settle()), (Poll::Pending, Poll::Pending));
    drop(actor);
    let faulted = Err(AskError::Actor(ActorError::ActorFaulted));
    assert_eq!((asker.settle(), controls.state()), (Poll::Ready(faulted), ActorState::Faulted));
}

#[test]
fn s4_a_running_actor_may_move_between_threads() {
    fn movable<T: Send>(value: T) -> T {
        value
    }
    let (client, _controls, runner) = start::<WakerCell>(&AlarmClock::default(), ActorPlan::new());
    let actor = movable(runner.run());
    drop(client);
    assert_eq!(Task::new(actor).settle(), Poll::Ready(ActorState::Stopped));
}
