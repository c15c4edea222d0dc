//! What mutants of the actors' shared part went past: words, defaults, and long links.

use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;
use std::sync::Arc;
use std::task::Wake;

use isokern_core::MessageHeader;
use isokern_core::actor::{
    ActorCells, ActorError, ActorMemory, ActorState, Bells, Envelope, LentBuffers, Link, LinkEnd,
    Mailbox, Mailboxes, NoBuffers, Outbox, OutboxEntry, RingContext, RunnerWords, Silent,
};
use isokern_core::ring::{BufferHandle, ConsumerState, WireHeader};

const TRACE: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

#[test]
fn each_state_has_a_word_and_two_are_over() {
    let words = [
        (ActorState::Created, "created", false),
        (ActorState::Initializing, "initializing", false),
        (ActorState::Active, "active", false),
        (ActorState::Paused, "paused", false),
        (ActorState::Draining, "draining", false),
        (ActorState::Stopped, "stopped", true),
        (ActorState::Faulted, "faulted", true),
    ];
    for (state, word, is_over) in words {
        assert_eq!((state.as_str(), state.is_over()), (word, is_over));
        assert_eq!(format!("{state:>12}"), format!("{word:>12}"));
    }
}

#[test]
fn what_may_be_sent_again_is_what_came_too_late_or_to_a_fault() {
    let errors = [
        (ActorError::Expired, true),
        (ActorError::TimedOut, true),
        (ActorError::ActorFaulted, true),
        (ActorError::Stopped, false),
        (ActorError::BufferRefused, false),
        (ActorError::KindUnknown, false),
        (ActorError::Handler { code: 2001, detail: 0 }, false),
    ];
    for (error, is_retryable) in errors {
        assert_eq!(error.is_retryable(), is_retryable, "{error}");
    }
}

#[test]
fn an_actor_without_buffers_has_lent_none() {
    assert!(!NoBuffers.give_back(BufferHandle::default()));
    assert!(NoBuffers.bytes(BufferHandle::default()).is_none());
}

struct Counts(AtomicU32);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn who_registers_where_nobody_rings_is_woken_to_look_again() {
    let counts = Arc::new(Counts(AtomicU32::new(0)));
    Silent.register(0, 0, &Waker::from(Arc::clone(&counts)));
    assert_eq!(counts.0.load(Ordering::Relaxed), 1);
}

#[test]
fn an_incarnation_is_not_stopping_until_it_is_stopped() {
    let words = RunnerWords::new();
    let is_stopping = || {
        let mut used = 0;
        let outbox = Outbox::none(&mut used);
        RingContext::new(MessageHeader::new(), &words, &mut [], &mut [], outbox).is_stopping()
    };
    assert!(!is_stopping());
    words.stop();
    assert!(is_stopping());
    words.begin();
    assert!(!is_stopping());
}

/// Sends a message of so many words over a link and returns the words that arrived.
fn linked<const WORDS: usize>() -> ([u32; WORDS], [u8; 16]) {
    let cells = ActorCells::<Mailboxes<2, 2>>::new();
    let mut link = LinkEnd::try_new::<[u32; WORDS]>(&cells, 0).expect("there is a mailbox");
    let (mut entries, mut used) = ([OutboxEntry::EMPTY; 1], 0);
    let mut credits = [link.credit()];
    let mut message = [0_u32; WORDS];
    message.iter_mut().zip(1..).for_each(|(word, index)| *word = index);
    let header = MessageHeader::new().with_trace_id(TRACE);
    Outbox::new(&mut entries, &mut used, &mut credits)
        .try_put(Link::new(0), &header, bytemuck::bytes_of(&message))
        .expect("has a place");
    link.pass_on(&entries[0]).expect("has a slot");
    let requests = cells.mailbox(0).expect("there is a mailbox").requests();
    let taken = ConsumerState::new()
        .try_take_followed::<Envelope<WireHeader, [u32; WORDS]>, [u8; 16], _>(requests, |_| true);
    let (message, rest) = taken.expect("was passed on");
    (message.body, rest.expect("follows"))
}

#[test]
fn a_link_sends_all_of_a_message_and_its_trace_id() {
    fn check<const WORDS: usize>() {
        let (words, trace_id) = linked::<WORDS>();
        assert!(words.iter().zip(1..).all(|(word, index)| *word == index), "{words:?}");
        assert_eq!(trace_id, TRACE, "after {WORDS} words");
    }
    check::<1>();
    check::<2>();
    check::<5>();
    check::<12>();
}
