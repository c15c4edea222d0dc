//! A model as an actor: digits in lent buffers, four of them under way.
//!
//! `cargo run -p isokern-cli --example model_actor`
//!
//! A buffer of the pool is the arena of one inference: the input is written into it, the
//! model runs in it, the output is read from it. Nothing is copied in between.

use std::collections::VecDeque;

use isokern_core::actor::{ActorPlan, Mailboxes};
use isokern_core::compute::ModelArtifact;
use isokern_core::{KernelMetadata, KernelMode, MessageHeader};
use isokern_cpu::{ArtifactBackend, ModelActor};
use isokern_guard::SystemClock;
use isokern_ring::{PopError, ThreadHost, heap_pool, spawn};

static MODEL: &[u8] = include_bytes!("../../../tests/models/digits.ikm");
static IMAGES: &[u8] = include_bytes!("../../../tests/models/models/digits.test.i8");
static LABELS: &[u8] = include_bytes!("../../../tests/models/models/digits.test.labels.u8");

const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Ring);
const SLOTS: usize = 4;
const IMAGE_COUNT: usize = 12;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let program = ArtifactBackend::new().load_program(&ModelArtifact::from_bytes(MODEL))?;
    let (input_len, arena_bytes) = (program.model().input().len(), program.model().arena_bytes());
    let (mut lender, borrower) = heap_pool(arena_bytes, SLOTS, 1)?;
    let host = ThreadHost::<_, Mailboxes<SLOTS>>::new("digits", SystemClock);
    let plan = ActorPlan::new().with_buffers(borrower);
    let mut actor = spawn(&host, ModelActor::new(METADATA, program.clone()), plan)?;
    let mut questions = actor.take_requester(0).ok_or("an actor has a mailbox")?;

    let mut images = IMAGES.chunks_exact(input_len).take(IMAGE_COUNT).peekable();
    let mut labels = LABELS.iter();
    let mut under_way = VecDeque::new();
    let mut most_under_way = 0;
    loop {
        // Ask as long as there are images and free buffers.
        while let (Some(image), Ok(mut buffer)) = (images.peek(), lender.try_claim()) {
            for (place, byte) in program.input_in(&mut buffer)?.iter_mut().zip(*image) {
                *place = byte.cast_signed();
            }
            let handle = buffer.lend(arena_bytes)?;
            questions.try_ask(MessageHeader::new(), handle)?;
            under_way.push_back(handle);
            images.next();
        }
        most_under_way = most_under_way.max(under_way.len());
        // Answers come in the order of the questions.
        let Some(handle) = under_way.pop_front() else { break };
        let answer = loop {
            match questions.try_answer() {
                Err(PopError::Empty) => std::thread::yield_now(),
                outcome => break outcome?,
            }
        };
        answer.result?;
        let scores = program.output_in(lender.bytes(handle)?)?;
        let class = (0..scores.len()).max_by_key(|&class| scores[class]);
        if let (Some(class), Some(label)) = (class, labels.next()) {
            println!("image of a {label}: read as {class}");
        }
        lender.release(handle)?;
    }
    println!("{most_under_way} were under way at once");
    drop(questions); // the actor drains and stops
    println!("the actor is {}", actor.into_running().join());
    Ok(())
}
