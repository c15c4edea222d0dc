//! Conversions: integers of every size in every register, floats in every direction.

use proptest::proptest;

use crate::warp::{check1, eval, table, values};

const TYPES: [(&str, u32, bool); 8] = [
    ("u8", 8, false),
    ("s8", 8, true),
    ("u16", 16, false),
    ("s16", 16, true),
    ("u32", 32, false),
    ("s32", 32, true),
    ("u64", 64, false),
    ("s64", 64, true),
];

const REGISTERS: [(&str, u32); 4] = [("c", 8), ("h", 16), ("r", 32), ("d", 64)];

fn value(raw: u64, bits: u32, signed: bool) -> i128 {
    let raw = i128::from(raw & u64::MAX >> (64 - bits));
    if signed && raw >> (bits - 1) == 1 { raw - (1 << bits) } else { raw }
}

/// Returns what a register holds for a value of a type: its low bits, extended as the type says.
fn held(result: i128, (_, bits, signed): (&str, u32, bool), register: u32) -> u64 {
    let number = value(result as u64, bits, signed);
    number as u64 & u64::MAX >> (64 - register)
}

fn clamped(number: i128, (_, bits, signed): (&str, u32, bool)) -> i128 {
    let low = if signed { -1 << (bits - 1) } else { 0 };
    let high = if signed { (1 << (bits - 1)) - 1 } else { (1 << bits) - 1 };
    number.clamp(low, high)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(32))]

    #[test]
    fn between_integers(a in values(64)) {
        for from in TYPES {
            for to in TYPES {
                for (source, source_bits) in REGISTERS {
                    for (target, target_bits) in REGISTERS {
                        if source_bits < from.1 || target_bits < to.1 {
                            continue;
                        }
                        let a = &a.map(|it| it & u64::MAX >> (64 - source_bits));
                        let ends = format!("{}.{} {target}0, {source}1", to.0, from.0);
                        let number = |raw| value(raw, from.1, from.2);
                        check1(&format!("cvt.{ends}"), a, |raw| {
                            held(number(raw), to, target_bits)
                        });
                        check1(&format!("cvt.sat.{ends}"), a, |raw| {
                            held(clamped(number(raw), to), to, target_bits)
                        });
                    }
                }
            }
        }
    }

    #[test]
    fn integers_to_floats(a in values(64)) {
        for from in TYPES {
            let (prefix, bits) = REGISTERS.into_iter().find(|it| it.1 == from.1).expect("its own");
            let a = &a.map(|it| it & u64::MAX >> (64 - bits));
            let number = |raw| value(raw, from.1, from.2);
            check1(&format!("cvt.rn.f32.{} f0, {prefix}1", from.0), a, |raw| {
                (number(raw) as f32).to_bits().into()
            });
            check1(&format!("cvt.rn.f64.{} g0, {prefix}1", from.0), a, |raw| {
                (number(raw) as f64).to_bits()
            });
        }
    }

    #[test]
    fn floats_to_integers(a in values(32), b in values(64)) {
        for to in TYPES {
            let (prefix, bits) = REGISTERS.into_iter().find(|it| it.1 == to.1).expect("its own");
            for (mode, round) in [
                ("rni", f64::round_ties_even as fn(f64) -> f64),
                ("rzi", f64::trunc),
                ("rmi", f64::floor),
                ("rpi", f64::ceil),
            ] {
                let integer = |it: f64, nan: u64| {
                    if it.is_nan() { nan } else { held(clamped(round(it) as i128, to), to, bits) }
                };
                let nan = if bits == 64 { 1 << 63 } else { 0 };
                check1(&format!("cvt.{mode}.{}.f32 {prefix}0, f1", to.0), &a, |raw| {
                    integer(f32::from_bits(raw as u32).into(), nan)
                });
                check1(&format!("cvt.{mode}.{}.f64 {prefix}0, g1", to.0), &b, |raw| {
                    integer(f64::from_bits(raw), 1 << (bits - 1))
                });
            }
        }
    }
}

