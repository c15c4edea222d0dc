//! A context does what it says, with a runner of four lines.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use super::{
    Link, LinkCredit, Outbox, OutboxEntry, OutboxError, Resident, RingContext, RingKernelHandler,
    RunnerWords, StateError,
};
use crate::compute::MessageHeader;
use crate::kernel::{GpuKernel, KernelError, KernelMetadata, KernelMode};

#[test]
fn state_has_one_type() {
    let mut state = [5_u64, 6];
    let words = RunnerWords::new();
    let mut used = 0;
    let mut context = RingContext::new(
        MessageHeader::new(),
        &words,
        bytemuck::bytes_of_mut(&mut state),
        &mut [],
        Outbox::none(&mut used),
    );
    context.state::<[u64; 2]>().unwrap()[1] = 9;
    let refused = context.state::<u64>().unwrap_err();
    assert_eq!(refused, StateError { asked_bytes: 8, state_bytes: 16 });
    assert!(matches!(KernelError::from(refused), KernelError::InvalidConfiguration { .. }));
    assert_eq!(state, [5, 9]);
}

#[test]
fn time_is_refreshed_at_safe_points() {
    let words = RunnerWords::new();
    words.refresh(u64::MAX - 1);
    let mut used = 0;
    let context =
        RingContext::new(MessageHeader::new(), &words, &mut [], &mut [], Outbox::none(&mut used));
    let handler = async {
        let arrival_ns = context.now_ns();
        context.yield_now().await;
        (arrival_ns, context.now_ns(), context.is_stopping(), context.answered_count())
    };
    let mut handler = pin!(handler);
    let mut task = Context::from_waker(Waker::noop());
    assert_eq!(handler.as_mut().poll(&mut task), Poll::Pending);
    words.refresh(u64::MAX);
    words.stop();
    words.count_answer();
    let seen = (u64::MAX - 1, u64::MAX, true, 1);
    assert_eq!(handler.as_mut().poll(&mut task), Poll::Ready(seen));
}

#[test]
fn an_outbox_takes_what_has_a_place() {
    let credit = |free_slots, message_bytes| LinkCredit { free_slots, message_bytes };
    let mut credits = [credit(1, 2), credit(9, 48), credit(9, 49)];
    let (mut entries, mut used) = ([OutboxEntry::EMPTY; 3], 0);
    let mut outbox = Outbox::new(&mut entries, &mut used, &mut credits);
    let (first, second, header) = (Link::new(0), Link::new(1), MessageHeader::new());
    assert_eq!(outbox.try_put(first, &header, &[1, 2]), Ok(()));
    assert_eq!(outbox.try_put(first, &header, &[3, 4]), Err(OutboxError::LinkFull { index: 0 }));
    let wrong = OutboxError::WrongLength { bytes: 2, wanted_bytes: 48 };
    assert_eq!(outbox.try_put(second, &header, &[0; 2]), Err(wrong));
    let long = OutboxError::WrongLength { bytes: 49, wanted_bytes: 49 };
    assert_eq!(outbox.try_put(Link::new(2), &header, &[0; 49]), Err(long));
    assert_eq!(
        outbox.try_put(Link::new(3), &header, &[]),
        Err(OutboxError::NoSuchLink { index: 3 })
    );
    assert_eq!(outbox.try_put(second, &header, &[4; 48]), Ok(()));
    assert_eq!(outbox.try_put(second, &header, &[5; 48]), Ok(()));
    assert_eq!(outbox.try_put(second, &header, &[6; 48]), Err(OutboxError::OutboxFull));
    assert_eq!((used, credits.map(|credit| credit.free_slots)), (3, [0, 7, 9]));
    let kept = entries.map(|entry| (entry.to(), entry.bytes().len(), entry.bytes()[0]));
    assert_eq!(kept, [(first, 2, 1), (second, 48, 4), (second, 48, 5)]);
}

#[test]
fn s4_a_resident_needs_no_entry_point() {
    struct Quiet;

    impl GpuKernel for Quiet {
        fn metadata(&self) -> &KernelMetadata {
            const { &KernelMetadata::new("quiet", KernelMode::Ring) }
        }
    }

    impl RingKernelHandler<u32, u32> for Quiet {
        async fn handle(&self, _: &mut RingContext<'_>, message: u32) -> Result<u32, KernelError> {
            Ok(message)
        }
    }

    impl Resident for Quiet {
        type Handler = Self;
        type Message = u32;
        type Reply = u32;
        type State = ();

        fn into_parts(self) -> (Self, ()) {
            (self, ())
        }
    }

    assert_eq!((Quiet::ENTRY, Quiet::buffer_of(&1)), ("", None));
}
