//! An actor that sleeps: the processor is awake for its messages, and for nothing else.
//!
//! First the timer's interrupt asks at every fourth tick, without waiting; between two questions
//! the loop has nothing to do and sleeps (`wfi`). Then a client in the loop asks and awaits each
//! answer, and the handler awaits an interrupt for each. Sleeps and polls are counted, and how
//! long the processor was awake; `cargo xtask firmware` knows what they must be.
#![no_std]
#![no_main]

use core::cell::Cell;
use core::convert::Infallible;
use core::future::{Future, pending, poll_fn};
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::task::Poll;

use bytemuck::{Pod, Zeroable};
use isokern_cpu::core::actor::{ActorPlan, ActorState, Mailboxes};
use isokern_cpu::core::call::Clock as _;
use isokern_cpu::core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, MessageHeader, Resident, RingContext,
    RingKernelHandler,
};
use isokern_firmware::clock::{CALIBRATION, Clock};
use isokern_firmware::console::{print_number, print_word};
use isokern_firmware::processor::{self, Timer, entry};
use isokern_firmware::relay::Relay;
use isokern_firmware::stack::Gauge;
use isokern_firmware::ticker::{TickClock, Ticker};
use isokern_firmware::{ending, lend, on_tick};
use isokern_ring::{
    ActorControls, CriticalWakerCell, LoopHost, LoopWaker, Notify, PopError, Requester,
    RequesterOn, Runner, WakingBells, WakingCells,
};

type Shape = Mailboxes<4>;
type Cells = &'static WakingCells<Shape, CriticalWakerCell>;
type Host = LoopHost<'static, TickClock, Shape, WakingBells<Shape, CriticalWakerCell>>;

/// Questions of the interrupt, each some ticks after the one before.
const ASK_COUNT: u32 = 200;
const TICKS_PER_QUESTION: u32 = 4;
/// Questions that are awaited in the loop.
const AWAIT_COUNT: u32 = 200;

static LOOP: LoopWaker = LoopWaker::new();
static SENSOR: Relay<Sensor> = Relay::new();
static DONE: Relay<Sensor> = Relay::new();
static CLIENT: Relay<RequesterOn<Host, Doubler>> = Relay::new();

/// Woken at every tick: what the handler awaits.
static TICK: CriticalWakerCell = CriticalWakerCell::new();

/// Whether the actor has shut down.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// How often the loop slept, and the counts of the timer for which it did not.
static SLEEPS: AtomicU32 = AtomicU32::new(0);
static AWAKE: AtomicU32 = AtomicU32::new(0);

/// The interrupt's side.
struct Sensor {
    requester: RequesterOn<Host, Doubler>,
    tick_count: u32,
    asked_count: u32,
    answered_count: u32,
    wrong_count: u32,
}

/// Answers a number with its double, at once or at the next interrupt.
struct Doubler;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
struct Question {
    number: u32,
    /// Not 0: the answer comes with the next interrupt.
    waits: u32,
}

on_tick!(tick);

fn tick() {
    TICK.notify();
    SENSOR.with(|place| {
        if place.as_mut().is_some_and(Sensor::tick)
            && let Some(sensor) = place.take()
        {
            DONE.put(sensor);
        }
    });
}

#[entry]
fn main() -> ! {
    let first = lend!(WakingCells<Shape, CriticalWakerCell> = WakingCells::new());
    let second = lend!(WakingCells<Shape, CriticalWakerCell> = WakingCells::new());
    let Some(timer) = Timer::take() else {
        ending::fail("the timer is taken");
    };
    let mut clock = Clock::start(timer);
    print_number("calibration_instructions", CALIBRATION);
    print_number("calibration_ticks", clock.calibrate());
    let gauge = Gauge::paint();
    let ticker = Ticker::start(clock.stop());
    answer_interrupt(first);
    answer_task(second);
    let _ = ticker.stop();
    print_number("stack", gauge.peak() as u32);
    ending::succeed()
}

/// Runs one task, which the interrupt asks.
#[inline(never)]
fn answer_interrupt(cells: Cells) {
    let actor = pin!(start(cells, |requester| {
        let (asked_count, answered_count, wrong_count) = (0, 0, 0);
        SENSOR.put(Sensor { requester, tick_count: 0, asked_count, answered_count, wrong_count });
    }));
    let (state, poll_count) = run(cells, actor);
    let sensor = DONE.wait();
    print_word("state", state.as_str());
    print_number("asked", sensor.asked_count);
    print_number("answered", sensor.answered_count);
    print_number("wrong", sensor.wrong_count);
    print_number("ticks", sensor.tick_count);
    print_number("polls", poll_count);
    print_number("sleeps", take(&SLEEPS));
    print_number("messages", sensor.asked_count);
    print_number("ask_ticks", take(&AWAKE));
}

