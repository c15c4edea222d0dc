//! Joins a resident and a host.

use core::fmt;
use core::future::Future;

use bytemuck::Pod;
use isokern_core::actor::{
    ActorMemory, ActorPlan, ActorState, Host, LentBuffers, LinkEnd, Links, MAILBOX_COUNT_MAX,
    Mailbox, NoBuffers, NoLinks, ReplyHeader, SupervisionError,
};
use isokern_core::call::Clock;
use isokern_core::ring::{DeviceView, PushError, SharedRing, WireHeader, require_fit};
use isokern_core::{GpuKernel, KernelError, MessageHeader, Resident};
use thiserror::Error;

use super::asking::AskError;
use super::controls::ActorControls;
use super::requester::Requester;
use super::stats::RequesterStats;

/// Starts an actor and returns the handle that asks it.
///
/// The handler's `validate` is called first; then the host lends memory and starts the
/// resident in it, which calls `initialize`.
///
/// A message or a reply has 48 bytes of a slot of one line, 112 of two and 240 of four
/// ([`message_capacity_bytes`](isokern_core::ring::message_capacity_bytes)). One that is larger
/// does not compile, and the compiler names the limit, `LINES` and the lines it needs:
///
/// ```compile_fail,E0080
/// # use core::future::Future;
/// # use isokern_core::actor::{ActorCells, ActorPlan, Mailboxes};
/// # use isokern_core::call::{Clock, PollingSleep};
/// # use isokern_core::{GpuKernel, KernelError, KernelMetadata, KernelMode};
/// # use isokern_core::{Resident, RingContext, RingKernelHandler};
/// # use isokern_ring::{LoopHost, spawn};
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
/// # impl RingKernelHandler<[f32; 13], f32> for Sum {
/// #     async fn handle(&self, _: &mut RingContext<'_>, n: [f32; 13])
/// #         -> Result<f32, KernelError>
/// #     {
/// #         Ok(n.iter().sum())
/// #     }
/// # }
/// impl Resident for Sum {
///     type Message = [f32; 13]; // 52 bytes
/// #     type Handler = Self;
/// #     type Reply = f32;
/// #     type State = ();
/// #     fn into_parts(self) -> (Self, ()) { (self, ()) }
/// }
///
/// static CELLS: ActorCells<Mailboxes<4>> = ActorCells::new();
/// let sum = spawn(&LoopHost::new(&CELLS, Ticks), Sum, ActorPlan::new());
/// ```
///
/// # Errors
///
/// [`SpawnError`]; nothing runs then.
pub fn spawn<R, B, L, H>(
    host: &H,
    resident: R,
    plan: ActorPlan<L, B>,
) -> Result<ActorOn<H, R, B, L>, SpawnError<H::Error>>
where
    R: Resident,
    B: LentBuffers,
    L: Links,
    H: Host<R, B, L>,
    H::Clock: Clock,
{
    const { require_messages_fit::<MailboxOf<H::Memory>, R>() }
    plan.supervision.validate()?;
    let parts = resident.into_parts();
    parts.0.validate().map_err(SpawnError::Kernel)?;
    let memory = host.lend().map_err(SpawnError::Host)?;
    let requesters =
        core::array::from_fn(|index| Requester::try_new(memory.clone(), index, host.clock()));
    let running = host.start(parts, memory.clone(), plan).map_err(SpawnError::Host)?;
    Ok(Actor { requesters, controls: ActorControls::new(memory), running })
}

type MailboxOf<M> = <M as ActorMemory>::Mailbox;

/// Stops the compiler at a message or a reply that is larger than its slot.
const fn require_messages_fit<M: Mailbox, R: Resident>() {
    require_fit(size_of::<R::Message>(), size_of::<WireHeader>(), M::Requests::LINES);
    require_fit(size_of::<R::Reply>(), size_of::<ReplyHeader>(), M::Replies::LINES);
}

/// The actor that a host makes of a resident.
pub type ActorOn<H, R, B = NoBuffers, L = NoLinks> = Actor<
    <H as Host<R, B, L>>::Memory,
    <R as Resident>::Message,
    <R as Resident>::Reply,
    <H as Host<R, B, L>>::Clock,
    <H as Host<R, B, L>>::Running,
>;

/// The requester of an actor that a host makes of a resident.
pub type RequesterOn<H, R, B = NoBuffers> = Requester<
    <H as Host<R, B>>::Memory,
    <R as Resident>::Message,
    <R as Resident>::Reply,
    <H as Host<R, B>>::Clock,
>;

/// A spawned actor: its mailboxes, its controls, and what keeps it running.
///
/// Dropped, it closes the mailboxes that were not taken out; the actor drains and stops when
/// all are closed.
pub struct Actor<M: ActorMemory, Q, P, C, T> {
    requesters: [Option<Requester<M, Q, P, C>>; MAILBOX_COUNT_MAX],
    controls: ActorControls<M>,
    running: T,
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock, T> Actor<M, Q, P, C, T> {
    /// Asks through mailbox 0 and waits for the reply.
    ///
    /// # Errors
    ///
    /// [`AskError`]; a refused question is inside. With mailbox 0 taken out it is refused as
    /// closed.
    pub async fn ask(&mut self, question: Q) -> Result<P, AskError<Q>> {
        self.ask_with(MessageHeader::new(), question).await
    }

    /// Asks with a header.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn ask_with(
        &mut self,
        header: MessageHeader,
        question: Q,
    ) -> impl Future<Output = Result<P, AskError<Q>>> {
        let requester = self.requester(0);
        async move {
            match requester {
                Some(requester) => requester.ask_with(header, question).await,
                None => Err(AskError::Refused(PushError::Closed(question))),
            }
        }
    }

