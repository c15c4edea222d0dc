//! Bytes chosen from two words, and logic given by its truth table.

use super::logic::Permute;

/// Computes `prmt`: four bytes of the eight in `{b, a}`.
#[inline]
pub(super) fn permute(mode: Permute, a: u32, b: u32, control: u32) -> u32 {
    let bytes = u64::from(b) << 32 | u64::from(a);
    let selector = selector(mode, control);
    let mut result = 0;
    for at in 0..4 {
        let nibble = selector >> (4 * at);
        let byte = (bytes >> (8 * (nibble & 7)) & 0xff) as u32;
        let sign = 0_u32.wrapping_sub(byte >> 7) & 0xff;
        result |= (if nibble & 8 == 0 { byte } else { sign }) << (8 * at);
    }
    result
}

/// A choice of four bytes that is the same in all lanes, ready to be made without a branch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice([Byte; 4]);

/// Where a byte of the result comes from. Masks are all ones for yes.
#[derive(Debug, Clone, Copy)]
struct Byte {
    from_b: u32,
    shift: u32,
    sign: u32,
    to: u32,
}

impl Choice {
    /// Returns the choice a mode makes for a control word.
    pub(super) fn new(mode: Permute, control: u32) -> Self {
        let selector = selector(mode, control);
        Self([0, 8, 16, 24].map(|to| {
            let nibble = selector >> (to / 2);
            let mask = |bit: u32| 0_u32.wrapping_sub(nibble >> bit & 1);
            Byte { from_b: mask(2), shift: 8 * (nibble & 3), sign: mask(3), to }
        }))
    }

    /// Returns the bytes of `{b, a}` it chooses.
    #[inline]
    pub(super) fn of(&self, a: u32, b: u32) -> u32 {
        let mut result = 0;
        for byte in &self.0 {
            let chosen = (a & !byte.from_b | b & byte.from_b) >> byte.shift & 0xff;
            let sign = 0_u32.wrapping_sub(chosen >> 7) & 0xff;
            result |= (chosen & !byte.sign | sign & byte.sign) << byte.to;
        }
        result
    }
}

/// Returns the nibbles that choose bytes: the control word itself, or what the mode makes of it.
#[inline]
fn selector(mode: Permute, control: u32) -> u32 {
    match mode {
        Permute::Nibbles => control,
        _ => selectors(mode)[(control & 3) as usize],
    }
}

/// Returns the selectors a mode represents, by the low two bits of the control word; the lowest
/// nibble chooses the lowest byte.
const fn selectors(mode: Permute) -> [u32; 4] {
    match mode {
        Permute::Nibbles => [0; 4],
        Permute::Forward4 => [0x3210, 0x4321, 0x5432, 0x6543],
        Permute::Backward4 => [0x5670, 0x6701, 0x7012, 0x0123],
        Permute::Replicate8 => [0x0000, 0x1111, 0x2222, 0x3333],
        Permute::ClampLeft => [0x3210, 0x3211, 0x3222, 0x3333],
        Permute::ClampRight => [0x0000, 0x1110, 0x2210, 0x3210],
        Permute::Replicate16 => [0x1010, 0x3232, 0x1010, 0x3232],
    }
}

/// Computes `lop3`: bit `4a + 2b + c` of the table for every bit position.
#[inline]
pub(super) fn truth_table(table: u8, a: u32, b: u32, c: u32) -> u32 {
    let mut result = 0;
    for row in 0..8 {
        let chosen = 0_u32.wrapping_sub(u32::from(table) >> row & 1);
        let a = if row & 4 == 0 { !a } else { a };
        let b = if row & 2 == 0 { !b } else { b };
        let c = if row & 1 == 0 { !c } else { c };
        result |= chosen & a & b & c;
    }
    result
}
