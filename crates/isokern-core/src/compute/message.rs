//! A payload with its envelope: who asked, when, how urgent, and what it holds.

use super::device_view::{DeviceView, DeviceViewMut};
use super::dtype::DType;
use super::memory::BufferDescriptor;
use super::message_header::MessageHeader;
use super::payload::{Payload, PayloadMut};

/// A [`MessageHeader`] and the payload it describes.
///
/// Whatever puts a payload in also writes its length and memory class into the
/// header, so the two agree. Only [`header_mut`](Self::header_mut) and a
/// [`payload_mut`](Self::payload_mut) that swaps the payload for one of another
/// length can part them; readers that must be sure ask the payload.
///
/// As a [`Payload`] a message is its payload: the header is not in the bytes.
///
/// ```
/// use isokern_core::compute::{MemoryClass, MessageFlags};
/// use isokern_core::{Message, MessageHeader};
///
/// let header = MessageHeader::new().with_sequence(7).with_flags(MessageFlags::DEGRADE_ALLOWED);
/// let request = Message::new(header, [0_i8; 490]);
/// assert_eq!(request.header().payload_bytes(), 490);
/// assert_eq!(request.header().memory_class(), Some(MemoryClass::Host));
///
/// let reply = request.map_payload(|input| input[0]);
/// assert_eq!(reply.header().sequence(), 7);
/// assert_eq!(reply.header().payload_bytes(), 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Message<P> {
    header: MessageHeader,
    payload: P,
}

impl<P: Payload> Message<P> {
    /// Joins a header and a payload.
    ///
    /// `payload_bytes` and `memory_class` of the header are set from the
    /// payload, whatever they were. Both have a value for "does not fit":
    /// see [`MessageHeader::payload_bytes`] and
    /// [`MessageHeader::memory_class`].
    #[must_use]
    pub fn new(header: MessageHeader, payload: P) -> Self {
        let descriptor = payload.buffer_descriptor();
        Self { header: header.with_buffer(descriptor), payload }
    }
}

impl<P> Message<P> {
    /// Returns a copy of the header.
    #[must_use]
    pub const fn header(&self) -> MessageHeader {
        self.header
    }

    /// Returns the header for writing: `*m.header_mut() = m.header().with_qos(2)`.
    #[must_use]
    pub const fn header_mut(&mut self) -> &mut MessageHeader {
        &mut self.header
    }

    /// Returns the payload.
    #[must_use]
    pub const fn payload(&self) -> &P {
        &self.payload
    }

    /// Returns the payload for writing.
    #[must_use]
    pub const fn payload_mut(&mut self) -> &mut P {
        &mut self.payload
    }

    /// Replaces the payload by what `f` makes of it, under the same header.
    #[must_use]
    pub fn map_payload<Q: Payload>(self, f: impl FnOnce(P) -> Q) -> Message<Q> {
        Message::new(self.header, f(self.payload))
    }

    /// Drops the payload and puts another one under the same header.
    #[must_use]
    pub fn with_payload<Q: Payload>(self, payload: Q) -> Message<Q> {
        Message::new(self.header, payload)
    }

    /// Takes the message apart.
    #[must_use]
    pub fn into_parts(self) -> (MessageHeader, P) {
        (self.header, self.payload)
    }
}

impl<P: Payload> Payload for Message<P> {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        self.payload.buffer_descriptor()
    }

    fn dtype(&self) -> Option<DType> {
        self.payload.dtype()
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        self.payload.host_bytes()
    }

    fn device_view(&self) -> Option<DeviceView<'_>> {
        self.payload.device_view()
    }
}

impl<P: PayloadMut> PayloadMut for Message<P> {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        self.payload.host_bytes_mut()
    }

    fn device_view_mut(&mut self) -> Option<DeviceViewMut<'_>> {
        self.payload.device_view_mut()
    }
}
