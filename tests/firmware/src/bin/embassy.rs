//! A model as a task of embassy: an interrupt sends images through a channel, and the processor is
//! awake for them alone.
//!
//! The timer's interrupt sends an image every few ticks. A task asks the model, one takes the
//! answers, one counts seconds by the clock of embassy. Messages, sleeps and the time awake are
//! counted; `cargo xtask firmware` knows what they must be. The same program runs on a board, see
//! `docs/firmware.md`.
#![no_std]
#![no_main]

use core::future::pending;
use core::sync::atomic::{AtomicU32, Ordering};

use embassy_executor::Spawner;
use embassy_time::{Duration, Instant, Timer as Alarm};
use isokern_cpu::core::actor::{ActorError, ActorPlan, Mailboxes};
use isokern_cpu::core::{KernelMetadata, KernelMode};
use isokern_cpu::{CpuBackend, CpuProgram, ModelActor, model};
use isokern_embassy::{ActorRunner, Channel, EmbassyHost, ModelClient, serve};
use isokern_firmware::clock::{CALIBRATION, Clock};
use isokern_firmware::console::print_number;
use isokern_firmware::processor::{Timer, entry};
use isokern_firmware::stack::Gauge;
use isokern_firmware::ticker::Ticker;
use isokern_firmware::{ending, lend, on_tick, tasks};
use isokern_ring::{Borrower, Buffers, Lender, PayloadPool};

model::include_model! {
    mod digits = "../../../models/digits.ikm";
}

type Shape = Mailboxes<2>;
type Digits = ModelActor<digits::Operators>;
type Program = CpuProgram<'static, digits::Operators>;
type Pool = PayloadPool<{ digits::ARENA_BYTES }, 1>;
type Arenas = &'static Buffers<{ digits::ARENA_BYTES }, 1>;
type Input = [i8; digits::INPUT_LEN];
type Output = [i8; digits::OUTPUT_LEN];
type Client = ModelClient<
    digits::Operators,
    Shape,
    { digits::ARENA_BYTES },
    1,
    { digits::INPUT_LEN },
    { digits::OUTPUT_LEN },
>;

/// Messages of the interrupt, each some ticks after the one before.
const MESSAGE_COUNT: u32 = 10_000;
const TICKS_PER_MESSAGE: u32 = include!(concat!(env!("OUT_DIR"), "/pace.rs"));

/// Images of 8 by 8 pixels, sent in turn.
const IMAGE_COUNT: usize = 10;
static IMAGES: [[u8; digits::INPUT_LEN]; IMAGE_COUNT] = {
    let file = include_bytes!("../../../models/models/digits.test.i8");
    *file.as_chunks().0.first_chunk().expect("the file has more images than that")
};

const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Ring);

static HOST: EmbassyHost<Digits, Shape> = EmbassyHost::new();
static INPUTS: Channel<Input, 2> = Channel::new();
static OUTPUTS: Channel<Result<Output, ActorError>, 2> = Channel::new();

/// What the interrupt has done. It alone writes these.
static TICK_COUNT: AtomicU32 = AtomicU32::new(0);
static SENT_COUNT: AtomicU32 = AtomicU32::new(0);
static FULL_COUNT: AtomicU32 = AtomicU32::new(0);

/// Seconds by the clock of embassy.
static SECOND_COUNT: AtomicU32 = AtomicU32::new(0);

on_tick!(tick);

fn tick() {
    tasks::tick();
    let tick_count = add(&TICK_COUNT);
    let sent_count = SENT_COUNT.load(Ordering::Relaxed);
    if sent_count == MESSAGE_COUNT || !tick_count.is_multiple_of(TICKS_PER_MESSAGE) {
        return;
    }
    let sent = INPUTS.try_send(image(sent_count));
    _ = add(if sent.is_ok() { &SENT_COUNT } else { &FULL_COUNT });
}

#[entry]
fn main() -> ! {
    let buffers = lend!(Pool = Pool::new(0));
    let Some(timer) = Timer::take() else {
        ending::fail("the timer is taken");
    };
    let Ok(program) = CpuBackend::for_operators().load_program(digits::BLOB) else {
        ending::fail("the model is not whole");
    };
    let mut clock = Clock::start(timer);
    print_number("calibration_instructions", CALIBRATION);
    print_number("calibration_ticks", clock.calibrate());
    let (mut lender, borrower) = buffers.split();
    let Some((answers, work)) = measure(&program, &mut lender, &mut clock) else {
        ending::fail("the model does not run");
    };
    print_number("work_messages", IMAGE_COUNT as u32);
    print_number("work_ticks", work);
    let gauge = Gauge::paint();
    let ticker = Ticker::start(clock.stop());
    tasks::run(|spawner| {
        if spawn(spawner, program, lender, borrower, Reader { answers, gauge, ticker }).is_none() {
            ending::fail("a task was not started");
        }
    })
}

