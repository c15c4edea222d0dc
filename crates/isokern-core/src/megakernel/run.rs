//! What a worker does with the task it took: from the claim to the slot's next state.

use super::completion::{Completion, TaskOutcome};
use super::context::WorkerContext;
use super::faults::{
    FAULT_CANCELLED, FAULT_CODES_START, FAULT_COUNTER, FAULT_EXPIRED, FAULT_RESERVED_CODE,
};
use super::hand::{EPOCH_MAX, Hand, JOIN_EPOCH, Place};
use super::handler::TaskHandler;
use super::lines::WorkerLine;
use super::queue;
use super::shared_slot::SlotEnd;
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
    /// Takes in what was submitted, and returns the slot of the next task; `None` where there is
    /// none, or the slice is over.
    #[inline]
    pub(super) fn next<M: WorkerMemory>(&mut self, memory: &M) -> Option<u32> {
        let mut has_looked = self.look_if_due(memory, false);
        loop {
            if self.is_over() {
                return None;
            }
            let next = self.take_next(memory);
            if next.is_some() || has_looked {
                return next;
            }
            self.look(memory, false);
            has_looked = true;
        }
    }

    /// Returns whether the slice is over, at the last look.
    #[inline]
    pub(super) const fn is_over(&self) -> bool {
        self.is_stopped || self.now_ns >= self.end_ns
    }

    /// Claims the task in a slot that came out of a queue, and runs it.
    #[inline]
    pub(super) fn run<M, H, C, T>(
        &mut self,
        memory: &M,
        line: &WorkerLine<M::Word>,
        index: u32,
        with: (&H, &C, &T),
    ) where
        M: WorkerMemory,
        H: TaskHandler<T>,
        C: Clock,
        T: Team,
    {
        let Some(place) = self.claim(memory, line, index) else { return };
        let value = place.slot.claimed();
        if !self.take_in_hand(memory, line, &place, &value) {
            return;
        }
        let (handler, clock, team) = with;
        let mut context =
            WorkerContext::new(self, memory, clock, handler.op_count(), &place, &value);
        let step = handler.run(team, &value, &mut context);
        self.after_handler(memory, line, clock, &place, step);
    }

    /// Claims the task in a slot; `None` where there is none to be claimed, which is counted.
    #[inline]
    pub(super) fn claim<'m, M: WorkerMemory>(
        &mut self,
        memory: &'m M,
        line: &WorkerLine<M::Word>,
        index: u32,
    ) -> Option<Place<'m, M::Word>> {
        self.tallies.count(line, Tally::Claims);
        if let Some(place) = Place::of(memory, index)
            && place.slot.claim().is_ok()
        {
            return Some(place);
        }
        self.tallies.count(line, Tally::Refused);
        None
    }

    /// Takes the claimed task in hand, and returns whether it is to run; else it is ended or waits.
    #[inline]
    pub(super) fn take_in_hand<M: WorkerMemory>(
        &mut self,
        memory: &M,
        line: &WorkerLine<M::Word>,
        place: &Place<'_, M::Word>,
        task: &TaskSlot,
    ) -> bool {
        place.sidecar.worker.store_relaxed(self.number);
        place.sidecar.claimed.store(self.now_ns);
        if let Some(next) = self.before_run(place, task) {
            self.after_run(memory, line, place, next);
            return false;
        }
        self.set_in_hand(line, Some(place.index));
        true
    }

    /// Does what the handler of the task in hand wants.
    #[inline]
    pub(super) fn after_handler<M: WorkerMemory, C: Clock>(
        &mut self,
        memory: &M,
        line: &WorkerLine<M::Word>,
        clock: &C,
        place: &Place<'_, M::Word>,
        step: TaskStep,
    ) {
        self.set_in_hand(line, None);
        self.now_ns = clock.now_ns();
        if step == TaskStep::Done {
            return self.end(memory, line, place, DONE);
        }
        let next = self.after_flags(place, step);
        self.after_run(memory, line, place, next);
    }

    /// Ends the task whose handler never came back, after a panic.
    pub(super) fn recover<M: WorkerMemory>(&mut self, memory: &M, code: u32) {
        let place = self.running.and_then(|index| Place::of(memory, index));
        let Some(line) = memory.worker_line(self.number) else { return };
        self.set_in_hand(line, None);
        if let Some(place) = place {
            self.tallies.count(line, Tally::Panics);
            self.end(memory, line, &place, (TaskOutcome::Faulted, code));
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
        line: &WorkerLine<M::Word>,
        place: &Place<'_, M::Word>,
        next: Next,
    ) {
        let step = match next {
            Next::End(end) => return self.end(memory, line, place, end),
            Next::AskedPause { pc, data } => {
                place.sidecar.clear_flags(SidecarFlags::PAUSE_ASKED);
                let epoch = place.sidecar.asked_epoch.load_relaxed();
                TaskStep::Pause { pc, data, epoch }
            }
            Next::Step(step) => step,
        };
        let fault = |code| (TaskOutcome::Faulted, code);
        // Read once more: a task that ends, as most do, has no value in memory.
        let task = &place.slot.snapshot();
        match step {
            TaskStep::Yield { pc, data } if task.yield_count() < u32::MAX => {
                self.tallies.count(line, Tally::Yields);
                let _ = place.slot.taken(*task).yield_at(pc, data);
                self.queue(memory, place, task.priority().unwrap_or_default());
            }
            TaskStep::Requeue { pc, data, priority } if task.can_requeue() => {
                self.tallies.count(line, Tally::Requeues);
                let _ = place.slot.taken(*task).requeue(pc, data, priority);
                self.queue(memory, place, priority);
            }
            TaskStep::Pause { pc, data, epoch } => {
                self.pause(memory, line, (place, task), (pc, data, epoch.min(EPOCH_MAX)));
            }
            TaskStep::Join { pc, data } => self.join(memory, line, (place, task), (pc, data)),
            TaskStep::Done => self.end(memory, line, place, DONE),
            TaskStep::Fault { code } => self.end(memory, line, place, fault(code)),
            TaskStep::Yield { .. } | TaskStep::Requeue { .. } => {
                self.end(memory, line, place, fault(FAULT_COUNTER));
            }
        }
    }

    /// Lets the task wait for an epoch, and looks afterwards whether it has been told already.
    fn pause<M: WorkerMemory>(
        &mut self,
        memory: &M,
        line: &WorkerLine<M::Word>,
        (place, task): (&Place<'_, M::Word>, &TaskSlot),
        (pc, data, epoch): (u32, u32, u32),
    ) {
        self.tallies.count(line, Tally::Pauses);
        // Read before the pause: after it the slot may be another task's at any moment.
        let event = memory.line().event(place.sidecar.event.load_relaxed());
        let turn = place.slot.taken(*task).pause_turn(pc, data, epoch);
        // Whoever tells an epoch changes the word and then looks at the slot; here it is the
        // other way round, and one of the two sees the other.
        let told = place.sidecar.tell_epoch(0).max(event.map_or(0, |event| tell(event, 0)));
        // Of this pause alone: somebody may have been faster, and the slot have another task.
        let resumed = turn.and_then(|turn| place.slot.try_resume_turn(told, turn));
        if resumed.is_ok() {
            self.queue_resumed(memory, place);
        }
        self.count_went(line);
    }

    /// Lets the task wait for its children, and takes its own 1 from their number.
    fn join<M: WorkerMemory>(
        &mut self,
        memory: &M,
        line: &WorkerLine<M::Word>,
        (place, task): (&Place<'_, M::Word>, &TaskSlot),
        (pc, data): (u32, u32),
    ) {
        self.tallies.count(line, Tally::Pauses);
        let _ = place.slot.taken(*task).pause(pc, data, JOIN_EPOCH);
        self.release(memory, place);
        self.count_went(line);
    }

    /// Ends the claimed task, or lets the end wait for the tasks that it spawned.
    #[inline(never)] // Every way to an end has this one.
    pub(super) fn end<M: WorkerMemory>(
        &mut self,
        memory: &M,
        line: &WorkerLine<M::Word>,
        place: &Place<'_, M::Word>,
        (outcome, code): End,
    ) {
        let sidecar = place.sidecar;
        if sidecar.pending.load_acquire() > 1 {
            sidecar.code.store_relaxed(code);
            sidecar.set_flags(SidecarFlags::ending(outcome));
            return self.join(memory, line, (place, &place.slot.snapshot()), (0, 0));
        }
        let (generation, flags) = (sidecar.generation(), sidecar.flags());
        let enqueued_ns = sidecar.enqueued.load();
        sidecar.last.store(self.now_ns);
        place.slot.end(match outcome {
            TaskOutcome::Done => SlotEnd::Done,
            TaskOutcome::Faulted | TaskOutcome::Cancelled => SlotEnd::Faulted { code },
        });
        self.release_join(memory, sidecar, outcome != TaskOutcome::Done);
        // From here on the slot may be another task's.
        if flags.contains(SidecarFlags::SPAWNED) {
            self.tallies.count(line, Tally::SpawnedEnded);
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
            self.tallies.count(line, tally);
            self.complete(memory, line, completion);
        }
        self.count_went(line);
    }

    /// Says that a task has ended, without a look at the host's end: the ring has a place for each
    /// slot of the host, and a slot that was filled again had its last end taken.
    fn complete<M: WorkerMemory>(
        &mut self,
        memory: &M,
        line: &WorkerLine<M::Word>,
        completion: Completion,
    ) {
        if let Some(ring) = memory.completions(self.number) {
            self.out.publish_unchecked(ring, &completion);
            line.tail.store_release(self.out.tail());
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
