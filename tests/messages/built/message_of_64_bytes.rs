//! Sends 64 bytes to an actor whose slots have one line, of which 48 bytes are a message's.

use isokern_core::actor::{ActorPlan, Mailboxes};
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};
use isokern_guard::SystemClock;
use isokern_ring::{ThreadHost, spawn};

struct Big;

impl GpuKernel for Big {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("big", KernelMode::Ring) }
    }
}

impl RingKernelHandler<[f32; 16], f32> for Big {
    async fn handle(&self, _: &mut RingContext<'_>, m: [f32; 16]) -> Result<f32, KernelError> {
        Ok(m[0])
    }
}

impl Resident for Big {
    type Handler = Self;
    type Message = [f32; 16];
    type Reply = f32;
    type State = ();

    fn into_parts(self) -> (Self, ()) {
        (self, ())
    }
}

fn main() {
    let host = ThreadHost::<_, Mailboxes<8>>::new("big", SystemClock);
    assert!(spawn(&host, Big, ActorPlan::new()).is_ok());
}
