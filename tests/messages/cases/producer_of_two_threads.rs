//! Pushes from two threads into a ring that has one producer.

use isokern_ring::owned;
use std::thread;

fn main() {
    let (mut producer, _consumer) = owned::<u32, 8, 1>();
    let first = thread::spawn(move || producer.try_push(1));
    let second = thread::spawn(move || producer.try_push(2));
    drop((first, second));
}