/// Runs two tasks as one: the client awaits each answer of the actor.
#[inline(never)]
fn answer_task(cells: Cells) {
    let mut actor = pin!(start(cells, |requester| CLIENT.put(requester)));
    let right_count = Cell::new(0);
    let mut asking = pin!(async {
        if let Some(mut client) = CLIENT.take() {
            for number in 0..AWAIT_COUNT {
                let answer = client.ask(Question { number, waits: 1 }).await;
                right_count.set(right_count.get() + u32::from(answer == Ok(2 * number)));
            }
        }
        pending::<Infallible>().await
    });
    let (state, poll_count) = run(
        cells,
        pin!(poll_fn(|task| {
            let _ = asking.as_mut().poll(task);
            actor.as_mut().poll(task)
        })),
    );
    print_word("task_state", state.as_str());
    print_number("task_right", right_count.get());
    print_number("task_polls", poll_count);
    print_number("task_sleeps", take(&SLEEPS));
}

/// Makes the actor a task, and gives its requester away. Without `spawn`: an `Actor`, with places
/// for four requesters, would be on the stack once more.
#[inline(never)]
fn start(
    cells: Cells,
    give: impl FnOnce(RequesterOn<Host, Doubler>),
) -> impl Future<Output = Infallible> {
    let Some(requester) = Requester::try_new(cells, 0, TickClock) else {
        ending::fail("the actor has no mailbox");
    };
    give(requester);
    let parts = Doubler.into_parts();
    let runner = Runner::<(Doubler, _, _, _, _)>::new(parts, cells, ActorPlan::new(), TickClock);
    runner.run_forever()
}

/// Runs a future until the actor is over, asleep between its polls; its state, and how many they
/// were.
fn run(cells: Cells, mut future: Pin<&mut impl Future<Output = Infallible>>) -> (ActorState, u32) {
    IS_OVER.store(false, Ordering::Relaxed);
    let controls = ActorControls::new(cells);
    let mut poll_count = 0;
    let counted = poll_fn(|task| {
        poll_count += 1;
        let _ = future.as_mut().poll(task);
        if IS_OVER.load(Ordering::Relaxed) { Poll::Ready(controls.state()) } else { Poll::Pending }
    });
    let mut woke = Timer::moment();
    let output = LOOP.run(counted, |waker| {
        // An interrupt that comes after the look is pending, and ends the sleep at once.
        critical_section::with(|_| {
            if !waker.is_woken() {
                add(&SLEEPS, 1);
                // It is never awake for a whole tick.
                add(&AWAKE, Timer::since(woke));
                processor::wait_for_interrupt();
                woke = Timer::moment();
            }
        });
    });
    (output, poll_count)
}

/// Adds to a count that the loop alone writes.
fn add(count: &AtomicU32, more: u32) {
    count.store(count.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
}

fn take(count: &AtomicU32) -> u32 {
    let taken = count.load(Ordering::Relaxed);
    count.store(0, Ordering::Relaxed);
    taken
}

impl Sensor {
    /// Takes what is answered, and asks now and then; `true` when the actor is gone.
    fn tick(&mut self) -> bool {
        loop {
            match self.requester.try_answer() {
                Ok(answer) => {
                    let expected = Ok(2 * self.answered_count);
                    self.wrong_count += u32::from(answer.result != expected);
                    self.answered_count += 1;
                }
                Err(PopError::Empty) => break,
                Err(PopError::Closed) => return true,
            }
        }
        self.tick_count += 1;
        if !self.tick_count.is_multiple_of(TICKS_PER_QUESTION) {
            return false;
        }
        if self.asked_count == ASK_COUNT {
            self.requester.close();
        } else {
            let question = Question { number: self.asked_count, waits: 0 };
            let outcome = self.requester.try_ask(MessageHeader::new(), question);
            self.wrong_count += u32::from(outcome.is_err());
            self.asked_count += 1;
        }
        false
    }
}

impl GpuKernel for Doubler {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("doubler", KernelMode::Ring) }
    }
}

impl RingKernelHandler<Question, u32> for Doubler {
    // Futures of `poll_fn`: an `async fn` that returns links a panic.
    fn handle(
        &self,
        _: &mut RingContext<'_>,
        Question { number, waits }: Question,
    ) -> impl Future<Output = Result<u32, KernelError>> + Send {
        let mut began_ns = None;
        poll_fn(move |task| {
            if waits != 0 {
                TICK.register(task.waker());
                let now_ns = TickClock.now_ns();
                if *began_ns.get_or_insert(now_ns) == now_ns {
                    return Poll::Pending;
                }
            }
            Poll::Ready(Ok(2 * number))
        })
    }

    fn initialize(
        &self,
        _: &mut RingContext<'_>,
    ) -> impl Future<Output = Result<(), KernelError>> + Send {
        poll_fn(|_| Poll::Ready(Ok(())))
    }

    fn shutdown(
        &self,
        _: &mut RingContext<'_>,
    ) -> impl Future<Output = Result<(), KernelError>> + Send {
        IS_OVER.store(true, Ordering::Relaxed);
        poll_fn(|_| Poll::Ready(Ok(())))
    }
}

impl Resident for Doubler {
    type Handler = Self;
    type Message = Question;
    type Reply = u32;
    type State = [u8; 0];

    const ENTRY: &'static str = "doubler";

    fn into_parts(self) -> (Self, [u8; 0]) {
        (self, [])
    }
}
