//! The smallest actor: it lives on a thread, counts its pings and answers each.
//!
//! `cargo run -p isokern-cli --example ping`

use isokern_core::actor::{ActorPlan, Mailboxes};
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};
use isokern_guard::SystemClock;
use isokern_ring::{ThreadHost, spawn};

struct Ping;

impl GpuKernel for Ping {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("ping", KernelMode::Ring) }
    }
}

impl RingKernelHandler<u32, u32> for Ping {
    async fn handle(&self, context: &mut RingContext<'_>, ping: u32) -> Result<u32, KernelError> {
        let count = context.state::<u32>()?; // lives in the actor, from message to message
        *count += 1;
        Ok(ping + *count)
    }
}

impl Resident for Ping {
    type Handler = Self;
    type Message = u32;
    type Reply = u32;
    type State = u32;

    fn into_parts(self) -> (Self, u32) {
        (self, 0)
    }
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let host = ThreadHost::<_, Mailboxes<4>>::new("ping", SystemClock); // four slots
    let mut actor = spawn(&host, Ping, ActorPlan::new())?;
    for ping in [100, 200, 300] {
        println!("{ping} is answered {}", pollster::block_on(actor.ask(ping))?);
    }
    println!("the actor is {}", actor.into_running().join());
    Ok(())
}
