//! The header's bytes, and what a message derives from its payload.

use bytemuck::Zeroable;
use proptest::prelude::any;
use proptest::{prop_assert_eq, proptest};

use super::{BufferDescriptor, DType, MemoryClass, Message, MessageFlags, MessageHeader, Payload};

/// Bytes which claim to live in a place of the test's choice.
struct Placed(MemoryClass);

impl Payload for Placed {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::new(3).with_memory_class(self.0)
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(&[1, 2, 3])
    }
}

#[test]
fn each_field_lies_where_the_table_says() {
    let header = MessageHeader::new()
        .with_trace_id(*b"0123456789abcdef")
        .with_creation_ns(0x0102_0304_0506_0708)
        .with_deadline_ns(0x1112_1314_1516_1718)
        .with_sequence(0x2122_2324)
        .with_tenant(0x3132_3334)
        .with_flags(MessageFlags::from_bits(0x4142))
        .with_qos(0x51)
        .with_buffer(BufferDescriptor::new(0x6162_6364).with_memory_class(MemoryClass::Shared));
    let mut wire = *b"0123456789abcdef................................";
    wire[16..24].copy_from_slice(&[8, 7, 6, 5, 4, 3, 2, 1]);
    wire[24..32].copy_from_slice(&[0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]);
    wire[32..36].copy_from_slice(&[0x24, 0x23, 0x22, 0x21]);
    wire[36..40].copy_from_slice(&[0x34, 0x33, 0x32, 0x31]);
    wire[40..44].copy_from_slice(&[0x42, 0x41, 0x51, 18]);
    wire[44..48].copy_from_slice(&[0x64, 0x63, 0x62, 0x61]);
    assert_eq!(bytemuck::bytes_of(&header), wire);
}

#[test]
fn zero_is_new_is_default() {
    assert_eq!(MessageHeader::zeroed(), MessageHeader::new());
    assert_eq!(MessageHeader::default(), MessageHeader::new());
    assert_eq!(MessageHeader::new().deadline_ns(), None);
    assert!(!MessageHeader::new().is_expired(u64::MAX));
    assert_eq!(MessageHeader::new().memory_class(), Some(MemoryClass::Host));
}

#[test]
fn a_deadline_passes_after_its_moment() {
    let header = MessageHeader::new().with_deadline_ns(10);
    assert!(!header.is_expired(10));
    assert!(header.is_expired(11));
}

#[test]
fn a_message_takes_length_and_class_from_its_payload() {
    let stale = MessageHeader::new()
        .with_buffer(BufferDescriptor::new(99).with_memory_class(MemoryClass::Device(4)));
    let message = Message::new(stale, Placed(MemoryClass::PinnedHost));
    assert_eq!(message.header().payload_bytes(), 3);
    assert_eq!(message.header().memory_class(), Some(MemoryClass::PinnedHost));

    let mapped = message.map_payload(|_| [0_u32; 2]);
    assert_eq!(mapped.header().payload_bytes(), 8);
    assert_eq!(mapped.header().memory_class(), Some(MemoryClass::Host));
    assert_eq!(mapped.dtype(), Some(DType::U32));

    let (header, payload) = mapped.with_payload(Placed(MemoryClass::Device(15))).into_parts();
    assert_eq!(header.memory_class(), Some(payload.0));
    assert_eq!(header.payload_bytes(), 3);
}

#[test]
fn device_16_reads_back_as_unknown_not_as_another_device() {
    for ordinal in 16..=u8::MAX {
        let message = Message::new(MessageHeader::new(), Placed(MemoryClass::Device(ordinal)));
        assert_eq!(message.header().memory_class(), None, "device {ordinal}");
    }
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_length_that_does_not_fit_saturates_and_does_not_wrap() {
    for bytes in [u32::MAX as usize, u32::MAX as usize + 1, usize::MAX] {
        let header = MessageHeader::new().with_buffer(BufferDescriptor::new(bytes));
        assert_eq!(header.payload_bytes(), MessageHeader::PAYLOAD_BYTES_MAX, "{bytes}");
    }
}

#[test]
fn flags_print_their_names_and_keep_unknown_bits() {
    let flags = MessageFlags::from_bits(0x8001);
    assert_eq!(std::format!("{flags:?}"), "{FIRST_IN_BATCH, 0x8000}");
    assert_eq!(flags.without(MessageFlags::FIRST_IN_BATCH).bits(), 0x8000);
}

proptest! {
    #[test]
    fn any_48_bytes_are_a_header_and_come_back_unchanged(wire in any::<[[u8; 16]; 3]>()) {
        let header: MessageHeader = bytemuck::pod_read_unaligned(bytemuck::bytes_of(&wire));
        prop_assert_eq!(bytemuck::bytes_of(&header), bytemuck::bytes_of(&wire));
        // Rebuilt through the accessors it is the same, but for a class byte
        // that has no meaning.
        let class = header.memory_class().unwrap_or(MemoryClass::Device(u8::MAX));
        let length = BufferDescriptor::new(header.payload_bytes() as usize);
        let rebuilt = MessageHeader::new()
            .with_trace_id(header.trace_id())
            .with_creation_ns(header.creation_ns())
            .with_deadline_ns(header.deadline_ns().unwrap_or(0))
            .with_sequence(header.sequence())
            .with_tenant(header.tenant())
            .with_flags(header.flags())
            .with_qos(header.qos())
            .with_buffer(length.with_memory_class(class));
        if header.memory_class().is_some() {
            prop_assert_eq!(rebuilt, header);
        } else {
            prop_assert_eq!(rebuilt.memory_class(), None);
        }
    }
}
