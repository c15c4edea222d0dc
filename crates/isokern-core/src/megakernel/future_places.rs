//! Tasks that are futures: an `.await` gives the task back to its worker, and whichever worker
//! claims it next polls the future where it is. A door for `unsafe` (`docs/safety.md`).
#![allow(unsafe_code)]

use core::any::TypeId;
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll, Waker};

use super::faults::FAULT_CODES_START;
use super::handler::TaskContext;
use super::slot::TaskSlot;
use super::step::TaskStep;
use super::task_way::{TaskWay, Wish};

/// The place for this slot's future is not there: the handler has fewer places than slots.
pub const FUTURE_NO_PLACE: u32 = FAULT_CODES_START - 1;
/// The task was to go on, and its place has no future of it: it began with another `pc` than 0.
pub const FUTURE_LOST: u32 = FAULT_CODES_START - 2;
/// The place holds a future of another type, or somebody else is at it: two handlers share places.
pub const FUTURE_IN_USE: u32 = FAULT_CODES_START - 3;

/// Memory for the futures of tasks, one of at most `BYTES` bytes for each of `N` slots.
///
/// A handler of async tasks is a [`TaskHandler`](super::TaskHandler) whose `run` calls
/// [`run`](Self::run) with what makes the future. Each `.await` on a [`TaskWay`] ends a step, as
/// [`TaskStep`] does: the worker, on a device a block, goes on with another task, and the future is
/// polled again when the task is claimed, by any worker. The continuation of the slot counts the
/// awaits. No waker is called and nothing is called through a pointer.
///
/// The future stays at its place until it is ready or has panicked, or, where its task was
/// cancelled or left, until the next task in that slot begins; then it is dropped.
///
/// ```
/// use isokern_core::megakernel::{
///     FuturePlaces, TaskContext, TaskHandler, TaskPriority, TaskStep, TaskWay,
/// };
/// use isokern_core::{Solo, TaskSlot};
///
/// static PLACES: FuturePlaces<64, 8> = FuturePlaces::new();
///
/// /// Adds up in three steps, the last of which is of a lower class.
/// async fn add(number: u32, way: TaskWay) -> Result<(), u32> {
///     let mut sum = number;
///     way.yield_now().await;
///     sum += number;
///     way.requeue(TaskPriority::Low).await;
///     sum += number;
///     if sum == 3 * number { Ok(()) } else { Err(1) }
/// }
///
/// struct Adding;
///
/// impl TaskHandler for Adding {
///     fn op_count(&self) -> u32 {
///         1
///     }
///
///     fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
///         PLACES.run(task, context, |way| add(task.param(), way))
///     }
/// }
/// ```
pub struct FuturePlaces<const BYTES: usize, const N: usize> {
    places: [Place<BYTES>; N],
}

/// Memory for one future.
#[repr(C, align(16))]
struct Place<const BYTES: usize> {
    bytes: UnsafeCell<MaybeUninit<[u8; BYTES]>>,
    /// Whose future is there.
    held: UnsafeCell<Option<Held>>,
    /// 1 while a worker is at it.
    busy: AtomicU32,
    wish: Wish,
}

/// A future at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Held {
    /// Its task, by the generation of the slot.
    generation: u32,
    future: TypeId,
}

const ALIGNMENT: usize = 16;

// SAFETY: `busy` lets one thread at a time reach a place, and only futures that are `Send` are put
// into it.
unsafe impl<const BYTES: usize> Sync for Place<BYTES> {}

impl<const BYTES: usize, const N: usize> FuturePlaces<BYTES, N> {
    /// Returns places without futures.
    #[must_use]
    pub const fn new() -> Self {
        Self { places: [const { Place::new() }; N] }
    }

    /// Polls the future of a task, which `begin` makes when the task runs first, and returns the
    /// step that the task takes by it: one that is ready ends the task, with the fault code of its
    /// error. A future that waits for something other than its way gives way, and is polled again.
    ///
    /// A task that cannot go on ends with one of the codes [`FUTURE_NO_PLACE`], [`FUTURE_LOST`] and
    /// [`FUTURE_IN_USE`]. A future of more than `BYTES` bytes, or aligned to more than 16, does not
    /// compile.
    ///
    /// # Panics
    ///
    /// When the future does; it is dropped then.
    pub fn run<F, C>(
        &'static self,
        task: &TaskSlot,
        context: &C,
        begin: impl FnOnce(TaskWay) -> F,
    ) -> TaskStep
    where
        F: Future<Output = Result<(), u32>> + Send + 'static,
        C: TaskContext,
    {
        const { assert!(size_of::<F>() <= BYTES, "the future needs larger places") }
        const { assert!(align_of::<F>() <= ALIGNMENT, "places are aligned to 16 bytes") }
        let Some(place) = self.places.get(context.slot() as usize) else {
            return TaskStep::Fault { code: FUTURE_NO_PLACE };
        };
        let Some(mut owned) = place.own::<F>() else {
            return TaskStep::Fault { code: FUTURE_IN_USE };
        };
        place.wish.begin(context.worker());
        let pc = task.continuation_pc();
        let is_ready = match pc {
            0 => owned.begin(context.generation(), begin),
            _ => owned.is_of(context.generation()).then_some(()).ok_or(FUTURE_LOST),
        };
        match is_ready.map(|()| owned.poll()) {
            Ok(Poll::Pending) => place.wish.step(pc.wrapping_add(1).max(1)),
            Ok(Poll::Ready(Ok(()))) => TaskStep::Done,
            Ok(Poll::Ready(Err(code))) | Err(code) => TaskStep::Fault { code },
        }
    }
}

