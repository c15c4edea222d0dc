//! Look-ups for AVX2: 32 bytes an iteration, in 16 rows of 16 entries.

use core::arch::x86_64::{
    __m256i, _mm256_adds_epu8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_xor_si256,
};

use isokern_core::Cells;

/// See [`Tile::table`](super::tile::Tile::table).
#[target_feature(enable = "avx2")]
pub(super) fn table(table: &[i8; 256], flip: u8, x: Cells<'_>, y: Cells<'_>) {
    let (rows, _) = table.as_chunks::<16>();
    let flips = _mm256_set1_epi8(flip.cast_signed());
    // Places of other rows overflow to those that a shuffle answers with 0.
    let limit = _mm256_set1_epi8(0x70);
    let mut at = 0;
    while at + 32 <= y.len() {
        let places = _mm256_xor_si256(bytemuck::cast(x.load::<32>(at)), flips);
        let mut found = _mm256_setzero_si256();
        for (row, number) in rows.iter().zip(0_i8..) {
            let row: __m256i = bytemuck::cast([*row, *row]);
            let inside = _mm256_xor_si256(places, _mm256_set1_epi8(number << 4));
            let inside = _mm256_adds_epu8(inside, limit);
            found = _mm256_or_si256(found, _mm256_shuffle_epi8(row, inside));
        }
        y.store::<32>(at, bytemuck::cast(found));
        at += 32;
    }
    for index in at..y.len() {
        y.set(index, table[usize::from(x.get(index).cast_unsigned() ^ flip)]);
    }
}
