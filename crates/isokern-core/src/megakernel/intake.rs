//! How what the host said comes to the workers: one of them takes it in, under a lock word.

use super::completion::TaskOutcome;
use super::faults::FAULT_JOIN;
use super::hand::{EPOCH_MAX, Hand, JOIN_EPOCH, Place};
use super::sidecar::{SidecarFlags, tell};
use super::state::{TaskPriority, TaskState};
use super::submission::{Submission, SubmissionKind};
use super::tally::Tally;
use super::task_memory::{INLETS, TaskBells, WorkerMemory};
use crate::ring::{ConsumerState, SharedCell, SharedCounter, SharedRing, SharedRmw, SharedWord};

/// Messages of an inlet that are taken in at a time.
const BATCH: u32 = 32;

impl Hand {
    /// Looks at the host's words when what was seen of them is too old
    /// ([`LOOK_NS`](WorkerMemory::LOOK_NS)); returns whether it did.
    #[inline]
    pub(super) fn look_if_due<M: WorkerMemory>(&mut self, memory: &M, is_busy: bool) -> bool {
        let is_due = M::LOOK_NS == 0 || self.now_ns >= self.next_look_ns;
        if is_due {
            self.look(memory, is_busy);
        }
        is_due
    }

    /// Looks whether the host asks to stop, and takes in what was submitted, unless the slice is
    /// over, there is nothing, or another worker is at it.
    ///
    /// `is_busy` says that this worker has a task in hand, so another one is wanted for those
    /// that come.
    #[inline]
    pub(super) fn look<M: WorkerMemory>(&mut self, memory: &M, is_busy: bool) {
        self.next_look_ns = self.now_ns.saturating_add(M::LOOK_NS);
        // Loads of which none waits for another.
        self.is_stopped = memory.gate().is_stopped();
        let has_some = INLETS.into_iter().fold(false, |has, inlet| has | shows_some(memory, inlet));
        if has_some && !self.is_over() {
            self.take_in(memory, is_busy);
        }
    }

    #[inline(never)] // A look in vain does without its frame.
    fn take_in<M: WorkerMemory>(&mut self, memory: &M, is_busy: bool) {
        let lock = &memory.line().intake;
        if lock.load_relaxed() != 0 || lock.compare_exchange(0, 1).is_err() {
            return;
        }
        let mut task_count = 0;
        for inlet in INLETS {
            task_count += self.take_in_inlet(memory, inlet);
        }
        lock.store_release(0);
        if task_count > u32::from(!is_busy) {
            memory.bells().ring_worker();
        }
    }

    fn take_in_inlet<M: WorkerMemory>(&mut self, memory: &M, inlet: u32) -> u32 {
        let ring = memory.submissions(inlet);
        let head = memory.line().head(inlet);
        let mut consumer = ConsumerState::starting_at(head.load_relaxed());
        let mut task_count = 0;
        for _ in 0..BATCH {
            let Ok(submission) = consumer.try_take::<Submission, _>(ring) else {
                break;
            };
            task_count += u32::from(self.take_in_one(memory, &submission));
        }
        // Before the host learns of it: who sees that the host went on from there sees this, too.
        head.store_release(consumer.head());
        consumer.publish_head(ring);
        task_count
    }

    /// Returns whether there is one more task to run.
    fn take_in_one<M: WorkerMemory>(&mut self, memory: &M, submission: &Submission) -> bool {
        let kind = submission.kind();
        match kind {
            Some(SubmissionKind::Task) => return self.take_task(memory, submission, false),
            Some(SubmissionKind::Held) => return self.take_task(memory, submission, true),
            Some(SubmissionKind::Signal) => return self.signal(memory, submission),
            Some(SubmissionKind::Pause | SubmissionKind::Resume | SubmissionKind::Cancel)
            | None => {}
        }
        let is_host_s = submission.slot() < self.shape.host_slots;
        let place = Place::of(memory, submission.slot()).filter(|_| is_host_s);
        // Whoever has the intake fills the host's slots, so the generation stays what it is.
        let place = place.filter(|it| it.sidecar.generation() == submission.generation());
        let Some(place) = place else {
            return false;
        };
        match kind {
            Some(SubmissionKind::Resume) => self.take_resume(memory, &place, submission.value()),
            Some(SubmissionKind::Cancel) => self.take_cancel(memory, &place),
            Some(SubmissionKind::Pause) => {
                place.sidecar.asked_epoch.store_relaxed(submission.value().min(EPOCH_MAX));
                place.sidecar.set_flags(SidecarFlags::PAUSE_ASKED);
            }
            Some(SubmissionKind::Task | SubmissionKind::Held | SubmissionKind::Signal) | None => {}
        }
        false
    }

