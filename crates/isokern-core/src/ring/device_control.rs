//! The device's line: state, heartbeat, counters and the fault record.

use super::control::ControlLine;
use super::control_value::{Timed, halves, read, read_u32, read_u64, write};
use super::words::SharedCell;
use crate::numbered;

const STATE: usize = 0;
const HEARTBEAT: usize = 1;
const TAKEN: usize = 2;
const ANSWERED: usize = 4;
const EXPIRED: usize = 6;
const FAULT: usize = 8;
const SHUTDOWN: usize = 12;
const FAILED: usize = 14;

numbered! {
    /// The state of the device side of an actor.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum DeviceState: u32, code, from_code {
        /// Not started, or the memory is new.
        #[default]
        Absent = 0,
        /// Takes messages.
        Running = 1,
        /// Alive; takes none until the pause is over.
        Paused = 2,
        /// Finishes what it took.
        Draining = 3,
        /// Left on request or because the lease ran out.
        Exited = 4,
        /// Left because of the fault in the record.
        Faulted = 5,
        /// Started, prepares its state; takes no message yet.
        Initializing = 6,
    }
}

impl DeviceState {
    /// Returns whether the device side has left and will take no message.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Exited | Self::Faulted)
    }
}

/// Why a device side left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ActorFault {
    /// What kind of fault; never 0.
    pub code: u32,
    /// The ticket at which it happened.
    pub ticket: u32,
    /// Whatever helps to find it: a line, an address.
    pub detail: u64,
}

/// An error of a handler, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ErrorRecord {
    /// The error's stable code; a [`KernelError`](crate::KernelError) has one above 2000.
    pub code: u32,
    /// The number within the code, 0 when it has none.
    pub detail: u32,
}

/// The writer of a device line: one for each line, with the turns it is at.
#[derive(Debug, Default)]
pub struct DeviceControl {
    state: u32,
    heartbeat: u32,
    taken: u32,
    answered: u32,
    expired: u32,
    fault: u32,
    shutdown: u32,
    failed: u32,
}

impl DeviceControl {
    /// Returns the writer for a line that is all zero.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: 0,
            heartbeat: 0,
            taken: 0,
            answered: 0,
            expired: 0,
            fault: 0,
            shutdown: 0,
            failed: 0,
        }
    }

    /// Returns the writer for the line of a device side that is gone, maybe amid a write.
    pub fn resuming<L: ControlLine>(line: &L) -> Self {
        // The first cell of a value is written first, so its turn is the latest.
        let turn = |cell_index| line.cell(cell_index).poll_acquire().turn;
        Self {
            state: turn(STATE),
            heartbeat: turn(HEARTBEAT),
            taken: turn(TAKEN),
            answered: turn(ANSWERED),
            expired: turn(EXPIRED),
            fault: turn(FAULT),
            shutdown: turn(SHUTDOWN),
            failed: turn(FAILED),
        }
    }

    /// Shows a state; whatever was written before is seen by who sees the state.
    pub fn enter<L: ControlLine>(&mut self, line: &L, state: DeviceState) {
        self.state = write(line, STATE, self.state, [state.code()]);
    }

    /// Shows a sign of life: the turn moves on, the data is the device's own count or clock.
    pub fn beat<L: ControlLine>(&mut self, line: &L, beat: u32) {
        self.heartbeat = write(line, HEARTBEAT, self.heartbeat, [beat]);
    }

    /// Shows how many messages were taken in all. Show what became of them before.
    pub fn count_taken<L: ControlLine>(&mut self, line: &L, count: u64) {
        self.taken = write(line, TAKEN, self.taken, halves(count));
    }

    /// Shows how many messages were handled to an `Ok` in all.
    pub fn count_answered<L: ControlLine>(&mut self, line: &L, count: u64) {
        self.answered = write(line, ANSWERED, self.answered, halves(count));
    }

    /// Shows for how many messages the deadline passed, before or while they were handled.
    pub fn count_expired<L: ControlLine>(&mut self, line: &L, count: u64) {
        self.expired = write(line, EXPIRED, self.expired, halves(count));
    }

    /// Shows how many messages were handled to an error in all.
    pub fn count_failed<L: ControlLine>(&mut self, line: &L, count: u64) {
        self.failed = write(line, FAILED, self.failed, halves(count));
    }

    /// Writes the fault record, then the state [`Faulted`](DeviceState::Faulted).
    pub fn fault<L: ControlLine>(&mut self, line: &L, fault: ActorFault) {
        let [low, high] = halves(fault.detail);
        self.fault = write(line, FAULT, self.fault, [fault.code, fault.ticket, low, high]);
        self.enter(line, DeviceState::Faulted);
    }

    /// Shows that an incarnation's `shutdown` failed. Write it before the state it led to.
    pub fn fail_shutdown<L: ControlLine>(&mut self, line: &L, error: ErrorRecord) {
        self.shutdown = write(line, SHUTDOWN, self.shutdown, [error.code, error.detail]);
    }
}

