//! Directions of rounding: cases worked by hand, and neighbours of exact results.

use proptest::proptest;

use crate::warp::{eval, lanes, values};

const MODES: [&str; 4] = ["rn", "rz", "rm", "rp"];

/// Checks a line, in which `MODE` means one of the four directions, against four results.
fn modes(text: &str, sources: &[u64], expected: [u64; 4]) {
    for (mode, expected) in MODES.into_iter().zip(expected) {
        let text = text.replace("MODE", mode);
        let have = eval(&text, sources);
        assert_eq!(have, expected, "{text} of {sources:x?} is {have:#x}, not {expected:#x}");
    }
}

#[test]
fn sums_of_single_precision() {
    let add = "add.MODE.f32 f0, f1, f2";
    // 0.1 + 0.2 = 3 * 0xcccccd / 2^27 = 0x2666667 / 2^27: two bits, 11, are cut off.
    let (low, high) = (0x3e99_9999, 0x3e99_999a);
    modes(add, &[0x3dcc_cccd, 0x3e4c_cccd], [high, low, low, high]);
    let minus = 0x8000_0000;
    modes(add, &[0xbdcc_cccd, 0xbe4c_cccd], [high, low, high, low].map(|it| it | minus));
    // 1 + 2^-24 is half way to the next value; 1 + 2^-23 + 2^-24 as well, from an odd one.
    modes(add, &[0x3f80_0000, 0x3380_0000], [0x3f80_0000, 0x3f80_0000, 0x3f80_0000, 0x3f80_0001]);
    modes(add, &[0x3f80_0001, 0x3380_0000], [0x3f80_0002, 0x3f80_0001, 0x3f80_0001, 0x3f80_0002]);
    // An exact zero is negative downwards alone.
    modes(add, &[0x3f80_0000, 0xbf80_0000], [0, 0, minus, 0]);
    modes("sub.MODE.f32 f0, f1, f2", &[0x3f80_0000, 0x3f80_0000], [0, 0, minus, 0]);
    // Twice the largest value.
    let (largest, infinity) = (0x7f7f_ffff, 0x7f80_0000);
    modes(add, &[largest, largest], [infinity, largest, largest, infinity]);
    let (down, below) = (largest | minus, infinity | minus);
    modes(add, &[down, down], [below, down, below, down]);
}

#[test]
fn sums_of_double_precision() {
    let add = "add.MODE.f64 g0, g1, g2";
    // 0.1 + 0.2 = 3 * 0x1999999999999a / 2^56: the two bits cut off, 10, are exactly half.
    let (low, high) = (0x3fd3_3333_3333_3333, 0x3fd3_3333_3333_3334);
    modes(add, &[0x3fb9_9999_9999_999a, 0x3fc9_9999_9999_999a], [high, low, low, high]);
}

#[test]
fn products_and_quotients() {
    let mul = "mul.MODE.f32 f0, f1, f2";
    // Half of the smallest value, up and down.
    modes(mul, &[1, 0x3f00_0000], [0, 0, 0, 1]);
    modes(mul, &[1, 0xbf00_0000], [0x8000_0000, 0x8000_0000, 0x8000_0001, 0x8000_0000]);
    // One third: 0.0101..., cut after a 0 (single) and followed by 10 or 01.
    let (low, high) = (0x3eaa_aaaa, 0x3eaa_aaab);
    modes("div.MODE.f32 f0, f1, f2", &[0x3f80_0000, 0x4040_0000], [high, low, low, high]);
    modes("rcp.MODE.f32 f0, f1", &[0x4040_0000], [high, low, low, high]);
    let (low, high) = (0x3fd5_5555_5555_5555, 0x3fd5_5555_5555_5556);
    let (one, three) = (0x3ff0_0000_0000_0000, 0x4008_0000_0000_0000);
    modes("div.MODE.f64 g0, g1, g2", &[one, three], [low, low, low, high]);
    modes("rcp.MODE.f64 g0, g1", &[three], [low, low, low, high]);
    // A quotient by zero is exact infinity.
    modes("div.MODE.f32 f0, f1, f2", &[0x3f80_0000, 0], [0x7f80_0000; 4]);
}

#[test]
fn multiply_add_rounds_once() {
    // (1 + 2^-12)^2 - (1 + 2^-11) = 2^-24, which a rounded product would lose.
    let sources = [0x3f80_0800, 0x3f80_0800, 0xbf80_1000];
    modes("fma.MODE.f32 f0, f1, f2, f3", &sources, [0x3380_0000; 4]);
    modes("mad.MODE.f32 f0, f1, f2, f3", &sources, [0x3380_0000; 4]);
    // (1 + 2^-12)^2 is half way between 1 + 2^-11 and the next value.
    let (low, high) = (0x3f80_1000, 0x3f80_1001);
    modes("fma.MODE.f32 f0, f1, f2, f3", &[0x3f80_0800, 0x3f80_0800, 0], [low, low, low, high]);
    // A little more than half way, by the smallest value there is, and a little less.
    modes("fma.MODE.f32 f0, f1, f2, f3", &[0x3f80_0800, 0x3f80_0800, 1], [high, low, low, high]);
    let less = [0x3f80_0800, 0x3f80_0800, 0x8000_0001];
    modes("fma.MODE.f32 f0, f1, f2, f3", &less, [low, low, low, high]);
    // The same in double precision: (1 + 2^-27)^2 - (1 + 2^-26) = 2^-54.
    let sources = [0x3ff0_0000_0200_0000, 0x3ff0_0000_0200_0000, 0xbff0_0000_0400_0000];
    modes("fma.MODE.f64 g0, g1, g2, g3", &sources, [0x3c90_0000_0000_0000; 4]);
}

