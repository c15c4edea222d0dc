//! What an actor's slot starts with, and what takes the place of a larger payload in it.
//!
//! | bytes | [`WireHeader`] | | bytes | [`BufferHandle`] |
//! |---|---|---|---|---|
//! | 0..4 | sequence | | 0..4 | buffer index |
//! | 4..8 | tenant | | 4..8 | generation |
//! | 8..12 | lower half of a number, see below | | 8..12 | length in bytes |
//! | 12..16 | its upper half | | 12..16 | pool |
//!
//! | bits of the number | what |
//! |---|---|
//! | 0..8 | flags 0 to 7 |
//! | 8..10 | kind |
//! | 10..64 | deadline in ticks of 1.024 µs, rounded up; 0 none |

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

use super::memory::LINE_DATA_BYTES;
use crate::compute::{MessageFlags, MessageHeader};

/// Returns the message bytes in an actor's slot of so many lines: what the header leaves.
///
/// ```
/// use isokern_core::ring::message_capacity_bytes;
///
/// assert_eq!([1, 2, 4].map(message_capacity_bytes), [48, 112, 240]);
/// ```
#[must_use]
pub const fn message_capacity_bytes(lines: usize) -> usize {
    (lines * LINE_DATA_BYTES).saturating_sub(size_of::<WireHeader>())
}

/// Returns the lines of an actor's slot for a message of so many bytes, 1, 2 or 4; `None` when it
/// must travel in a buffer.
#[must_use]
pub const fn message_lines(message_bytes: usize) -> Option<usize> {
    match message_bytes {
        0..=48 => Some(1),
        49..=112 => Some(2),
        113..=240 => Some(4),
        _ => None,
    }
}

/// Returns the message bytes in such a slot of a link: what the trace id after them leaves.
///
/// ```
/// use isokern_core::ring::link_capacity_bytes;
///
/// assert_eq!([1, 2, 4].map(link_capacity_bytes), [32, 96, 224]);
/// ```
#[must_use]
pub const fn link_capacity_bytes(lines: usize) -> usize {
    message_capacity_bytes(lines).saturating_sub(TRACE_BYTES)
}

/// Bytes of a trace id.
const TRACE_BYTES: usize = 16;

/// Length of a deadline tick: 1.024 µs. 54 bits of ticks reach every moment of a clock.
pub const DEADLINE_TICK_NS: u64 = 1 << TICK_SHIFT;

const TICK_SHIFT: u32 = 10;
const FLAG_BITS: u32 = 8;
const KIND_BITS: u32 = TICK_SHIFT - FLAG_BITS;
const DEADLINE_MASK: u64 = !(DEADLINE_TICK_NS - 1);

/// The 16 bytes before an actor's message: the part of a [`MessageHeader`] that crosses.
///
/// Trace id, creation time and quality of service do not, nor do the flags above bit 7, which
/// have no names. The requester keeps them by sequence and joins them to the reply; on the far
/// side they are zero. A link has no requester: there the trace id goes after the message.
///
/// The requester keeps the deadline, too: here it is moved to the next tick, so that the far
/// side refuses what is late and nothing that is not.
///
/// ```
/// use isokern_core::MessageHeader;
/// use isokern_core::ring::WireHeader;
///
/// let header = MessageHeader::new().with_sequence(9).with_deadline_ns(5_000_000).with_qos(3);
/// let wire = WireHeader::new(&header, WireHeader::ASK);
/// assert!(!wire.is_expired(5_000_000));
/// assert!(wire.is_expired(5_001_024)); // ticks are 1.024 µs
///
/// let far = wire.message_header();
/// assert_eq!((far.sequence(), far.qos()), (9, 0));
/// let deadline_ns = far.deadline_ns().expect("there is one");
/// assert!((5_000_000..5_001_024).contains(&deadline_ns));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct WireHeader {
    sequence: u32,
    tenant: u32,
    /// Deadline, kind and flags; lower half first.
    packed: [u32; 2],
}

/// Takes the place of a payload in a lent buffer.
///
/// Plain numbers, which anybody can make up; the pool checks them at every use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct BufferHandle {
    /// Which buffer of the pool.
    pub index: u32,
    /// Which lending of that buffer; never 0.
    pub generation: u32,
    /// Payload bytes from the start of the buffer.
    pub length_bytes: u32,
    /// Which pool.
    pub pool: u32,
}

