//! The 48-byte message header, one layout on host, firmware and device.
//!
//! | bytes | field | type | meaning of 0 |
//! |---|---|---|---|
//! | 0..16 | trace id | `[u8; 16]` | not traced |
//! | 16..24 | creation | `u64`, ns | not stamped |
//! | 24..32 | deadline | `u64`, ns of the same clock | none |
//! | 32..36 | sequence | `u32` | |
//! | 36..40 | tenant | `u32` | the only tenant |
//! | 40..42 | flags | `u16`, [`MessageFlags`] | none set |
//! | 42 | quality of service | `u8` | the default class |
//! | 43 | memory class | `u8`, [`MemoryClass::code`] | host |
//! | 44..48 | payload bytes | `u32` | no payload |
//!
//! Little-endian, no padding, every bit pattern valid: [`bytemuck::Pod`].

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

use super::memory::{BufferDescriptor, MemoryClass};
use super::message_flags::MessageFlags;

/// The envelope of a message; [`Default`] is all zero.
///
/// ```
/// use isokern_core::MessageHeader;
///
/// let header = MessageHeader::new().with_tenant(3).with_deadline_ns(1_000_000);
/// let wire: [u8; 48] = bytemuck::cast(header);
/// assert_eq!(wire[36], 3);
/// assert_eq!(bytemuck::pod_read_unaligned::<MessageHeader>(&wire), header);
/// assert!(header.is_expired(1_000_001));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct MessageHeader {
    trace_id: [u8; 16],
    creation_ns: u64,
    deadline_ns: u64,
    sequence: u32,
    tenant: u32,
    flags: MessageFlags,
    qos: u8,
    memory_class: u8,
    payload_bytes: u32,
}

// Host, firmware and device read these numbers: a change is a change of protocol.
const _: () = {
    assert!(size_of::<MessageHeader>() == 48);
    assert!(align_of::<MessageHeader>() == 8);
    assert!(offset_of!(MessageHeader, trace_id) == 0);
    assert!(offset_of!(MessageHeader, creation_ns) == 16);
    assert!(offset_of!(MessageHeader, deadline_ns) == 24);
    assert!(offset_of!(MessageHeader, sequence) == 32);
    assert!(offset_of!(MessageHeader, tenant) == 36);
    assert!(offset_of!(MessageHeader, flags) == 40);
    assert!(offset_of!(MessageHeader, qos) == 42);
    assert!(offset_of!(MessageHeader, memory_class) == 43);
    assert!(offset_of!(MessageHeader, payload_bytes) == 44);
};

/// Stored where the memory class has no code; never another class's code.
const UNCODED_CLASS: u8 = 0xff;

impl MessageHeader {
    /// The value of `payload_bytes` for a payload of this many bytes or more.
    pub const PAYLOAD_BYTES_MAX: u32 = u32::MAX;

    /// Returns the header with every field zero.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            trace_id: [0; 16],
            creation_ns: 0,
            deadline_ns: 0,
            sequence: 0,
            tenant: 0,
            flags: MessageFlags::empty(),
            qos: 0,
            memory_class: 0,
            payload_bytes: 0,
        }
    }

    /// Returns the trace id, as W3C trace context writes it: first byte first.
    #[must_use]
    pub const fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// Returns when the message was made, in ns of the sender's clock.
    #[must_use]
    pub const fn creation_ns(&self) -> u64 {
        self.creation_ns
    }

    /// Returns the last useful moment, in ns of the clock that stamped
    /// [`creation_ns`](Self::creation_ns); `None` when there is none.
    #[must_use]
    pub const fn deadline_ns(&self) -> Option<u64> {
        if self.deadline_ns == 0 { None } else { Some(self.deadline_ns) }
    }

    /// Says whether the deadline is before `now_ns` of the same clock.
    #[must_use]
    pub const fn is_expired(&self, now_ns: u64) -> bool {
        self.deadline_ns != 0 && self.deadline_ns < now_ns
    }

    /// Returns the number the sender gave the message; it wraps at 2³².
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Returns who is charged for the work.
    #[must_use]
    pub const fn tenant(&self) -> u32 {
        self.tenant
    }

    /// Returns the flags.
    #[must_use]
    pub const fn flags(&self) -> MessageFlags {
        self.flags
    }

    /// Returns the quality-of-service class; 0 is the default class.
    #[must_use]
    pub const fn qos(&self) -> u8 {
        self.qos
    }

    /// Returns where the payload lives, `None` when the class has no code (a
    /// device above 15) or the byte comes from a newer version.
    #[must_use]
    pub const fn memory_class(&self) -> Option<MemoryClass> {
        MemoryClass::from_code(self.memory_class)
    }

    /// Returns the length of the payload in bytes.
    ///
    /// [`PAYLOAD_BYTES_MAX`](Self::PAYLOAD_BYTES_MAX) means "that many or
    /// more": ask the payload.
    #[must_use]
    pub const fn payload_bytes(&self) -> u32 {
        self.payload_bytes
    }

    /// Returns the header with another trace id.
    #[must_use]
    pub const fn with_trace_id(self, trace_id: [u8; 16]) -> Self {
        Self { trace_id, ..self }
    }

    /// Returns the header stamped with a time in ns.
    #[must_use]
    pub const fn with_creation_ns(self, creation_ns: u64) -> Self {
        Self { creation_ns, ..self }
    }

    /// Returns the header with a deadline in ns of the creation clock; 0 clears
    /// it.
    #[must_use]
    pub const fn with_deadline_ns(self, deadline_ns: u64) -> Self {
        Self { deadline_ns, ..self }
    }

    /// Returns the header with another sequence number.
    #[must_use]
    pub const fn with_sequence(self, sequence: u32) -> Self {
        Self { sequence, ..self }
    }

    /// Returns the header with another tenant.
    #[must_use]
    pub const fn with_tenant(self, tenant: u32) -> Self {
        Self { tenant, ..self }
    }

    /// Returns the header with exactly these flags.
    #[must_use]
    pub const fn with_flags(self, flags: MessageFlags) -> Self {
        Self { flags, ..self }
    }

    /// Returns the header with another quality-of-service class.
    #[must_use]
    pub const fn with_qos(self, qos: u8) -> Self {
        Self { qos, ..self }
    }

    /// Returns the header with length and memory class of this buffer.
    ///
    /// A length above [`PAYLOAD_BYTES_MAX`](Self::PAYLOAD_BYTES_MAX) is stored
    /// as that; a class without a code reads back as `None`.
    #[must_use]
    pub const fn with_buffer(self, buffer: BufferDescriptor) -> Self {
        let memory_class = match buffer.memory_class().code() {
            Some(code) => code,
            None => UNCODED_CLASS,
        };
        // On a 16- or 32-bit target every length fits and the first arm is dead.
        let payload_bytes = if buffer.bytes() as u64 > Self::PAYLOAD_BYTES_MAX as u64 {
            Self::PAYLOAD_BYTES_MAX
        } else {
            buffer.bytes() as u32
        };
        Self { memory_class, payload_bytes, ..self }
    }
}
