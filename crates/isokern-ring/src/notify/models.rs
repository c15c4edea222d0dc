//! Waker cells under a model checker: no order of accesses loses the last wake.

use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use loom::thread;

use super::{Notify, WakerCell};

/// What a task is woken by, and what it looks at.
#[derive(Default)]
struct Task {
    is_woken: AtomicBool,
    published: AtomicU32,
    cell: WakerCell,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
    }
}

impl Task {
    fn publish(&self, number: u32) {
        self.published.store(number, Ordering::Release);
        self.cell.notify();
    }
}

/// Checks a task that registers, looks and sleeps until what was published last is there, while
/// another thread publishes `count` times. A wake that is lost leaves it asleep for good, which
/// loom reports.
fn sleep_until_published(preemption_bound: usize, count: u32) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemption_bound);
    builder.check(move || {
        let task = Arc::new(Task::default());
        let waker = Waker::from(task.clone());
        // The model checker gets to know every word of the cell before a second thread does.
        task.cell.register(&waker);
        task.publish(0);
        assert!(task.is_woken.swap(false, Ordering::AcqRel));
        let publisher = thread::spawn({
            let task = task.clone();
            move || (1..=count).for_each(|number| task.publish(number))
        });
        let mut is_joined = Some(publisher);
        loop {
            task.cell.register(&waker);
            if task.published.load(Ordering::Acquire) == count {
                break;
            }
            // Nobody publishes from here on, so a wake that has not come yet never will.
            if let Some(publisher) = is_joined.take() {
                publisher.join().expect("no panic");
            }
            assert!(task.is_woken.swap(false, Ordering::AcqRel), "the wake was lost");
        }
    });
}

#[test]
fn p14_a_look_sees_the_message_or_the_notifier_the_waker() {
    sleep_until_published(5, 1);
}

#[test]
fn p14_the_last_of_two_messages_wakes() {
    sleep_until_published(4, 2);
}
