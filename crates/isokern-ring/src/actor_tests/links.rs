//! What one actor sends another arrives when its own step has succeeded, or not at all.

use std::sync::{Arc, Mutex};
use std::vec::Vec;

use isokern_core::actor::{
    ActorCells, ActorError, ActorPlan, ActorState, Link, LinkEnd, Links, Mailboxes, NoBuffers,
    NoLinks, OutboxEntry, TooManyLinks,
};
use isokern_core::compute::MessageFlags;
use isokern_core::ring::DEADLINE_TICK_NS;
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, MessageHeader, Resident, RingContext,
    RingKernelHandler,
};

use super::toys::{Do, Fork, HandClock, Script};
use super::{LoopActor, OneLink, answers, ask, settle, start, start_linked};
use crate::{ActorOn, LoopHost, PushError, Spinning, Step, spawn};

/// Returns two scripts, the first of which may send to mailbox 1 of the second.
fn pair(script: &Script) -> (LoopActor<4, 2, OneLink<4, 2>>, LoopActor<4, 2>) {
    let mut second = start::<4, 2>(script, ActorPlan::new());
    let link = second.take_link(1).expect("nobody used it");
    let plan = ActorPlan::new().try_with_link(link).expect("one link fits");
    (start_linked(script, plan), second)
}

#[test]
fn a_failed_step_sends_nothing() {
    let (mut first, mut second) = pair(&Script::default());
    for number in [2, 3, 4] {
        ask(&mut first, Do::Send.with(number));
    }
    settle(&mut first);
    settle(&mut second);
    ask(&mut second, Do::Add.with(0));
    settle(&mut second);
    let failed = ActorError::of_handler(KernelError::Failed { code: 3 });
    assert_eq!(answers(&mut first), [Ok(102), Err(failed), Ok(109)]);
    assert_eq!(answers(&mut second), [Ok(100 + 2 + 4)]);
}

#[test]
fn a_full_link_is_the_senders_to_handle() {
    let (mut first, mut second) = pair(&Script::default());
    let mut results = Vec::new();
    for _ in 0..6 {
        ask(&mut first, Do::Send.with(2));
        settle(&mut first);
        results.append(&mut answers(&mut first));
    }
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 4, "the ring has 4 slots");
    let saturated = ActorError::of_handler(KernelError::Saturated);
    assert_eq!(results[4..], [Err(saturated), Err(saturated)]);
    settle(&mut second);
    ask(&mut first, Do::Send.with(2));
    settle(&mut first);
    settle(&mut second);
    ask(&mut second, Do::Add.with(0));
    settle(&mut second);
    assert_eq!(answers(&mut second), [Ok(100 + 2 * 5)]);
}

#[test]
fn the_end_of_one_closes_the_way_to_the_other() {
    let (mut first, mut second) = pair(&Script::default());
    ask(&mut first, Do::Send.with(2));
    first.shutdown();
    drop(first.take_requester(1));
    assert_eq!(settle(&mut first), Step::Over);
    second.shutdown();
    assert_eq!(settle(&mut second), Step::Over);
    assert_eq!(second.state(), ActorState::Stopped);
    assert_eq!(second.view().expect("nobody writes").answered(), 1, "what was sent is done");
}

#[test]
fn a_mailbox_is_linked_once_and_unused() {
    let script = Script::default();
    let mut actor = start::<4, 2>(&script, ActorPlan::new());
    actor.tell(Do::Add.with(1)).expect("there is room");
    assert!(actor.take_link(0).is_none(), "it was used");
    assert!(actor.requester(0).is_some(), "and is still here");
    assert!(actor.take_link(1).is_some());
    assert!(actor.take_link(1).is_none());
    assert!(actor.take_link(2).is_none());
}

#[test]
fn a_fifth_link_is_one_too_many() {
    let script = Script::default();
    let links = [(); 4].map(|()| {
        let mut other = start::<4, 1>(&script, ActorPlan::new());
        other.take_link(0).expect("it is new")
    });
    let plan = ActorPlan::new().try_with_link(links).expect("four fit");
    let mut other = start::<4, 1>(&script, ActorPlan::new());
    let fifth = other.take_link(0).expect("it is new");
    assert_eq!(plan.try_with_link(fifth).map(|_| ()), Err(TooManyLinks));
}

/// Passes numbers on along its link, one less each time, and keeps the headers it sees.
#[derive(Clone, Default)]
struct Relay {
    headers: Arc<Mutex<Vec<MessageHeader>>>,
    /// What the first of a chain sends with, in place of its own message's header.
    begins_with: Option<MessageHeader>,
}

impl GpuKernel for Relay {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("relay", KernelMode::Ring) }
    }
}

