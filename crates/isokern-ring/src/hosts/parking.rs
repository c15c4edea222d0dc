//! How an actor's thread waits: for messages, and for handlers that wait for something.

use core::task::Waker;
use core::time::Duration;
use std::thread;

use isokern_core::actor::Bells;

use crate::WaitStrategy;
use crate::alarm::Alarm;
use crate::runner::Pace;

/// Looks in vain before the first sleep.
const LOOKS_BEFORE_SLEEP: u32 = 256;
/// How long a waiting handler keeps stop and deadline from being seen, at most.
const HANDLER_BOUND: Duration = Duration::from_millis(1);

/// Waits on the calling thread, for which it was made.
pub(super) struct Parking {
    wait: WaitStrategy,
    alarm: Alarm,
    look_count: u32,
}

impl Parking {
    pub(super) fn new(wait: WaitStrategy) -> Self {
        Self { wait, alarm: Alarm::new(), look_count: 0 }
    }

    /// Notes that the last look was not in vain.
    pub(super) const fn worked(&mut self) {
        self.look_count = 0;
    }

    /// Waits until the next look at the mailboxes.
    pub(super) fn idle<B: Bells>(&mut self, bells: &B) {
        match self.wait {
            WaitStrategy::Spin => core::hint::spin_loop(),
            WaitStrategy::Yield => thread::yield_now(),
            WaitStrategy::Park { bound } => {
                self.look_count += 1;
                if self.look_count < LOOKS_BEFORE_SLEEP {
                    core::hint::spin_loop();
                } else if self.look_count == LOOKS_BEFORE_SLEEP {
                    // One more look comes before the sleep: who pushes after it, rings.
                    self.alarm.take();
                    bells.register_actor(self.alarm.waker());
                } else {
                    self.alarm.sleep(bound);
                    self.look_count = LOOKS_BEFORE_SLEEP - 1;
                }
            }
        }
    }

    /// Returns the longest sleep while a handler waits; `None` where this thread does not sleep.
    const fn handler_bound(&self) -> Option<Duration> {
        match self.wait {
            WaitStrategy::Spin | WaitStrategy::Yield => None,
            WaitStrategy::Park { bound } if bound.as_nanos() < HANDLER_BOUND.as_nanos() => {
                Some(bound)
            }
            WaitStrategy::Park { .. } => Some(HANDLER_BOUND),
        }
    }
}

impl Pace for Parking {
    fn waker(&self) -> &Waker {
        self.alarm.waker()
    }

    fn pause(&mut self) {
        match self.handler_bound() {
            Some(bound) => self.alarm.sleep(bound),
            None if self.wait == WaitStrategy::Yield => thread::yield_now(),
            None => core::hint::spin_loop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use std::time::Instant;

    use isokern_core::actor::{ActorMemory, Bells, Mailboxes};

    use super::{HANDLER_BOUND, LOOKS_BEFORE_SLEEP, Parking};
    use crate::ThreadMemory;
    use crate::{Pace, WaitStrategy};

    /// Looks until the next idle call sleeps, which has registered by then.
    fn look(parking: &mut Parking, memory: &ThreadMemory<Mailboxes<2>>) {
        let began = Instant::now();
        for _ in 0..LOOKS_BEFORE_SLEEP {
            parking.idle(memory.bells());
        }
        assert!(began.elapsed() < SOON, "it sleeps before it has registered");
    }

    fn idle_time(parking: &mut Parking, memory: &ThreadMemory<Mailboxes<2>>) -> Duration {
        let began = Instant::now();
        parking.idle(memory.bells());
        began.elapsed()
    }

    /// Far more than a wake-up takes.
    const SOON: Duration = Duration::from_secs(20);
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_thread_registers_before_it_sleeps_and_a_ring_ends_the_sleep() {
        let memory = ThreadMemory::<Mailboxes<2>>::new();
        let mut parking = Parking::new(WaitStrategy::Park { bound: LONG });
        for _ in 0..2 {
            look(&mut parking, &memory);
            memory.bells().ring_actor();
            assert!(idle_time(&mut parking, &memory) < SOON, "it was rung");
            // Each sleep is followed by one more look.
            parking.idle(memory.bells());
            memory.bells().ring_actor();
            assert!(idle_time(&mut parking, &memory) < SOON, "it was rung again");
            parking.worked();
        }
    }

    #[test]
    fn a_thread_that_nobody_rings_sleeps_its_bound() {
        let memory = ThreadMemory::<Mailboxes<2>>::new();
        let bound = Duration::from_millis(40);
        let mut parking = Parking::new(WaitStrategy::Park { bound });
        look(&mut parking, &memory);
        assert!(idle_time(&mut parking, &memory) >= bound / 2);
        parking.worked();
        // Longer than the handler's bound in all, though each is shorter.
        let began = Instant::now();
        (0..20).for_each(|_| parking.pause());
        assert!(began.elapsed() >= 10 * HANDLER_BOUND);
    }

    #[test]
    fn p08_a_thread_with_a_bound_sleeps_no_longer_beside_a_waiting_handler() {
        let bound_of = |wait| Parking::new(wait).handler_bound();
        let park = |microseconds| WaitStrategy::Park { bound: Duration::from_micros(microseconds) };
        assert_eq!(bound_of(park(50)), Some(Duration::from_micros(50)));
        assert_eq!(bound_of(park(1_000_000)), Some(HANDLER_BOUND));
        assert_eq!((bound_of(WaitStrategy::Spin), bound_of(WaitStrategy::Yield)), (None, None));
    }
}
