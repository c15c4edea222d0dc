//! A header and what it is about, as one message of a ring.

use bytemuck::{Pod, Zeroable};

/// A header and a body, one right after the other.
///
/// Packed, so that it has no padding whatever the two are; read its parts by value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, packed)]
pub struct Envelope<H, B> {
    /// What the protocol reads.
    pub header: H,
    /// What the two sides exchange.
    pub body: B,
}

impl<H: Pod, B: Pod> Envelope<H, B> {
    /// Joins the two.
    #[must_use]
    pub const fn new(header: H, body: B) -> Self {
        Self { header, body }
    }
}
