//! What a worker does with the task it took: from the claim to the slot's next state.

use super::completion::{Completion, TaskOutcome};
use super::context::WorkerContext;
use super::faults::{
    FAULT_CANCELLED, FAULT_CODES_START, FAULT_COUNTER, FAULT_EXPIRED, FAULT_RESERVED_CODE,
};
use super::hand::{EPOCH_MAX, Hand, JOIN_EPOCH, Place};
use super::handler::TaskHandler;
use super::queue;
use super::shared_slot::ClaimedTask;
use super::sidecar::{SidecarFlags, tell};
use super::slot::TaskSlot;
use super::step::TaskStep;
use super::tally::Tally;
use super::task_memory::{TaskBells, WorkerMemory};
use crate::call::Clock;
use crate::ring::{DEADLINE_TICK_NS, SharedWord};
use crate::team::Team;

/// How a task ends, and its fault code.
type End = (TaskOutcome, u32);

const DONE: End = (TaskOutcome::Done, 0);
const CANCELLED: End = (TaskOutcome::Cancelled, FAULT_CANCELLED);

impl Hand {
    /// Claims the task in a slot that came out of a queue, and runs it.
    pub(super) fn run<M, H, C, T>(&mut self, memory: &M, index: u32, with: (&H, &C, &T))
    where
        M: WorkerMemory,
        H: TaskHandler<T>,
        C: Clock,
        T: Team,
    {
        let Some((place, value)) = self.claim(memory, index) else { return };
        let (handler, clock, team) = with;
        let mut context =
            WorkerContext::new(self, memory, clock, handler.op_count(), &place, &value);
        let step = handler.run(team, &value, &mut context);
        self.after_handler(memory, clock, &place, value, step);
    }

