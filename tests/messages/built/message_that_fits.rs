//! A message of 48 bytes fits a slot of one line, and one of 112 bytes a slot of two.

use isokern_core::actor::{ActorPlan, Mailboxes};
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};
use isokern_guard::SystemClock;
use isokern_ring::{ThreadHost, spawn};

struct Sum<const N: usize>;

impl<const N: usize> GpuKernel for Sum<N> {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("sum", KernelMode::Ring) }
    }
}

impl<const N: usize> RingKernelHandler<[f32; N], f32> for Sum<N> {
    async fn handle(&self, _: &mut RingContext<'_>, n: [f32; N]) -> Result<f32, KernelError> {
        Ok(n.iter().sum())
    }
}

impl<const N: usize> Resident for Sum<N> {
    type Handler = Self;
    type Message = [f32; N];
    type Reply = f32;
    type State = ();

    fn into_parts(self) -> (Self, ()) {
        (self, ())
    }
}

fn main() {
    let host = ThreadHost::<_, Mailboxes<8>>::new("sum", SystemClock);
    assert!(spawn(&host, Sum::<12>, ActorPlan::new()).is_ok());
    let host = ThreadHost::<_, Mailboxes<8, 2>>::new("sum", SystemClock);
    assert!(spawn(&host, Sum::<28>, ActorPlan::new()).is_ok());
}
