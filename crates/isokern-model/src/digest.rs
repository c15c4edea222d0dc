//! The checksum of a blob and the digest of an output, small enough for firmware.

/// Returns the CRC-32 as in IEEE 802.3 (polynomial `0xEDB88320`, reflected), over `bytes`.
///
/// Computed with a table of 16 entries, a word at a time: 64 bytes of flash, two steps a byte.
///
/// ```
/// assert_eq!(isokern_model::digest::crc32(b"123456789"), 0xCBF4_3926);
/// ```
#[must_use]
pub const fn crc32(bytes: &[u8]) -> u32 {
    crc32_update(0, bytes)
}

/// Continues a [`crc32`] with further bytes.
///
/// ```
/// use isokern_model::digest::{crc32, crc32_update};
///
/// assert_eq!(crc32_update(crc32(b"1234"), b"56789"), crc32(b"123456789"));
/// ```
#[must_use]
pub const fn crc32_update(crc: u32, bytes: &[u8]) -> u32 {
    let mut state = !crc;
    let mut rest = bytes;
    while let [first, second, third, fourth, tail @ ..] = rest {
        state ^= u32::from_le_bytes([*first, *second, *third, *fourth]);
        state = crc_byte(crc_byte(crc_byte(crc_byte(state))));
        rest = tail;
    }
    while let [byte, tail @ ..] = rest {
        state = crc_byte(state ^ *byte as u32);
        rest = tail;
    }
    !state
}

/// Takes the lowest byte, which is part of `state`, into account.
#[inline(always)]
const fn crc_byte(state: u32) -> u32 {
    let state = (state >> 4) ^ CRC_NIBBLES[(state & 15) as usize];
    (state >> 4) ^ CRC_NIBBLES[(state & 15) as usize]
}

/// Returns the FNV-1a hash, 64 bits, of the bytes of an int8 tensor.
///
/// This is the digest Isokern prints for an output: every target can afford it.
/// It finds differences; it does not resist forgery. Source: G. Fowler, L. C.
/// Noll, K.-P. Vo, D. Eastlake, *The FNV Non-Cryptographic Hash Algorithm*.
///
/// ```
/// use isokern_model::digest::fnv1a;
///
/// assert_eq!(fnv1a(&[]), 0xcbf2_9ce4_8422_2325);
/// assert_eq!(fnv1a(&[b'a' as i8]), 0xaf63_dc4c_8601_ec8c);
/// ```
#[must_use]
pub const fn fnv1a(values: &[i8]) -> u64 {
    fnv1a_update(FNV_OFFSET, values)
}

/// Continues a [`fnv1a`] digest with further values.
#[must_use]
pub const fn fnv1a_update(digest: u64, values: &[i8]) -> u64 {
    let mut state = digest;
    let mut index = 0;
    while index < values.len() {
        state ^= values[index].cast_unsigned() as u64;
        state = state.wrapping_mul(FNV_PRIME);
        index += 1;
    }
    state
}

/// Fills `target` with the generated input that belongs to `seed`.
///
/// The sequence is xorshift32 (G. Marsaglia, *Xorshift RNGs*, 2003), the top byte
/// of each state; seed 0 means 1, since zero is a fixed point. The self-test
/// of a model is this input and the digest of its output.
pub fn generate_input(seed: u32, target: &mut [i8]) {
    let mut state = if seed == 0 { 1 } else { seed };
    for value in target {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        *value = state.to_le_bytes()[3].cast_signed();
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

const CRC_NIBBLES: [u32; 16] = {
    let mut table = [0; 16];
    let mut index = 0;
    while index < 16 {
        let mut state = index as u32;
        let mut bit = 0;
        while bit < 4 {
            state = if state & 1 == 1 { (state >> 1) ^ 0xEDB8_8320 } else { state >> 1 };
            bit += 1;
        }
        table[index] = state;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::{crc32, crc32_update, generate_input};

    #[test]
    fn a_checksum_does_not_depend_on_how_bytes_are_cut() {
        let bytes: [u8; 23] = core::array::from_fn(|index| (index * 37) as u8);
        let whole = crc32(&bytes);
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(crc32_update(crc32(first), second), whole, "cut at {cut}");
        }
    }

    #[test]
    fn the_generated_input_is_pinned() {
        let mut input = [0; 6];
        generate_input(1, &mut input);
        // xorshift32 from 1: 0x00042021, 0x04080601, 0x9DCCA8C5, 0x1255994F
        assert_eq!(input[..4], [0x00, 0x04, 0x9D_u8.cast_signed(), 0x12]);
        let mut other = [0; 6];
        generate_input(0, &mut other);
        assert_eq!(input, other);
    }
}
