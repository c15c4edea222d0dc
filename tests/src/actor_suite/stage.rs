//! What the suite asks of a host.

use isokern_core::actor::{ActorMemory, ActorState, Host, LinkEnd, Links, NoBuffers, NoLinks};
use isokern_guard::SystemClock;
use isokern_test_actors::{Log, Script};

/// A host under test.
pub trait Stage {
    /// The memory of a script.
    type Memory: ActorMemory + Clone;
    /// A running actor.
    type Running;
    /// The memory of a log.
    type LogMemory: ActorMemory + Clone;
    /// The host of scripts: of those without links, with a link to another script, and with links
    /// to another script and a log.
    type Host: ScriptHost<Self, NoLinks>
        + ScriptHost<Self, OneLink<Self>>
        + ScriptHost<Self, TwoLinks<Self>>;
    /// The host of logs.
    type LogHost: Host<Log, Memory = Self::LogMemory, Running = Self::Running, Clock = SystemClock>;

    /// Returns the host of scripts. Three actors run on both hosts at a time, and three in all may
    /// break.
    fn host(&self) -> &Self::Host;

    /// Returns the host of logs.
    fn log_host(&self) -> &Self::LogHost;

    /// Waits for the end of an actor and returns its last state.
    fn join(&self, running: Self::Running) -> ActorState;
}

/// A link to a script.
pub type OneLink<S> = (NoLinks, LinkEnd<<S as Stage>::Memory>);
/// Links to a script and to a log.
pub type TwoLinks<S> = (OneLink<S>, LinkEnd<<S as Stage>::LogMemory>);

/// A host of scripts with such links, on a stage.
pub trait ScriptHost<S: Stage + ?Sized, L: Links>:
    Host<Script, NoBuffers, L, Memory = S::Memory, Running = S::Running, Clock = SystemClock>
{
}

impl<S, L, H> ScriptHost<S, L> for H
where
    S: Stage + ?Sized,
    L: Links,
    H: Host<Script, NoBuffers, L, Memory = S::Memory, Running = S::Running, Clock = SystemClock>,
{
}