    /// Claims the task in a slot, and has it in hand; `None` where it does not run.
    #[inline]
    pub(super) fn claim<'m, M: WorkerMemory>(
        &mut self,
        memory: &'m M,
        index: u32,
    ) -> Option<(Place<'m, M::Word>, TaskSlot)> {
        let Some(place) = Place::of(memory, index) else {
            self.count(memory, Tally::Refused);
            return None;
        };
        let Ok(claimed) = place.slot.try_claim() else {
            self.count(memory, Tally::Refused);
            return None;
        };
        place.sidecar.worker.store_relaxed(self.number);
        place.sidecar.claimed.store(self.now_ns);
        if let Some(step) = self.before_run(&place, claimed.value()) {
            self.after_run(memory, &place, claimed, step);
            return None;
        }
        let value = claimed.release();
        self.set_in_hand(memory, Some(index));
        Some((place, value))
    }

    /// Does what the handler of the task in hand wants.
    #[inline]
    pub(super) fn after_handler<M: WorkerMemory, C: Clock>(
        &mut self,
        memory: &M,
        clock: &C,
        place: &Place<'_, M::Word>,
        value: TaskSlot,
        step: TaskStep,
    ) {
        self.set_in_hand(memory, None);
        self.now_ns = clock.now_ns();
        let step = self.after_flags(place, step);
        self.after_run(memory, place, place.slot.taken(value), step);
    }

    /// Ends the task whose handler never came back, after a panic.
    pub(super) fn recover<M: WorkerMemory>(&mut self, memory: &M, code: u32) {
        let place = self.running.and_then(|index| Place::of(memory, index));
        self.set_in_hand(memory, None);
        if let Some(place) = place {
            self.count(memory, Tally::Panics);
            let claimed = place.slot.taken(place.slot.snapshot());
            self.after_run(memory, &place, claimed, Next::End((TaskOutcome::Faulted, code)));
        }
    }

    /// Returns what becomes of a claimed task that is not to run.
    fn before_run<W: SharedWord>(&self, place: &Place<'_, W>, task: &TaskSlot) -> Option<Next> {
        let flags = place.sidecar.flags();
        if flags == SidecarFlags::default() && place.sidecar.deadline_ticks.load_relaxed() == 0 {
            return None;
        }
        let code = place.sidecar.code.load_relaxed();
        if flags.contains(SidecarFlags::ENDING_DONE) {
            Some(Next::End(DONE))
        } else if flags.contains(SidecarFlags::ENDING_FAULTED) {
            Some(Next::End((TaskOutcome::Faulted, code)))
        } else if flags.contains(SidecarFlags::ENDING_CANCELLED)
            || flags.contains(SidecarFlags::CANCELLED)
        {
            Some(Next::End(CANCELLED))
        } else if self.is_expired(place, task) {
            Some(Next::End((TaskOutcome::Faulted, FAULT_EXPIRED)))
        } else if flags.contains(SidecarFlags::PAUSE_ASKED) {
            let (pc, data) = task.continuation();
            Some(Next::AskedPause { pc, data })
        } else {
            None
        }
    }

    fn is_expired<W: SharedWord>(&self, place: &Place<'_, W>, task: &TaskSlot) -> bool {
        let limit_ns = u64::from(place.sidecar.deadline_ticks.load_relaxed()) * DEADLINE_TICK_NS;
        let waited_ns = self.now_ns.saturating_sub(place.sidecar.enqueued.load());
        let has_run = task.yield_count() != 0 || task.requeue_count() != 0;
        limit_ns != 0 && waited_ns > limit_ns && !has_run
    }

    /// Returns what was asked for while the task ran goes before what it wants itself, unless it
    /// ended.
    fn after_flags<W: SharedWord>(&self, place: &Place<'_, W>, step: TaskStep) -> Next {
        let (pc, data) = match step {
            TaskStep::Done => return Next::End(DONE),
            TaskStep::Fault { code } => {
                let code = if code < FAULT_CODES_START { code } else { FAULT_RESERVED_CODE };
                return Next::End((TaskOutcome::Faulted, code));
            }
            TaskStep::Yield { pc, data }
            | TaskStep::Requeue { pc, data, .. }
            | TaskStep::Pause { pc, data, .. }
            | TaskStep::Join { pc, data } => (pc, data),
        };
        let flags = place.sidecar.flags();
        if flags.contains(SidecarFlags::CANCELLED) {
            Next::End(CANCELLED)
        } else if flags.contains(SidecarFlags::PAUSE_ASKED)
            && matches!(step, TaskStep::Yield { .. })
        {
            Next::AskedPause { pc, data }
        } else {
            Next::Step(step)
        }
    }

    fn after_run<M: WorkerMemory>(
        &mut self,
        memory: &M,
        place: &Place<'_, M::Word>,
        claimed: ClaimedTask<'_, M::Word>,
        next: Next,
    ) {
        let task = *claimed.value();
        let step = match next {
            Next::End(end) => return self.end(memory, place, claimed, end),
            Next::AskedPause { pc, data } => {
                place.sidecar.clear_flags(SidecarFlags::PAUSE_ASKED);
                let epoch = place.sidecar.asked_epoch.load_relaxed();
                TaskStep::Pause { pc, data, epoch }
            }
            Next::Step(step) => step,
        };
        match step {
            TaskStep::Yield { pc, data } if task.yield_count() < u32::MAX => {
                self.count(memory, Tally::Yields);
                let _ = claimed.yield_at(pc, data);
                self.queue(memory, place, task.priority().unwrap_or_default());
            }
            TaskStep::Requeue { pc, data, priority } if task.can_requeue() => {
                self.count(memory, Tally::Requeues);
                let _ = claimed.requeue(pc, data, priority);
                self.queue(memory, place, priority);
            }
            TaskStep::Pause { pc, data, epoch } => {
                self.pause(memory, place, claimed, (pc, data, epoch.min(EPOCH_MAX)));
            }
            TaskStep::Join { pc, data } => self.join(memory, place, claimed, (pc, data)),
            TaskStep::Done => self.end(memory, place, claimed, DONE),
            TaskStep::Fault { code } => {
                self.end(memory, place, claimed, (TaskOutcome::Faulted, code));
            }
            TaskStep::Yield { .. } | TaskStep::Requeue { .. } => {
                self.end(memory, place, claimed, (TaskOutcome::Faulted, FAULT_COUNTER));
            }
        }
    }

    /// Lets the task wait for an epoch, and looks afterwards whether it has been told already.
    fn pause<M: WorkerMemory>(
        &mut self,
        memory: &M,
        place: &Place<'_, M::Word>,
        claimed: ClaimedTask<'_, M::Word>,
        (pc, data, epoch): (u32, u32, u32),
    ) {
        self.count(memory, Tally::Pauses);
        // Read before the pause: after it the slot may be another task's at any moment.
        let event = memory.line().event(place.sidecar.event.load_relaxed());
        let turn = claimed.pause_turn(pc, data, epoch);
        // Whoever tells an epoch changes the word and then looks at the slot; here it is the
        // other way round, and one of the two sees the other.
        let told = place.sidecar.tell_epoch(0).max(event.map_or(0, |event| tell(event, 0)));
        // Of this pause alone: somebody may have been faster, and the slot have another task.
        let resumed = turn.and_then(|turn| place.slot.try_resume_turn(told, turn));
        if resumed.is_ok() {
            self.queue_resumed(memory, place);
        }
        self.count_went(memory);
    }

    /// Lets the task wait for its children, and takes its own 1 from their number.
    fn join<M: WorkerMemory>(
        &mut self,
        memory: &M,
        place: &Place<'_, M::Word>,
        claimed: ClaimedTask<'_, M::Word>,
        (pc, data): (u32, u32),
    ) {
        self.count(memory, Tally::Pauses);
        let _ = claimed.pause(pc, data, JOIN_EPOCH);
        self.release(memory, place);
        self.count_went(memory);
    }

    /// Ends the task, or lets the end wait for the tasks that it spawned.
    pub(super) fn end<M: WorkerMemory>(
        &mut self,
        memory: &M,
        place: &Place<'_, M::Word>,
        claimed: ClaimedTask<'_, M::Word>,
        (outcome, code): End,
    ) {
        let sidecar = place.sidecar;
        if sidecar.pending.load_acquire() > 1 {
            sidecar.code.store_relaxed(code);
            sidecar.set_flags(SidecarFlags::ending(outcome));
            return self.join(memory, place, claimed, (0, 0));
        }
        let (generation, flags) = (sidecar.generation(), sidecar.flags());
        let enqueued_ns = sidecar.enqueued.load();
        sidecar.last.store(self.now_ns);
        let _ = match outcome {
            TaskOutcome::Done => claimed.complete(),
            TaskOutcome::Faulted | TaskOutcome::Cancelled => claimed.fault(code),
        };
        self.release_join(memory, sidecar, outcome != TaskOutcome::Done);
        // From here on the slot may be another task's.
        if flags.contains(SidecarFlags::SPAWNED) {
            self.count(memory, Tally::SpawnedEnded);
            let places = self.shape.queue_places;
            queue::push(memory.spare(), places, place.index, || memory.wait());
        } else {
            let elapsed_ns = self.now_ns.saturating_sub(enqueued_ns);
            let completion = Completion::new(place.index, generation, outcome, code, elapsed_ns);
            let tally = match outcome {
                TaskOutcome::Done => Tally::Done,
                TaskOutcome::Faulted => Tally::Faulted,
                TaskOutcome::Cancelled => Tally::Cancelled,
            };
            self.count(memory, tally);
            self.complete(memory, completion);
        }
        self.count_went(memory);
    }

    /// Says that a task has ended. The ring has a place for each slot of the host, so it has one
    /// for this.
    fn complete<M: WorkerMemory>(&mut self, memory: &M, completion: Completion) {
        if let Some(ring) = memory.completions(self.number) {
            let _ = self.out.try_push(ring, completion);
            if let Some(line) = memory.worker_line(self.number) {
                line.tail.store_release(self.out.tail());
            }
            memory.bells().ring_host();
        }
    }
}

/// What becomes of a task after a claim.
enum Next {
    Step(TaskStep),
    AskedPause { pc: u32, data: u32 },
    End(End),
}
