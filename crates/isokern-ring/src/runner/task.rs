//! An actor as a task of an executor.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
#[cfg(feature = "std")]
use core::task::Context;
use core::task::Poll;

use isokern_core::RingKernelHandler;
use isokern_core::actor::{ActorMemory, ActorState, Bells};
use isokern_core::kernel::safe_point;

use super::setting::Setting;
use super::work::{Work, apart, attend, doze};
use super::{FAULT_PANIC, FaultCause, Runner, Step, Taken, Todo};

impl<X: Setting> Runner<X> {
    /// Runs the actor to its end; its last state is the result.
    ///
    /// For executors: the future is pending while there is nothing to do, and while the handler
    /// waits for something. The actor's bell wakes it ([`Bells::register_actor`]): a message, a
    /// mailbox that closes, a pause or stop. So does what the handler waits for, and the clock
    /// when a deadline, a lease or the wait for a restart is over. Between two messages the other
    /// tasks have their turn.
    ///
    /// Whether it sleeps is a matter of bells and clock: over [`Silent`] bells it asks to be
    /// polled again at once, and so it does with a clock that wakes nobody
    /// ([`PollingSleep`](isokern_core::call::PollingSleep)), but only while one of those moments
    /// is ahead.
    ///
    /// With `std` a panic of the handler is a fault, and the supervision decides. Dropped before
    /// its end, the future leaves a fault record and answers whoever waits.
    ///
    /// [`Silent`]: isokern_core::actor::Silent
    ///
    /// ```
    /// # use core::future::Future;
    /// # use isokern_core::call::{Clock, PollingSleep};
    /// # use isokern_core::{GpuKernel, KernelError, KernelMetadata, KernelMode};
    /// # use isokern_core::{Resident, RingContext, RingKernelHandler};
    /// # #[derive(Clone)]
    /// # struct Ticks;
    /// # impl Clock for Ticks {
    /// #     fn now_ns(&self) -> u64 { 0 }
    /// #     fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
    /// #         PollingSleep::new(self, moment_ns)
    /// #     }
    /// # }
    /// # struct Doubler;
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
    /// # #[cfg(feature = "std")] {
    /// use isokern_core::actor::{ActorPlan, ActorState, Mailboxes};
    /// use isokern_ring::{LoopHost, WakerCell, WakingCells, spawn};
    ///
    /// static CELLS: WakingCells<Mailboxes<4>, WakerCell> = WakingCells::new();
    /// let host = LoopHost::new(&CELLS, Ticks);
    /// let mut doubler = spawn(&host, Doubler, ActorPlan::new())?;
    /// let mut client = doubler.take_requester(0).expect("one mailbox");
    /// let runner = doubler.into_running();
    ///
    /// std::thread::scope(|scope| {
    ///     scope.spawn(move || {
    ///         let answer = pollster::block_on(client.ask(21));
    ///         assert_eq!(answer, Ok(42));
    ///     });
    ///     let state = pollster::block_on(runner.run()); // asleep but for one question
    ///     assert_eq!(state, ActorState::Stopped);
    /// });
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::manual_async_fn, reason = "an `async fn` keeps what it was given twice")]
    pub fn run(mut self) -> impl Future<Output = ActorState> {
        async move { self.live().await }
    }

    async fn live(&mut self) -> ActorState {
        let mut is_registered = false;
        loop {
            match self.advance_or_break().await {
                Step::Worked => {
                    is_registered = false;
                    safe_point().await;
                }
                Step::Idle => {
                    if is_registered {
                        doze(&self.clock, self.due_ns()).await;
                    }
                    // One more look comes before the sleep: who pushes after it, rings.
                    poll_fn(|task| {
                        self.memory.bells().register_actor(task.waker());
                        Poll::Ready(())
                    })
                    .await;
                    is_registered = true;
                }
                Step::Over => return self.life,
            }
        }
    }

    /// Returns a step in which the handler's panic is a fault, where panics can be caught.
    async fn advance_or_break(&mut self) -> Step {
        let mut todo = self.look_around();
        // The handler may break, and in its `shutdown` again; that is not called twice.
        for _ in 0..3 {
            if let Some(step) = caught(pin!(self.go_on(todo))).await {
                return step;
            }
            // What a panic leaves is read by this alone, which expects it broken.
            todo = self.break_down(FaultCause { code: FAULT_PANIC, detail: 0 });
        }
        Step::Over
    }

    /// Does what is to be done, and gives the processor back while the handler waits.
    async fn go_on(&mut self, mut todo: Todo) -> Step {
        loop {
            todo = match todo {
                Todo::Start => {
                    let Work { handler, mut context, look, wakes } = self.initialize();
                    let work = handler.initialize(&mut context);
                    let result = apart(pin!(attend(pin!(work), look, wakes))).await;
                    self.initialized(result)
                }
                Todo::Turn => match self.take() {
                    Taken::Message(in_hand, body) => {
                        let result = match self.handle(&in_hand) {
                            Ok(Work { handler, mut context, look, wakes }) => {
                                let work = handler.handle(&mut context, body);
                                apart(pin!(attend(pin!(work), look, wakes))).await
                            }
                            Err(error) => Err(error),
                        };
                        self.handled(&in_hand, result)
                    }
                    Taken::Nothing(todo) => todo,
                },
                Todo::ShutDown(then) => {
                    let result = match self.shut_down() {
                        Some(Work { handler, mut context, look, wakes }) => {
                            let work = handler.shutdown(&mut context);
                            Some(apart(pin!(attend(pin!(work), look, wakes))).await)
                        }
                        None => None,
                    };
                    self.shut(then, result)
                }
                Todo::Nothing(step) => return step,
            }
        }
    }

    /// Returns the next moment at which something is to be done that no bell announces.
    pub(super) fn due_ns(&self) -> u64 {
        let restart_ns = match self.life {
            ActorState::Faulted => self.restart_ns.unwrap_or(u64::MAX),
            _ => u64::MAX,
        };
        restart_ns.min(self.watch.due_ns())
    }
}

/// Returns the output of work; `None` when it has panicked.
#[cfg(feature = "std")]
async fn caught<F: Future>(mut work: Pin<&mut F>) -> Option<F::Output> {
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    let poll = |task: &mut Context<'_>| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(task)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    };
    poll_fn(poll).await
}

/// Returns the output of work: a panic ends the program, or comes out of the poll.
#[cfg(not(feature = "std"))]
async fn caught<F: Future>(work: Pin<&mut F>) -> Option<F::Output> {
    Some(work.await)
}
