//! The ends of a life: nobody left to serve, told to stop, or broken for good.

use isokern_core::RingKernelHandler;
use isokern_core::actor::{ActorError, ActorMemory, ActorState, Bells};
use isokern_core::ring::FaultRecord;

use super::mail::Next;
use super::setting::Setting;
use super::{FAULT_VANISHED, Runner, Step};

impl<X: Setting> Runner<X> {
    /// Everything accepted was answered: lets the handler put things in order, and stops.
    pub(super) fn retire(&mut self) -> Step {
        if self.life == ActorState::Paused || self.life == ActorState::Active {
            self.enter(ActorState::Draining);
        }
        self.shut_down();
        self.leave(ActorState::Stopped)
    }

    /// Broken for good: answers everything that waits, and leaves.
    pub(super) fn bury(&mut self) -> Step {
        self.restart_ns = None;
        self.mail.refuse(&self.memory);
        while let Next::Message(mailbox_index, envelope) = self.mail.next(&self.memory) {
            self.turn_away(mailbox_index, envelope, ActorError::ActorFaulted);
        }
        self.leave(ActorState::Faulted)
    }

    /// Calls the handler's `shutdown`, once per incarnation, even if that breaks.
    pub(super) fn shut_down(&mut self) {
        if !self.is_shut_down {
            self.is_shut_down = true;
            let (mut context, handler) = self.bare_context();
            handler.shutdown(&mut context);
        }
    }

    /// Gone without an end: says so, and keeps nobody waiting. The handler is not called.
    pub(super) fn vanish(&mut self) {
        self.answer_in_hand_faulted();
        let ticket = self.mail.taken_count() as u32;
        let record = FaultRecord { code: FAULT_VANISHED, ticket, detail: 0 };
        self.device.fault(self.memory.device_line(), record);
        self.life = ActorState::Faulted;
        self.bury();
    }

    /// Shows the last state, then closes: who finds the rings closed can read why.
    fn leave(&mut self, last: ActorState) -> Step {
        self.mail.show_counts(&mut self.device, self.memory.device_line());
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
