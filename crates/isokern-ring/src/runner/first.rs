//! The beginning of a life: the handler prepares its state, as long as it may.

use bytemuck::bytes_of_mut;
use isokern_core::actor::{ActorMemory, ActorState, Outbox};
use isokern_core::call::Clock;
use isokern_core::{KernelError, MessageHeader, RingContext};

use super::setting::Setting;
use super::watch::Order;
use super::work::{Wakes, Work};
use super::{FAULT_INITIALIZE, FaultCause, Runner, Shutdown, Step, Todo};

impl<X: Setting> Runner<X> {
    /// Begins an incarnation.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    pub(super) fn initialize(&mut self) -> Work<'_, X, impl FnMut() -> Result<u64, Stopped>> {
        self.enter(ActorState::Initializing);
        self.restart_ns = None;
        self.shutdown = Shutdown::Due;
        self.state = self.first_state;
        self.words.begin();
        let Self { handler, state, words, outgoing, watch, memory, clock, .. } = self;
        let (words, memory, clock) = (&*words, &*memory, &*clock);
        outgoing.used = 0;
        let outbox = Outbox::none(&mut outgoing.used);
        let state = bytes_of_mut(state);
        let context = RingContext::new(MessageHeader::new(), words, state, &mut [], outbox);
        Work {
            handler,
            context,
            look: move || {
                let now_ns = clock.now_ns();
                words.refresh(now_ns);
                match watch.look(memory.host_line(), now_ns) {
                    Order::Stop => Err(Stopped),
                    _ => Ok(watch.due_ns()),
                }
            },
            wakes: Wakes { bells: memory.bells(), clock },
        }
    }

    /// Goes on with a life whose beginning has ended like this.
    pub(super) fn initialized(&mut self, result: Result<Result<(), KernelError>, Stopped>) -> Todo {
        match result {
            Ok(Ok(())) => {
                self.enter(ActorState::Active);
                Todo::Nothing(Step::Worked)
            }
            Ok(Err(error)) => self.break_down(FaultCause::of_handler(FAULT_INITIALIZE, error)),
            Err(Stopped) => {
                self.wind_down();
                Todo::Nothing(Step::Worked)
            }
        }
    }
}

/// Why it was given up.
pub(super) struct Stopped;
