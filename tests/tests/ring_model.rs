//! The ends of a ring against a `VecDeque`, for random orders of their calls.

use std::collections::VecDeque;

use isokern_ring::{Closed, Consumer, MpscRing, PopError, Producer, PushError, Ring};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, proptest};

/// A message of two cells and a half, so that a mixture would show.
type Message = [u16; 5];

/// A call of one of the two ends.
#[derive(Debug, Clone)]
enum Call {
    Push(u16),
    PushFrom(Vec<u16>),
    Pop,
    PopInto(usize),
    Look,
    CloseProducer,
    CloseConsumer,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        20 => any::<u16>().prop_map(Call::Push),
        10 => vec(any::<u16>(), 0..12).prop_map(Call::PushFrom),
        20 => Just(Call::Pop),
        10 => (0..12_usize).prop_map(Call::PopInto),
        5 => Just(Call::Look),
        1 => Just(Call::CloseProducer),
        1 => Just(Call::CloseConsumer),
    ];
    vec(call, 1..200)
}

fn message(number: u16) -> Message {
    [number, !number, number, number.rotate_left(3), number]
}

/// What the ring should be.
///
/// A consumer at work frees slots in batches, so a few of them may look full for a while. The
/// ring says how many are free; the model holds it to the bound and then goes by it.
struct Model {
    queue: VecDeque<Message>,
    /// Slots the producer sees free.
    free: usize,
    producer_closed: bool,
    consumer_closed: bool,
}

impl Model {
    fn push(&mut self, message: Message) -> Result<(), PushError<Message>> {
        if self.producer_closed || self.consumer_closed {
            return Err(PushError::Closed(message));
        }
        if self.free == 0 {
            return Err(PushError::Full(message));
        }
        self.queue.push_back(message);
        Ok(())
    }

    fn push_from(&mut self, messages: &[Message]) -> Result<usize, Closed> {
        if self.producer_closed || self.consumer_closed {
            return Err(Closed);
        }
        let count = messages.len().min(self.free);
        self.queue.extend(&messages[..count]);
        Ok(count)
    }

    fn pop(&mut self) -> Result<Message, PopError> {
        let nothing = if self.producer_closed { PopError::Closed } else { PopError::Empty };
        self.queue.pop_front().ok_or(nothing)
    }

    fn pop_into(&mut self, count: usize) -> Result<Vec<Message>, PopError> {
        if count > 0 && self.queue.is_empty() {
            return self.pop().map(|_| Vec::new());
        }
        Ok(self.queue.drain(..count.min(self.queue.len())).collect())
    }
}

/// Runs the calls on a ring of `N` slots and on the model, and compares every answer.
fn compare<const N: usize>(calls: &[Call]) -> Result<(), TestCaseError> {
    let mut ring = Ring::<Message, N>::new();
    // A second split starts anew, whatever the first one left.
    let (mut producer, _) = ring.split();
    let _ = producer.try_push(message(1));
    drop(producer);
    let (mut producer, mut consumer) = ring.split();
    let mut model =
        Model { queue: VecDeque::new(), free: N, producer_closed: false, consumer_closed: false };
    for call in calls {
        step(call, &mut producer, &mut consumer, &mut model)?;
    }
    drop(producer);
    model.producer_closed = true;
    while let Ok(expected) = model.pop() {
        prop_assert_eq!(consumer.try_pop(), Ok(expected));
    }
    prop_assert_eq!(consumer.try_pop(), Err(PopError::Closed));
    Ok(())
}

fn step<const N: usize>(
    call: &Call,
    producer: &mut Producer<&Ring<Message, N>>,
    consumer: &mut Consumer<&Ring<Message, N>>,
    model: &mut Model,
) -> Result<(), TestCaseError> {
    let withheld_max = (N / 8).clamp(1, 16) - 1;
    model.free = producer.free_slots();
    let truly_free = N - model.queue.len();
    prop_assert!(model.free <= truly_free && truly_free <= model.free + withheld_max);
    if consumer.is_empty() && consumer.try_pop().is_err() {
        prop_assert_eq!(producer.free_slots(), N, "an empty ring withholds nothing");
        model.free = N;
    }
    match call {
        Call::Push(number) => {
            let message = message(*number);
            prop_assert_eq!(producer.try_push(message), model.push(message));
        }
        Call::PushFrom(numbers) => {
            let messages: Vec<Message> = numbers.iter().copied().map(message).collect();
            prop_assert_eq!(producer.push_from(&messages), model.push_from(&messages));
        }
        Call::Pop => prop_assert_eq!(consumer.try_pop(), model.pop()),
        Call::PopInto(count) => {
            let mut places = vec![[0; 5]; *count];
            let taken = consumer.pop_into(&mut places);
            prop_assert_eq!(taken.map(|taken| places[..taken].to_vec()), model.pop_into(*count));
        }
        Call::Look => {
            prop_assert_eq!(consumer.len(), model.queue.len());
            prop_assert_eq!(consumer.is_empty(), model.queue.is_empty());
            let is_closed = model.producer_closed || model.consumer_closed;
            prop_assert_eq!(producer.is_closed(), is_closed);
            prop_assert_eq!(consumer.is_closed(), model.producer_closed);
        }
        Call::CloseProducer => {
            producer.close();
            model.producer_closed = true;
        }
        Call::CloseConsumer => {
            consumer.close();
            model.consumer_closed = true;
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_ring_is_a_bounded_queue(calls in calls()) {
        compare::<2>(&calls)?;
        compare::<4>(&calls)?;
        compare::<64>(&calls)?;
    }

    #[test]
    fn many_producers_on_one_thread_are_a_bounded_queue(
        calls in vec((0..3_usize, any::<bool>(), any::<u32>()), 1..200),
    ) {
        let mut ring = MpscRing::<u32, 4>::new();
        let (first, mut consumer) = ring.split();
        let producers = [first.clone(), first.clone(), first];
        let mut queue = VecDeque::new();
        for (index, is_push, number) in calls {
            if is_push {
                let is_free = queue.len() < 4;
                let expected = if is_free { Ok(()) } else { Err(PushError::Full(number)) };
                prop_assert_eq!(producers[index].try_push(number), expected);
                queue.extend(is_free.then_some(number));
            } else {
                prop_assert_eq!(consumer.try_pop(), queue.pop_front().ok_or(PopError::Empty));
            }
        }
        drop(producers);
        while let Some(number) = queue.pop_front() {
            prop_assert_eq!(consumer.try_pop(), Ok(number));
        }
        prop_assert_eq!(consumer.try_pop(), Err(PopError::Closed));
    }
}
