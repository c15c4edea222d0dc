//! Views of device memory as payloads. Nothing here follows an address.
#![allow(unsafe_code)]

use super::{
    Batch, DType, DeviceSpace, DeviceView, DeviceViewMut, GatherError, MemoryClass, Message,
    MessageHeader, Payload, PayloadMut, PlacementAcceptance, PlacementDecision, decide_placement,
};

const SPACE: DeviceSpace = DeviceSpace::new(3, 9);

fn view(bytes: usize) -> DeviceView<'static> {
    // SAFETY: no device runs in this test.
    unsafe { DeviceView::new(SPACE, 0x1000, bytes) }
}

fn view_mut(bytes: usize) -> DeviceViewMut<'static> {
    // SAFETY: no device runs in this test.
    unsafe { DeviceViewMut::new(SPACE, 0x1000, bytes) }
}

#[test]
fn section4_a_payload_in_device_memory_describes_itself_without_bytes() {
    let message = Message::new(MessageHeader::new(), view(64).with_dtype(Some(DType::I8)));
    assert_eq!(message.header().memory_class(), Some(MemoryClass::Device(3)));
    assert_eq!(message.header().payload_bytes(), 64);
    assert_eq!(message.buffer_descriptor().bytes(), 64);
    assert_eq!(message.dtype(), Some(DType::I8));
    assert_eq!(message.host_bytes(), None);
    let borrow = &message;
    let seen = Payload::device_view(&borrow).expect("it is on a device");
    assert_eq!((seen.space(), seen.address(), seen.bytes()), (SPACE, 0x1000, 64));

    let mut target = view_mut(10);
    assert_eq!(PayloadMut::host_bytes_mut(&mut &mut target), None);
    let written = PayloadMut::device_view_mut(&mut &mut target).map(|view| view.bytes());
    assert_eq!(written, Some(10));
    assert!(target.device_view().is_some() && target.dtype().is_none());
}

#[test]
fn section4_placement_tells_device_memory_of_one_device_from_another() {
    let takes = PlacementAcceptance::exactly(SPACE.memory_class()).with_host();
    let class = |payload: &DeviceView<'_>| payload.buffer_descriptor().memory_class();
    assert_eq!(decide_placement(class(&view(1)), takes), PlacementDecision::ZeroCopy);
    // SAFETY: no device runs in this test.
    let other = unsafe { DeviceView::new(DeviceSpace::new(4, 9), 0x1000, 1) };
    assert_eq!(decide_placement(class(&other), takes), PlacementDecision::AdaptRequired);
}

#[test]
fn a_view_is_divided_where_it_has_bytes() {
    let (first, rest) = view(10).split_at(4).expect("it has as many");
    assert_eq!((first.address(), first.bytes()), (0x1000, 4));
    assert_eq!((rest.address(), rest.bytes()), (0x1004, 6));
    assert!(view(10).split_at(10).is_some_and(|(_, rest)| rest.bytes() == 0));
    assert!(view(10).split_at(11).is_none());
    let (first, rest) = view_mut(10).with_dtype(Some(DType::U8)).split_at(1).expect("it has more");
    assert_eq!((first.bytes(), rest.bytes(), rest.dtype()), (1, 9, Some(DType::U8)));
    assert!(view_mut(0).split_at(1).is_none());
}

#[test]
fn a_batch_that_the_host_cannot_read_is_counted_and_not_gathered() {
    let messages = [view(64), view(36)].map(|view| Message::new(MessageHeader::new(), view));
    let batch = Batch::new(&messages);
    assert_eq!(batch.total_payload_bytes(), 100);
    let refused = batch.gather_into(&mut [0; 100]);
    assert_eq!(refused, Err(GatherError::NoHostBytes { index: 0 }));
}
