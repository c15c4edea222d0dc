//! One rule for every payload: descriptor and bytes say the same.

use super::{DType, MemoryClass, Message, MessageHeader, Payload, PayloadMut, Tensor, TensorView};

fn check<P: Payload + ?Sized>(payload: &P, bytes: &[u8], dtype: Option<DType>) {
    assert_eq!(payload.host_bytes(), Some(bytes));
    assert!(payload.device_view().is_none(), "no device knows of it");
    assert_eq!(payload.dtype(), dtype);
    let descriptor = payload.buffer_descriptor();
    assert_eq!(descriptor.bytes(), bytes.len());
    assert_eq!(descriptor.memory_class(), MemoryClass::Host);
    let start = bytes_of(payload).as_ptr().addr();
    assert!(start.is_multiple_of(descriptor.alignment()));
}

fn bytes_of<P: Payload + ?Sized>(payload: &P) -> &[u8] {
    payload.host_bytes().expect("it is on the host")
}

fn bytes_of_mut<P: PayloadMut + ?Sized>(payload: &mut P) -> &mut [u8] {
    payload.host_bytes_mut().expect("it is on the host")
}

#[test]
fn every_form_shows_the_same_bytes() {
    let mut data = [1_i16, -2];
    let bytes = [1, 0, 0xfe, 0xff];
    let i16s = Some(DType::I16);
    check(&data, &bytes, i16s);
    check(&data[..], &bytes, i16s);
    check(&&data[..], &bytes, i16s);
    check(&&mut data[..], &bytes, i16s);
    check(&Tensor::<i16, 2, 1>::new(data, [2]).unwrap(), &bytes, i16s);
    check(&TensorView::new(&data, [1, 2]).unwrap(), &bytes, i16s);
    check(&Message::new(MessageHeader::new(), data), &bytes, i16s);
}

#[test]
fn scalars_and_unit_are_payloads() {
    check(&(), &[], None);
    check(&-1_i8, &[0xff], Some(DType::I8));
    check(&1_u32, &[1, 0, 0, 0], Some(DType::U32));
    check(&1.0_f32, &[0, 0, 0x80, 0x3f], Some(DType::F32));
    check(&0.0_f64, &[0; 8], Some(DType::F64));
    check(&7_u128, &[7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], None);
    check(&0_usize, &[0; size_of::<usize>()], None);
}

#[test]
fn elements_without_bytes_and_empty_slices_do_not_panic() {
    check(&[(); 3], &[], None);
    check(&[0_i8; 0], &[], Some(DType::I8));
}

#[test]
fn what_is_written_as_bytes_is_read_as_elements() {
    let mut word = 0_u32;
    bytes_of_mut(&mut word)[1] = 1;
    assert_eq!(word, 256);

    let mut array = [0_i16; 2];
    bytes_of_mut(&mut &mut array[1..]).copy_from_slice(&[0xff, 0xff]);
    assert_eq!(array, [0, -1]);

    let mut message = Message::new(MessageHeader::new(), array);
    bytes_of_mut(&mut message)[0] = 9;
    assert_eq!(message.payload(), &[9, -1]);
}