impl<const BYTES: usize, const N: usize> Default for FuturePlaces<BYTES, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const BYTES: usize, const N: usize> fmt::Debug for FuturePlaces<BYTES, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuturePlaces").field("bytes", &BYTES).field("count", &N).finish()
    }
}

impl<const BYTES: usize> Place<BYTES> {
    const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new(MaybeUninit::uninit()),
            held: UnsafeCell::new(None),
            busy: AtomicU32::new(0),
            wish: Wish::new(),
        }
    }

    /// Takes the place for futures of this type; `None` where somebody is at it.
    fn own<F: Future + Send + 'static>(&'static self) -> Option<Owned<F>> {
        // Acquire: sees what the owner before wrote; pairs with the release in `Owned`.
        let taken = self.busy.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
        taken.ok()?;
        Some(Owned {
            future: self.bytes.get().cast(),
            held: &self.held,
            busy: &self.busy,
            wish: &self.wish,
        })
    }
}

/// A place in the hands of one worker; free again when this is dropped.
struct Owned<F: 'static> {
    future: *mut F,
    held: &'static UnsafeCell<Option<Held>>,
    busy: &'static AtomicU32,
    wish: &'static Wish,
}

impl<F: Future + 'static> Owned<F> {
    /// Puts the future of a task in, after what another task left there was dropped.
    fn begin(&mut self, generation: u32, begin: impl FnOnce(TaskWay) -> F) -> Result<(), u32> {
        if self.held().is_some_and(|held| held.future != TypeId::of::<F>()) {
            return Err(FUTURE_IN_USE);
        }
        self.clear();
        let future = begin(TaskWay::new(self.wish));
        // SAFETY: the place is as large and as aligned as `F` by the assertions of `run`, it holds
        // no future, and this owner alone reaches it.
        unsafe { self.future.write(future) };
        self.set_held(Some(Held { generation, future: TypeId::of::<F>() }));
        Ok(())
    }

    /// Returns whether the place holds the future of this task.
    fn is_of(&self, generation: u32) -> bool {
        self.held() == Some(Held { generation, future: TypeId::of::<F>() })
    }

    /// Polls the future that is there, and drops it when it is ready.
    fn poll(&mut self) -> Poll<F::Output> {
        // SAFETY: the callers have seen that the place holds a future of type `F`, which this owner
        // alone reaches.
        let future = unsafe { &mut *self.future };
        // SAFETY: the place is in a static and never moves, and its memory is used again only after
        // the future in it was dropped.
        let future = unsafe { Pin::new_unchecked(future) };
        let undone = Undone(self);
        let polled = future.poll(&mut Context::from_waker(Waker::noop()));
        core::mem::forget(undone);
        if polled.is_ready() {
            self.clear();
        }
        polled
    }

    /// Drops the future that is there, if one is.
    fn clear(&mut self) {
        if self.held().is_some() {
            self.set_held(None);
            // SAFETY: it was a future of type `F`, since only such are put in where the place was
            // empty or had one; this owner alone reaches it, and nobody takes it for one again.
            unsafe { self.future.drop_in_place() };
        }
    }

    fn held(&self) -> Option<Held> {
        // SAFETY: this owner alone reaches the place.
        unsafe { *self.held.get() }
    }

    fn set_held(&mut self, held: Option<Held>) {
        // SAFETY: as above.
        unsafe { *self.held.get() = held };
    }
}

impl<F: 'static> Drop for Owned<F> {
    fn drop(&mut self) {
        self.busy.store(0, Ordering::Release);
    }
}

/// A poll that has not returned; dropped by a panic, it drops the future.
struct Undone<'o, F: Future + 'static>(&'o mut Owned<F>);

impl<F: Future + 'static> Drop for Undone<'_, F> {
    fn drop(&mut self) {
        self.0.clear();
    }
}