impl RingKernelHandler<[u32; 8], u32> for Relay {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        mut message: [u32; 8],
    ) -> Result<u32, KernelError> {
        self.headers.lock().expect("nobody panics").push(context.header());
        if message[0] != 0 {
            message[0] -= 1;
            match self.begins_with {
                Some(header) => context.send_with(Link::new(0), &header, &message)?,
                None => context.send(Link::new(0), &message)?,
            }
        }
        Ok(message[7])
    }
}

impl Resident for Relay {
    type Handler = Self;
    type Message = [u32; 8];
    type Reply = u32;
    type State = [u8; 0];

    fn into_parts(self) -> (Self, [u8; 0]) {
        (self, [])
    }
}

fn begin<L: Links>(
    relay: &Relay,
    clock: &HandClock,
    plan: ActorPlan<L>,
) -> ActorOn<LoopHost<'static, HandClock, Mailboxes<4, 1, 2>>, Relay, NoBuffers, L> {
    let host = LoopHost::new(super::cells(), clock.clone());
    spawn(&host, relay.clone(), plan).expect("the host is new")
}

/// Deadline, flags, tenant and trace id go from actor to actor, as far as the chain goes; a
/// message of the longest that fits one line among them.
#[test]
fn p05_links_pass_headers_on() {
    let clock = HandClock::default();
    clock.advance_us(1_000);
    let header = MessageHeader::new()
        .with_deadline_ns(1_200_001)
        .with_flags(MessageFlags::LAST_IN_BATCH.union(MessageFlags::from_bits(0x80)))
        .with_tenant(9)
        .with_trace_id(*b"trace of 16 byte");
    let (last, middle) = (Relay::default(), Relay::default());
    let first = Relay { begins_with: Some(header), ..Relay::default() };
    let linked = |link| ActorPlan::new().try_with_link(link).expect("one link fits");
    let mut last_actor = begin(&last, &clock, ActorPlan::new());
    let link = last_actor.take_link(1).expect("32 bytes fit");
    let mut middle_actor = begin(&middle, &clock, linked(link));
    let link = middle_actor.take_link(1).expect("32 bytes fit");
    let mut first_actor = begin(&first, &clock, linked(link));
    let mut pass = |sent_ns, arrives_ns| {
        let requester = first_actor.requester(0).expect("it is here");
        let message = [2, 3, 4, 5, 6, 7, 8, 9];
        clock.set_ns(sent_ns);
        requester.try_tell(MessageHeader::new(), message).expect("there is room");
        for actor in [&mut first_actor, &mut middle_actor] {
            while actor.running_mut().step(&mut Spinning) == Step::Worked {}
        }
        clock.set_ns(arrives_ns);
        while last_actor.running_mut().step(&mut Spinning) == Step::Worked {}
        let seen = |relay: &Relay| relay.headers.lock().expect("nobody panics").clone();
        let stats = last_actor.link_stats(1).expect("there is a link");
        (seen(&middle), seen(&last), (stats.told_count, stats.expired_count))
    };
    // The deadline is moved to the next tick, once.
    let tick_ns = 1_172 * DEADLINE_TICK_NS;
    let passed = header.with_deadline_ns(tick_ns);
    let second = passed.with_sequence(1);
    let arrived = pass(1_000_000, tick_ns);
    assert_eq!(arrived, ([passed].into(), [passed].into(), (1, 0)));
    let late = pass(1_000_000, tick_ns + 1);
    assert_eq!(late, ([passed, second].into(), [passed].into(), (1, 1)));
    let seen = first.headers.lock().expect("nobody panics").clone();
    assert_eq!(seen, [MessageHeader::new(); 2], "a requester keeps its trace");
}

