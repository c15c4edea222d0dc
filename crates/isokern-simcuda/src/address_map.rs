//! The address map: where each kind of memory has its generic addresses.

/// Generic addresses of shared memory start here; no allocation reaches it.
pub const SHARED_BASE: u64 = 0x1_F100_0000_0000;

/// Generic addresses of local memory start here.
pub const LOCAL_BASE: u64 = 0x1_F200_0000_0000;

/// Generic addresses of kernel parameters start here.
pub const PARAMETER_BASE: u64 = 0x1_F300_0000_0000;

/// The address of function 0; that of function n is n above.
pub const FUNCTION_BASE: u64 = 0x1_F400_0000_0000;

/// Each of these windows has this many bytes.
pub const WINDOW_BYTES: u64 = 1 << 40;
