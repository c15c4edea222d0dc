//! The ends of a life: nobody left to serve, asked to stop, or broken for good.

use bytemuck::bytes_of_mut;
use isokern_core::actor::{ActorError, ActorMemory, ActorState, Bells, Links, Outbox};
use isokern_core::call::Clock;
use isokern_core::kernel::whole_ns;
use isokern_core::ring::ErrorRecord;
use isokern_core::{KernelError, MessageHeader, RingContext};

use super::mail::Next;
use super::setting::Setting;
use super::work::{Wakes, Work};
use super::{FAULT_SHUTDOWN, FAULT_VANISHED, Runner, Shutdown, Step, Then, Todo};

impl<X: Setting> Runner<X> {
    /// Stops: everything accepted was answered, and this is how the handler's shutdown ended.
    fn retire(&mut self, shutdown: Result<(), KernelError>) -> Step {
        match shutdown {
            Ok(()) => self.leave(ActorState::Stopped),
            Err(error) => {
                self.record(FaultCause::of_handler(FAULT_SHUTDOWN, error));
                self.leave(ActorState::Faulted)
            }
        }
    }

    /// Answers everything that waits, and leaves.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    pub(super) fn bury(&mut self) -> Step {
        self.restart_ns = None;
        self.mail.refuse(&self.memory);
        while let Next::Message(mailbox_index, letter) = self.mail.next(&self.memory) {
            self.turn_away(mailbox_index, letter, ActorError::ActorFaulted);
        }
        self.leave(ActorState::Faulted)
    }

    /// Begins the handler's `shutdown`; `None` when this incarnation has had it, even if it broke.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    pub(super) fn shut_down(
        &mut self,
    ) -> Option<Work<'_, X, impl FnMut() -> Result<u64, KernelError>>> {
        if self.shutdown != Shutdown::Due {
            return None;
        }
        self.shutdown = Shutdown::Running;
        let Self { handler, state, words, outgoing, watch, memory, clock, plan, .. } = self;
        let (words, memory, clock) = (&*words, &*memory, &*clock);
        outgoing.used = 0;
        let outbox = Outbox::none(&mut outgoing.used);
        let state = bytes_of_mut(state);
        let context = RingContext::new(MessageHeader::new(), words, state, &mut [], outbox);
        let began_ns = clock.now_ns();
        let lease_ns = plan.lease.map(whole_ns);
        Some(Work {
            handler,
            context,
            look: move || {
                let now_ns = clock.now_ns();
                words.refresh(now_ns);
                let _ = watch.look(memory.host_line(), now_ns);
                let moved_ns = watch.moved_ns().max(began_ns);
                match lease_ns.map(|lease_ns| moved_ns.saturating_add(lease_ns)) {
                    Some(end_ns) if now_ns > end_ns => Err(KernelError::Cancelled),
                    end_ns => Ok(end_ns.map_or(u64::MAX, |end_ns| end_ns.saturating_add(1))),
                }
            },
            wakes: Wakes { bells: memory.bells(), clock },
        })
    }

    /// Goes on after a shutdown that has ended like this, if there was one. Its error is on the
    /// device line when this returns.
    pub(super) fn shut(
        &mut self,
        then: Then,
        result: Option<Result<Result<(), KernelError>, KernelError>>,
    ) -> Todo {
        self.shutdown = Shutdown::Done;
        let result = result.unwrap_or(Ok(Ok(()))).and_then(|result| result);
        if let Err(error) = result {
            self.show_shutdown_error(error);
        }
        Todo::Nothing(match then {
            Then::Leave => self.retire(result),
            // The error is shown; the fault before it stays in the fault record.
            Then::Restart => self.restart(),
            Then::Bury => self.bury(),
        })
    }

    pub(super) fn show_shutdown_error(&mut self, error: KernelError) {
        let record = ErrorRecord { code: error.code(), detail: error.detail() };
        self.device.fail_shutdown(self.memory.device_line(), record);
    }

    /// Leaves without an end: says so, and keeps nobody waiting. The handler is not called.
    pub(super) fn vanish(&mut self) {
        self.answer_in_hand_faulted();
        self.record(FaultCause { code: FAULT_VANISHED, detail: 0 });
        self.life = ActorState::Faulted;
        self.bury();
    }

    /// Shows the last state, then closes: who finds the rings closed can read why.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    fn leave(&mut self, last: ActorState) -> Step {
        self.mail.show_counts(&mut self.device, &self.memory);
        if self.life != last {
            self.enter(last);
        }
        self.plan.links.close();
        self.mail.close(&self.memory);
        self.memory.bells().ring_all();
        self.is_over = true;
        Step::Over
    }
}

/// Why an incarnation broke, as the fault record has it.
#[derive(Clone, Copy)]
pub(super) struct FaultCause {
    pub(super) code: u32,
    pub(super) detail: u64,
}

impl FaultCause {
    /// Returns an error that one of the handler's methods returned.
    pub(super) fn of_handler(code: u32, error: KernelError) -> Self {
        Self { code, detail: u64::from(error.detail()) << 32 | u64::from(error.code()) }
    }
}
