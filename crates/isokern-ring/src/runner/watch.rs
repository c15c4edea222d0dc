//! What the host line asks for.

use core::time::Duration;

use isokern_core::kernel::whole_ns;
use isokern_core::ring::{ControlLine, HostView};

/// What to do, in the host's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Go,
    Pause,
    Stop,
}

/// The host line as it was last seen, and since when its lease has not changed.
pub(super) struct Watch {
    lease_ns: Option<u64>,
    lease_turn: u32,
    /// When the lease was last seen to move; the first look counts as a move.
    moved_ns: Option<u64>,
    order: Order,
}

impl Watch {
    pub(super) fn new(lease: Option<Duration>) -> Self {
        let lease_ns = lease.map(whole_ns);
        Self { lease_ns, lease_turn: 0, moved_ns: None, order: Order::Go }
    }

    /// Looks at the line. While the host is writing it, what was seen before holds.
    pub(super) fn look<L: ControlLine>(&mut self, line: &L, now_ns: u64) -> Order {
        if let Some(view) = HostView::read(line) {
            let turn = view.lease().turn;
            if self.moved_ns.is_none() || turn != self.lease_turn {
                (self.lease_turn, self.moved_ns) = (turn, Some(now_ns));
            }
            if view.is_stopped() {
                self.order = Order::Stop;
            } else if self.order != Order::Stop {
                self.order = if view.is_paused() { Order::Pause } else { Order::Go };
            }
        }
        if let (Some(lease_ns), Some(moved_ns)) = (self.lease_ns, self.moved_ns)
            && now_ns.saturating_sub(moved_ns) > lease_ns
        {
            self.order = Order::Stop;
        }
        self.order
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.order == Order::Stop
    }

    /// Returns the first moment at which the lease has run out if it does not move; [`u64::MAX`]
    /// when there is none, or when the actor is stopped already.
    pub(super) fn due_ns(&self) -> u64 {
        match (self.lease_ns, self.moved_ns) {
            (Some(lease_ns), Some(moved_ns)) if self.order != Order::Stop => {
                moved_ns.saturating_add(lease_ns).saturating_add(1)
            }
            _ => u64::MAX,
        }
    }

    /// Returns when the lease was last seen to move, in ns; 0 before the first look.
    pub(super) fn moved_ns(&self) -> u64 {
        self.moved_ns.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Watch};
    use core::time::Duration;
    use isokern_core::ring::{HostControl, HostLine};

    #[test]
    fn a_stop_is_for_good_and_a_pause_is_not() {
        let (line, mut host) = (HostLine::new(), HostControl::new());
        let mut watch = Watch::new(None);
        assert_eq!(watch.look(&line, 0), Order::Go);
        host.pause(&line, true);
        assert_eq!(watch.look(&line, 1), Order::Pause);
        host.pause(&line, false);
        assert_eq!(watch.look(&line, u64::MAX), Order::Go);
        host.stop(&line);
        assert_eq!(watch.look(&line, 3), Order::Stop);
        host.begin(&line, 1);
        assert!(watch.look(&line, 4) == Order::Stop && watch.is_stopped());
    }

    #[test]
    fn a_lease_that_stands_still_stops_the_actor() {
        let (line, mut host) = (HostLine::new(), HostControl::new());
        let mut watch = Watch::new(Some(Duration::from_nanos(100)));
        assert_eq!(watch.look(&line, 1_000), Order::Go);
        assert_eq!(watch.look(&line, 1_100), Order::Go);
        host.renew_lease(&line, 1_100);
        assert_eq!(watch.look(&line, 1_101), Order::Go);
        assert_eq!(watch.look(&line, 1_201), Order::Go);
        assert_eq!(watch.look(&line, 1_202), Order::Stop);
    }
}