/// Slots, lines and mailboxes of three actors differ, those of two that the third sends to as
/// well. A step that finds one of its links full sends over none.
#[test]
fn s4_linked_actors_have_shapes_of_their_own() {
    let clock = HandClock::default();
    let (one, wide, narrow) = (Fork::default(), Fork::default(), Fork::default());
    let host = LoopHost::<_, Mailboxes<16, 2, 2>>::new(leaked(), clock.clone());
    let mut wide_actor = spawn(&host, wide.clone(), ActorPlan::new()).expect("it is new");
    let host = LoopHost::<_, Mailboxes<2, 1, 3>>::new(leaked(), clock.clone());
    let mut narrow_actor = spawn(&host, narrow.clone(), ActorPlan::new()).expect("it is new");
    let plan = ActorPlan::new();
    let plan = plan.try_with_link(wide_actor.take_link(1).expect("nobody used it"));
    let link = narrow_actor.take_link(2).expect("nobody used it");
    let plan = plan.expect("one fits").try_with_link(link).expect("two fit");
    let host = LoopHost::<_, Mailboxes<8>>::new(leaked(), clock);
    let mut actor = spawn(&host, one.clone(), plan).expect("it is new");

    let mut send = |link_count| {
        let requester = actor.requester(0).expect("it is here");
        let message = [link_count, 1, 2, 3, 4, 5, 6, 7];
        requester.try_ask(MessageHeader::new(), message).expect("there is room");
        while actor.running_mut().step(&mut Spinning) == Step::Worked {}
        let requester = actor.requester(0).expect("it is here");
        requester.try_answer().expect("it was handled").result
    };
    let full = Err(ActorError::of_handler(KernelError::Saturated));
    let lost = ActorError::of_handler(KernelError::InvalidConfiguration { reason: "no link" });
    assert_eq!([send(2), send(2), send(2)], [Ok(28), Ok(56), full]);
    assert_eq!([send(1), send(3)], [Ok(84), full]);
    while narrow_actor.running_mut().step(&mut Spinning) == Step::Worked {}
    assert_eq!([send(3), send(2)], [Err(lost), Ok(112)]);
    while narrow_actor.running_mut().step(&mut Spinning) == Step::Worked {}
    while wide_actor.running_mut().step(&mut Spinning) == Step::Worked {}

    let sent = |count| (0..count).map(|sequence| Fork::header().with_sequence(sequence));
    assert!(wide.seen().into_iter().eq(sent(4)), "{:?}", wide.seen());
    assert!(narrow.seen().into_iter().eq(sent(3)), "{:?}", narrow.seen());
    let stats = wide_actor.link_stats(1).expect("there is a link");
    assert_eq!((stats.accepted_count, stats.told_count, stats.depth), (4, 4, 0));
    let stats = narrow_actor.link_stats(2).expect("there is a link");
    assert_eq!((stats.accepted_count, stats.told_count, stats.depth), (3, 3, 0));
    // The end of the one ends the way to both.
    drop(actor);
    wide_actor.shutdown();
    narrow_actor.shutdown();
    while wide_actor.running_mut().step(&mut Spinning) == Step::Worked {}
    while narrow_actor.running_mut().step(&mut Spinning) == Step::Worked {}
    let states = [wide_actor.state(), narrow_actor.state()];
    assert_eq!(states, [ActorState::Stopped; 2]);
}

fn leaked<T: Default>() -> &'static T {
    std::boxed::Box::leak(std::boxed::Box::default())
}

/// Arrays, pairs and options number their links in order, however they are nested.
#[test]
fn s4_links_of_sets_are_numbered_in_order() {
    fn link<const N: usize>() -> LinkEnd<&'static ActorCells<Mailboxes<N>>> {
        LinkEnd::try_new::<u32>(leaked(), 0).expect("there is a mailbox")
    }
    let mut links = (([Some(link::<2>()), None, Some(link::<2>())], NoLinks), Some(link::<8>()));
    assert_eq!(links.link_count(), 3);
    let slots = [0, 1, 2, 3].map(|index| links.credit(index).free_slots);
    assert_eq!(slots, [2, 2, 8, 0]);
    for (index, outcome) in [(2, Ok(())), (3, Err(PushError::Closed(())))] {
        assert_eq!(links.pass_on(index, &OutboxEntry::EMPTY), outcome);
    }
    let slots = [0, 1, 2, 3].map(|index| links.credit(index).free_slots);
    assert_eq!(slots, [2, 2, 7, 0]);
    links.close();
    for index in 0..3 {
        assert_eq!(links.pass_on(index, &OutboxEntry::EMPTY), Err(PushError::Closed(())));
    }
    assert!(ActorPlan::new().try_with_link(links).is_ok_and(|plan| plan.links.link_count() == 3));
}

/// A trace id takes 16 of the bytes of a slot.
#[test]
fn a_link_takes_what_fits_beside_a_trace_id() {
    fn is_linked<T: bytemuck::Pod, const LINES: usize>() -> bool {
        let cells: &'static ActorCells<Mailboxes<2, LINES>> =
            std::boxed::Box::leak(std::boxed::Box::default());
        LinkEnd::try_new::<T>(cells, 0).is_some()
    }
    assert!(is_linked::<[u8; 32], 1>() && !is_linked::<[u8; 33], 1>());
    assert!(is_linked::<[u8; 48], 2>() && !is_linked::<[u8; 49], 2>());
    assert!(is_linked::<[u8; 0], 1>());
}

#[test]
fn a_link_that_is_not_there_is_an_error_of_the_handler() {
    let mut lonely = start::<4, 1>(&Script::default(), ActorPlan::new());
    let requester = lonely.requester(0).expect("it is here");
    requester.try_ask(MessageHeader::new(), Do::Send.with(2)).expect("there is room");
    settle(&mut lonely);
    assert!(matches!(answers(&mut lonely)[..], [Err(ActorError::Handler { code: 2001, .. })]));
}
