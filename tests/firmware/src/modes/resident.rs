//! Ring mode: an actor that answers in the lent arena. The loop asks and steps it.

use isokern_cpu::ModelActor;
use isokern_cpu::actor::state_words;
use isokern_cpu::core::actor::{ActorCells, ActorPlan, Mailboxes};
use isokern_cpu::core::{KernelMetadata, KernelMode, MessageHeader};
use isokern_firmware::cargo::{ARENA_BYTES, STATE_BYTES, Unpacked};
use isokern_firmware::ticker::TickClock;
use isokern_ring::{LoopHost, Spinning};

use crate::{Pool, Program, add_outputs, inputs_of, no_outputs, write_input};

/// Where the actor lives.
pub(crate) type ActorMemory = ActorCells<Mailboxes<2>>;

const METADATA: KernelMetadata = KernelMetadata::new("modes", KernelMode::Ring);
const STATE_WORDS: usize = state_words(STATE_BYTES);

/// Runs all inputs, and returns the digest of the outputs.
#[inline(never)]
pub(crate) fn run(
    program: Program,
    pool: &'static mut Pool,
    memory: &'static ActorMemory,
    cargo: Unpacked,
) -> Option<u64> {
    let (mut lender, borrower) = pool.split();
    let host = LoopHost::new(memory, TickClock);
    let plan = ActorPlan::new().with_buffers(borrower);
    let actor = ModelActor::<_, STATE_WORDS>::with_state(METADATA, program.clone()).ok()?;
    let mut actor = isokern_ring::spawn(&host, actor, plan).ok()?;
    let mut requester = actor.take_requester(0)?;
    let (count, mut inputs) = inputs_of(cargo);
    let mut sum = no_outputs();
    for _ in 0..count {
        let mut buffer = lender.try_claim().ok()?;
        write_input(&program, &mut buffer, &mut inputs).ok()?;
        let handle = buffer.lend(ARENA_BYTES).ok()?;
        requester.try_ask(MessageHeader::new(), handle).ok()?;
        let answer = loop {
            actor.running_mut().step(&mut Spinning);
            if let Ok(answer) = requester.try_answer() {
                break answer;
            }
        };
        answer.result.ok()?;
        sum = add_outputs(&program, lender.bytes(handle).ok()?, sum).ok()?;
        lender.release(handle).ok()?;
    }
    Some(sum)
}