/// The device line as the host last saw it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceView {
    state: Timed<u32>,
    heartbeat: Timed<u32>,
    taken: u64,
    answered: u64,
    expired: u64,
    failed: u64,
    fault: Option<ActorFault>,
    shutdown_error: Option<ErrorRecord>,
}

impl DeviceView {
    /// Reads every value; `None` while one is being written: look again.
    ///
    /// Each value is of one write. The state is read first, so the others are at least as new
    /// as it: who sees [`Faulted`](DeviceState::Faulted) also sees the fault.
    pub fn read<L: ControlLine>(line: &L) -> Option<Self> {
        let state = read_u32(line, STATE)?;
        let heartbeat = read_u32(line, HEARTBEAT)?;
        let (taken, answered) = (read_u64(line, TAKEN)?.value, read_u64(line, ANSWERED)?.value);
        let (expired, failed) = (read_u64(line, EXPIRED)?.value, read_u64(line, FAILED)?.value);
        let Timed { value: [code, ticket, low, high], turn } = read(line, FAULT)?;
        let detail = u64::from(high) << 32 | u64::from(low);
        let fault = (turn != 0).then_some(ActorFault { code, ticket, detail });
        let Timed { value: [code, detail], turn } = read(line, SHUTDOWN)?;
        let shutdown_error = (turn != 0).then_some(ErrorRecord { code, detail });
        Some(Self { state, heartbeat, taken, answered, expired, failed, fault, shutdown_error })
    }

    /// Returns the state; `None` when a newer version wrote one unknown here.
    #[must_use]
    pub const fn state(&self) -> Option<DeviceState> {
        DeviceState::from_code(self.state.value)
    }

    /// Returns the last sign of life. Its turn stops when the device does.
    #[must_use]
    pub const fn heartbeat(&self) -> Timed<u32> {
        self.heartbeat
    }

    /// Returns how many messages were taken in all.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// Returns how many messages were handled to an `Ok`, with a reply or without.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.answered
    }

    /// Returns how many messages had a deadline that passed before or while they were handled.
    #[must_use]
    pub const fn expired(&self) -> u64 {
        self.expired
    }

    /// Returns how many messages were handled to an error.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.failed
    }

    /// Returns how many were taken and not handled to an end: the actor was stopped or faulted
    /// first, or would not take their buffer or kind. Those taken without the other three.
    #[must_use]
    pub const fn turned_away(&self) -> u64 {
        self.taken.saturating_sub(self.answered + self.failed + self.expired)
    }

    /// Returns why the device side left, if it was a fault.
    #[must_use]
    pub const fn fault(&self) -> Option<ActorFault> {
        self.fault
    }

    /// Returns the error of the last `shutdown` that failed, if one did.
    #[must_use]
    pub const fn shutdown_error(&self) -> Option<ErrorRecord> {
        self.shutdown_error
    }
}
