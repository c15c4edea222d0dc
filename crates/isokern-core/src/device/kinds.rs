//! Residents of a device: what it can keep running, and the name both sides know it by.

use super::order::ActorShape;
use crate::actor::{MailboxShape, Mailboxes, Resident};
use crate::megakernel::TaskHandler;

/// The mailboxes of the model actor: eight slots of one line.
pub type ModelShape = Mailboxes<8>;

/// A model that a host has loaded for its actors, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostModel {
    /// The number of the host in its process.
    pub host: u64,
    /// The number of the model on that host.
    pub number: u32,
}

/// A table of models that a host has made for tasks, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostModels {
    /// The number of the host in its process.
    pub host: u64,
    /// The number of the table on that host.
    pub number: u32,
}

/// A resident that device code has under [`ENTRY`](Resident::ENTRY), with mailboxes of a shape that
/// host and device code agree on.
///
/// The host's side uses its message, reply, state and shape; the handler that it brings is dropped
/// there, and the device code makes its own ([`DeviceHandler`]).
pub trait DeviceResident: Resident {
    /// The shape of its mailboxes: [`Mailboxes`].
    type Shape: MailboxShape;

    /// Returns the model that the actor runs, one that the host has loaded; `None`, which is the
    /// default, for an actor without.
    fn model(handler: &Self::Handler) -> Option<HostModel> {
        let _ = handler;
        None
    }

    /// Returns the numbers of its shape.
    #[must_use]
    fn shape() -> ActorShape {
        ActorShape {
            slots: Self::Shape::SLOTS.count(),
            lines: Self::Shape::LINES,
            mailboxes: Self::Shape::MAILBOX_COUNT as u16,
        }
    }
}

/// A resident whose handler device code makes for each incarnation of an actor.
pub trait DeviceHandler: DeviceResident {
    /// Returns the handler.
    fn handler() -> Self::Handler;
}

/// The handler of a megakernel's tasks that device code has under [`ENTRY`](Self::ENTRY).
///
/// The host's side uses its number of opcodes; the handler that it brings is dropped there, and the
/// device code makes its own.
pub trait DeviceTasks: TaskHandler {
    /// The name by which host and device code know it.
    const ENTRY: &'static str;

    /// Returns the table of the models that its tasks run, one that the host has made; `None`,
    /// which is the default, for tasks that run none.
    fn models(&self) -> Option<HostModels> {
        None
    }
}

/// A handler of tasks that device code makes for each worker.
pub trait DeviceTaskHandler: DeviceTasks {
    /// Returns the handler.
    fn handler() -> Self;
}

/// Returns the number of an entry name, by which an order says what a block runs: FNV-1a with 32
/// bits (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>), 1 where that is 0.
///
/// ```
/// use isokern_core::device::resident_key;
///
/// assert_eq!(resident_key("a"), 0xE40C_292C);
/// assert_ne!(resident_key("isokern_model"), resident_key("isokern_mode1"));
/// ```
#[must_use]
pub const fn resident_key(entry: &str) -> u32 {
    let bytes = entry.as_bytes();
    let (mut key, mut index) = (0x811C_9DC5_u32, 0);
    while index < bytes.len() {
        key = (key ^ bytes[index] as u32).wrapping_mul(0x0100_0193);
        index += 1;
    }
    if key == 0 { 1 } else { key }
}
