//! Dot products of bytes, in all mixes of signs.

use proptest::proptest;

use crate::warp::{check3, table, values};

fn byte(word: u64, at: usize, signed: bool) -> i64 {
    let byte = word.to_le_bytes()[at];
    if signed { i64::from(byte.cast_signed()) } else { byte.into() }
}

fn half(word: u64, at: u32, signed: bool) -> i64 {
    let half = (word >> (16 * at)) as u16;
    if signed { i64::from(half.cast_signed()) } else { half.into() }
}

proptest! {
    #[test]
    fn any_signs(a in values(32), b in values(32), c in values(32)) {
        for (a_type, a_signed) in [("u32", false), ("s32", true)] {
            for (b_type, b_signed) in [("u32", false), ("s32", true)] {
                let text = format!("dp4a.{a_type}.{b_type} r0, r1, r2, r3");
                check3(&text, [&a, &b, &c], |a, b, c| {
                    let products = (0..4).map(|at| byte(a, at, a_signed) * byte(b, at, b_signed));
                    (c.cast_signed() + products.sum::<i64>()) as u32 as u64
                });
                for (part, first) in [("lo", 0), ("hi", 2)] {
                    let text = format!("dp2a.{part}.{a_type}.{b_type} r0, r1, r2, r3");
                    check3(&text, [&a, &b, &c], |a, b, c| {
                        let [x, y] = [0, 1].map(|at| half(a, at, a_signed));
                        let [v, w] = [first, first + 1].map(|at| byte(b, at, b_signed));
                        (c.cast_signed() + x * v + y * w) as u32 as u64
                    });
                }
            }
        }
    }
}

#[test]
fn extremes() {
    // 4 * 255 * 255, 4 * 128 * 128, 4 * -128 * 255.
    let (ones, tops) = (0xffff_ffff, 0x8080_8080);
    table("dp4a.u32.u32 r0, r1, r2, r3", &[([ones, ones, 0], 260_100)]);
    table("dp4a.s32.s32 r0, r1, r2, r3", &[([tops, tops, 0], 65_536), ([ones, ones, ones], 3)]);
    let mixed = (-130_560_i32).cast_unsigned().into();
    table("dp4a.s32.u32 r0, r1, r2, r3", &[([tops, ones, 0], mixed)]);
    table("dp4a.u32.s32 r0, r1, r2, r3", &[([ones, tops, 0], mixed)]);
    // The sum wraps.
    table("dp4a.s32.s32 r0, r1, r2, r3", &[([1, 1, 0x7fff_ffff], 0x8000_0000)]);
}
