//! The host for threads: an actor is a named thread.

use core::marker::PhantomData;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::string::String;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use isokern_core::Resident;
use isokern_core::actor::{
    ActorMemory, ActorPlan, ActorState, Host, LentBuffers, Links, MailboxShape,
};
use isokern_core::call::Clock;

use super::parking::Parking;
use super::waking::WakingCells;
use crate::runner::{FAULT_PANIC, Runner, Setting, Step};
use crate::{WaitStrategy, WakerCell};

/// An actor's memory on threads, in the shape `S`.
pub type ThreadMemory<S> = WakingCells<S, WakerCell>;

/// Runs each actor on a thread of its own.
///
/// `S` is the shape of its mailboxes: [`Mailboxes`](isokern_core::actor::Mailboxes). 16 of the
/// bytes of a slot are headers. A handler's panic is caught and becomes a fault.
///
/// ```
/// # use core::future::Future;
/// # use isokern_core::call::{Clock, PollingSleep};
/// # use isokern_core::{GpuKernel, KernelError, KernelMetadata, KernelMode};
/// use isokern_core::actor::{ActorPlan, Mailboxes};
/// use isokern_core::{Resident, RingContext, RingKernelHandler};
/// use isokern_ring::{ThreadHost, spawn};
/// # #[derive(Clone)]
/// # struct Ticks;
/// # impl Clock for Ticks {
/// #     fn now_ns(&self) -> u64 { 0 }
/// #     fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
/// #         PollingSleep::new(self, moment_ns)
/// #     }
/// # }
/// # struct Sum;
/// # impl GpuKernel for Sum {
/// #     fn metadata(&self) -> &KernelMetadata {
/// #         const { &KernelMetadata::new("sum", KernelMode::Ring) }
/// #     }
/// # }
///
/// /// Adds what it is sent to a sum that lives in the actor's state.
/// impl RingKernelHandler<u32, u32> for Sum {
///     async fn handle(&self, context: &mut RingContext<'_>, n: u32) -> Result<u32, KernelError> {
///         let sum = context.state::<u32>()?;
///         *sum = sum.wrapping_add(n);
///         Ok(*sum)
///     }
/// }
/// # impl Resident for Sum {
/// #     type Handler = Self;
/// #     type Message = u32;
/// #     type Reply = u32;
/// #     type State = u32;
/// #     fn into_parts(self) -> (Self, u32) { (self, 0) }
/// # }
///
/// let host = ThreadHost::<_, Mailboxes<8>>::new("sum", Ticks);
/// let mut sum = spawn(&host, Sum, ActorPlan::new())?;
/// pollster::block_on(async {
///     assert_eq!(sum.ask(40).await, Ok(40));
///     assert_eq!(sum.ask(2).await, Ok(42));
/// });
/// sum.into_running().join();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ThreadHost<C, S> {
    name: String,
    clock: C,
    wait: WaitStrategy,
    shape: PhantomData<fn() -> S>,
}

impl<C, S> ThreadHost<C, S> {
    /// The longest time that a parked actor sleeps before it looks again.
    ///
    /// Messages wake it at once; what comes late by as much is a lease that ran out, or a
    /// restart.
    pub const PARK_BOUND: Duration = Duration::from_millis(10);

    /// Returns a host whose threads have this name, and whose actors wait parked.
    pub fn new(name: impl Into<String>, clock: C) -> Self {
        let wait = WaitStrategy::Park { bound: Self::PARK_BOUND };
        Self { name: name.into(), clock, wait, shape: PhantomData }
    }

    /// Returns the same host, whose actors wait for messages like this.
    #[must_use]
    pub fn with_wait(self, wait: WaitStrategy) -> Self {
        Self { wait, ..self }
    }
}

impl<R, B, L, C, S> Host<R, B, L> for ThreadHost<C, S>
where
    S: MailboxShape + 'static,
    R: Resident + 'static,
    B: LentBuffers + Send + 'static,
    L: Links + Send + 'static,
    C: Clock + Clone + 'static,
{
    type Memory = Arc<ThreadMemory<S>>;
    type Running = ThreadRunning;
    type Clock = C;
    type Error = Arc<std::io::Error>;

    fn clock(&self) -> C {
        self.clock.clone()
    }

    fn lend(&self) -> Result<Self::Memory, Self::Error> {
        Ok(Arc::new(ThreadMemory::new()))
    }

    fn start(
        &self,
        parts: (R::Handler, R::State),
        memory: Self::Memory,
        plan: ActorPlan<L, B>,
    ) -> Result<ThreadRunning, Self::Error> {
        let runner = Runner::<(R, _, _, _, _)>::new(parts, memory, plan, self.clock.clone());
        let wait = self.wait;
        let thread = thread::Builder::new().name(self.name.clone());
        let thread = thread.spawn(move || run(runner, wait)).map_err(Arc::new)?;
        Ok(ThreadRunning { thread })
    }
}

/// An actor's thread.
#[derive(Debug)]
pub struct ThreadRunning {
    thread: JoinHandle<ActorState>,
}

impl ThreadRunning {
    /// Returns whether the thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end of the thread and returns the actor's last state.
    ///
    /// It ends when every mailbox is closed and served, after `stop`, or with a fault; so
    /// close what you hold first.
    #[must_use]
    pub fn join(self) -> ActorState {
        // The thread catches panics of handlers; one of our own counts as a fault.
        self.thread.join().unwrap_or(ActorState::Faulted)
    }
}

/// Returns the thread of an actor, from its first step to its last.
fn run<X: Setting>(mut runner: Runner<X>, wait: WaitStrategy) -> ActorState {
    let mut pace = Parking::new(wait);
    loop {
        // What a panic leaves is read by `fault` alone, which expects it broken.
        let step = catch_unwind(AssertUnwindSafe(|| runner.step(&mut pace)))
            .or_else(|_| catch_unwind(AssertUnwindSafe(|| runner.fault(FAULT_PANIC, &mut pace))))
            // `shutdown` broke as well; it is not called twice.
            .or_else(|_| catch_unwind(AssertUnwindSafe(|| runner.fault(FAULT_PANIC, &mut pace))));
        match step {
            Ok(Step::Worked) => pace.worked(),
            Ok(Step::Idle) => pace.idle(runner.memory().bells()),
            Ok(Step::Over) | Err(_) => return runner.state(),
        }
    }
}