/// Runs the model on each image, and nothing else; the answers, and what the timer counted.
fn measure(
    program: &Program,
    lender: &mut Lender<Arenas>,
    clock: &mut Clock,
) -> Option<([u8; IMAGE_COUNT], u32)> {
    let mut arena = lender.try_claim().ok()?;
    let mut answers = [0; IMAGE_COUNT];
    let mut ticks = 0;
    for (number, answer) in (0..).zip(&mut answers) {
        for (value, pixel) in program.input_in(&mut arena).ok()?.iter_mut().zip(image(number)) {
            *value = pixel;
        }
        clock.restart();
        program.run_in(&mut arena).ok()?;
        ticks += clock.ticks();
        *answer = best(program.output_in(&mut arena).ok()?);
    }
    Some((answers, ticks))
}

/// Starts all tasks.
#[inline(never)]
fn spawn(
    spawner: Spawner,
    program: Program,
    lender: Lender<Arenas>,
    borrower: Borrower<Arenas>,
    reader: Reader,
) -> Option<()> {
    let plan = ActorPlan::new().with_buffers(borrower);
    let runner = HOST.start(ModelActor::new(METADATA, program.clone()), plan).ok()?;
    let client = Client::try_new(program, lender, HOST.requester(0)?).ok()?;
    spawner.spawn(run(runner).ok()?);
    spawner.spawn(feed(client).ok()?);
    spawner.spawn(read(reader).ok()?);
    spawner.spawn(count_seconds().ok()?);
    Some(())
}

/// The model.
#[embassy_executor::task]
async fn run(runner: ActorRunner<Digits, Shape, Borrower<Arenas>>) -> ! {
    match runner.run_forever().await {}
}

/// The model's door: images in, scores out.
#[embassy_executor::task]
async fn feed(mut client: Client) -> ! {
    serve(&mut client, &INPUTS, &OUTPUTS).await;
    pending().await
}

/// What the reader knows and looks at in the end.
struct Reader {
    answers: [u8; IMAGE_COUNT],
    gauge: Gauge,
    ticker: Ticker,
}

/// Takes the answers, compares them with those of before, and ends the program after the last.
#[embassy_executor::task]
async fn read(reader: Reader) -> ! {
    let Reader { answers, gauge, ticker } = reader;
    let (mut answered_count, mut wrong_count) = (0, 0);
    _ = tasks::take_awake();
    while answered_count < MESSAGE_COUNT {
        let output = OUTPUTS.receive().await;
        let expected = answers.get(answered_count as usize % IMAGE_COUNT);
        let is_right = output.is_ok_and(|scores| Some(&best(&scores)) == expected);
        wrong_count += u32::from(!is_right);
        answered_count += 1;
    }
    let awake = tasks::take_awake();
    _ = ticker.stop();
    print_number("sent", SENT_COUNT.load(Ordering::Relaxed));
    print_number("full", FULL_COUNT.load(Ordering::Relaxed));
    print_number("answered", answered_count);
    print_number("wrong", wrong_count);
    print_number("left", (INPUTS.len() + OUTPUTS.len()) as u32);
    print_number("ticks", TICK_COUNT.load(Ordering::Relaxed));
    print_number("seconds", SECOND_COUNT.load(Ordering::Relaxed));
    print_number("sleeps", awake.sleeps);
    print_number("polls", awake.polls);
    print_number("messages", answered_count);
    print_number("ask_ticks", u32::try_from(awake.counts).unwrap_or(0));
    print_number("stack", gauge.peak() as u32);
    ending::succeed()
}

/// Counts seconds, asleep between them.
#[embassy_executor::task]
async fn count_seconds() -> ! {
    let second = Duration::from_secs(1);
    loop {
        // Not `after`, which panics where the sum has no place.
        Alarm::at(Instant::now().saturating_add(second)).await;
        _ = add(&SECOND_COUNT);
    }
}

fn image(number: u32) -> Input {
    let pixels = IMAGES.get(number as usize % IMAGE_COUNT);
    pixels.map_or([0; digits::INPUT_LEN], |pixels| pixels.map(u8::cast_signed))
}

fn best(scores: &[i8]) -> u8 {
    let best = (0_u8..).zip(scores).max_by_key(|(_, score)| **score);
    best.map_or(u8::MAX, |(class, _)| class)
}

/// Counts one, where nobody else does.
fn add(count: &AtomicU32) -> u32 {
    let next = count.load(Ordering::Relaxed).wrapping_add(1);
    count.store(next, Ordering::Relaxed);
    next
}