    fn take_task<M: WorkerMemory>(
        &mut self,
        memory: &M,
        submission: &Submission,
        is_held: bool,
    ) -> bool {
        let is_host_s = submission.slot() < self.shape.host_slots;
        let place = Place::of(memory, submission.slot()).filter(|_| is_host_s);
        let Some(place) = place.filter(|place| place.slot.is_free()) else {
            self.count(memory, Tally::Refused);
            return false;
        };
        let parent = submission.join().map(|slot| Place::of(memory, slot));
        let parent_task_id = match &parent {
            Some(Some(parent)) => parent.slot.snapshot().task_id(),
            Some(None) | None => 0,
        };
        let flags = if is_held { SidecarFlags::HELD } else { SidecarFlags::default() };
        place.sidecar.begin(submission, flags, self.now_ns);
        if place.slot.fill(submission.to_slot(parent_task_id)).is_err() {
            self.count(memory, Tally::Refused);
            return false;
        }
        self.count(memory, Tally::Taken);
        match parent {
            None => {}
            Some(Some(parent)) if is_waiting_for_release(&parent) => {
                parent.sidecar.pending.fetch_add(1);
            }
            Some(_) => {
                place.sidecar.join.store_relaxed(0);
                return self.refuse_join(memory, &place);
            }
        }
        if is_held {
            return self.keep(memory, &place, JOIN_EPOCH);
        }
        let event = memory.line().event(submission.event());
        if event.is_some_and(|event| event.load_acquire() < submission.value()) {
            return self.keep(memory, &place, submission.value().min(EPOCH_MAX));
        }
        let class = place.slot.class().unwrap_or(TaskPriority::Normal);
        self.count_came(memory);
        self.queue(memory, &place, class);
        true
    }

    /// Lets a task that was just filled wait for an epoch. It is in no queue, so nobody claims it.
    fn keep<M: WorkerMemory>(
        &mut self,
        memory: &M,
        place: &Place<'_, M::Word>,
        epoch: u32,
    ) -> bool {
        if let Ok(claimed) = place.slot.try_claim() {
            let (pc, data) = claimed.value().continuation();
            // From Running it cannot fail.
            let _ = claimed.pause(pc, data, epoch);
            self.count(memory, Tally::Pauses);
        }
        false
    }

    fn refuse_join<M: WorkerMemory>(&mut self, memory: &M, place: &Place<'_, M::Word>) -> bool {
        if place.slot.claim().is_ok()
            && let Some(line) = memory.worker_line(self.number)
        {
            self.count_came(memory);
            self.end(memory, line, place, (TaskOutcome::Faulted, FAULT_JOIN));
        }
        false
    }

    fn take_resume<M: WorkerMemory>(&mut self, memory: &M, place: &Place<'_, M::Word>, epoch: u32) {
        if place.sidecar.flags().contains(SidecarFlags::HELD) {
            place.sidecar.clear_flags(SidecarFlags::HELD);
            self.release(memory, place);
            return;
        }
        let told = place.sidecar.tell_epoch(epoch.min(EPOCH_MAX));
        self.resume(memory, place, told);
    }

    fn take_cancel<M: WorkerMemory>(&mut self, memory: &M, place: &Place<'_, M::Word>) {
        place.sidecar.set_flags(SidecarFlags::CANCELLED);
        // A task that waits is woken, so that the one who claims it ends it.
        self.take_resume(memory, place, EPOCH_MAX);
    }

    /// Says an event's value and wakes the tasks that waited for it: a look at every slot of the
    /// host.
    fn signal<M: WorkerMemory>(&mut self, memory: &M, submission: &Submission) -> bool {
        let number = submission.event();
        let Some(event) = memory.line().event(number) else {
            return false;
        };
        let value = tell(event, submission.value().min(EPOCH_MAX));
        let mut has_resumed = false;
        for place in (0..self.shape.host_slots).filter_map(|index| Place::of(memory, index)) {
            if place.sidecar.event.load_relaxed() == number {
                has_resumed |= self.resume(memory, &place, value);
            }
        }
        has_resumed
    }
}

/// Returns whether an inlet shows a submission: a hint, whose words may be of two moments.
#[inline]
fn shows_some<M: WorkerMemory>(memory: &M, inlet: u32) -> bool {
    let (ring, ticket) = (memory.submissions(inlet), memory.line().head(inlet).load_relaxed());
    let slots = ring.slot_count();
    ring.cell(slots.slot_index(ticket), 0).poll().turn == slots.turn(ticket)
}

/// Returns whether nothing is published. A worker that takes in shows so only when it is through.
pub(super) fn is_empty<M: WorkerMemory>(memory: &M, inlet: u32) -> bool {
    let head = memory.line().head(inlet).load_acquire();
    ConsumerState::starting_at(head).is_empty(memory.submissions(inlet))
}

fn is_waiting_for_release<W: SharedRmw + SharedCounter>(place: &Place<'_, W>) -> bool {
    let is_held = place.sidecar.flags().contains(SidecarFlags::HELD);
    is_held && place.slot.state_now() == Some(TaskState::Paused)
}
