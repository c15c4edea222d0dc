//! A model as an actor: an interrupt lends it images, it answers in their buffers.
//!
//! Nothing is copied: the interrupt writes the pixels where the model reads them, and reads the
//! scores where the model has left them.
#![no_std]
#![no_main]

use isokern_cpu::core::actor::{ActorCells, ActorPlan, Mailboxes};
use isokern_cpu::core::{KernelMetadata, KernelMode, MessageHeader};
use isokern_cpu::model::digest;
use isokern_cpu::{CpuBackend, CpuProgram, ModelActor, ModelReply, model};
use isokern_firmware::console::{print_digest, print_number, print_word};
use isokern_firmware::processor::{Timer, entry};
use isokern_firmware::relay::Relay;
use isokern_firmware::stack::Gauge;
use isokern_firmware::ticker::{TickClock, Ticker};
use isokern_firmware::{ending, lend, on_tick};
use isokern_ring::{
    ActorOn, Answer, Borrower, BufferHandle, Buffers, Lender, LoopHost, PayloadPool, PopError,
    RequesterOn, Spinning, Step,
};

model::include_model! {
    mod digits = "../../../models/digits.ikm";
}

/// Two arenas: one is filled or read while the model runs in the other.
type Pool = PayloadPool<{ digits::ARENA_BYTES }, 2>;
type Cells = &'static ActorCells<Mailboxes<2>>;
type Program = CpuProgram<'static, digits::Operators>;
type Arenas = &'static Buffers<{ digits::ARENA_BYTES }, 2>;
type Reader = ActorOn<
    LoopHost<'static, TickClock, Mailboxes<2>>,
    ModelActor<digits::Operators>,
    Borrower<Arenas>,
>;

/// Images of 8 by 8 pixels that are read.
const IMAGE_COUNT: usize = 10;
static IMAGES: [[u8; digits::INPUT_LEN]; IMAGE_COUNT] = {
    let file = include_bytes!("../../../models/models/digits.test.i8");
    *file.as_chunks().0.first_chunk().expect("the file has more images than that")
};

/// Inputs the digest covers: those of the seeds from 1, as in `measure`.
const SEED_COUNT: usize = 4;

const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Ring);

/// The interrupt's ends.
static CAMERA: Relay<Camera> = Relay::new();

static DONE: Relay<Seen> = Relay::new();

/// What came back.
#[derive(Clone, Copy, Default)]
struct Seen {
    answers: [u8; IMAGE_COUNT],
    digest: u64,
    answered_count: usize,
    wrong_count: u32,
    /// Times there was no free buffer.
    exhausted_count: u32,
}

/// The interrupt's side: lends inputs and reads the outputs.
struct Camera {
    requester: RequesterOn<
        LoopHost<'static, TickClock, Mailboxes<2>>,
        ModelActor<digits::Operators>,
        Borrower<Arenas>,
    >,
    lender: Lender<Arenas>,
    program: Program,
    /// The buffers that are lent, the older one first.
    lent: [Option<BufferHandle>; 2],
    sent_count: usize,
    seen: Seen,
}

on_tick!(tick);

fn tick() {
    CAMERA.with(|place| {
        if place.as_mut().is_some_and(Camera::tick) {
            *place = None;
        }
    });
}

#[entry]
fn main() -> ! {
    let cells = lend!(ActorCells<Mailboxes<2>> = ActorCells::new());
    let buffers = lend!(Pool = Pool::new(0));
    let Some(timer) = Timer::take() else {
        ending::fail("the timer is taken");
    };
    let gauge = Gauge::paint();
    let ticker = Ticker::start(timer);
    if run(cells, buffers).is_none() {
        ending::fail("the actor was not started");
    }
    let _ = ticker.stop();
    print_number("stack", gauge.peak() as u32);
    ending::succeed()
}

