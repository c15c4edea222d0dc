//! Clones the end of a ring, to push from a second place.

use isokern_ring::Ring;

fn main() {
    let mut ring = Ring::<u32, 8>::new();
    let (producer, _consumer) = ring.split();
    let mut second = producer.clone();
    let _ = second.try_push(1);
}
