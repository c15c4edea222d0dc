//! What a handler does in one step, and how it is polled: by a step that stays with it, or by a
//! task that gives the processor back meanwhile.

use core::future::{Future, poll_fn};
use core::mem;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use isokern_core::RingContext;
use isokern_core::actor::{ActorMemory, Bells};
use isokern_core::call::Clock;

use super::pace::Pace;
use super::setting::{Handler, Setting};

/// A handler, and what it works in and by.
pub(super) struct Work<'r, X: Setting, L> {
    pub(super) handler: &'r Handler<X>,
    pub(super) context: RingContext<'r>,
    /// Asked before each poll but the first: says why the work is dropped instead, or else the
    /// next moment of the clock at which it may say so, [`u64::MAX`] for none.
    pub(super) look: L,
    pub(super) wakes: Wakes<'r, X>,
}

/// What wakes a task, beside the work itself: the actor's bell, and its clock.
pub(super) struct Wakes<'r, X: Setting> {
    pub(super) bells: &'r <X::Memory as ActorMemory>::Bells,
    pub(super) clock: &'r X::Clock,
}

/// Polls the work to its end, or to where it is given up, and returns then.
pub(super) fn stay<F: Future, E, P: Pace>(
    work: F,
    mut look: impl FnMut() -> Result<u64, E>,
    pace: &mut P,
) -> Result<F::Output, E> {
    let mut work = pin!(work);
    loop {
        let polled = work.as_mut().poll(&mut Context::from_waker(pace.waker()));
        if let Poll::Ready(output) = polled {
            return Ok(output);
        }
        pace.pause();
        look()?;
    }
}

/// Is pending as long as the work is, whose code is in a function of its own.
pub(super) async fn apart<F: Future>(mut work: Pin<&mut F>) -> F::Output {
    poll_fn(|task| poll(work.as_mut(), task)).await
}

/// Polls. A GPU has the code of each work once, and not in its caller.
#[cfg_attr(target_arch = "nvptx64", inline(never))]
fn poll<F: Future>(work: Pin<&mut F>, task: &mut Context<'_>) -> Poll<F::Output> {
    work.poll(task)
}

/// Is pending as long as the work is. The task is woken by the work, by the actor's bell, and
/// when the next look is due.
pub(super) async fn attend<X, F, L, E>(
    mut work: Pin<&mut F>,
    mut look: L,
    Wakes { bells, clock }: Wakes<'_, X>,
) -> Result<F::Output, E>
where
    X: Setting,
    F: Future,
    L: FnMut() -> Result<u64, E>,
{
    let first = poll_fn(|task| Poll::Ready(poll(work.as_mut(), task))).await;
    if let Poll::Ready(output) = first {
        return Ok(output);
    }
    let mut is_just_polled = true;
    loop {
        let due_ns = look()?;
        let mut alarm = pin!(clock.sleep_until(due_ns));
        let ended = poll_fn(|task| {
            // Who changes the host line after the look, finds the waker.
            bells.register_actor(task.waker());
            match look() {
                Err(why) => return Poll::Ready(Some(Err(why))),
                Ok(moved_ns) if moved_ns != due_ns => return Poll::Ready(None),
                Ok(_) => {}
            }
            if !mem::take(&mut is_just_polled)
                && let Poll::Ready(output) = poll(work.as_mut(), task)
            {
                return Poll::Ready(Some(Ok(output)));
            }
            let is_due = due_ns != u64::MAX && alarm.as_mut().poll(task).is_ready();
            if is_due { Poll::Ready(None) } else { Poll::Pending }
        });
        if let Some(ended) = ended.await {
            return ended;
        }
    }
}

/// Waits until the task is woken, by whomever, or a moment has come.
pub(super) async fn doze<C: Clock>(clock: &C, due_ns: u64) {
    let mut alarm = pin!(clock.sleep_until(due_ns));
    let mut is_woken = false;
    poll_fn(|task| {
        let is_due = due_ns != u64::MAX && alarm.as_mut().poll(task).is_ready();
        if is_due || mem::replace(&mut is_woken, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
