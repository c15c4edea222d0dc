//! The ends that submit tasks and learn how they ended.

use core::future::poll_fn;
use core::task::{Context, Poll};

use isokern_core::megakernel::{
    CompletionsState, HostMemory, NewTask, SubmitError, SubmitterState, TaskBells, TaskEnd,
    TaskHandle,
};
use isokern_core::ring::PopError;

/// The end that submits. It never blocks: what has no room comes back.
///
/// What was accepted is the workers' own from then on. Dropping this end, or forgetting it,
/// loses nothing of it, and closes nothing: [`Controls`](super::Controls) does.
#[derive(Debug)]
pub struct Submitter<M> {
    memory: M,
    state: SubmitterState,
}

impl<M: HostMemory> Submitter<M> {
    pub(super) const fn new(memory: M, op_count: u32) -> Self {
        Self { memory, state: SubmitterState::new(op_count) }
    }

    /// Sets how many slots a tenant, 0 to 15, may have at once; none has a quota at first.
    /// Returns whether there is such a tenant.
    pub fn set_quota(&mut self, tenant: u32, slots: u32) -> bool {
        self.state.set_quota(tenant, slots)
    }

    /// Submits a task and returns its name.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the task inside.
    #[inline]
    pub fn try_submit(&mut self, task: NewTask) -> Result<TaskHandle, SubmitError<NewTask>> {
        self.state.try_submit(&self.memory, task)
    }

    /// Says that the epoch a task waits for, or will wait for, has come.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]. To resume a task that has ended is no error; it does nothing.
    pub fn resume(&mut self, task: TaskHandle, epoch: u32) -> Result<(), SubmitError<()>> {
        self.state.try_resume(&self.memory, task, epoch)
    }

    /// Lets a held task run as soon as those that join it have ended.
    ///
    /// # Errors
    ///
    /// As [`resume`](Self::resume).
    pub fn release(&mut self, held: TaskHandle) -> Result<(), SubmitError<()>> {
        self.state.try_release(&self.memory, held)
    }

    /// Asks for a task to wait for an epoch at its next claim or safe point.
    ///
    /// # Errors
    ///
    /// As [`resume`](Self::resume).
    pub fn pause(&mut self, task: TaskHandle, epoch: u32) -> Result<(), SubmitError<()>> {
        self.state.try_pause(&self.memory, task, epoch)
    }

    /// Asks for the end of a task, at its next claim or safe point. Its completion comes, and
    /// says what became of it.
    ///
    /// # Errors
    ///
    /// As [`resume`](Self::resume).
    pub fn cancel(&mut self, task: TaskHandle) -> Result<(), SubmitError<()>> {
        self.state.try_cancel(&self.memory, task)
    }

    /// Says that an event, 1 to 16, has a value, which only grows.
    ///
    /// # Errors
    ///
    /// [`SubmitError`].
    pub fn signal(&mut self, event: u32, value: u32) -> Result<(), SubmitError<()>> {
        self.state.try_signal(&self.memory, event, value)
    }
}

/// The end that learns how tasks ended. A slot is free again when its end was taken here.
#[derive(Debug)]
pub struct Completions<M> {
    memory: M,
    state: CompletionsState,
}

impl<M: HostMemory> Completions<M> {
    pub(super) const fn new(memory: M) -> Self {
        Self { memory, state: CompletionsState::new() }
    }

    /// Takes the end of whichever task comes first.
    ///
    /// # Errors
    ///
    /// [`Empty`](PopError::Empty) while there is none; [`Closed`](PopError::Closed) when the
    /// workers have stopped for good and every end was taken.
    #[inline]
    pub fn try_next(&mut self) -> Result<TaskEnd, PopError> {
        self.state.try_next(&self.memory)
    }

    /// Takes the end of this task. Ends of others that come before are kept for later.
    ///
    /// # Errors
    ///
    /// As [`try_next`](Self::try_next), and [`Closed`](PopError::Closed) when it was taken
    /// before.
    pub fn try_take(&mut self, task: TaskHandle) -> Result<TaskEnd, PopError> {
        self.state.try_take(&self.memory, task)
    }

    /// Waits for the end of whichever task comes first.
    ///
    /// # Errors
    ///
    /// [`Closed`](PopError::Closed), as [`try_next`](Self::try_next).
    pub async fn next(&mut self) -> Result<TaskEnd, PopError> {
        poll_fn(|task| self.poll(task, Self::try_next)).await
    }

    /// Waits for the end of this task. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// [`Closed`](PopError::Closed), as [`try_take`](Self::try_take).
    pub async fn wait(&mut self, handle: TaskHandle) -> Result<TaskEnd, PopError> {
        poll_fn(|task| self.poll(task, |completions| completions.try_take(handle))).await
    }

    fn poll(
        &mut self,
        task: &mut Context<'_>,
        mut take: impl FnMut(&mut Self) -> Result<TaskEnd, PopError>,
    ) -> Poll<Result<TaskEnd, PopError>> {
        self.memory.bells().register_host(task.waker());
        match take(self) {
            Err(PopError::Empty) => Poll::Pending,
            taken => Poll::Ready(taken),
        }
    }
}
