//! What an actor's slot starts with, and what stands in it for a larger payload.
//!
//! | bytes | [`WireHeader`] | | bytes | [`BufferHandle`] |
//! |---|---|---|---|---|
//! | 0..4 | sequence | | 0..4 | buffer index |
//! | 4..8 | deadline, ticks; 0 none | | 4..8 | generation |
//! | 8..12 | tenant | | 8..12 | length in bytes |
//! | 12..14 | flags | | 12..16 | pool |
//! | 14..16 | kind | | | |

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

use super::memory::LINE_DATA_BYTES;
use crate::compute::{MessageFlags, MessageHeader};

/// Message bytes in an actor's slot of so many lines: what the header leaves.
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

/// Lines of an actor's slot for a message of so many bytes, 1, 2 or 4; `None` when it must
/// travel in a buffer.
#[must_use]
pub const fn message_lines(message_bytes: usize) -> Option<usize> {
    match message_bytes {
        0..=48 => Some(1),
        49..=112 => Some(2),
        113..=240 => Some(4),
        _ => None,
    }
}

/// Length of a deadline tick: 1.024 µs, so that 32 bits reach 36 minutes both ways.
pub const DEADLINE_TICK_NS: u64 = 1 << TICK_SHIFT;

const TICK_SHIFT: u32 = 10;

/// The 16 bytes before an actor's message: the part of a [`MessageHeader`] that crosses.
///
/// Trace id, creation time and quality of service do not. The requester keeps them by
/// sequence and joins them to the reply; on the far side they are zero.
///
/// ```
/// use isokern_core::MessageHeader;
/// use isokern_core::ring::WireHeader;
///
/// let header = MessageHeader::new().with_sequence(9).with_deadline_ns(5_000_000).with_qos(3);
/// let wire = WireHeader::new(&header, WireHeader::ASK, 4_000_000);
/// assert!(!wire.is_expired(5_000_000));
/// assert!(wire.is_expired(5_003_000)); // ticks are 1.024 µs
///
/// let far = wire.message_header(4_100_000);
/// assert_eq!((far.sequence(), far.qos()), (9, 0));
/// let deadline_ns = far.deadline_ns().expect("there is one");
/// assert!((5_000_000..5_001_024).contains(&deadline_ns));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct WireHeader {
    sequence: u32,
    deadline_ticks: u32,
    tenant: u32,
    flags: MessageFlags,
    kind: u16,
}

/// Stands in a slot for a payload that lies in a lent buffer.
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
    assert!(offset_of!(WireHeader, deadline_ticks) == 4);
    assert!(offset_of!(WireHeader, tenant) == 8);
    assert!(offset_of!(WireHeader, flags) == 12);
    assert!(offset_of!(WireHeader, kind) == 14);
    assert!(size_of::<BufferHandle>() == 16);
    assert!(align_of::<BufferHandle>() == 4);
    assert!(offset_of!(BufferHandle, index) == 0);
    assert!(offset_of!(BufferHandle, generation) == 4);
    assert!(offset_of!(BufferHandle, length_bytes) == 8);
    assert!(offset_of!(BufferHandle, pool) == 12);
    assert!(message_capacity_bytes(1) == 48);
    assert!(message_capacity_bytes(2) == 112);
    assert!(message_capacity_bytes(4) == 240);
};

impl WireHeader {
    /// Kind of a message that wants a reply.
    pub const ASK: u16 = 0;
    /// Kind of a message that is acknowledged and gets no reply.
    pub const TELL: u16 = 1;

    /// Takes over what crosses. `now_ns` is the clock of the header's deadline, which is
    /// the one the lease tells (host monotonic time).
    ///
    /// A deadline more than 36 minutes from `now_ns` is moved to 36 minutes; one between two
    /// ticks to the later, so that nothing expires early.
    #[must_use]
    pub const fn new(header: &MessageHeader, kind: u16, now_ns: u64) -> Self {
        let deadline_ticks = match header.deadline_ns() {
            Some(deadline_ns) => ticks_of_deadline(deadline_ns, now_ns),
            None => 0,
        };
        Self {
            sequence: header.sequence(),
            deadline_ticks,
            tenant: header.tenant(),
            flags: header.flags(),
            kind,
        }
    }

    /// The number the requester gave the message.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Who is charged for the work.
    #[must_use]
    pub const fn tenant(&self) -> u32 {
        self.tenant
    }

    /// The message's flags.
    #[must_use]
    pub const fn flags(&self) -> MessageFlags {
        self.flags
    }

