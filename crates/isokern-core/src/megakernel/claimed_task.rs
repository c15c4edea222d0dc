//! A claimed task: the steps that its worker takes, each of which gives it up.

use core::mem::ManuallyDrop;

use super::shared_slot::{ODD, SharedTaskSlot, SlotEnd};
use super::slot::TaskSlot;
use super::state::TaskPriority;
use super::transition::TaskTransitionError;
use crate::ring::SharedWord;

/// A task in the hands of the one worker that claimed it.
///
/// Each step writes the slot and gives it up. Dropped without one, the task is faulted with
/// [`FAULT_ABANDONED`]: no slot stays Running.
#[derive(Debug)]
#[must_use = "take a step, or the task is faulted"]
pub struct ClaimedTask<'s, W: SharedWord> {
    slot: &'s SharedTaskSlot<W>,
    value: TaskSlot,
}

/// The fault code of a task whose worker dropped it without a step.
pub const FAULT_ABANDONED: u32 = u32::MAX;

impl<'s, W: SharedWord> ClaimedTask<'s, W> {
    pub(super) const fn new(slot: &'s SharedTaskSlot<W>, value: TaskSlot) -> Self {
        Self { slot, value }
    }
}

impl<W: SharedWord> ClaimedTask<'_, W> {
    /// Returns the task as it was claimed.
    #[must_use]
    pub const fn value(&self) -> &TaskSlot {
        &self.value
    }

    /// See [`TaskSlot::pause`].
    ///
    /// # Errors
    ///
    /// None from Running; the slot is then paused.
    pub fn pause(self, pc: u32, data: u32, epoch: u32) -> Result<(), TaskTransitionError> {
        self.pause_turn(pc, data, epoch).map(|_| ())
    }

    /// Works as [`pause`](Self::pause), and returns the turn of this pause.
    pub(super) fn pause_turn(
        self,
        pc: u32,
        data: u32,
        epoch: u32,
    ) -> Result<u32, TaskTransitionError> {
        let paused = self.value.pause(pc, data, epoch)?;
        let claimed = ManuallyDrop::new(self);
        let next_even = (claimed.slot.turn() & !ODD).wrapping_add(2 * ODD);
        claimed.slot.store(paused, next_even);
        Ok(next_even)
    }

    /// See [`TaskSlot::yield_at`].
    ///
    /// # Errors
    ///
    /// [`CounterOverflow`](TaskTransitionError::CounterOverflow); the task is then faulted.
    pub fn yield_at(self, pc: u32, data: u32) -> Result<(), TaskTransitionError> {
        let next = self.value.yield_at(pc, data);
        self.finish(next)
    }

    /// See [`TaskSlot::requeue`].
    ///
    /// # Errors
    ///
    /// [`CounterOverflow`](TaskTransitionError::CounterOverflow); the task is then faulted.
    pub fn requeue(
        self,
        pc: u32,
        data: u32,
        priority: TaskPriority,
    ) -> Result<(), TaskTransitionError> {
        let next = self.value.requeue(pc, data, priority);
        self.finish(next)
    }

    /// See [`TaskSlot::complete`].
    ///
    /// # Errors
    ///
    /// None from Running; the slot is then done.
    pub fn complete(self) -> Result<(), TaskTransitionError> {
        ManuallyDrop::new(self).slot.end(SlotEnd::Done);
        Ok(())
    }

    /// See [`TaskSlot::fault`].
    ///
    /// # Errors
    ///
    /// None from Running; the slot is then faulted.
    pub fn fault(self, code: u32) -> Result<(), TaskTransitionError> {
        ManuallyDrop::new(self).slot.end(SlotEnd::Faulted { code });
        Ok(())
    }

    /// Writes the slot after a step, or faults it by dropping `self`.
    fn finish(
        self,
        next: Result<TaskSlot, TaskTransitionError>,
    ) -> Result<(), TaskTransitionError> {
        let next = next?;
        let claimed = ManuallyDrop::new(self);
        claimed.slot.store(next, claimed.slot.turn());
        Ok(())
    }
}

impl<W: SharedWord> Drop for ClaimedTask<'_, W> {
    fn drop(&mut self) {
        self.slot.end(SlotEnd::Faulted { code: FAULT_ABANDONED });
    }
}
