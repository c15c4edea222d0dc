//! The host's time on a device, from the lease that the host renews.

use crate::ring::Timed;

/// Keeps what the host's clock is ahead of the device's timer.
///
/// Each renewed lease has the host's time of its writing. A device that sees it later knows that
/// the host is at least that far: `host - device` at that moment is a lower bound of the true
/// difference, short by the time on the way. The best bound counts; it loses 200 parts in a million
/// of the time since, more than two crystals part (100 ppm each is usual), so that a bound of long
/// ago does not hold when the clocks drift the other way.
///
/// ```
/// use isokern_core::device::ClockLink;
/// use isokern_core::ring::Timed;
///
/// let mut link = ClockLink::new();
/// link.see(Timed { value: 5_000, turn: 1 }, 1_000); // seen at 1000 of the device's timer
/// assert_eq!(link.host_ns(1_500), 5_500);
/// link.see(Timed { value: 6_000, turn: 2 }, 2_900); // seen late: the first bound is better
/// assert_eq!(link.host_ns(3_000), 7_000);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockLink {
    /// Host less device, wrapping.
    ahead_ns: u64,
    /// When the bound was taken, by the device's timer.
    seen_ns: u64,
    turn: u32,
}

/// One part of the elapsed time that a bound loses: 200 parts in a million.
const DRIFT: u64 = 5_000;

impl ClockLink {
    /// Returns the link before the first lease, when both clocks count as one.
    #[must_use]
    pub const fn new() -> Self {
        Self { ahead_ns: 0, seen_ns: 0, turn: 0 }
    }

    /// Notes a lease as it is seen at `device_ns`; one that is known changes nothing.
    pub const fn see(&mut self, lease: Timed<u64>, device_ns: u64) {
        if lease.turn == self.turn {
            return;
        }
        let ahead_ns = lease.value.wrapping_sub(device_ns);
        let lost_ns = device_ns.saturating_sub(self.seen_ns) / DRIFT;
        // Differences are compared as signed numbers: the clocks began at different moments.
        let gained = ahead_ns.wrapping_sub(self.ahead_ns.wrapping_sub(lost_ns)).cast_signed();
        if self.turn == 0 || gained > 0 {
            self.ahead_ns = ahead_ns;
            self.seen_ns = device_ns;
        }
        self.turn = lease.turn;
    }

    /// Returns the host's time at `device_ns`, at most what the host's clock shows then.
    #[must_use]
    pub const fn host_ns(&self, device_ns: u64) -> u64 {
        device_ns.wrapping_add(self.ahead_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::ClockLink;
    use crate::ring::Timed;

    #[test]
    fn the_best_bound_counts_until_it_is_too_old() {
        let mut link = ClockLink::new();
        let second = 1_000_000_000;
        link.see(Timed { value: 100 * second, turn: 1 }, 40 * second);
        assert_eq!(link.host_ns(41 * second), 101 * second);
        // 0.1 ms late after a second: a bound loses 0.2 ms a second, so this one is better.
        link.see(Timed { value: 101 * second, turn: 2 }, 41 * second + 100_000);
        assert_eq!(link.host_ns(42 * second), 102 * second - 100_000);
        // 1 ms late after a second: worse.
        link.see(Timed { value: 102 * second, turn: 3 }, 42 * second + 1_000_000);
        assert_eq!(link.host_ns(43 * second), 103 * second - 100_000);
        // The same lease again is no news, however late.
        link.see(Timed { value: 102 * second, turn: 3 }, 90 * second);
        assert_eq!(link.host_ns(43 * second), 103 * second - 100_000);
    }

    #[test]
    fn a_host_whose_clock_began_later_is_behind_by_wrapping() {
        let mut link = ClockLink::new();
        link.see(Timed { value: 7, turn: 1 }, 1_000);
        assert_eq!(link.host_ns(1_010), 17);
        link.see(Timed { value: 1_007, turn: 2 }, 2_000);
        assert_eq!(link.host_ns(2_001), 1_008);
    }
}