#[test]
fn roots() {
    // sqrt(2) = 1.6a09e667f3bcc908..., sqrt(3) = 1.bb67ae8584caa73b... in base 16.
    let single = "sqrt.MODE.f32 f0, f1";
    modes(single, &[0x4000_0000], [0x3fb5_04f3, 0x3fb5_04f3, 0x3fb5_04f3, 0x3fb5_04f4]);
    modes(single, &[0x4040_0000], [0x3fdd_b3d7, 0x3fdd_b3d7, 0x3fdd_b3d7, 0x3fdd_b3d8]);
    modes(single, &[0x4080_0000], [0x4000_0000; 4]);
    modes(single, &[0x8000_0000], [0x8000_0000; 4]);
    modes(single, &[0xbf80_0000], [0x7fff_ffff; 4]);
    modes(single, &[0x7f80_0000], [0x7f80_0000; 4]);
    let double = "sqrt.MODE.f64 g0, g1";
    let (low, high) = (0x3ff6_a09e_667f_3bcc, 0x3ff6_a09e_667f_3bcd);
    modes(double, &[0x4000_0000_0000_0000], [high, low, low, high]);
    let (low, high) = (0x3ffb_b67a_e858_4caa, 0x3ffb_b67a_e858_4cab);
    modes(double, &[0x4008_0000_0000_0000], [low, low, low, high]);
    // sqrt(2^-1074) = 2^-537 is exact; sqrt(3 * 2^-1074) = 2^-537 * sqrt(3).
    modes(double, &[1], [0x1e60_0000_0000_0000; 4]);
    let (low, high) = (0x1e6b_b67a_e858_4caa, 0x1e6b_b67a_e858_4cab);
    modes(double, &[3], [low, low, low, high]);
    // sqrt(2^-1073): the square of the rounded root is above by less than the smallest value.
    let (low, high) = (0x1e66_a09e_667f_3bcc, 0x1e66_a09e_667f_3bcd);
    modes(double, &[2], [high, low, low, high]);
}

/// Checks that a pair of results, downwards and upwards, encloses the exact one tightly.
/// `above` compares the exact result with a candidate.
fn encloses(down: f32, up: f32, at_least: impl Fn(f64) -> bool, at_most: impl Fn(f64) -> bool) {
    if down.is_nan() {
        return assert!(up.is_nan());
    }
    assert!(at_least(down.into()), "{down} is not below");
    assert!(at_most(up.into()), "{up} is not above");
    assert!(up == down || up == down.next_up(), "{down} and {up} are no neighbours");
    if up != down {
        assert!(!at_most(down.into()) && !at_least(up.into()), "{down} or {up} is exact");
    }
}

proptest! {
    #[test]
    fn products_lie_between_neighbours(a in values(32), b in values(32)) {
        let down = lanes("mul.rm.f32 f0, f1, f2", &[a, b]);
        let up = lanes("mul.rp.f32 f0, f1, f2", &[a, b]);
        let zero = lanes("mul.rz.f32 f0, f1, f2", &[a, b]);
        for lane in 0..32 {
            let [a, b, down, up, zero] =
                [a, b, down, up, zero].map(|lanes| f32::from_bits(lanes[lane] as u32));
            // Exact: 48 bits.
            let exact = f64::from(a) * f64::from(b);
            encloses(down, up, |it| it <= exact, |it| it >= exact);
            let toward_zero = if exact < 0.0 { up } else { down };
            if !exact.is_nan() {
                assert_eq!(zero.to_bits(), if exact == 0.0 { zero } else { toward_zero }.to_bits());
            }
        }
    }

    #[test]
    fn roots_lie_between_neighbours(a in values(31)) {
        let down = lanes("sqrt.rm.f32 f0, f1", &[a]);
        let up = lanes("sqrt.rp.f32 f0, f1", &[a]);
        for lane in 0..32 {
            let [a, down, up] = [a, down, up].map(|lanes| f32::from_bits(lanes[lane] as u32));
            let a = f64::from(a);
            encloses(down, up, |it| it * it <= a, |it| it * it >= a);
        }
    }

    #[test]
    fn quotients_lie_between_neighbours(a in values(31), b in values(31)) {
        let down = lanes("div.rm.f32 f0, f1, f2", &[a, b]);
        let up = lanes("div.rp.f32 f0, f1, f2", &[a, b]);
        for lane in 0..32 {
            let [a, b, down, up] = [a, b, down, up].map(|lanes| f32::from_bits(lanes[lane] as u32));
            if b == 0.0 || b.is_infinite() || a.is_infinite() {
                continue;
            }
            let (a, b) = (f64::from(a), f64::from(b));
            // Positive, so that products compare as quotients do.
            encloses(down, up, |it| it * b <= a, |it| it * b >= a);
        }
    }
}
