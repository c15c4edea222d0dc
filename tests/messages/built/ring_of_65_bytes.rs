//! Makes a ring for messages of 65 bytes, with slots of one line.

use isokern_ring::Ring;

fn main() {
    let mut ring = Ring::<[u8; 65], 8>::new();
    let _ = ring.split();
}
