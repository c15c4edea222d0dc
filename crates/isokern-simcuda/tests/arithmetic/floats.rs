//! Floats to the nearest: Rust's arithmetic, NaN, signed zeros, subnormal values, bounds.

use proptest::proptest;

use crate::warp::{check1, check2, check3, eval, table, values};

const NAN: u64 = 0x7fff_ffff;
const NAN64: u64 = 0xfff8_0000_0000_0000;
const ONE: u64 = 0x3f80_0000;
const INFINITY: u64 = 0x7f80_0000;
const MINUS: u64 = 0x8000_0000;

fn single(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

/// Returns the bits of a result.
fn bits(value: f32) -> u64 {
    if value.is_nan() { NAN } else { value.to_bits().into() }
}

fn bits64(value: f64) -> u64 {
    if value.is_nan() { NAN64 } else { value.to_bits() }
}

proptest! {
    #[test]
    fn single_precision(a in values(32), b in values(32), c in values(32)) {
        check2("add.f32 f0, f1, f2", &a, &b, |a, b| bits(single(a) + single(b)));
        check2("add.rn.f32 f0, f1, f2", &a, &b, |a, b| bits(single(a) + single(b)));
        check2("sub.f32 f0, f1, f2", &a, &b, |a, b| bits(single(a) - single(b)));
        check2("mul.f32 f0, f1, f2", &a, &b, |a, b| bits(single(a) * single(b)));
        check2("div.rn.f32 f0, f1, f2", &a, &b, |a, b| bits(single(a) / single(b)));
        check2("div.full.f32 f0, f1, f2", &a, &b, |a, b| bits(single(a) / single(b)));
        check1("rcp.rn.f32 f0, f1", &a, |a| bits(1.0 / single(a)));
        check1("sqrt.rn.f32 f0, f1", &a, |a| bits(single(a).sqrt()));
        check3("fma.rn.f32 f0, f1, f2, f3", [&a, &b, &c], |a, b, c| {
            bits(single(a).mul_add(single(b), single(c)))
        });
        check1("abs.f32 f0, f1", &a, |a| a & 0x7fff_ffff);
        check1("neg.f32 f0, f1", &a, |a| a ^ MINUS);
        check2("copysign.f32 f0, f1, f2", &a, &b, |a, b| a & MINUS | b & 0x7fff_ffff);
    }

    #[test]
    fn multiply_add_of_values_of_one_size(a in values(32), b in values(32), c in values(32)) {
        // Exponents from -7 to 0, so that sums cancel and round.
        let [a, b, c] = &[a, b, c].map(|lanes| lanes.map(|it| it & 0x83ff_ffff | 0x3c00_0000));
        check3("fma.rn.f32 f0, f1, f2, f3", [a, b, c], |a, b, c| {
            bits(single(a).mul_add(single(b), single(c)))
        });
        // Products half way between two values: a sum decides.
        let [a, c] = &[a, c].map(|lanes| lanes.map(|it| it & 0xffff_f000));
        let c = &c.map(|it| it & MINUS | it >> 8 & 0x00ff_ffff);
        check3("fma.rn.f32 f0, f1, f2, f3", [a, a, c], |a, b, c| {
            bits(single(a).mul_add(single(b), single(c)))
        });
    }

    #[test]
    fn double_precision(a in values(64), b in values(64), c in values(64)) {
        let double = f64::from_bits;
        check2("add.f64 g0, g1, g2", &a, &b, |a, b| bits64(double(a) + double(b)));
        check2("sub.f64 g0, g1, g2", &a, &b, |a, b| bits64(double(a) - double(b)));
        check2("mul.f64 g0, g1, g2", &a, &b, |a, b| bits64(double(a) * double(b)));
        check2("div.rn.f64 g0, g1, g2", &a, &b, |a, b| bits64(double(a) / double(b)));
        check1("sqrt.rn.f64 g0, g1", &a, |a| bits64(double(a).sqrt()));
        check3("fma.rn.f64 g0, g1, g2, g3", [&a, &b, &c], |a, b, c| {
            bits64(double(a).mul_add(double(b), double(c)))
        });
        check1("abs.f64 g0, g1", &a, |a| a & !(1 << 63));
        check1("neg.f64 g0, g1", &a, |a| a ^ 1 << 63);
        check2("copysign.f64 g0, g1, g2", &a, &b, |a, b| a & 1 << 63 | b & !(1 << 63));
    }
}

#[test]
fn not_a_number() {
    let other = 0xff80_0001;
    table("add.f32 f0, f1, f2", &[([other, ONE], NAN), ([INFINITY, INFINITY | MINUS], NAN)]);
    table("mul.f32 f0, f1, f2", &[([0, INFINITY], NAN), ([ONE, other], NAN)]);
    table("div.rn.f32 f0, f1, f2", &[([0, 0], NAN), ([0, MINUS], NAN)]);
    table("mul.rz.f32 f0, f1, f2", &[([0, INFINITY], NAN), ([ONE, other], NAN)]);
    table("add.f64 g0, g1, g2", &[([0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000], NAN64)]);
    table("add.rp.f64 g0, g1, g2", &[([0x7ff0_0000_0000_0001, 0], NAN64)]);
    table("fma.rm.f32 f0, f1, f2, f3", &[([other, 0, 0], NAN), ([0, INFINITY, ONE], NAN)]);
}

#[test]
fn smaller_and_larger() {
    let zero_rows = [([0, MINUS], MINUS), ([MINUS, 0], MINUS), ([MINUS, MINUS], MINUS)];
    table("min.f32 f0, f1, f2", &zero_rows);
    table("max.f32 f0, f1, f2", &[([0, MINUS], 0), ([MINUS, 0], 0), ([MINUS, MINUS], MINUS)]);
    let other = 0x7f80_0001;
    let two = 0x4000_0000;
    for opcode in ["min", "max"] {
        let rows = [([other, ONE], ONE), ([ONE, other], ONE), ([other, other], NAN)];
        table(&format!("{opcode}.f32 f0, f1, f2"), &rows);
        let rows = [([other, ONE], NAN), ([ONE, other], NAN)];
        table(&format!("{opcode}.NaN.f32 f0, f1, f2"), &rows);
    }
    table("min.f32 f0, f1, f2", &[([ONE, two], ONE), ([ONE, two | MINUS], two | MINUS)]);
    table("max.f32 f0, f1, f2", &[([ONE, two], two), ([ONE, INFINITY], INFINITY), ([1, 0], 1)]);
    table("max.ftz.f32 f0, f1, f2", &[([1, MINUS | 1], 0), ([MINUS | 1, MINUS], MINUS)]);
    table(
        "min.f64 g0, g1, g2",
        &[([0, 1 << 63], 1 << 63), ([NAN64, 5], 5), ([NAN64, NAN64], NAN64)],
    );
    // The magnitude is chosen, the sign is that of the product.
    table(
        "min.xorsign.abs.f32 f0, f1, f2",
        &[([ONE | MINUS, two], ONE | MINUS), ([ONE | MINUS, two | MINUS], ONE)],
    );
    table(
        "max.NaN.xorsign.abs.f32 f0, f1, f2",
        &[([ONE, two | MINUS], two | MINUS), ([other, ONE], NAN)],
    );
}

#[test]
fn subnormal_values_are_kept_or_flushed() {
    let (tiny, smallest, half) = (1, 0x0080_0000, 0x3f00_0000);
    table("add.f32 f0, f1, f2", &[([tiny, tiny], 2)]);
    table(
        "add.ftz.f32 f0, f1, f2",
        &[
            ([tiny, tiny], 0),
            ([MINUS | tiny, MINUS], MINUS),
            ([tiny, smallest], smallest),
            // The difference of two normal values may be subnormal.
            ([smallest + 1, MINUS | smallest], 0),
            ([smallest, MINUS | (smallest + 1)], MINUS),
        ],
    );
    table("mul.f32 f0, f1, f2", &[([smallest, half], 0x0040_0000)]);
    table(
        "mul.ftz.f32 f0, f1, f2",
        &[([smallest, half], 0), ([smallest, half | MINUS], MINUS), ([MINUS | tiny, ONE], MINUS)],
    );
    table("mul.rp.ftz.f32 f0, f1, f2", &[([smallest, half], 0)]);
    table("sub.ftz.f32 f0, f1, f2", &[([tiny, smallest], smallest | MINUS)]);
    table("fma.rn.ftz.f32 f0, f1, f2, f3", &[([tiny, ONE, ONE], ONE), ([smallest, half, 0], 0)]);
    table("div.rn.ftz.f32 f0, f1, f2", &[([ONE, tiny], INFINITY), ([smallest, 0x4000_0000], 0)]);
    table("sqrt.rn.ftz.f32 f0, f1", &[([tiny], 0), ([MINUS | tiny], MINUS)]);
    table("abs.ftz.f32 f0, f1", &[([MINUS | tiny], 0)]);
    table("neg.ftz.f32 f0, f1", &[([tiny], MINUS), ([ONE], ONE | MINUS)]);
}

#[test]
fn held_between_zero_and_one() {
    let quarters = 0x3f40_0000;
    table(
        "add.sat.f32 f0, f1, f2",
        &[
            ([quarters, quarters], ONE),
            ([quarters, 0], quarters),
            ([quarters | MINUS, 0], 0),
            ([MINUS, MINUS], 0),
            ([NAN, ONE], 0),
            ([INFINITY, ONE], ONE),
        ],
    );
    table("mul.rz.ftz.sat.f32 f0, f1, f2", &[([quarters, 0x4000_0000], ONE), ([1, ONE], 0)]);
    table("fma.rn.sat.f32 f0, f1, f2, f3", &[([quarters, ONE | MINUS, 0], 0)]);
}

#[test]
fn properties() {
    let rows = [
        ("finite", [1, 1, 1, 0, 0]),
        ("infinite", [0, 0, 0, 1, 0]),
        ("number", [1, 1, 1, 1, 0]),
        ("notanumber", [0, 0, 0, 0, 1]),
        ("normal", [1, 1, 0, 0, 0]),
        ("subnormal", [0, 0, 1, 0, 0]),
    ];
    let sources = [MINUS, ONE, 1, INFINITY | MINUS, 0xff80_0001];
    for (property, expected) in rows {
        for (source, expected) in sources.into_iter().zip(expected) {
            let have = eval(&format!("testp.{property}.f32 p0, f1"), &[source]);
            assert_eq!(have, expected, "{property} of {source:#x}");
        }
    }
    assert_eq!(eval("testp.subnormal.f64 p0, g1", &[1]), 1);
    assert_eq!(eval("testp.normal.f64 p0, g1", &[NAN64]), 0);
}

#[test]
fn constants() {
    assert_eq!(eval("add.f32 f0, f1, 0f3F800000", &[ONE]), 0x4000_0000);
    assert_eq!(eval("add.f32 f0, f1, 0d3FF0000000000000", &[ONE]), 0x4000_0000);
    let one = 1.0_f64.to_bits();
    assert_eq!(eval("add.f64 g0, g1, 0d3FF0000000000000", &[one]), 2.0_f64.to_bits());
    // A register without a type may hold a float.
    assert_eq!(eval("add.f32 r0, r1, r2", &[ONE, ONE]), 0x4000_0000);
}
