//! The host for main loops: no thread, no heap, memory of the caller.

use core::cell::Cell;

use isokern_core::Resident;
use isokern_core::actor::{
    ActorCells, ActorPlan, Bells, Host, LentBuffers, Links, MailboxShape, Silent,
};
use isokern_core::call::Clock;
use thiserror::Error;

use crate::runner::Runner;

/// Runs one actor in the caller's loop, in memory the caller lends.
///
/// What it starts is a [`Runner`]: call its [`step`](Runner::step) whenever there is time, or make
/// a task of it with [`run`](Runner::run). The requester may be in an interrupt.
///
/// `B` is what wakes the two sides. Over the cells of the core nothing does, and both look again
/// and again; with [`WakingCells`](crate::WakingCells) the task sleeps, and so does who awaits an
/// answer.
///
/// ```
/// use core::future::Future;
/// use isokern_core::actor::{ActorCells, ActorPlan, Mailboxes};
/// use isokern_core::call::{Clock, PollingSleep};
/// use isokern_core::{
///     GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext,
///     RingKernelHandler,
/// };
/// use isokern_ring::{LoopHost, Spinning, spawn};
///
/// #[derive(Clone)]
/// struct Ticks; // a timer of the board
/// # impl Clock for Ticks {
/// #     fn now_ns(&self) -> u64 { 0 }
/// #     fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
/// #         PollingSleep::new(self, moment_ns)
/// #     }
/// # }
///
/// struct Doubler;
///
/// impl GpuKernel for Doubler {
///     fn metadata(&self) -> &KernelMetadata {
///         const { &KernelMetadata::new("doubler", KernelMode::Ring) }
///     }
/// }
///
/// impl RingKernelHandler<u32, u64> for Doubler {
///     async fn handle(&self, _: &mut RingContext<'_>, message: u32) -> Result<u64, KernelError> {
///         Ok(u64::from(message) * 2)
///     }
/// }
///
/// impl Resident for Doubler {
///     type Handler = Self;
///     type Message = u32;
///     type Reply = u64;
///     type State = [u8; 0];
///
///     fn into_parts(self) -> (Self, [u8; 0]) {
///         (self, [])
///     }
/// }
///
/// static CELLS: ActorCells<Mailboxes<4>> = ActorCells::new();
/// let host = LoopHost::new(&CELLS, Ticks);
/// let mut doubler = spawn(&host, Doubler, ActorPlan::new())?;
/// let mut interrupt = doubler.take_requester(0).expect("one mailbox");
/// interrupt.try_ask(Default::default(), 21).expect("the ring is empty");
///
/// let answer = loop {
///     doubler.running_mut().step(&mut Spinning);
///     if let Ok(answer) = interrupt.try_answer() {
///         break answer;
///     }
/// };
/// assert_eq!(answer.result, Ok(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LoopHost<'a, C, S: MailboxShape, B = Silent> {
    cells: &'a ActorCells<S, B>,
    clock: C,
    is_lent: Cell<bool>,
}

impl<'a, C, S: MailboxShape, B> LoopHost<'a, C, S, B> {
    /// Returns a host for one actor, in memory that is all zero.
    #[must_use]
    pub const fn new(cells: &'a ActorCells<S, B>, clock: C) -> Self {
        Self { cells, clock, is_lent: Cell::new(false) }
    }
}

impl<'a, R, F, L, C, S, B> Host<R, F, L> for LoopHost<'a, C, S, B>
where
    R: Resident,
    F: LentBuffers,
    L: Links,
    C: Clock + Clone,
    S: MailboxShape,
    B: Bells,
{
    type Memory = &'a ActorCells<S, B>;
    type Running = Runner<(R, Self::Memory, F, L, C)>;
    type Clock = C;
    type Error = AlreadyLent;

    fn clock(&self) -> C {
        self.clock.clone()
    }

    fn lend(&self) -> Result<Self::Memory, AlreadyLent> {
        if self.is_lent.replace(true) { Err(AlreadyLent) } else { Ok(self.cells) }
    }

    fn start(
        &self,
        parts: (R::Handler, R::State),
        memory: Self::Memory,
        plan: ActorPlan<L, F>,
    ) -> Result<Self::Running, AlreadyLent> {
        Ok(Runner::new(parts, memory, plan, self.clock.clone()))
    }
}

/// The host's memory is in use by the actor it was lent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the host's memory is lent already. Fix: make a host with cells of its own per actor.")]
pub struct AlreadyLent;