// Host, firmware and device read these numbers: a change is a change of protocol.
const _: () = {
    assert!(size_of::<WireHeader>() == 16);
    assert!(align_of::<WireHeader>() == 4);
    assert!(offset_of!(WireHeader, sequence) == 0);
    assert!(offset_of!(WireHeader, tenant) == 4);
    assert!(offset_of!(WireHeader, packed) == 8);
    assert!(MessageFlags::NAMED.bits() >> FLAG_BITS == 0, "a named flag crosses");
    assert!(WireHeader::LINK >> KIND_BITS == 0, "a kind crosses");
    assert!(size_of::<BufferHandle>() == 16);
    assert!(align_of::<BufferHandle>() == 4);
    assert!(offset_of!(BufferHandle, index) == 0);
    assert!(offset_of!(BufferHandle, generation) == 4);
    assert!(offset_of!(BufferHandle, length_bytes) == 8);
    assert!(offset_of!(BufferHandle, pool) == 12);
    assert!(message_capacity_bytes(1) == 48);
    assert!(message_capacity_bytes(2) == 112);
    assert!(message_capacity_bytes(4) == 240);
    assert!(link_capacity_bytes(1) == 32);
    assert!(link_capacity_bytes(2) == 96);
    assert!(link_capacity_bytes(4) == 224);
};

impl WireHeader {
    /// The header with every field zero.
    pub const NONE: Self = Self { sequence: 0, tenant: 0, packed: [0; 2] };
    /// Kind of a message that wants a reply.
    pub const ASK: u8 = 0;
    /// Kind of a message that is acknowledged and gets no reply.
    pub const TELL: u8 = 1;
    /// Kind of a message of another actor: as [`TELL`](Self::TELL), and followed in its slot,
    /// from the next cell on, by the 16 bytes of its trace id.
    pub const LINK: u8 = 2;

    /// Takes over what crosses. Of `kind`, the lower two bits.
    ///
    /// A deadline between two ticks is moved to the later one, so that nothing expires early.
    /// None is left of [`u64::MAX`], which means no limit, and of the clock's last tick.
    #[must_use]
    pub const fn new(header: &MessageHeader, kind: u8) -> Self {
        let deadline_ns = match header.deadline_ns() {
            Some(deadline_ns) => match deadline_ns.checked_add(DEADLINE_TICK_NS - 1) {
                Some(moved_ns) => moved_ns & DEADLINE_MASK,
                None => 0,
            },
            None => 0,
        };
        let flags = header.flags().bits() as u64 & ((1 << FLAG_BITS) - 1);
        let kind = kind as u64 & ((1 << KIND_BITS) - 1);
        let packed = deadline_ns | kind << FLAG_BITS | flags;
        Self {
            sequence: header.sequence(),
            tenant: header.tenant(),
            packed: [packed as u32, (packed >> 32) as u32],
        }
    }

    /// Returns the number the requester gave the message.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Returns the tenant that is charged for the work.
    #[must_use]
    pub const fn tenant(&self) -> u32 {
        self.tenant
    }

    /// Returns the message's flags, as far as they crossed.
    #[must_use]
    pub const fn flags(&self) -> MessageFlags {
        MessageFlags::from_bits(self.packed() as u16 & ((1 << FLAG_BITS) - 1))
    }

