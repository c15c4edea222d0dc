//! The five types a runner joins, as one parameter.

use isokern_core::Resident;
use isokern_core::actor::{ActorMemory, LentBuffers, Links};
use isokern_core::call::Clock;

/// The parts of a runner: resident, memory, buffers, links, clock.
///
/// A tuple of the five is one, so that a host writes
/// `Runner<(R, Self::Memory, B, L, C)>` and needs no type of its own.
pub trait Setting {
    /// What is kept running.
    type Resident: Resident;
    /// The memory it shares with those who send to it.
    type Memory: ActorMemory;
    /// The buffers that come with messages.
    type Buffers: LentBuffers;
    /// The actors it sends to.
    type Links: Links;
    /// What tells it the time.
    type Clock: Clock;
}

impl<R, M, B, L, C> Setting for (R, M, B, L, C)
where
    R: Resident,
    M: ActorMemory,
    B: LentBuffers,
    L: Links,
    C: Clock,
{
    type Resident = R;
    type Memory = M;
    type Buffers = B;
    type Links = L;
    type Clock = C;
}

/// The handler of a setting's resident.
pub(super) type Handler<X> = <<X as Setting>::Resident as Resident>::Handler;
/// What it is sent.
pub(super) type Message<X> = <<X as Setting>::Resident as Resident>::Message;
/// What it answers.
pub(super) type Reply<X> = <<X as Setting>::Resident as Resident>::Reply;
/// What it keeps between messages.
pub(super) type State<X> = <<X as Setting>::Resident as Resident>::State;
