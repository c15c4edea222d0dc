//! Integer arithmetic: all types against wider arithmetic of Rust, edges from the ISA.

use proptest::proptest;

use crate::warp::{Lanes, Warp, check1, check2, check3, eval, table, values};

/// The types: name, prefix of registers, bits, signed.
const TYPES: [(&str, &str, u32, bool); 6] = [
    ("u16", "h", 16, false),
    ("s16", "h", 16, true),
    ("u32", "r", 32, false),
    ("s32", "r", 32, true),
    ("u64", "d", 64, false),
    ("s64", "d", 64, true),
];

/// Returns the value of the low bits.
fn value(raw: u64, bits: u32, signed: bool) -> i128 {
    let raw = i128::from(raw & u64::MAX >> (64 - bits));
    if signed && raw >> (bits - 1) == 1 { raw - (1 << bits) } else { raw }
}

/// Returns the low bits of a value.
fn cut(value: i128, bits: u32) -> u64 {
    value as u64 & u64::MAX >> (64 - bits)
}

fn binary(
    words: &str,
    (name, prefix, bits, signed): (&str, &str, u32, bool),
    a: &Lanes,
    b: &Lanes,
    expected: impl Fn(i128, i128) -> i128,
) {
    let a = &a.map(|it| cut(it.into(), bits));
    let b = &b.map(|it| cut(it.into(), bits));
    let text = format!("{words}.{name} {prefix}0, {prefix}1, {prefix}2");
    check2(&text, a, b, |a, b| cut(expected(value(a, bits, signed), value(b, bits, signed)), bits));
}

proptest! {
    #[test]
    fn two_sources(a in values(64), b in values(64)) {
        for ty in TYPES {
            let bits = ty.2;
            binary("add", ty, &a, &b, |a, b| a + b);
            binary("sub", ty, &a, &b, |a, b| a - b);
            binary("mul.lo", ty, &a, &b, i128::wrapping_mul);
            binary("min", ty, &a, &b, i128::min);
            binary("max", ty, &a, &b, i128::max);
            binary("div", ty, &a, &b, |a, b| if b == 0 { -1 } else { a / b });
            binary("rem", ty, &a, &b, |a, b| if b == 0 { -1 } else { a % b });
            if bits < 64 {
                binary("mul.hi", ty, &a, &b, |a, b| (a * b) >> bits);
            }
        }
        binary("mul.hi", TYPES[4], &a, &b, |a, b| {
            ((a.cast_unsigned() * b.cast_unsigned()) >> 64).cast_signed()
        });
        binary("mul.hi", TYPES[5], &a, &b, |a, b| (a * b) >> 64);
    }

    #[test]
    fn three_sources(a in values(64), b in values(64), c in values(64)) {
        for (name, prefix, bits, signed) in TYPES {
            let [a, b, c] = &[a, b, c].map(|lanes| lanes.map(|it| cut(it.into(), bits)));
            let number = |raw| value(raw, bits, signed);
            let regs = format!("{prefix}0, {prefix}1, {prefix}2, {prefix}3");
            check3(&format!("mad.lo.{name} {regs}"), [a, b, c], |a, b, c| {
                cut(number(a).wrapping_mul(number(b)).wrapping_add(number(c)), bits)
            });
            check3(&format!("sad.{name} {regs}"), [a, b, c], |a, b, c| {
                cut((number(a) - number(b)).abs() + number(c), bits)
            });
            if bits < 64 {
                check3(&format!("mad.hi.{name} {regs}"), [a, b, c], |a, b, c| {
                    cut(((number(a) * number(b)) >> bits) + number(c), bits)
                });
            }
        }
    }

    #[test]
    fn wide(a in values(32), b in values(32), c in values(64)) {
        for (name, bits, signed, from, to) in [
            ("u16", 16, false, "h", "r"),
            ("s16", 16, true, "h", "r"),
            ("u32", 32, false, "r", "d"),
            ("s32", 32, true, "r", "d"),
        ] {
            let [a, b] = &[a, b].map(|lanes| lanes.map(|it| cut(it.into(), bits)));
            let c = &c.map(|it| cut(it.into(), 2 * bits));
            let product = |a, b| value(a, bits, signed) * value(b, bits, signed);
            check2(&format!("mul.wide.{name} {to}0, {from}1, {from}2"), a, b, |a, b| {
                cut(product(a, b), 2 * bits)
            });
            let text = format!("mad.wide.{name} {to}0, {from}1, {from}2, {to}3");
            check3(&text, [a, b, c], |a, b, c| cut(product(a, b) + i128::from(c), 2 * bits));
        }
    }

    #[test]
    fn saturating_and_short(a in values(32), b in values(32), c in values(32)) {
        let clamp = |it: i128| it.clamp(i32::MIN.into(), i32::MAX.into());
        binary("add.sat", TYPES[3], &a, &b, |a, b| clamp(a + b));
        binary("sub.sat", TYPES[3], &a, &b, |a, b| clamp(a - b));
        check3("mad.hi.sat.s32 r0, r1, r2, r3", [&a, &b, &c], |a, b, c| {
            let [a, b, c] = [a, b, c].map(|it| value(it, 32, true));
            cut(clamp(((a * b) >> 32) + c), 32)
        });
        for (name, signed) in [("u32", false), ("s32", true)] {
            let product = |a, b| value(a, 24, signed) * value(b, 24, signed);
            let sum = |a: i128, c| cut(a + i128::from(c), 32);
            check2(&format!("mul24.lo.{name} r0, r1, r2"), &a, &b, |a, b| cut(product(a, b), 32));
            check2(&format!("mul24.hi.{name} r0, r1, r2"), &a, &b, |a, b| {
                cut(product(a, b) >> 16, 32)
            });
            check3(&format!("mad24.lo.{name} r0, r1, r2, r3"), [&a, &b, &c], |a, b, c| {
                sum(product(a, b), c)
            });
            check3(&format!("mad24.hi.{name} r0, r1, r2, r3"), [&a, &b, &c], |a, b, c| {
                sum(product(a, b) >> 16, c)
            });
        }
        check3("mad24.hi.sat.s32 r0, r1, r2, r3", [&a, &b, &c], |a, b, c| {
            // The product's bits 47 to 16 are a word of their own.
            let high = value(cut((value(a, 24, true) * value(b, 24, true)) >> 16, 32), 32, true);
            cut(clamp(high + value(c, 32, true)), 32)
        });
    }

    #[test]
    fn one_source(a in values(64)) {
        for (name, prefix, bits, signed) in TYPES {
            if signed {
                let a = &a.map(|it| cut(it.into(), bits));
                let text = format!("{name} {prefix}0, {prefix}1");
                check1(&format!("neg.{text}"), a, |a| cut(-value(a, bits, true), bits));
                check1(&format!("abs.{text}"), a, |a| cut(value(a, bits, true).abs(), bits));
            }
        }
    }

    #[test]
    fn only_lanes_of_the_mask_change(a in values(32), b in values(32), mask: u32) {
        let mut warp = Warp::new();
        warp.set("r0", &[77; 32]);
        warp.set("d0", &[1 << 40; 32]);
        warp.set("p0", &[1; 32]);
        warp.set("r1", &a);
        warp.set("r2", &b);
        warp.execute("add.u32 r0, r1, r2", mask);
        warp.execute("mul.wide.u32 d0, r1, r2", mask);
        warp.execute("setp.lt.u32 p0, r1, r2", mask);
        let (sums, products, less) = (warp.get("r0"), warp.get("d0"), warp.get("p0"));
        for lane in 0..32 {
            let runs = mask >> lane & 1 == 1;
            let sum = (a[lane] + b[lane]) & 0xffff_ffff;
            assert_eq!(sums[lane], if runs { sum } else { 77 });
            assert_eq!(products[lane], if runs { a[lane] * b[lane] } else { 1 << 40 });
            assert_eq!(less[lane], if runs { u64::from(a[lane] < b[lane]) } else { 1 });
        }
    }
}