    /// Sends a message that gets no reply, through mailbox 0.
    ///
    /// # Errors
    ///
    /// [`PushError`] with the message inside; closed also when mailbox 0 was taken out.
    pub fn tell(&mut self, message: Q) -> Result<(), PushError<Q>> {
        match self.requester(0) {
            Some(requester) => requester.try_tell(MessageHeader::new(), message),
            None => Err(PushError::Closed(message)),
        }
    }

    /// Returns the requester of a mailbox; `None` when there is no such mailbox or it was taken
    /// out.
    pub fn requester(&mut self, mailbox_index: usize) -> Option<&mut Requester<M, Q, P, C>> {
        self.requesters.get_mut(mailbox_index)?.as_mut()
    }

    /// Takes the requester of a mailbox out, for another thread, an interrupt or a client of
    /// its own. Mailbox 0 is served first.
    pub fn take_requester(&mut self, mailbox_index: usize) -> Option<Requester<M, Q, P, C>> {
        self.requesters.get_mut(mailbox_index)?.take()
    }

    /// Takes a mailbox out for another actor, which may then
    /// [`send`](isokern_core::RingContext::send) to this one, whatever the shape of its own
    /// mailboxes.
    ///
    /// `None` when the mailbox is not there, has been used, or `Q` is longer than
    /// [`LinkEnd::capacity_bytes`]: 32 bytes in slots of one line, else 48. What became of what
    /// it sends is in [`link_stats`](Self::link_stats).
    pub fn take_link(&mut self, mailbox_index: usize) -> Option<LinkEnd<M>>
    where
        M: Clone,
    {
        let place = self.requesters.get_mut(mailbox_index)?;
        let link = place.as_mut()?.turn_over()?;
        *place = None;
        Some(link)
    }

    /// Returns what pauses, stops and looks at the actor.
    pub const fn controls(&mut self) -> &mut ActorControls<M> {
        &mut self.controls
    }

    /// Lets messages wait, or lets them be handled again.
    pub fn pause(&mut self, is_paused: bool) {
        self.controls.pause(is_paused);
    }

    /// Closes the mailboxes that were not taken out. The actor answers everything it has
    /// accepted and stops as soon as the others are closed, too.
    pub fn shutdown(&mut self) {
        self.requesters.iter_mut().flatten().for_each(Requester::close);
        self.pause(false);
    }

    /// Stops the actor at once; see [`ActorControls::stop`].
    pub fn stop(&mut self) {
        self.controls.stop();
    }

    /// Shows that this side lives; see [`ActorControls::renew_lease`].
    pub fn renew_lease(&mut self, now_ns: u64) {
        self.controls.renew_lease(now_ns);
    }

    /// Returns where the actor is in its life, as far as it has shown.
    #[must_use]
    pub fn state(&self) -> ActorState {
        self.controls.state()
    }

    /// Returns what the actor last showed of itself; see [`ActorControls::view`].
    #[must_use]
    pub fn view(&self) -> Option<DeviceView> {
        self.controls.view()
    }

    /// Returns what mailbox 0 has seen; zeros when it was taken out.
    #[must_use]
    pub fn stats(&mut self) -> RequesterStats {
        self.requester(0).map_or_else(RequesterStats::default, Requester::stats)
    }

    /// Returns what became of the messages that came over a link; see
    /// [`ActorControls::link_stats`].
    #[must_use]
    pub fn link_stats(&self, mailbox_index: usize) -> Option<RequesterStats> {
        self.controls.link_stats(mailbox_index)
    }

    /// Returns what keeps the actor running.
    pub const fn running_mut(&mut self) -> &mut T {
        &mut self.running
    }

    /// Gives up the controls and the mailboxes that were not taken out, which closes them.
    pub fn into_running(self) -> T {
        self.running
    }

    /// Returns the controls and what keeps the actor running, apart; the mailboxes that were not
    /// taken out are closed.
    pub fn into_parts(self) -> (ActorControls<M>, T) {
        (self.controls, self.running)
    }
}

impl<M: ActorMemory, Q, P, C, T> fmt::Debug for Actor<M, Q, P, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor").finish_non_exhaustive()
    }
}

/// Why an actor was not started.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SpawnError<E> {
    /// The handler's own configuration is wrong.
    #[error(transparent)]
    Kernel(KernelError),
    /// The supervision cannot be kept.
    #[error(transparent)]
    Supervision(#[from] SupervisionError),
    /// The host lent no memory or could not start.
    #[error("the host did not start the actor: {0}")]
    Host(E),
}