    /// [`ASK`](Self::ASK), [`TELL`](Self::TELL), or a number of the layer above.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        self.kind
    }

    /// Says whether the deadline lies before `now_ns` of the lease clock.
    #[must_use]
    pub const fn is_expired(&self, now_ns: u64) -> bool {
        self.deadline_ticks != 0 && self.ticks_left(now_ns) < 0
    }

    /// The header on the far side: what did not cross is zero. `now_ns` is the lease clock,
    /// at most 36 minutes from the deadline.
    #[must_use]
    pub const fn message_header(&self, now_ns: u64) -> MessageHeader {
        let header = MessageHeader::new()
            .with_sequence(self.sequence)
            .with_tenant(self.tenant)
            .with_flags(self.flags);
        if self.deadline_ticks == 0 {
            return header;
        }
        let now_ticks = now_ns >> TICK_SHIFT;
        let deadline_ticks = now_ticks.saturating_add_signed(self.ticks_left(now_ns) as i64);
        let deadline_ns = deadline_ticks.saturating_mul(DEADLINE_TICK_NS);
        header.with_deadline_ns(if deadline_ns == 0 { 1 } else { deadline_ns })
    }

    const fn ticks_left(&self, now_ns: u64) -> i32 {
        self.deadline_ticks.wrapping_sub((now_ns >> TICK_SHIFT) as u32) as i32
    }
}

/// The low bits of a deadline in ticks, never 0.
const fn ticks_of_deadline(deadline_ns: u64, now_ns: u64) -> u32 {
    let (deadline, now) = (deadline_ns.div_ceil(DEADLINE_TICK_NS), now_ns >> TICK_SHIFT);
    let most = i32::MAX as u64;
    let ticks = if deadline > now.saturating_add(most) {
        now.saturating_add(most)
    } else if now > deadline.saturating_add(most) {
        now - most
    } else {
        deadline
    };
    // A deadline whose low bits are 0 would read as none; one tick later is not early.
    if ticks as u32 == 0 { 1 } else { ticks as u32 }
}

#[cfg(test)]
mod tests {
    use super::{DEADLINE_TICK_NS, WireHeader, message_capacity_bytes, message_lines};
    use crate::compute::{MessageFlags, MessageHeader};
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    fn wire(deadline_ns: u64, now_ns: u64) -> WireHeader {
        let header = MessageHeader::new().with_deadline_ns(deadline_ns);
        WireHeader::new(&header, WireHeader::TELL, now_ns)
    }

    #[test]
    fn what_crosses_is_kept_and_the_rest_is_zero() {
        let header = MessageHeader::new()
            .with_sequence(1)
            .with_tenant(2)
            .with_flags(MessageFlags::LAST_IN_BATCH)
            .with_trace_id([7; 16])
            .with_creation_ns(3)
            .with_qos(4);
        let wire = WireHeader::new(&header, WireHeader::TELL, 0);
        assert_eq!((wire.sequence(), wire.tenant(), wire.kind()), (1, 2, 1));
        let far = MessageHeader::new()
            .with_sequence(1)
            .with_tenant(2)
            .with_flags(MessageFlags::LAST_IN_BATCH);
        assert_eq!(wire.message_header(99), far);
        assert_eq!(bytemuck::bytes_of(&wire)[..4], [1, 0, 0, 0]);
        assert_eq!(bytemuck::bytes_of(&wire)[12..], [2, 0, 1, 0]);
    }

    #[test]
    fn far_deadlines_are_moved_near_and_never_vanish() {
        let hour_ns = 3_600_000_000_000;
        assert!(!wire(100 * hour_ns, hour_ns).is_expired(hour_ns));
        assert!(wire(1, hour_ns).is_expired(hour_ns));
        // Low bits of zero, and the last moment there is.
        let wrap_ns = DEADLINE_TICK_NS << 32;
        assert!(wire(wrap_ns, wrap_ns - 1).is_expired(wrap_ns + 2 * DEADLINE_TICK_NS));
        assert!(!wire(u64::MAX, u64::MAX).is_expired(u64::MAX));
        assert_eq!(wire(0, 5).message_header(5).deadline_ns(), None);
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
        fn a_deadline_is_kept_to_two_ticks_and_never_early(
            now_ns in 0..1_u64 << 60,
            ahead_ns in 1..1_u64 << 40,
            later_ns in 0..1_u64 << 40,
        ) {
            let deadline_ns = now_ns + ahead_ns;
            let wire = wire(deadline_ns, now_ns);
            let looked_ns = now_ns + later_ns;
            let far_ns = wire.message_header(looked_ns).deadline_ns().expect("there is one");
            prop_assert!(far_ns >= deadline_ns);
            prop_assert!(far_ns <= deadline_ns + 2 * DEADLINE_TICK_NS);
            prop_assert_eq!(
                wire.is_expired(looked_ns),
                far_ns < looked_ns / DEADLINE_TICK_NS * DEADLINE_TICK_NS
            );
            prop_assert!(looked_ns > deadline_ns || !wire.is_expired(looked_ns));
        }
    }
}
