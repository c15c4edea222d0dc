//! Mailboxes: the first comes first, and none starves. Buffers: lent, or refused.

use std::vec;
use std::vec::Vec;

use isokern_core::actor::{ActorError, ActorPlan, Mailboxes};
use isokern_core::ring::BufferHandle;
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, MessageHeader, Resident, RingContext,
    RingKernelHandler,
};

use super::toys::{Do, HandClock, Script};
use super::{cells, settle, start};
use crate::{LoopHost, PayloadPool, PoolError, Spinning, spawn};

#[test]
fn the_first_mailbox_comes_first_and_the_last_gets_its_turn() {
    let script = Script::default();
    let mut actor = start::<16, 2>(&script, ActorPlan::new().with_passed_over_max(3));
    for mailbox_index in [1, 0] {
        let requester = actor.requester(mailbox_index).expect("there are two");
        for _ in 0..8 {
            requester.try_ask(MessageHeader::new(), Do::Add.with(1)).expect("there is room");
        }
    }
    settle(&mut actor);
    // The sum a message got is the position at which it was handled.
    let mut positions = |mailbox_index| {
        let requester = actor.requester(mailbox_index).expect("there are two");
        let answers = core::iter::from_fn(|| requester.try_answer().ok());
        answers.map(|answer| answer.result.expect("it adds") - 101).collect::<Vec<_>>()
    };
    assert_eq!(positions(0), [0, 1, 2, 4, 5, 6, 8, 9]);
    assert_eq!(positions(1), [3, 7, 10, 11, 12, 13, 14, 15]);
}

/// Reverses the bytes of the buffer it is lent.
struct Reverse;

impl GpuKernel for Reverse {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("reverse", KernelMode::Ring) }
    }
}

impl RingKernelHandler<BufferHandle, u32> for Reverse {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        handle: BufferHandle,
    ) -> Result<u32, KernelError> {
        context.payload_mut().reverse();
        if context.payload().first() == Some(&0) {
            return Err(KernelError::InvalidInput { reason: "ends in zero" });
        }
        Ok(handle.length_bytes)
    }
}

impl Resident for Reverse {
    type Handler = Self;
    type Message = BufferHandle;
    type Reply = u32;
    type State = [u8; 0];

    fn buffer_of(message: &BufferHandle) -> Option<BufferHandle> {
        Some(*message)
    }

    fn into_parts(self) -> (Self, [u8; 0]) {
        (self, [])
    }
}

#[test]
fn buffers_go_along_and_come_back_also_with_an_error() {
    let mut pool = PayloadPool::<8, 2>::new(5);
    let (mut lender, borrower) = pool.split();
    let host = LoopHost::<_, Mailboxes<4>>::new(cells(), HandClock::default());
    let plan = ActorPlan::new().with_buffers(borrower);
    let mut actor = spawn(&host, Reverse, plan).expect("the host is new");
    let mut round = |bytes: [u8; 3], handle: Option<BufferHandle>| {
        let handle = handle.unwrap_or_else(|| {
            let mut buffer = lender.try_claim().expect("one is free");
            buffer[..3].copy_from_slice(&bytes);
            buffer.lend(3).expect("it fits")
        });
        let requester = actor.requester(0).expect("it is here");
        requester.try_ask(MessageHeader::new(), handle).expect("there is room");
        while actor.running_mut().step(&mut Spinning) == crate::Step::Worked {}
        let answer = actor.requester(0).and_then(|requester| requester.try_answer().ok());
        let bytes = lender.bytes(handle).map(|bytes| bytes.to_vec());
        let released = lender.release(handle);
        (answer.expect("it was handled").result, bytes, released, handle)
    };
    let (result, bytes, released, stale) = round([1, 2, 3], None);
    assert_eq!((result, bytes, released), (Ok(3), Ok(vec![3, 2, 1]), Ok(())));
    let (result, bytes, released, _) = round([1, 2, 0], None);
    assert!(matches!(result, Err(ActorError::Handler { code: 2002, .. })), "{result:?}");
    assert_eq!((bytes, released), (Ok(vec![0, 2, 1]), Ok(())));
    let (result, bytes, ..) = round([0; 3], Some(stale));
    assert_eq!(result, Err(ActorError::BufferRefused));
    assert!(matches!(bytes, Err(PoolError::StaleGeneration { .. })));
    let (result, bytes, ..) = round([0; 3], Some(BufferHandle { pool: 6, ..stale }));
    assert_eq!(result, Err(ActorError::BufferRefused));
    assert_eq!(bytes, Err(PoolError::ForeignHandle { expected: 5, found: 6 }));
}

#[test]
fn a_message_with_a_buffer_needs_a_pool() {
    let host = LoopHost::<_, Mailboxes<4>>::new(cells(), HandClock::default());
    let mut actor = spawn(&host, Reverse, ActorPlan::new()).expect("the host is new");
    let requester = actor.requester(0).expect("it is here");
    requester.try_ask(MessageHeader::new(), BufferHandle::default()).expect("there is room");
    while actor.running_mut().step(&mut Spinning) == crate::Step::Worked {}
    let answer = actor.requester(0).and_then(|requester| requester.try_answer().ok());
    assert_eq!(answer.map(|answer| answer.result), Some(Err(ActorError::BufferRefused)));
}
