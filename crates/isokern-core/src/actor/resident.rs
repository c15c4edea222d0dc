//! Residents: handlers that can be kept running.

use bytemuck::Pod;

use super::handler::RingKernelHandler;
use crate::ring::BufferHandle;

/// A handler with the types around it: everything a host must know to keep it running.
///
/// Messages, replies and state are plain bytes ([`Pod`]), so that a host may keep them in
/// memory it shares with a device.
pub trait Resident {
    /// What handles the messages.
    type Handler: RingKernelHandler<Self::Message, Self::Reply> + 'static;
    /// What it is sent.
    type Message: Pod + Send + Sync;
    /// What it answers.
    type Reply: Pod + Send + Sync;
    /// What it keeps between messages.
    type State: Pod + Send;

    /// The name by which device code knows the resident; empty, which is the default, where it
    /// does not.
    ///
    /// Threads and loops run the handler and do not read it; the resident kernel of a device finds
    /// its own handler by it ([`resident_key`](crate::device::resident_key)).
    const ENTRY: &'static str = "";

    /// Returns the buffer that was lent with a message; `None` when its messages bring
    /// none, which is the default.
    ///
    /// The handler finds the buffer in its context, and it is given back before the reply.
    fn buffer_of(message: &Self::Message) -> Option<BufferHandle> {
        let _ = message;
        None
    }

    /// Returns the handler and the state that every incarnation starts with.
    fn into_parts(self) -> (Self::Handler, Self::State);
}
