//! An actor as a task that never ends, in code that has no way to panic.
//!
//! The compiler gives every `async` block that returns a check that it is not polled after its
//! end, which is a panic. A block that never returns has none, nor has a future without a block:
//! so the task here is one block without an end, and what it awaits are `poll_fn`s.

use core::convert::Infallible;
use core::future::{Future, pending, poll_fn};
use core::mem;
use core::pin::{Pin, pin};
use core::task::Poll;

use isokern_core::RingKernelHandler;
use isokern_core::actor::{ActorMemory, Bells};
use isokern_core::call::Clock;
use isokern_core::kernel::safe_point;

use super::setting::Setting;
use super::work::{Wakes, Work};
use super::{Runner, Step, Taken, Todo};

/// Awaits the work of a step, which lives in the task's own block.
macro_rules! attended {
    ($work:expr, $look:expr, $wakes:expr) => {{
        let clock = $wakes.clock;
        let alarm = pin!(None);
        attend(pin!($work), $look, $wakes, alarm, |due_ns| clock.sleep_until(due_ns)).await
    }};
}

impl<X: Setting> Runner<X> {
    /// Runs the actor for as long as the program does: as [`run`](Self::run), but pending once the
    /// actor is over, and a panic of the handler comes out of the poll.
    ///
    /// For firmware, where panics abort: neither this future nor a task that awaits it alone links
    /// the compiler's panic for an `async` block that is polled after its end. Whether the program
    /// has another is up to the handler (one of `poll_fn` has none), the clock and the executor.
    ///
    /// ```
    /// use isokern_ring::{Runner, Setting};
    ///
    /// // As a task of embassy: `#[embassy_executor::task]`, and types in place of `X`.
    /// async fn actor<X: Setting>(runner: Runner<X>) -> ! {
    ///     match runner.run_forever().await {}
    /// }
    /// ```
    #[expect(clippy::manual_async_fn, reason = "an `async fn` keeps what it was given twice")]
    pub fn run_forever(mut self) -> impl Future<Output = Infallible> {
        async move {
            let mut is_registered = false;
            loop {
                let mut todo = self.look_around();
                let step = loop {
                    todo = match todo {
                        Todo::Start => {
                            let Work { handler, mut context, look, wakes } = self.initialize();
                            let result = attended!(handler.initialize(&mut context), look, wakes);
                            self.initialized(result)
                        }
                        Todo::Turn => match self.take() {
                            Taken::Message(in_hand, body) => {
                                let result = match self.handle(&in_hand) {
                                    Ok(Work { handler, mut context, look, wakes }) => {
                                        attended!(handler.handle(&mut context, body), look, wakes)
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
                                    Some(attended!(handler.shutdown(&mut context), look, wakes))
                                }
                                None => None,
                            };
                            self.shut(then, result)
                        }
                        Todo::Nothing(step) => break step,
                    }
                };
                match step {
                    Step::Worked => {
                        is_registered = false;
                        safe_point().await;
                    }
                    Step::Idle => {
                        if mem::replace(&mut is_registered, true) {
                            let due_ns = self.due_ns();
                            let alarm = pin!(self.clock.sleep_until(due_ns));
                            doze(alarm, due_ns).await;
                        }
                        // One more look comes before the sleep: who pushes after it, rings.
                        poll_fn(|task| {
                            self.memory.bells().register_actor(task.waker());
                            Poll::Ready(())
                        })
                        .await;
                    }
                    Step::Over => return pending().await,
                }
            }
        }
    }
}

/// Is pending as long as the work is. The task is woken by the work, by the actor's bell, and
/// when the next look is due, by an alarm in the place for it.
fn attend<X, F, L, E, A>(
    mut work: Pin<&mut F>,
    mut look: L,
    Wakes { bells, .. }: Wakes<'_, X>,
    mut alarm: Pin<&mut Option<A>>,
    sleep_until: impl Fn(u64) -> A,
) -> impl Future<Output = Result<F::Output, E>>
where
    X: Setting,
    F: Future,
    L: FnMut() -> Result<u64, E>,
    A: Future<Output = ()>,
{
    let (mut is_begun, mut alarm_ns) = (false, u64::MAX);
    poll_fn(move |task| {
        let is_first = !mem::replace(&mut is_begun, true);
        if is_first && let Poll::Ready(output) = work.as_mut().poll(task) {
            return Poll::Ready(Ok(output));
        }
        // Who changes the host line after the look, finds the waker.
        bells.register_actor(task.waker());
        let mut due_ns = match look() {
            Ok(due_ns) => due_ns,
            Err(why) => return Poll::Ready(Err(why)),
        };
        if !is_first && let Poll::Ready(output) = work.as_mut().poll(task) {
            return Poll::Ready(Ok(output));
        }
        while due_ns != u64::MAX {
            if due_ns != mem::replace(&mut alarm_ns, due_ns) {
                alarm.set(Some(sleep_until(due_ns)));
            }
            if alarm.as_mut().as_pin_mut().is_none_or(|alarm| alarm.poll(task).is_pending()) {
                break;
            }
            // An alarm is not polled after its end.
            alarm_ns = u64::MAX;
            due_ns = match look() {
                Ok(due_ns) => due_ns,
                Err(why) => return Poll::Ready(Err(why)),
            };
        }
        Poll::Pending
    })
}

/// Waits until the task is woken, by whomever, or a moment has come.
fn doze<A: Future<Output = ()>>(mut alarm: Pin<&mut A>, due_ns: u64) -> impl Future<Output = ()> {
    let mut is_woken = false;
    poll_fn(move |task| {
        let is_due = due_ns != u64::MAX && alarm.as_mut().poll(task).is_ready();
        if is_due || mem::replace(&mut is_woken, true) { Poll::Ready(()) } else { Poll::Pending }
    })
}
