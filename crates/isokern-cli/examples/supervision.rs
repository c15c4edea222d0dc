//! A handler that breaks: what each asker gets, and what the supervision does about it.
//!
//! `cargo run -p isokern-cli --example supervision`
//!
//! The actor may start again twice in a minute. The first two faults each take the message in
//! hand and the state; the messages after it are handled by the next incarnation. The third
//! fault is one too many: everything that waits is answered, and nobody hangs.

use core::time::Duration;

use isokern_core::actor::{ActorPlan, Mailboxes, Supervision};
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, MessageHeader, Resident, RingContext,
    RingKernelHandler,
};
use isokern_guard::SystemClock;
use isokern_ring::{PopError, ThreadHost, spawn};

/// Divides 1000 by what it is sent, and counts in its state.
struct Divider;

/// The quotient, and how many this incarnation has answered.
type Quotient = [u32; 2];

impl GpuKernel for Divider {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("divider", KernelMode::Ring) }
    }
}

impl RingKernelHandler<u32, Quotient> for Divider {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        divisor: u32,
    ) -> Result<Quotient, KernelError> {
        if divisor > 1000 {
            // An error is an answer: the actor lives on.
            return Err(KernelError::Failed { code: divisor });
        }
        let quotient = 1000 / divisor; // panics at 0
        let count = context.state::<u32>()?;
        *count += 1;
        Ok([quotient, *count])
    }
}

impl Resident for Divider {
    type Handler = Self;
    type Message = u32;
    type Reply = Quotient;
    type State = u32;

    fn into_parts(self) -> (Self, u32) {
        (self, 0)
    }
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    // The default hook prints a trace for each panic; the replies say enough.
    std::panic::set_hook(Box::new(|_| {}));
    let supervision = Supervision::Restart {
        count_max: 2,
        window: Duration::from_secs(60),
        backoff: Duration::from_millis(1),
    };
    let host = ThreadHost::<_, Mailboxes<16>>::new("divider", SystemClock);
    let mut actor = spawn(&host, Divider, ActorPlan::new().with_supervision(supervision))?;
    let mut questions = actor.take_requester(0).ok_or("an actor has a mailbox")?;

    // All are in the ring before the first is handled.
    actor.pause(true);
    let divisors = [10, 20, 0, 30, 2000, 0, 40, 0, 50, 60];
    for divisor in divisors {
        questions.try_ask(MessageHeader::new(), divisor)?;
    }
    actor.pause(false);
    for divisor in divisors {
        let answer = loop {
            match questions.try_answer() {
                Err(PopError::Empty) => std::thread::yield_now(),
                outcome => break outcome?,
            }
        };
        match answer.result {
            Ok([quotient, count]) => {
                println!("1000 / {divisor:4} = {quotient:3}, answer {count} of this incarnation");
            }
            Err(error) => println!("1000 / {divisor:4}: {error}"),
        }
    }
    match questions.try_ask(MessageHeader::new(), 10) {
        Ok(_) => println!("a later question was accepted"),
        Err(refusal) => println!("a later question: {refusal}"),
    }
    let stats = questions.stats();
    println!(
        "{} accepted: {} answered, {} refused by the handler, {} lost to faults",
        stats.accepted_count, stats.answered_count, stats.failed_count, stats.faulted_count
    );
    drop(questions); // an actor that lives ends once nobody can ask it
    println!("the actor is {}", actor.into_running().join());
    Ok(())
}
