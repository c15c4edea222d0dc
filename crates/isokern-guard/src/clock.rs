//! Clocks for programs with `std`: the system's, and one that tests move by hand.
//!
//! Both keep their sleepers in one sorted table whose places are used again, so that a
//! sleep allocates nothing once the table has grown to the number of sleeps that wait at
//! once. A sleep that is dropped leaves the table.

mod sleep;
mod sleepers;
mod system;
mod virtual_time;

pub use system::SystemClock;
pub use virtual_time::VirtualClock;

#[cfg(test)]
mod tests;
