//! Fault codes of the workers themselves; handlers use any below them.

/// The first code that is the workers': handlers use those below.
pub const FAULT_CODES_START: u32 = u32::MAX - 255;
/// The handler panicked.
pub const FAULT_PANIC: u32 = u32::MAX - 1;
/// The task was not claimed before its deadline.
pub const FAULT_EXPIRED: u32 = u32::MAX - 2;
/// The task was cancelled. Its completion says so by its outcome.
pub const FAULT_CANCELLED: u32 = u32::MAX - 3;
/// The task joined one that was not held.
pub const FAULT_JOIN: u32 = u32::MAX - 4;
/// The task gave way or was put back more often than its slot can count.
pub const FAULT_COUNTER: u32 = u32::MAX - 5;
/// The handler returned a code of the workers.
pub const FAULT_RESERVED_CODE: u32 = u32::MAX - 6;
