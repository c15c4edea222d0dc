//! Values in order, full and empty, and who is woken.

use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;
use std::thread;

use embassy_sync::channel::{TryReceiveError, TrySendError};

use super::Channel;

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_full_channel_hands_the_value_back_and_an_empty_one_says_so() {
    let channel = Channel::<u32, 2>::new();
    assert_eq!(channel.try_receive(), Err(TryReceiveError::Empty));
    assert_eq!((channel.try_send(1), channel.try_send(2)), (Ok(()), Ok(())));
    assert_eq!(channel.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!((channel.len(), channel.try_receive()), (2, Ok(1)));
    assert_eq!(channel.try_send(4), Ok(()));
    assert_eq!((channel.try_receive(), channel.try_receive()), (Ok(2), Ok(4)));
    assert!(channel.is_empty());
}

#[test]
fn who_waits_is_woken_once_by_the_other_side() {
    let channel = Channel::<u32, 1>::new();
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut task = Context::from_waker(&waker);
    let woken = || count.0.swap(0, Ordering::Relaxed);
    let mut receiving = pin!(channel.receive());
    assert!(receiving.as_mut().poll(&mut task).is_pending() && woken() == 0);
    assert_eq!((channel.try_send(1), woken()), (Ok(()), 1));
    assert_eq!(receiving.as_mut().poll(&mut task), Poll::Ready(1));
    assert_eq!((channel.try_send(2), woken()), (Ok(()), 0));
    let mut sending = pin!(channel.send(3));
    assert!(sending.as_mut().poll(&mut task).is_pending() && woken() == 0);
    assert_eq!((channel.try_receive(), woken()), (Ok(2), 1));
    assert_eq!(sending.as_mut().poll(&mut task), Poll::Ready(()));
    assert_eq!(channel.try_receive(), Ok(3));
}

#[test]
fn values_of_another_thread_arrive_in_order() {
    const COUNT: u32 = 10_000;
    static CHANNEL: Channel<u32, 3> = Channel::new();
    let sending = thread::spawn(|| {
        for number in 0..COUNT {
            pollster::block_on(CHANNEL.send(number));
        }
    });
    for number in 0..COUNT {
        assert_eq!(pollster::block_on(CHANNEL.receive()), number);
    }
    sending.join().expect("no panic");
    assert!(CHANNEL.is_empty());
}

/// A waker that calls the channel finds it in use, as full, and breaks nothing.
#[test]
fn a_waker_that_calls_the_channel_does_no_harm() {
    static CHANNEL: Channel<u32, 2> = Channel::new();
    struct Sends(AtomicU32);
    impl Wake for Sends {
        fn wake(self: Arc<Self>) {
            let refused = CHANNEL.try_send(7) == Err(TrySendError::Full(7));
            self.0.fetch_add(u32::from(refused), Ordering::Relaxed);
        }
    }
    let sends = Arc::new(Sends(AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&sends));
    assert!(CHANNEL.poll_receive(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(CHANNEL.try_send(1), Ok(()));
    assert_eq!(sends.0.load(Ordering::Relaxed), 1);
    assert_eq!((CHANNEL.try_receive(), CHANNEL.len()), (Ok(1), 0));
}