    /// Returns [`ASK`](Self::ASK), [`TELL`](Self::TELL), [`LINK`](Self::LINK), or 3, which nobody
    /// sends.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        (self.packed() >> FLAG_BITS) as u8 & ((1 << KIND_BITS) - 1)
    }

    /// Returns the same header under another sequence.
    #[must_use]
    pub const fn with_sequence(self, sequence: u32) -> Self {
        Self { sequence, ..self }
    }

    /// Returns the deadline, moved to a whole tick; `None` when there is none.
    #[must_use]
    pub const fn deadline_ns(&self) -> Option<u64> {
        match self.packed() & DEADLINE_MASK {
            0 => None,
            deadline_ns => Some(deadline_ns),
        }
    }

    /// Says whether the deadline is before `now_ns` of the same clock.
    #[must_use]
    pub const fn is_expired(&self, now_ns: u64) -> bool {
        match self.deadline_ns() {
            Some(deadline_ns) => deadline_ns < now_ns,
            None => false,
        }
    }

    /// Returns the header on the far side: what did not cross is zero.
    #[must_use]
    pub const fn message_header(&self) -> MessageHeader {
        let header = MessageHeader::new()
            .with_sequence(self.sequence)
            .with_tenant(self.tenant)
            .with_flags(self.flags());
        match self.deadline_ns() {
            Some(deadline_ns) => header.with_deadline_ns(deadline_ns),
            None => header,
        }
    }

    const fn packed(&self) -> u64 {
        let [low, high] = self.packed;
        (high as u64) << 32 | low as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{DEADLINE_TICK_NS, WireHeader, message_capacity_bytes, message_lines};
    use crate::compute::{MessageFlags, MessageHeader};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    fn wire(deadline_ns: u64) -> WireHeader {
        let header = MessageHeader::new().with_deadline_ns(deadline_ns);
        WireHeader::new(&header, WireHeader::TELL)
    }

    #[test]
    fn what_crosses_is_kept_and_the_rest_is_zero() {
        let header = MessageHeader::new()
            .with_sequence(1)
            .with_tenant(2)
            .with_flags(MessageFlags::from_bits(0xf082))
            .with_deadline_ns(3 << 40)
            .with_trace_id([7; 16])
            .with_creation_ns(3)
            .with_qos(4);
        let wire = WireHeader::new(&header, WireHeader::TELL);
        assert_eq!((wire.sequence(), wire.tenant(), wire.kind()), (1, 2, 1));
        let far = MessageHeader::new()
            .with_sequence(1)
            .with_tenant(2)
            .with_flags(MessageFlags::from_bits(0x82))
            .with_deadline_ns(3 << 40);
        assert_eq!(wire.message_header(), far);
        let bytes: [u8; 16] = bytemuck::cast(wire);
        assert_eq!(bytes, [1, 0, 0, 0, 2, 0, 0, 0, 0x82, 1, 0, 0, 0, 3, 0, 0]);
    }

    /// On the far side a deadline is over at the first moment after its tick, and not before.
    #[test]
    fn p14_a_deadline_expires_right_after_its_tick() {
        let multiples = [1, 1 << 31, (1 << 31) + 1, 1 << 32, 1 << 33, (1 << 54) - 1];
        for tick in multiples {
            let moment_ns: u64 = tick * DEADLINE_TICK_NS;
            for deadline_ns in [moment_ns - DEADLINE_TICK_NS + 1, moment_ns - 1, moment_ns] {
                let wire = wire(deadline_ns);
                assert_eq!(wire.deadline_ns(), Some(moment_ns), "{deadline_ns}");
                for early_ns in [0, moment_ns - DEADLINE_TICK_NS, moment_ns - 1, moment_ns] {
                    assert!(!wire.is_expired(early_ns), "{deadline_ns} at {early_ns}");
                }
                for late_ns in [moment_ns + 1, moment_ns | 1 << 55 | 1, u64::MAX] {
                    assert!(wire.is_expired(late_ns), "{deadline_ns} at {late_ns}");
                }
            }
        }
    }

    #[test]
    fn no_limit_and_the_last_tick_never_expire() {
        for deadline_ns in [0, u64::MAX - DEADLINE_TICK_NS + 2, u64::MAX - 1, u64::MAX] {
            assert_eq!(wire(deadline_ns).deadline_ns(), None, "{deadline_ns}");
            assert!(!wire(deadline_ns).is_expired(u64::MAX), "{deadline_ns}");
        }
        let before_ns = u64::MAX - DEADLINE_TICK_NS + 1;
        assert_eq!(wire(before_ns).deadline_ns(), Some(before_ns));
    }

    #[test]
    fn lines_follow_the_capacities() {
        for lines in [1, 2, 4] {
            let bytes = message_capacity_bytes(lines);
            assert_eq!(message_lines(bytes), Some(lines));
            assert_ne!(message_lines(bytes + 1), Some(lines));
        }
        assert_eq!((message_lines(0), message_lines(241)), (Some(1), None));
    }

    proptest! {
        #[test]
        fn a_deadline_is_kept_to_a_tick_and_never_early(
            deadline_ns in 1..=u64::MAX,
            looked_ns in any::<u64>(),
        ) {
            let wire = wire(deadline_ns);
            let Some(far_ns) = wire.deadline_ns() else {
                prop_assert!(deadline_ns > u64::MAX - DEADLINE_TICK_NS + 1);
                return Ok(());
            };
            prop_assert!(far_ns >= deadline_ns && far_ns - deadline_ns < DEADLINE_TICK_NS);
            prop_assert_eq!(wire.is_expired(looked_ns), far_ns < looked_ns);
        }
    }
}
