//! What can be kept running.

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

    /// The name of the resident's entry point in device code; empty, which is the default, where
    /// it has none.
    ///
    /// No host reads it today: threads and loops run the handler, and there is no host for GPUs.
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
