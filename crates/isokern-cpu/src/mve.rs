//! Vectors of Armv8.1-M (MVE), and the door to them.
//!
//! Compiled where the build script says so: for processors that are named and have them. Stable
//! Rust has no intrinsics for them, and no operands of `asm!`: whole loops are in assembly, and
//! what they read and write is checked before.

mod channels;
mod outputs;
mod positions;
mod sums;

use isokern_ops::lane_mac::{Channels, LaneMac, Outputs, Positions, Sums};

/// `VMLAVA`, `VADDVA`, `VQRDMULH` and their like in loops of `DLSTP`, as [`LaneMac`] describes
/// them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mve;

/// Bytes of a vector.
const VECTOR: usize = 16;

impl LaneMac for Mve {
    #[inline]
    fn positions(job: &Positions<'_>) {
        positions::run(job);
    }

    #[inline]
    fn channels(job: &Channels<'_>) {
        channels::run(job);
    }

    #[inline]
    fn sums(job: &Sums<'_>) {
        sums::run(job);
    }

    #[inline]
    fn outputs(job: &Outputs<'_>) {
        outputs::run(job);
    }
}
