//! The life of an actor, as one table of legal steps.

use core::fmt;

use crate::ring::DeviceState;

/// The state of an actor in its life cycle.
///
/// ```text
///             1              2            3
///   Created ────▶ Initializing ────▶ Active ◀────▶ Paused
///                   ▲    │   │  4      │ 4           │ 4
///                 7 │    │ 6 └──────┐  ▼             ▼
///                   │    │          ▶Draining ◀──────┘
///                   │    ▼             │ 5
///                  Faulted ◀─ 6 ─      ▼
///                                    Stopped
/// ```
///
/// 1 the host starts it · 2 `initialize` returned · 3 pause and resume · 4 stop, or nobody
/// is left to ask · 5 everything accepted is answered, `shutdown` returned · 6 a panic, a
/// device fault, an error of `initialize` or of `shutdown`, from any state but the ends · 7
/// the supervisor allows another incarnation.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ActorState {
    /// Memory is lent, nothing runs.
    #[default]
    Created,
    /// The handler prepares its state.
    Initializing,
    /// Messages are handled.
    Active,
    /// Messages are accepted and wait.
    Paused,
    /// What was accepted is answered; nothing new is.
    Draining,
    /// The end: everything accepted was answered.
    Stopped,
    /// The handler broke, or could not put things in order at the end. The end, unless the
    /// supervisor restarts it.
    Faulted,
}

impl ActorState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Initializing,
        Self::Active,
        Self::Paused,
        Self::Draining,
        Self::Stopped,
        Self::Faulted,
    ];

    /// Says whether the table above has a step from here to `next`.
    #[must_use]
    pub const fn allows(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Created | Self::Faulted, Self::Initializing)
                | (Self::Initializing | Self::Paused, Self::Active)
                | (Self::Active, Self::Paused)
                | (Self::Initializing | Self::Active | Self::Paused, Self::Draining)
                | (Self::Draining, Self::Stopped)
                | (
                    Self::Initializing | Self::Active | Self::Paused | Self::Draining,
                    Self::Faulted
                )
        )
    }

    /// Says whether the actor takes no more messages.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Stopped | Self::Faulted)
    }

    /// Returns the state in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Initializing => "initializing",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Faulted => "faulted",
        }
    }
}

impl fmt::Display for ActorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// As the device line has it.
impl From<ActorState> for DeviceState {
    fn from(state: ActorState) -> Self {
        match state {
            ActorState::Created => Self::Absent,
            ActorState::Initializing => Self::Initializing,
            ActorState::Active => Self::Running,
            ActorState::Paused => Self::Paused,
            ActorState::Draining => Self::Draining,
            ActorState::Stopped => Self::Exited,
            ActorState::Faulted => Self::Faulted,
        }
    }
}

/// As the device line has it.
impl From<DeviceState> for ActorState {
    fn from(state: DeviceState) -> Self {
        match state {
            DeviceState::Absent => Self::Created,
            DeviceState::Initializing => Self::Initializing,
            DeviceState::Running => Self::Active,
            DeviceState::Paused => Self::Paused,
            DeviceState::Draining => Self::Draining,
            DeviceState::Exited => Self::Stopped,
            DeviceState::Faulted => Self::Faulted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ActorState;
    use crate::ring::DeviceState;

    #[test]
    fn the_table_has_these_steps_and_no_others() {
        use ActorState::{Active, Created, Draining, Faulted, Initializing, Paused, Stopped};
        let legal = [
            (Created, Initializing),
            (Initializing, Active),
            (Active, Paused),
            (Paused, Active),
            (Active, Draining),
            (Paused, Draining),
            (Initializing, Draining),
            (Draining, Stopped),
            (Initializing, Faulted),
            (Active, Faulted),
            (Paused, Faulted),
            (Draining, Faulted),
            (Faulted, Initializing),
        ];
        for from in ActorState::ALL {
            for to in ActorState::ALL {
                assert_eq!(from.allows(to), legal.contains(&(from, to)), "{from} to {to}");
            }
            assert_eq!(ActorState::from(DeviceState::from(from)), from);
        }
    }
}
