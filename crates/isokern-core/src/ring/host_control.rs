//! The host's line: stop, pause, lease and epoch.

use super::control::ControlLine;
use super::control_value::{Timed, halves, read_u32, read_u64, write};

const STOP: usize = 0;
const PAUSE: usize = 1;
const LEASE: usize = 2;
const EPOCH: usize = 4;

/// The writer of a host line: one for each line, with the turns it is at.
#[derive(Debug, Default)]
pub struct HostControl {
    stop: u32,
    pause: u32,
    lease: u32,
    epoch: u32,
}

impl HostControl {
    /// Returns the writer for a line that is all zero.
    #[must_use]
    pub const fn new() -> Self {
        Self { stop: 0, pause: 0, lease: 0, epoch: 0 }
    }

    /// Asks the device side to finish and exit.
    pub fn stop<L: ControlLine>(&mut self, line: &L) {
        self.stop = write(line, STOP, self.stop, [1]);
    }

    /// Asks the device side to stop taking messages, or to go on.
    pub fn pause<L: ControlLine>(&mut self, line: &L, is_paused: bool) {
        self.pause = write(line, PAUSE, self.pause, [u32::from(is_paused)]);
    }

    /// Shows that the host lives, at `now_ns` of its monotonic clock. A device that sees the
    /// turn do not change for too long exits by itself.
    pub fn renew_lease<L: ControlLine>(&mut self, line: &L, now_ns: u64) {
        self.lease = write(line, LEASE, self.lease, halves(now_ns));
    }

    /// Starts another run of the same actor: takes back stop and pause, then shows the epoch.
    /// Who waits for the epoch sees both taken back.
    pub fn begin<L: ControlLine>(&mut self, line: &L, epoch: u32) {
        self.stop = write(line, STOP, self.stop, [0]);
        self.pause = write(line, PAUSE, self.pause, [0]);
        self.epoch = write(line, EPOCH, self.epoch, [epoch]);
    }
}

/// The host line as the device side last saw it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostView {
    epoch: Timed<u32>,
    lease: Timed<u64>,
    is_stopped: bool,
    is_paused: bool,
}

impl HostView {
    /// Reads every value; `None` while one is being written: look again.
    ///
    /// Each value is of one write. Two values may be of different moments; the epoch is read
    /// first, so the others are at least as new as it.
    pub fn read<L: ControlLine>(line: &L) -> Option<Self> {
        Some(Self {
            epoch: read_u32(line, EPOCH)?,
            lease: read_u64(line, LEASE)?,
            is_stopped: read_u32(line, STOP)?.value != 0,
            is_paused: read_u32(line, PAUSE)?.value != 0,
        })
    }

    /// Returns whether the host wants the device side to exit.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Returns whether the host wants no message taken.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Returns the host's monotonic time at its last sign of life, in ns.
    #[must_use]
    pub const fn lease(&self) -> Timed<u64> {
        self.lease
    }

    /// Returns which run of the actor the host speaks of.
    #[must_use]
    pub const fn epoch(&self) -> Timed<u32> {
        self.epoch
    }
}
