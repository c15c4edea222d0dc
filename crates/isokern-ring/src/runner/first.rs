//! The beginning of a life: the handler prepares its state, as long as it may.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};

use bytemuck::bytes_of_mut;
use isokern_core::actor::{ActorMemory, ActorState, Outbox};
use isokern_core::call::Clock;
use isokern_core::{MessageHeader, RingContext, RingKernelHandler};

use super::pace::Pace;
use super::setting::Setting;
use super::watch::Order;
use super::{FAULT_INITIALIZE, FaultCause, Runner, Shutdown, Step};

impl<X: Setting> Runner<X> {
    /// Begins an incarnation.
    pub(super) fn start<P: Pace>(&mut self, pace: &mut P) -> Step {
        self.enter(ActorState::Initializing);
        self.restart_ns = None;
        self.shutdown = Shutdown::Due;
        self.state = self.first_state;
        self.words.begin();
        let Self { handler, state, words, outgoing, watch, memory, clock, .. } = self;
        outgoing.used = 0;
        let outbox = Outbox::none(&mut outgoing.used);
        let state = bytes_of_mut(state);
        let mut context = RingContext::new(MessageHeader::new(), words, state, &mut [], outbox);
        let prepared = drive(handler.initialize(&mut context), pace, || {
            let now_ns = clock.now_ns();
            words.refresh(now_ns);
            watch.look(memory.host_line(), now_ns) != Order::Stop
        });
        match prepared {
            Some(Ok(())) => {
                self.enter(ActorState::Active);
                Step::Worked
            }
            Some(Err(error)) => {
                self.break_down(FaultCause::of_handler(FAULT_INITIALIZE, error), pace)
            }
            None => {
                self.wind_down();
                Step::Worked
            }
        }
    }
}

/// Polls work to its end; `None` when it was dropped at a safe point, because `may_go_on` said
/// no.
pub(super) fn drive<F: Future, P: Pace>(
    work: F,
    pace: &mut P,
    mut may_go_on: impl FnMut() -> bool,
) -> Option<F::Output> {
    let mut work = pin!(work);
    loop {
        let polled = work.as_mut().poll(&mut Context::from_waker(pace.waker()));
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        pace.pause();
        if !may_go_on() {
            return None;
        }
    }
}
