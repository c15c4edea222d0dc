//! The host's side of an actor without its messages: pause, stop, and how it is.

use core::fmt;

use super::stats::RequesterStats;
use isokern_core::actor::{ActorMemory, ActorState, Bells};
use isokern_core::ring::{DeviceView, HostControl};

/// Controls one actor, from wherever it is kept: an interrupt, another thread.
///
/// There is one for each actor, in its [`Actor`](crate::Actor) or apart
/// ([`Actor::into_parts`](crate::Actor::into_parts)). Dropped, it ends a pause, because nobody
/// else can.
pub struct ActorControls<M: ActorMemory> {
    memory: M,
    line: HostControl,
    is_pausing: bool,
}

impl<M: ActorMemory> ActorControls<M> {
    /// Returns the controls of an actor in new memory.
    ///
    /// `spawn` makes them; make them yourself for a host of your own. Second controls for the same
    /// memory break the protocol: what one says, the other takes back.
    #[must_use]
    pub const fn new(memory: M) -> Self {
        Self { memory, line: HostControl::new(), is_pausing: false }
    }

    /// Lets messages wait, or lets them be handled again.
    pub fn pause(&mut self, is_paused: bool) {
        self.is_pausing = is_paused;
        self.line.pause(self.memory.host_line(), is_paused);
        self.memory.bells().ring_actor();
    }

    /// Stops the actor at once: the message in hand is dropped at its next safe point, those
    /// that wait are answered [`Stopped`](isokern_core::actor::ActorError::Stopped).
    pub fn stop(&mut self) {
        self.line.stop(self.memory.host_line());
        self.memory.bells().ring_actor();
    }

    /// Shows that this side lives, for actors with a lease; `now_ns` is any moving number.
    pub fn renew_lease(&mut self, now_ns: u64) {
        self.line.renew_lease(self.memory.host_line(), now_ns);
    }

    /// Returns where the actor is in its life, as far as it has shown.
    #[must_use]
    pub fn state(&self) -> ActorState {
        let state = self.view().and_then(|view| view.state());
        state.map_or(ActorState::Created, ActorState::from)
    }

    /// Returns what became of the messages that another actor sent to a mailbox over a link; `None`
    /// when no link has it, or while one of the counts is being written: look again.
    #[must_use]
    pub fn link_stats(&self, mailbox_index: usize) -> Option<RequesterStats> {
        RequesterStats::of_link(&self.memory, mailbox_index)
    }

    /// Returns counts, state and fault as the actor last showed them; `None` while it writes
    /// them: look again.
    #[must_use]
    pub fn view(&self) -> Option<DeviceView> {
        DeviceView::read(self.memory.device_line())
    }
}

impl<M: ActorMemory> Drop for ActorControls<M> {
    fn drop(&mut self) {
        if self.is_pausing {
            self.pause(false);
        }
    }
}

impl<M: ActorMemory> fmt::Debug for ActorControls<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorControls").finish_non_exhaustive()
    }
}
