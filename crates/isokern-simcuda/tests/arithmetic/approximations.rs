//! Approximated functions: known values within the errors of the ISA, and its special values.

use crate::warp::{eval, table};

const NAN: u64 = 0x7fff_ffff;
const INFINITY: u64 = 0x7f80_0000;
const MINUS: u64 = 0x8000_0000;
const ONE: u64 = 0x3f80_0000;

/// Checks a function at points whose values are known, within a relative error.
fn near(function: &str, error: f64, points: &[(f32, f64)]) {
    for (at, expected) in points {
        let bits = eval(&format!("{function} f0, f1"), &[at.to_bits().into()]);
        let have = f64::from(f32::from_bits(bits as u32));
        let off = (have / expected - 1.0).abs();
        assert!(off <= error, "{function} of {at} is {have}, not {expected}: off by {off:e}");
    }
}

#[test]
fn known_values() {
    let step = 2.0_f64.powi(-23);
    let root = core::f64::consts::SQRT_2;
    near("rcp.approx.f32", step, &[(3.0, 1.0 / 3.0), (-0.1, -9.999_999_850_988_39)]);
    near("sqrt.approx.f32", step, &[(2.0, root), (9.0, 3.0)]);
    near("rsqrt.approx.f32", 2.0_f64.powf(-22.9), &[(2.0, 1.0 / root), (0.25, 2.0)]);
    near("ex2.approx.f32", 2.0 * step, &[(0.5, root), (-3.0, 0.125), (-140.0, 2.0_f64.powi(-140))]);
    near("lg2.approx.f32", 2.0 * step, &[(8.0, 3.0), (10.0, core::f64::consts::LOG2_10)]);
    // The sources are rounded too: pi / 6 and pi / 3 of single precision.
    let (sixth, third) = (core::f32::consts::FRAC_PI_6, core::f32::consts::FRAC_PI_3);
    near("sin.approx.f32", 1e-6, &[(sixth, 0.5), (1.0, 0.841_470_984_807_896_5)]);
    near("cos.approx.f32", 1e-6, &[(third, 0.5), (1.0, 0.540_302_305_868_139_8)]);
    near("tanh.approx.f32", 2.0_f64.powi(-11), &[(0.5, 0.462_117_157_260_009_76)]);
    let double = |bits| f64::from_bits(bits);
    let have = double(eval("rsqrt.approx.f64 g0, g1", &[2.0_f64.to_bits()]));
    assert!((have * root - 1.0).abs() < 1e-15);
}

#[test]
fn special_values() {
    let below = INFINITY | MINUS;
    table(
        "rcp.approx.f32 f0, f1",
        &[([0], INFINITY), ([MINUS], below), ([INFINITY], 0), ([below], MINUS), ([NAN], NAN)],
    );
    table("rcp.approx.ftz.f32 f0, f1", &[([MINUS | 1], below), ([0x7f00_0000], 0)]);
    table("sqrt.approx.f32 f0, f1", &[([MINUS], MINUS), ([below], NAN), ([INFINITY], INFINITY)]);
    table(
        "rsqrt.approx.f32 f0, f1",
        &[([0], INFINITY), ([MINUS], below), ([INFINITY], 0), ([MINUS | ONE], NAN)],
    );
    table("sin.approx.f32 f0, f1", &[([MINUS], MINUS), ([INFINITY], NAN)]);
    table("cos.approx.f32 f0, f1", &[([MINUS], ONE), ([below], NAN)]);
    table(
        "lg2.approx.f32 f0, f1",
        &[([MINUS], below), ([MINUS | ONE], NAN), ([INFINITY], INFINITY), ([1], 0xc315_0000)],
    );
    table("lg2.approx.ftz.f32 f0, f1", &[([1], below)]);
    table("ex2.approx.f32 f0, f1", &[([below], 0), ([INFINITY], INFINITY), ([MINUS], ONE)]);
    table("ex2.approx.ftz.f32 f0, f1", &[([0xc30c_0000], 0)]);
    table("tanh.approx.f32 f0, f1", &[([INFINITY], ONE), ([below], MINUS | ONE), ([MINUS], MINUS)]);
}

#[test]
fn coarse_double_precision_uses_the_upper_halves() {
    let four = 4.0_f64.to_bits();
    table(
        "rcp.approx.ftz.f64 g0, g1",
        &[
            ([four | 0xffff_ffff], 0.25_f64.to_bits()),
            ([1 << 50], 0x7ff0_0000_0000_0000),
            ([1 << 63], 0xfff0_0000_0000_0000),
        ],
    );
    table("rsqrt.approx.ftz.f64 g0, g1", &[([four | 0xffff_ffff], 0.5_f64.to_bits())]);
    let third = eval("rcp.approx.ftz.f64 g0, g1", &[3.0_f64.to_bits()]);
    assert_eq!(third & 0xffff_ffff, 0);
    assert!((f64::from_bits(third) * 3.0 - 1.0).abs() < 2.0_f64.powi(-20));
}

#[test]
fn quotients_by_large_divisors_vanish() {
    let large = 0x7f00_0000;
    table(
        "div.approx.f32 f0, f1, f2",
        &[
            ([0x40c0_0000, 0x4000_0000], 0x4040_0000),
            ([large, large], 0),
            ([large | MINUS, large], MINUS),
            ([INFINITY, large], NAN),
            ([large, 0x7e80_0000], 0x4000_0000),
            ([ONE, INFINITY], 0),
        ],
    );
    table("div.full.f32 f0, f1, f2", &[([large, large], ONE)]);
    table("div.full.ftz.f32 f0, f1, f2", &[([1, ONE], 0), ([ONE, MINUS | 1], INFINITY | MINUS)]);
}