/// Runs all inputs through the actor until it has drained, and prints what came back.
#[inline(never)]
fn run(cells: Cells, pool: &'static mut Pool) -> Option<()> {
    let program =
        CpuBackend::<digits::Operators>::for_operators().load_program(digits::BLOB).ok()?;
    let (lender, borrower) = pool.split();
    let mut spawned = spawn(cells, borrower, program.clone());
    let actor = spawned.as_mut()?;
    let requester = actor.take_requester(0)?;
    let seen = Seen { digest: digest::fnv1a(&[]), ..Seen::default() };
    CAMERA.put(Camera { requester, lender, program, lent: [None; 2], sent_count: 0, seen });

    while actor.running_mut().step(&mut Spinning) != Step::Over {}
    let seen = DONE.wait();
    for answer in seen.answers {
        print_number("digit", u32::from(answer));
    }
    print_digest("digest", seen.digest);
    print_number("answered", seen.answered_count as u32);
    print_number("wrong", seen.wrong_count);
    print_number("exhausted", seen.exhausted_count);
    print_word("state", actor.state().as_str());
    Some(())
}

/// Makes the actor. A function of its own, so that what is moved here is not on the stack
/// while the model runs.
#[inline(never)]
fn spawn(cells: Cells, buffers: Borrower<Arenas>, program: Program) -> Option<Reader> {
    let host = LoopHost::new(cells, TickClock);
    let plan = ActorPlan::new().with_buffers(buffers);
    isokern_ring::spawn(&host, ModelActor::new(METADATA, program), plan).ok()
}

impl Camera {
    /// Takes what is answered, lends what comes next; `true` when the actor is gone.
    fn tick(&mut self) -> bool {
        loop {
            match self.requester.try_answer() {
                Ok(answer) => {
                    if self.read(answer).is_none() {
                        self.seen.wrong_count += 1;
                    }
                }
                Err(PopError::Empty) => break,
                Err(PopError::Closed) => {
                    DONE.put(self.seen);
                    return true;
                }
            }
        }
        if self.sent_count == IMAGE_COUNT + SEED_COUNT {
            // Two may still be under way: they are answered before the actor stops.
            self.requester.close();
        } else if self.lend_next().is_none() {
            self.seen.wrong_count += 1;
        }
        false
    }

    /// Fills a buffer where the model reads its input, and asks.
    fn lend_next(&mut self) -> Option<()> {
        let Ok(mut buffer) = self.lender.try_claim() else {
            self.seen.exhausted_count += 1;
            return Some(());
        };
        let input = self.program.input_in(&mut buffer).ok()?;
        match IMAGES.get(self.sent_count) {
            Some(image) => {
                for (value, pixel) in input.iter_mut().zip(image) {
                    *value = pixel.cast_signed();
                }
            }
            None => digest::generate_input((self.sent_count - IMAGE_COUNT + 1) as u32, input),
        }
        let handle = buffer.lend(digits::ARENA_BYTES).ok()?;
        self.requester.try_ask(MessageHeader::new(), handle).ok()?;
        *self.lent.iter_mut().find(|place| place.is_none())? = Some(handle);
        self.sent_count += 1;
        Some(())
    }

    /// Reads an answer where the model left it, and makes its buffer free.
    fn read(&mut self, answer: Answer<ModelReply>) -> Option<()> {
        let [first, second] = self.lent;
        let handle = first?;
        self.lent = [second, None];
        let reply = answer.result.ok()?;
        let output = self.program.output_in(self.lender.bytes(handle).ok()?).ok()?;
        if output.len() != reply.output_bytes as usize {
            return None;
        }
        match self.seen.answers.get_mut(self.seen.answered_count) {
            Some(place) => {
                let best = (0_u8..).zip(output).max_by_key(|(_, score)| **score);
                *place = best.map_or(0, |(class, _)| class);
            }
            None => self.seen.digest = digest::fnv1a_update(self.seen.digest, output),
        }
        self.seen.answered_count += 1;
        self.lender.release(handle).ok()
    }
}
