//! A host in a `static`: the memory of one actor, lent to the task that runs it and to those who
//! ask it.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;

use critical_section::Mutex;
use isokern_core::actor::{
    ActorPlan, Host, LentBuffers, Links, MAILBOX_COUNT_MAX, MailboxShape, NoBuffers, NoLinks,
    ReplyHeader,
};
use isokern_core::ring::{WireHeader, require_fit};
use isokern_core::{GpuKernel, Resident};
use isokern_ring::{
    ActorControls, AlreadyLent, CriticalWakerCell, Requester, Runner, SpawnError, WakingCells,
};

use crate::clock::EmbassyClock;

/// Memory of an actor whose bells wake tasks, also from an interrupt.
pub type EmbassyCells<S> = WakingCells<S, CriticalWakerCell>;

/// The actor at work: [`Runner::run`] is the future of its task.
pub type ActorRunner<R, S, B = NoBuffers, L = NoLinks> =
    Runner<(R, &'static EmbassyCells<S>, B, L, EmbassyClock)>;

/// Who asks the actor: an interrupt by `try_ask` and `try_answer`, a task by `ask`.
pub type ActorRequester<R, S> = Requester<
    &'static EmbassyCells<S>,
    <R as Resident>::Message,
    <R as Resident>::Reply,
    EmbassyClock,
>;

/// Runs one actor of kind `R` as a task, with the mailboxes of the shape `S`. In a `static`.
///
/// [`start`](Self::start) gives the runner, whose future is the task: it is polled when a message
/// has come, when the handler goes on, and when a deadline is over, and never else.
/// [`requester`](Self::requester) gives each mailbox away once, to a task or an interrupt. Each
/// call is one short critical section; asking and answering needs none beside those of the wakers.
///
/// The memory is that of `ActorCells` and a waker for each slot, of which none is on a stack.
///
/// ```
/// use core::sync::atomic::{AtomicU32, Ordering};
/// use embassy_executor::{Executor, Spawner};
/// use isokern_core::actor::{ActorPlan, Mailboxes};
/// use isokern_core::{
///     GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext,
///     RingKernelHandler,
/// };
/// use isokern_embassy::{ActorRequester, ActorRunner, EmbassyHost};
///
/// struct Doubler;
/// # impl GpuKernel for Doubler {
/// #     fn metadata(&self) -> &KernelMetadata {
/// #         const { &KernelMetadata::new("doubler", KernelMode::Ring) }
/// #     }
/// # }
/// # impl RingKernelHandler<u32, u64> for Doubler {
/// #     async fn handle(&self, _: &mut RingContext<'_>, n: u32) -> Result<u64, KernelError> {
/// #         Ok(u64::from(n) * 2)
/// #     }
/// # }
/// # impl Resident for Doubler {
/// #     type Handler = Self;
/// #     type Message = u32;
/// #     type Reply = u64;
/// #     type State = [u8; 0];
/// #     const ENTRY: &'static str = "doubler";
/// #     fn into_parts(self) -> (Self, [u8; 0]) { (self, []) }
/// # }
/// static DOUBLER: EmbassyHost<Doubler, Mailboxes<4>> = EmbassyHost::new();
///
/// #[embassy_executor::task]
/// async fn double(runner: ActorRunner<Doubler, Mailboxes<4>>) {
///     let state = runner.run().await;
///     # assert_eq!(state, isokern_core::actor::ActorState::Stopped);
///     # std::process::exit(if SUM.load(Ordering::SeqCst) == 6 { 0 } else { 1 });
/// }
///
/// # static SUM: AtomicU32 = AtomicU32::new(0);
/// #[embassy_executor::task]
/// async fn ask(mut doubler: ActorRequester<Doubler, Mailboxes<4>>) {
///     for number in 0..3 {
///         let answer = doubler.ask(number).await; // asleep meanwhile
///         assert_eq!(answer, Ok(2 * u64::from(number)));
///         # SUM.fetch_add(answer.unwrap_or(0) as u32, Ordering::SeqCst);
///     }
/// }
///
/// fn spawn(spawner: Spawner) -> Option<()> {
///     let runner = DOUBLER.start(Doubler, ActorPlan::new()).ok()?;
///     spawner.spawn(double(runner).ok()?);
///     spawner.spawn(ask(DOUBLER.requester(0)?).ok()?);
///     Some(())
/// }
/// # let executor: &'static mut Executor = Box::leak(Box::new(Executor::new()));
/// # executor.run(|spawner| spawn(spawner).expect("everything is lent once"));
/// ```
pub struct EmbassyHost<R, S: MailboxShape> {
    cells: EmbassyCells<S>,
    /// Bits: mailboxes in the lower half, controls, memory.
    lent: Mutex<Cell<u8>>,
    resident: PhantomData<fn(R)>,
}

/// The bit of the controls, above those of the mailboxes.
const CONTROLS: u8 = 1 << MAILBOX_COUNT_MAX;
/// The bit of the memory, lent to a runner.
const MEMORY: u8 = CONTROLS << 1;
/// The bits that `spawn` takes at once, because it makes requesters and controls itself.
const EVERYTHING: u8 = (MEMORY << 1) - 1;

impl<R: Resident, S: MailboxShape + 'static> EmbassyHost<R, S> {
    /// Returns a host that has lent nothing.
    ///
    /// A message or a reply that is larger than a slot of `S` does not compile
    /// ([`require_fit`]): one line has room for 48 bytes, two for 112.
    #[must_use]
    pub const fn new() -> Self {
        const {
            require_fit(size_of::<R::Message>(), size_of::<WireHeader>(), S::LINES as usize);
            require_fit(size_of::<R::Reply>(), size_of::<ReplyHeader>(), S::LINES as usize);
        }
        let lent = Mutex::new(Cell::new(0));
        Self { cells: EmbassyCells::new(), lent, resident: PhantomData }
    }

    /// Returns the runner of the actor, once: its [`run`](Runner::run) is what the task awaits.
    ///
    /// Requesters may be taken before or after, and ask before the runner runs: what they ask
    /// waits in the mailbox. Dropped before its end, the runner answers whoever waits.
    ///
    /// # Errors
    ///
    /// [`SpawnError`]: the handler's `validate` refused, the supervision cannot be kept, or the
    /// memory is lent already; nothing runs then.
    pub fn start<B: LentBuffers, L: Links>(
        &'static self,
        resident: R,
        plan: ActorPlan<L, B>,
    ) -> Result<ActorRunner<R, S, B, L>, SpawnError<AlreadyLent>> {
        plan.supervision.validate()?;
        let parts = resident.into_parts();
        parts.0.validate().map_err(SpawnError::Kernel)?;
        if !self.take(MEMORY) {
            return Err(SpawnError::Host(AlreadyLent));
        }
        Ok(Runner::new(parts, &self.cells, plan, EmbassyClock))
    }

    /// Returns the requester of a mailbox, once; `None` where there is no such mailbox or it was
    /// taken. Mailbox 0 is served first.
    ///
    /// The actor ends when every requester that was taken is closed or dropped. A mailbox that
    /// nobody takes keeps it alive.
    pub fn requester(&'static self, mailbox_index: usize) -> Option<ActorRequester<R, S>> {
        if mailbox_index >= S::MAILBOX_COUNT || !self.take(1 << mailbox_index) {
            return None;
        }
        Requester::try_new(&self.cells, mailbox_index, EmbassyClock)
    }

    /// Returns what pauses, stops and looks at the actor, once; `None` after that.
    pub fn controls(&'static self) -> Option<ActorControls<&'static EmbassyCells<S>>> {
        self.take(CONTROLS).then(|| ActorControls::new(&self.cells))
    }

    /// Takes these parts, if all of them are there.
    fn take(&self, parts: u8) -> bool {
        critical_section::with(|section| {
            let lent = self.lent.borrow(section);
            let is_free = lent.get() & parts == 0;
            if is_free {
                lent.set(lent.get() | parts);
            }
            is_free
        })
    }
}

/// For [`spawn`](fn@isokern_ring::spawn), which makes requesters and controls itself:
/// `spawn(&&HOST, resident, plan)`. [`start`](EmbassyHost::start) needs less of a stack.
impl<R, S, B, L> Host<R, B, L> for &'static EmbassyHost<R, S>
where
    R: Resident,
    S: MailboxShape + 'static,
    B: LentBuffers,
    L: Links,
{
    type Memory = &'static EmbassyCells<S>;
    type Running = ActorRunner<R, S, B, L>;
    type Clock = EmbassyClock;
    type Error = AlreadyLent;

    fn clock(&self) -> EmbassyClock {
        EmbassyClock
    }

    fn lend(&self) -> Result<Self::Memory, AlreadyLent> {
        if self.take(EVERYTHING) { Ok(&self.cells) } else { Err(AlreadyLent) }
    }

    fn start(
        &self,
        parts: (R::Handler, R::State),
        memory: Self::Memory,
        plan: ActorPlan<L, B>,
    ) -> Result<Self::Running, AlreadyLent> {
        Ok(Runner::new(parts, memory, plan, EmbassyClock))
    }
}

impl<R: Resident, S: MailboxShape + 'static> Default for EmbassyHost<R, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R, S: MailboxShape + 'static> fmt::Debug for EmbassyHost<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbassyHost").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
