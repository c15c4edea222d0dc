//! The ends of a life: nobody left to serve, told to stop, or broken for good.

use bytemuck::bytes_of_mut;
use isokern_core::actor::{ActorError, ActorMemory, ActorState, Bells, Outbox};
use isokern_core::call::Clock;
use isokern_core::kernel::whole_ns;
use isokern_core::ring::ErrorRecord;
use isokern_core::{KernelError, MessageHeader, RingContext, RingKernelHandler};

use super::first::drive;
use super::mail::Next;
use super::pace::Pace;
use super::setting::Setting;
use super::{FAULT_SHUTDOWN, FAULT_VANISHED, FaultCause, Runner, Shutdown, Step};

impl<X: Setting> Runner<X> {
    /// Everything accepted was answered: lets the handler put things in order, and stops.
    pub(super) fn retire<P: Pace>(&mut self, pace: &mut P) -> Step {
        if self.life == ActorState::Paused || self.life == ActorState::Active {
            self.enter(ActorState::Draining);
        }
        match self.shut_down(pace) {
            Ok(()) => self.leave(ActorState::Stopped),
            Err(error) => {
                self.record(FaultCause::of_handler(FAULT_SHUTDOWN, error));
                self.leave(ActorState::Faulted)
            }
        }
    }

    /// Broken for good: answers everything that waits, and leaves.
    pub(super) fn bury(&mut self) -> Step {
        self.restart_ns = None;
        self.mail.refuse(&self.memory);
        while let Next::Message(mailbox_index, letter) = self.mail.next(&self.memory) {
            self.turn_away(mailbox_index, letter, ActorError::ActorFaulted);
        }
        self.leave(ActorState::Faulted)
    }

    /// Runs the handler's `shutdown`, once per incarnation, even if that breaks. Its error is
    /// on the device line when this returns.
    pub(super) fn shut_down<P: Pace>(&mut self, pace: &mut P) -> Result<(), KernelError> {
        if self.shutdown != Shutdown::Due {
            self.shutdown = Shutdown::Done;
            return Ok(());
        }
        self.shutdown = Shutdown::Running;
        let Self { handler, state, words, outgoing, watch, memory, clock, plan, .. } = self;
        outgoing.used = 0;
        let outbox = Outbox::none(&mut outgoing.used);
        let state = bytes_of_mut(state);
        let mut context = RingContext::new(MessageHeader::new(), words, state, &mut [], outbox);
        let began_ns = clock.now_ns();
        let lease_ns = plan.lease.map(whole_ns);
        let ended = drive(handler.shutdown(&mut context), pace, || {
            let now_ns = clock.now_ns();
            words.refresh(now_ns);
            let _ = watch.look(memory.host_line(), now_ns);
            let silent_ns = now_ns.saturating_sub(watch.moved_ns().max(began_ns));
            lease_ns.is_none_or(|lease_ns| silent_ns <= lease_ns)
        });
        self.shutdown = Shutdown::Done;
        let result = ended.unwrap_or(Err(KernelError::Cancelled));
        if let Err(error) = result {
            self.show_shutdown_error(error);
        }
        result
    }

    pub(super) fn show_shutdown_error(&mut self, error: KernelError) {
        let record = ErrorRecord { code: error.code(), detail: error.detail() };
        self.device.fail_shutdown(self.memory.device_line(), record);
    }

    /// Gone without an end: says so, and keeps nobody waiting. The handler is not called.
    pub(super) fn vanish(&mut self) {
        self.answer_in_hand_faulted();
        self.record(FaultCause { code: FAULT_VANISHED, detail: 0 });
        self.life = ActorState::Faulted;
        self.bury();
    }

    /// Shows the last state, then closes: who finds the rings closed can read why.
    fn leave(&mut self, last: ActorState) -> Step {
        self.mail.show_counts(&mut self.device, &self.memory);
        if self.life != last {
            self.enter(last);
        }
        for link in &mut self.plan.links {
            link.close();
        }
        self.mail.close(&self.memory);
        self.memory.bells().ring_all();
        self.is_over = true;
        Step::Over
    }
}