#[test]
fn directions_to_integers() {
    let [half, minus_half, odd] = [2.5_f32, -2.5, 3.5].map(|it| u64::from(it.to_bits()));
    let word = |it: i32| u64::from(it.cast_unsigned());
    for (mode, expected) in
        [("rni", [2, -2, 4]), ("rzi", [2, -2, 3]), ("rmi", [2, -3, 3]), ("rpi", [3, -2, 4])]
    {
        let rows: Vec<_> = [half, minus_half, odd]
            .into_iter()
            .zip(expected)
            .map(|(source, expected)| ([source], word(expected)))
            .collect();
        table(&format!("cvt.{mode}.s32.f32 r0, f1"), &rows);
        // The same, left in the format.
        let rows: Vec<_> = [half, minus_half, odd]
            .into_iter()
            .zip(expected)
            .map(|(source, expected)| ([source], u64::from((expected as f32).to_bits())))
            .collect();
        table(&format!("cvt.{mode}.f32.f32 f0, f1"), &rows);
    }
    // Held within the range; infinities too.
    table("cvt.rzi.s32.f32 r0, f1", &[([0x4f32_d05e], 0x7fff_ffff), ([0xff80_0000], 1 << 31)]);
    table("cvt.rzi.u32.f32 r0, f1", &[([0xbf80_0000], 0), ([0x7f80_0000], 0xffff_ffff)]);
    // A wider register gets the sign.
    table("cvt.rzi.s8.f32 r0, f1", &[([0xbf80_0000], 0xffff_ffff), ([0xc396_0000], 0xffff_ff80)]);
    table("cvt.rzi.sat.u8.f32 d0, f1", &[([0x4396_0000], 255)]);
    // NaN: zero to at most 32 bits from single precision, else the highest bit.
    table("cvt.rni.s32.f32 r0, f1", &[([0x7fc0_0000], 0)]);
    table("cvt.rni.u64.f32 d0, f1", &[([0x7fc0_0000], 1 << 63)]);
    table("cvt.rni.u32.f64 r0, g1", &[([0x7ff8_0000_0000_0000], 1 << 31)]);
    table("cvt.rpi.s32.f32 r0, f1", &[([1], 1)]);
    table("cvt.rpi.ftz.s32.f32 r0, f1", &[([1], 0)]);
}

#[test]
fn directions_from_integers_and_to_smaller_floats() {
    let modes = ["rn", "rz", "rm", "rp"];
    let check = |text: &str, source: u64, expected: [u64; 4]| {
        for (mode, expected) in modes.into_iter().zip(expected) {
            let text = text.replace("MODE", mode);
            assert_eq!(eval(&text, &[source]), expected, "{text} of {source:#x}");
        }
    };
    // 2^24 + 1, half way between two values, and its negative.
    let (low, high) = (0x4b80_0000, 0x4b80_0001);
    check("cvt.MODE.f32.u32 f0, r1", 0x0100_0001, [low, low, low, high]);
    let minus = 0x8000_0000;
    check("cvt.MODE.f32.s32 f0, r1", 0xfeff_ffff, [low, low, high, low].map(|it| it | minus));
    check(
        "cvt.MODE.f32.u64 f0, d1",
        u64::MAX,
        [0x5f80_0000, 0x5f7f_ffff, 0x5f7f_ffff, 0x5f80_0000],
    );
    let (low, high) = (0x43ef_ffff_ffff_ffff, 0x43f0_0000_0000_0000);
    check("cvt.MODE.f64.u64 g0, d1", u64::MAX, [high, low, low, high]);
    // 0.1 of double precision; a value too large for single precision.
    let (low, high) = (0x3dcc_cccc, 0x3dcc_cccd);
    check("cvt.MODE.f32.f64 f0, g1", 0x3fb9_9999_9999_999a, [high, low, low, high]);
    let large = 1e300_f64.to_bits();
    let (low, high) = (0x7f7f_ffff, 0x7f80_0000);
    check("cvt.MODE.f32.f64 f0, g1", large, [high, low, low, high]);
    // Half precision: one third; 65520, half way to infinity; 2^-25, half way to the smallest.
    check("cvt.MODE.f16.f32 h0, f1", 0x3eaa_aaab, [0x3555, 0x3555, 0x3555, 0x3556]);
    check("cvt.MODE.f16.f32 h0, f1", 0x477f_f000, [0x7c00, 0x7bff, 0x7bff, 0x7c00]);
    check("cvt.MODE.f16.f64 h0, g1", 2.0_f64.powi(-25).to_bits(), [0, 0, 0, 1]);
}

#[test]
fn between_float_formats() {
    table(
        "cvt.f64.f32 g0, f1",
        &[
            ([0x3dcc_cccd], 0x3fb9_9999_a000_0000),
            ([1], 2.0_f64.powi(-149).to_bits()),
            ([0x7f80_0001], 0xfff8_0000_0000_0000),
        ],
    );
    table("cvt.ftz.f64.f32 g0, f1", &[([0x8000_0001], 1 << 63)]);
    table("cvt.rn.ftz.f32.f64 f0, g1", &[([2.0_f64.powi(-149).to_bits()], 0)]);
    table("cvt.rn.sat.f32.f64 f0, g1", &[([5.0_f64.to_bits()], 0x3f80_0000), ([1 << 63], 0)]);
    table("cvt.sat.f32.f32 f0, f1", &[([0x4000_0000], 0x3f80_0000), ([0x7fc0_0000], 0)]);
    table(
        "cvt.f32.f16 f0, h1",
        &[
            ([0x3555], 0x3eaa_a000),
            ([1], 0x3380_0000),
            ([0xfc00], 0xff80_0000),
            ([0x7c01], 0x7fff_ffff),
            ([0x8000], 0x8000_0000),
        ],
    );
    table("cvt.f64.f16 g0, h1", &[([0x3c00], 1.0_f64.to_bits())]);
    table("cvt.rn.f16.f32 h0, f1", &[([0x7f80_0001], 0x7fff), ([0xc000_0000], 0xc000)]);
    table("cvt.rn.sat.f32.s32 f0, r1", &[([7], 0x3f80_0000), ([0xffff_fff9], 0)]);
}
