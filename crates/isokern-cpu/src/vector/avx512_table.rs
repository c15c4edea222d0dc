//! Look-ups for AVX-512 with VBMI: 64 bytes an iteration, in two halves of the table.

use core::arch::x86_64::{
    __m512i, _mm512_mask_blend_epi8, _mm512_movepi8_mask, _mm512_permutex2var_epi8,
    _mm512_set1_epi8, _mm512_xor_si512,
};

use isokern_core::Cells;

/// See [`Tile::table`](super::tile::Tile::table).
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn table(table: &[i8; 256], flip: u8, x: Cells<'_>, y: Cells<'_>) {
    let quarters: [__m512i; 4] = bytemuck::cast(*table);
    let flips = _mm512_set1_epi8(flip.cast_signed());
    let mut at = 0;
    while at + 64 <= y.len() {
        let places = _mm512_xor_si512(bytemuck::cast(x.load::<64>(at)), flips);
        let low = _mm512_permutex2var_epi8(quarters[0], places, quarters[1]);
        let high = _mm512_permutex2var_epi8(quarters[2], places, quarters[3]);
        let found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(places), low, high);
        y.store::<64>(at, bytemuck::cast(found));
        at += 64;
    }
    for index in at..y.len() {
        y.set(index, table[usize::from(x.get(index).cast_unsigned() ^ flip)]);
    }
}
