//! Flag positions, and the gather step.

use super::{Batch, BatchFlagError, GatherError, Message, MessageFlags, MessageHeader};

const NONE: MessageFlags = MessageFlags::empty();
const FIRST: MessageFlags = MessageFlags::FIRST_IN_BATCH;
const LAST: MessageFlags = MessageFlags::LAST_IN_BATCH;
const BOTH: MessageFlags = FIRST.union(LAST);

fn check<const N: usize>(flags: [MessageFlags; N]) -> Result<(), BatchFlagError> {
    let messages = flags.map(|flags| Message::new(MessageHeader::new().with_flags(flags), ()));
    Batch::new(&messages).check_flags()
}

#[test]
fn flags_mark_the_ends_and_only_the_ends() {
    assert_eq!(check([]), Ok(()));
    assert_eq!(check([BOTH]), Ok(()));
    assert_eq!(check([FIRST, LAST]), Ok(()));
    assert_eq!(check([FIRST, NONE, MessageFlags::DEGRADE_ALLOWED, LAST]), Ok(()));

    assert_eq!(check([NONE]), Err(BatchFlagError::NotOpened));
    assert_eq!(check([LAST]), Err(BatchFlagError::NotOpened));
    assert_eq!(check([FIRST]), Err(BatchFlagError::NotClosed));
    assert_eq!(check([FIRST, NONE]), Err(BatchFlagError::NotClosed));
    assert_eq!(check([BOTH, LAST]), Err(BatchFlagError::ClosedInside { index: 0 }));
    assert_eq!(check([FIRST, LAST, LAST]), Err(BatchFlagError::ClosedInside { index: 1 }));
    assert_eq!(check([FIRST, FIRST, LAST]), Err(BatchFlagError::OpenedInside { index: 1 }));
    assert_eq!(check([FIRST, BOTH]), Err(BatchFlagError::OpenedInside { index: 1 }));
}

#[test]
fn the_ends_are_reported_without_a_check() {
    let opened = [Message::new(MessageHeader::new().with_flags(FIRST), 1_u8)];
    assert!(Batch::new(&opened).first_flagged());
    assert!(!Batch::new(&opened).last_flagged());
    let none: [Message<u8>; 0] = [];
    assert!(!Batch::new(&none).first_flagged() && !Batch::new(&none).last_flagged());
}

#[test]
fn gather_is_exact_and_writes_nothing_when_too_short() {
    let messages = [[1_u16, 2], [3, 4], [5, 6]].map(|p| Message::new(MessageHeader::new(), p));
    let batch = Batch::new(&messages);
    assert_eq!(batch.total_payload_bytes(), 12);

    let mut target = [0xaa_u8; 13];
    assert_eq!(batch.gather_into(&mut target), Ok(12));
    assert_eq!(target, [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 0xaa]);

    let mut short = [0xaa_u8; 11];
    let error = GatherError::TooShort { needed_bytes: 12, available_bytes: 11 };
    assert_eq!(batch.gather_into(&mut short), Err(error));
    assert_eq!(short, [0xaa; 11]);
}

#[test]
fn payloads_of_different_lengths_follow_each_other() {
    let data = [1_u8, 2, 3, 4];
    let messages =
        [&data[..1], &data[..0], &data[1..]].map(|p| Message::new(MessageHeader::new(), p));
    let mut target = [0_u8; 4];
    assert_eq!(Batch::new(&messages).gather_into(&mut target), Ok(4));
    assert_eq!(target, data);
}

#[test]
fn the_length_comes_from_the_payload_not_from_a_stale_header() {
    let mut message = Message::new(MessageHeader::new(), [0_u8; 4]);
    *message.header_mut() = MessageHeader::new();
    assert_eq!(Batch::new(&[message]).total_payload_bytes(), 4);
}
