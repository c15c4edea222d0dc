//! The context of a handler: what it sees beside its message.

use core::sync::atomic::{AtomicU32, Ordering};

use bytemuck::Pod;
use thiserror::Error;

use super::outbox::{Link, Outbox, OutboxError};
use crate::compute::MessageHeader;
use crate::kernel::{KernelError, SafePoint, safe_point};

/// The surroundings of one message: header, time, state, payload, outbox.
///
/// The same on every host: every method works, none is a stub.
#[derive(Debug)]
pub struct RingContext<'a> {
    header: MessageHeader,
    words: &'a RunnerWords,
    state: &'a mut [u8],
    payload: &'a mut [u8],
    outbox: Outbox<'a>,
}

impl<'a> RingContext<'a> {
    /// Returns the context of one message; for runners.
    ///
    /// `state` must be aligned and sized for the resident's state type, `payload` is the
    /// lent buffer of the message, empty when it has none.
    pub const fn new(
        header: MessageHeader,
        words: &'a RunnerWords,
        state: &'a mut [u8],
        payload: &'a mut [u8],
        outbox: Outbox<'a>,
    ) -> Self {
        Self { header, words, state, payload, outbox }
    }

    /// Returns a copy of the message's header. Creation time and class of service stay with
    /// the caller and are zero here; so does the trace id, unless another actor sent the
    /// message. The deadline was moved to a whole tick of 1.024 µs.
    #[must_use]
    pub const fn header(&self) -> MessageHeader {
        self.header
    }

    /// Returns the runner's time in ns: that of the message's arrival, refreshed at every
    /// safe point.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.words.now_ns()
    }

    /// Says whether the actor is to stop after this message.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.words.is_stopping()
    }

    /// Returns how many messages this incarnation has handled to an `Ok` before this one; wraps.
    #[must_use]
    pub fn answered_count(&self) -> u32 {
        self.words.answered.load(Ordering::Relaxed)
    }

    /// Returns the actor's own state.
    ///
    /// # Errors
    ///
    /// [`StateError`] when `S` is not the state type of the resident that was spawned.
    pub fn state<S: Pod>(&mut self) -> Result<&mut S, StateError> {
        let state_bytes = self.state.len();
        bytemuck::try_from_bytes_mut(self.state)
            .map_err(|_| StateError { asked_bytes: size_of::<S>(), state_bytes })
    }

    /// Returns the actor's own state as bytes.
    pub const fn state_bytes(&mut self) -> &mut [u8] {
        self.state
    }

    /// Returns the buffer that was lent with the message; empty when there is none.
    #[must_use]
    pub const fn payload(&self) -> &[u8] {
        self.payload
    }

    /// Returns the lent buffer for writing: the caller gets it back with the reply.
    pub const fn payload_mut(&mut self) -> &mut [u8] {
        self.payload
    }

    /// Returns state and lent buffer at once, for handlers that work between the two.
    pub const fn parts_mut(&mut self) -> (&mut [u8], &mut [u8]) {
        (self.state, self.payload)
    }

    /// Puts a message for a linked actor into the outbox.
    ///
    /// It leaves when this message has been answered with `Ok`, and is dropped when it is
    /// not: a failed step tells nobody anything. What is in the outbox has its place in
    /// the other ring reserved.
    ///
    /// Tenant, deadline, flags and trace id of the message in hand go along.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]: no such link, its ring or the outbox is full, or the message is
    /// not of the linked actor's type.
    pub fn send<P: Pod>(&mut self, to: Link, message: &P) -> Result<(), OutboxError> {
        self.outbox.try_put(to, &self.header, bytemuck::bytes_of(message))
    }

    /// Puts a message for a linked actor into the outbox, with the tenant, deadline, flags and
    /// trace id of this header. Its sequence is the link's to choose.
    ///
    /// A trace begins here: over the mailbox of a requester no trace id comes.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_with<P: Pod>(
        &mut self,
        to: Link,
        header: &MessageHeader,
        message: &P,
    ) -> Result<(), OutboxError> {
        self.outbox.try_put(to, header, bytemuck::bytes_of(message))
    }

    /// Returns a safe point: the runner looks at stop, deadline and lease, and then goes
    /// on with this message or drops the future. No other message is handled meanwhile.
    pub const fn yield_now(&self) -> SafePoint {
        safe_point()
    }
}

/// The words of a runner that a handler reads at safe points; it owns them, one thread uses
/// them.
///
/// Plain loads and stores: every target has them.
#[derive(Debug, Default)]
pub struct RunnerWords {
    now_low: AtomicU32,
    now_high: AtomicU32,
    stopping: AtomicU32,
    answered: AtomicU32,
}

impl RunnerWords {
    /// Returns the words at time 0, not stopping, nothing answered.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            now_low: AtomicU32::new(0),
            now_high: AtomicU32::new(0),
            stopping: AtomicU32::new(0),
            answered: AtomicU32::new(0),
        }
    }

    /// Notes that an incarnation begins, which has answered nothing and is not to stop.
    pub fn begin(&self) {
        self.answered.store(0, Ordering::Relaxed);
        self.stopping.store(0, Ordering::Relaxed);
    }

    /// Notes the time in ns.
    pub fn refresh(&self, now_ns: u64) {
        self.now_low.store(now_ns as u32, Ordering::Relaxed);
        self.now_high.store((now_ns >> 32) as u32, Ordering::Relaxed);
    }

    /// Notes that the actor is to stop.
    pub fn stop(&self) {
        self.stopping.store(1, Ordering::Relaxed);
    }

    /// Counts one message that was handled to an `Ok`.
    pub fn count_answer(&self) {
        let answered = self.answered.load(Ordering::Relaxed);
        self.answered.store(answered.wrapping_add(1), Ordering::Relaxed);
    }

    fn now_ns(&self) -> u64 {
        let (low, high) = (&self.now_low, &self.now_high);
        u64::from(high.load(Ordering::Relaxed)) << 32 | u64::from(low.load(Ordering::Relaxed))
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed) != 0
    }
}

/// A state type that is not the one the actor was spawned with.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the actor's state has {state_bytes} bytes, the type asked for {asked_bytes} or another \
     alignment. Fix: ask for the State type of the resident."
)]
pub struct StateError {
    /// Bytes of the type that was asked for.
    pub asked_bytes: usize,
    /// Bytes of the actor's state.
    pub state_bytes: usize,
}

impl From<StateError> for KernelError {
    fn from(_: StateError) -> Self {
        Self::InvalidConfiguration { reason: "the state is of another type than the resident's" }
    }
}