#[test]
fn edges_of_division() {
    let ones = 0xffff_ffff;
    table("div.u32 r0, r1, r2", &[([7, 2], 3), ([7, 0], ones), ([ones, ones], 1)]);
    table("rem.u32 r0, r1, r2", &[([7, 2], 1), ([7, 0], ones)]);
    // -7 / 2 = -3 rest -1; the smallest value by -1 wraps.
    let seven = 0xffff_fff9;
    table("div.s32 r0, r1, r2", &[([seven, 2], 0xffff_fffd), ([0x8000_0000, ones], 0x8000_0000)]);
    table("rem.s32 r0, r1, r2", &[([seven, 2], ones), ([0x8000_0000, ones], 0), ([5, 0], ones)]);
    table("div.s64 d0, d1, d2", &[([1 << 63, u64::MAX], 1 << 63), ([5, 0], u64::MAX)]);
    table("rem.s16 h0, h1, h2", &[([0x8000, 0xffff], 0), ([0xfff9, 2], 0xffff)]);
}

#[test]
fn constants_are_sources() {
    assert_eq!(eval("add.u32 r0, r1, -1", &[5]), 4);
    assert_eq!(eval("add.s16 h0, h1, -1", &[0]), 0xffff);
    assert_eq!(eval("add.u64 d0, d1, -1", &[5]), 4);
    assert_eq!(eval("mul.wide.s32 d0, r1, -4", &[3]), (-12_i64).cast_unsigned());
    assert_eq!(eval("min.s16 h0, h1, -5", &[3]), 0xfffb);
    assert_eq!(eval("add.u32 r0, r1, WARP_SZ", &[1]), 33);
}

#[test]
fn a_target_may_be_a_source() {
    let mut warp = Warp::new();
    warp.set("r0", &[3; 32]);
    warp.execute("mad.lo.u32 r0, r0, r0, r0", u32::MAX);
    assert_eq!(warp.get("r0"), [12; 32]);
}
