//! An actor with a state, a beginning and an end, and messages of two lines.
//!
//! `cargo run -p isokern-cli --example scorer`

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use isokern_core::actor::{ActorPlan, Mailboxes};
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};
use isokern_guard::SystemClock;
use isokern_ring::{ThreadHost, spawn};

/// 68 bytes: more than the 48 of a slot of one line, so the mailbox below has two.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Points {
    tenant: u32,
    points: [f32; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Score {
    mean: f32,
    count: u32,
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Sum {
    sum: f32,
    count: u32,
}

struct Scorer {
    metadata: KernelMetadata,
    tenants: u32,
}

impl GpuKernel for Scorer {
    fn metadata(&self) -> &KernelMetadata {
        &self.metadata
    }
}

impl RingKernelHandler<Points, Score> for Scorer {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        message: Points,
    ) -> Result<Score, KernelError> {
        if message.tenant >= self.tenants {
            return Err(KernelError::InvalidInput { reason: "no such tenant" });
        }
        let state = context.state::<Sum>()?;
        state.sum += message.points.iter().sum::<f32>();
        state.count += message.points.len() as u32;
        Ok(Score { mean: state.sum / state.count as f32, count: state.count })
    }

    async fn initialize(&self, context: &mut RingContext<'_>) -> Result<(), KernelError> {
        *context.state::<Sum>()? = Sum { sum: 0.0, count: 0 };
        println!("begins");
        Ok(())
    }

    async fn shutdown(&self, context: &mut RingContext<'_>) -> Result<(), KernelError> {
        println!("ends with {} points", context.state::<Sum>()?.count);
        Err(KernelError::Failed { code: 7 }) // a clean-up that failed is reported
    }
}

/// The handler is in an `Arc`, for others to look at it.
struct Shared(Arc<Scorer>);

impl Resident for Shared {
    type Handler = Arc<Scorer>;
    type Message = Points;
    type Reply = Score;
    type State = Sum;

    fn into_parts(self) -> (Arc<Scorer>, Sum) {
        (self.0, Sum::zeroed())
    }
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let metadata = KernelMetadata::new("scorer", KernelMode::Ring);
    let scorer = Arc::new(Scorer { metadata, tenants: 2 });
    let host = ThreadHost::<_, Mailboxes<8, 2>>::new(scorer.id(), SystemClock);
    let mut actor = spawn(&host, Shared(Arc::clone(&scorer)), ActorPlan::new())?;
    for (tenant, value) in [(0, 1.0), (1, 3.0), (2, 5.0)] {
        match pollster::block_on(actor.ask(Points { tenant, points: [value; 16] })) {
            Ok(score) => println!("tenant {tenant}: mean {} of {}", score.mean, score.count),
            Err(error) => println!("tenant {tenant}: {error}"),
        }
    }
    let (controls, running) = actor.into_parts();
    println!("the actor is {}", running.join());
    let failed = controls.view().and_then(|view| view.shutdown_error());
    println!("its clean-up: {failed:?}");
    Ok(())
}
