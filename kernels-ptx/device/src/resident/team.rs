//! What the crew of a resident block does: calls that the leader posts.
//!
//! While the leader runs an actor, the crew waits at the barrier of the block. A call is
//! written before the barrier and read after it; there are two places that take turns, because a
//! rank may read the one after the leader has gone on.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use isokern_core::device::resident_key;
use isokern_core::{Resident, Team};

use super::shared::{
    BACK, CALLS, POSTED, RESULT, WANTED, load, load_halves, store, store_halves, tell, watch,
};
use super::warp::warp_barrier;
use super::{Actors, DeviceActor};
use crate::team::BlockTeam;
use crate::{block, fault, registers};

/// What the crew is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// The kernel is over.
    Leave,
    /// All ranks call [`DeviceActor::join`] of this key, with this argument.
    Join(u32, u64),
}

const LEAVE: u32 = 1;
const JOIN: u32 = 2;

/// Lets the crew take the leader's call; the lanes in control call it.
#[inline(never)] // One barrier, however many post.
pub(super) fn post(team: &BlockTeam, call: Call) {
    if team.index() == 0 {
        let (kind, key, argument) = match call {
            Call::Leave => (LEAVE, 0, 0),
            Call::Join(key, argument) => (JOIN, key, argument),
        };
        let posted = load(POSTED);
        let place = CALLS + 2 * (posted & 1) as u32;
        store_halves(place, kind, key);
        store(place + 1, argument);
        store(POSTED, posted + 1);
    }
    team.meet();
}

/// Waits for the call after `taken` others; the crew calls it.
pub(super) fn next_call(team: &BlockTeam, taken: u64) -> Call {
    team.sync();
    let place = CALLS + 2 * (taken & 1) as u32;
    match load_halves(place) {
        (JOIN, key) => Call::Join(key, load(place + 1)),
        _ => Call::Leave,
    }
}

/// Lets the crew of the block call [`DeviceActor::join`] of a resident, and returns what that of
/// its first rank returned.
///
/// For handlers, which the leader of the block runs: this is how the work of a message becomes that
/// of all other threads but the leader's warp. What they write is seen by the handler afterwards.
///
/// The future is pending once, until all have come back.
#[must_use = "nothing is done unless it is awaited"]
pub const fn join_all<R: DeviceActor>(argument: u64) -> JoinAll {
    let key = const { resident_key(<R as Resident>::ENTRY) };
    JoinAll { key, argument, is_asked: false }
}

/// The work of all threads that a handler waits for: see [`join_all`].
#[derive(Debug)]
pub struct JoinAll {
    key: u32,
    argument: u64,
    is_asked: bool,
}

impl Future for JoinAll {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        if self.is_asked && load(WANTED) == 0 {
            return Poll::Ready(load(RESULT));
        }
        if !self.is_asked {
            self.is_asked = true;
            store(WANTED, self.key.into());
            store(RESULT, self.argument);
        }
        Poll::Pending
    }
}

/// Returns whether the handler waits for the crew; the leader calls it.
pub(super) fn is_wanted() -> bool {
    load(WANTED) != 0
}

/// Lets the crew do what the leader's handler of `R` waits for; the lanes in control call it.
pub(super) fn do_wanted<R: DeviceActor>(team: &BlockTeam) {
    join::<R>(team, if team.index() == 0 { load(RESULT) } else { 0 });
    if team.index() == 0 {
        store(WANTED, 0);
    }
}

/// Lets the crew call `join` of `R` with the leader's argument (lanes in control), and returns what
/// that of its first rank returned; it stays in `RESULT`.
#[inline(never)] // One barrier, however many call.
pub(super) fn join<R: DeviceActor>(team: &BlockTeam, argument: u64) -> u64 {
    let result = join_by_key(team, const { resident_key(<R as Resident>::ENTRY) }, argument);
    if block::has_fault() {
        fault::end_thread();
    }
    result
}

/// Lets the crew take part in what has this key, with the leader's argument (lanes in control), and
/// returns what its first rank returned. The lanes go on after a fault of the crew.
#[inline(never)] // As above.
pub(super) fn join_by_key(team: &BlockTeam, key: u32, argument: u64) -> u64 {
    post(team, Call::Join(key, argument));
    // All are back.
    team.meet();
    load(RESULT)
}

/// Works as [`join_by_key`], and lets the leader attend to something else again and again while the
/// crew works. The lanes in control call it.
#[inline(never)] // As above.
pub(super) fn join_attending(
    team: &BlockTeam,
    key: u32,
    argument: u64,
    attend: impl FnMut(),
) -> u64 {
    post(team, Call::Join(key, argument));
    if team.index() == 0 {
        attend_until_back(attend);
    }
    warp_barrier();
    team.meet();
    load(RESULT)
}

/// Attends until the crew's first rank is back, or a thread has met a fault.
#[inline(never)] // The lanes come together after it.
fn attend_until_back(mut attend: impl FnMut()) {
    let posted = load(POSTED);
    while watch(BACK) != posted && !block::has_fault() {
        attend();
        registers::sleep(ATTEND_NS);
    }
}

/// How long the leader sleeps between two times that it attends to something, in ns.
const ATTEND_NS: u32 = 500;

/// Takes part in a join of `A` as the crew, and meets the lanes in control afterwards.
pub(super) fn take_part<A: Actors>(team: &BlockTeam, key: u32, argument: u64) {
    let crew = BlockTeam::crew();
    let result = A::join(&crew, key, argument);
    if crew.index() == 0 {
        store(RESULT, result);
        // For a leader that attends to something meanwhile; all else it sees after the barrier.
        tell(BACK, load(POSTED));
    }
    team.sync();
}
