//! Dot products of bytes within words. Sums wrap.

use super::lanes::{Three, Warp};

/// Computes `dp4a`: four bytes of each, with one loop for each choice of signs.
#[inline]
pub(super) fn four(a_signed: bool, b_signed: bool, warp: &mut Warp<'_>, at: Three) {
    match (a_signed, b_signed) {
        (true, true) => warp.map3(at, sum4::<true, true>),
        (true, false) => warp.map3(at, sum4::<true, false>),
        (false, true) => warp.map3(at, sum4::<false, true>),
        (false, false) => warp.map3(at, sum4::<false, false>),
    }
}

/// Computes `dp2a`: two halves of `a` by the lower or upper two bytes of `b`.
pub(super) fn two(a_signed: bool, b_signed: bool, high: bool, a: i32, b: i32, c: i32) -> i32 {
    let mut sum = c;
    for at in 0..2 {
        let a = if a_signed { a << (16 - 16 * at) >> 16 } else { a >> (16 * at) & 0xffff };
        let byte = if high { at + 2 } else { at };
        let b = if b_signed { b << (24 - 8 * byte) >> 24 } else { b >> (8 * byte) & 0xff };
        sum = sum.wrapping_add(a.wrapping_mul(b));
    }
    sum
}

#[inline]
fn sum4<const A_SIGNED: bool, const B_SIGNED: bool>(a: i32, b: i32, c: i32) -> i32 {
    let product = |at: i32| byte::<A_SIGNED>(a, at) * byte::<B_SIGNED>(b, at);
    c.wrapping_add(product(0) + product(1) + product(2) + product(3))
}

#[inline]
fn byte<const SIGNED: bool>(word: i32, at: i32) -> i32 {
    if SIGNED { word << (24 - 8 * at) >> 24 } else { word >> (8 * at) & 0xff }
}
