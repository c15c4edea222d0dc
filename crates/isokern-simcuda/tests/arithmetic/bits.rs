//! Logic, shifts, fields and bytes: bit by bit, as the ISA writes them.

use proptest::proptest;

use crate::warp::{check1, check2, check3, eval, lanes, table, values};

const SIZES: [(&str, u32); 3] = [("h", 16), ("r", 32), ("d", 64)];

const fn cut(value: u64, bits: u32) -> u64 {
    value & u64::MAX >> (64 - bits)
}

/// Returns a value whose bits are given one by one.
fn from_bits(count: u32, bit: impl Fn(u32) -> bool) -> u64 {
    (0..count).map(|at| u64::from(bit(at)) << at).sum()
}

const fn bit(value: u64, at: u32) -> bool {
    value >> at & 1 == 1
}

proptest! {
    #[test]
    fn logic(a in values(64), b in values(64)) {
        for (prefix, bits) in SIZES {
            let [a, b] = &[a, b].map(|lanes| lanes.map(|it| cut(it, bits)));
            let two = format!("b{bits} {prefix}0, {prefix}1, {prefix}2");
            let one = format!("b{bits} {prefix}0, {prefix}1");
            check2(&format!("and.{two}"), a, b, |a, b| a & b);
            check2(&format!("or.{two}"), a, b, |a, b| a | b);
            check2(&format!("xor.{two}"), a, b, |a, b| a ^ b);
            check1(&format!("not.{one}"), a, |a| cut(!a, bits));
            check1(&format!("cnot.{one}"), a, |a| u64::from(a == 0));
        }
    }

    #[test]
    fn shifts(a in values(64), by in values(7), constant in 0_u32..70) {
        for (prefix, bits) in SIZES {
            let a = &a.map(|it| cut(it, bits));
            let left = |a, by: u64| from_bits(bits, |at| at as u64 >= by && bit(a, at - by as u32));
            let right = |a, by: u64| {
                from_bits(bits, |at| at as u64 + by < bits.into() && bit(a, at + by as u32))
            };
            let signed = |a, by: u64| {
                from_bits(bits, |at| bit(a, (at as u64 + by).min(u64::from(bits) - 1) as u32))
            };
            let ends = format!("{bits} {prefix}0, {prefix}1");
            check2(&format!("shl.b{ends}, r2"), a, &by, left);
            check2(&format!("shr.b{ends}, r2"), a, &by, right);
            check2(&format!("shr.u{ends}, r2"), a, &by, right);
            check2(&format!("shr.s{ends}, r2"), a, &by, signed);
            check1(&format!("shl.b{ends}, {constant}"), a, |a| left(a, constant.into()));
            check1(&format!("shr.u{ends}, {constant}"), a, |a| right(a, constant.into()));
            check1(&format!("shr.s{ends}, {constant}"), a, |a| signed(a, constant.into()));
        }
    }

    #[test]
    fn funnel_shifts(a in values(32), b in values(32), by in values(7)) {
        for (mode, limit) in [("clamp", true), ("wrap", false)] {
            let amount = |by: u64| if limit { by.min(32) } else { by % 32 } as u32;
            let both = |a: u64, b: u64| u128::from(b) << 32 | u128::from(a);
            check3(&format!("shf.l.{mode}.b32 r0, r1, r2, r3"), [&a, &b, &by], |a, b, by| {
                cut((both(a, b) << amount(by) >> 32) as u64, 32)
            });
            check3(&format!("shf.r.{mode}.b32 r0, r1, r2, r3"), [&a, &b, &by], |a, b, by| {
                cut((both(a, b) >> amount(by)) as u64, 32)
            });
        }
    }

    #[test]
    fn any_truth_table(a in values(32), b in values(32), c in values(32)) {
        for table in 0..=255_u64 {
            check3(&format!("lop3.b32 r0, r1, r2, r3, {table}"), [&a, &b, &c], |a, b, c| {
                from_bits(32, |at| {
                    let [a, b, c] = [a, b, c].map(|it| u32::from(bit(it, at)));
                    bit(table, 4 * a + 2 * b + c)
                })
            });
        }
    }

    #[test]
    fn counts(a in values(64)) {
        for (prefix, bits) in &SIZES[1..] {
            let a = &a.map(|it| cut(it, *bits));
            let ones = |a| (0..*bits).filter(|at| bit(a, *at)).count() as u64;
            let zeros = |a| (0..*bits).rev().take_while(|at| !bit(a, *at)).count() as u64;
            check1(&format!("popc.b{bits} r0, {prefix}1"), a, ones);
            check1(&format!("clz.b{bits} r0, {prefix}1"), a, zeros);
            check1(&format!("brev.b{bits} {prefix}0, {prefix}1"), a, |a| {
                from_bits(*bits, |at| bit(a, bits - 1 - at))
            });
            for signed in [false, true] {
                let highest = |a: u64| {
                    let a = if signed && bit(a, bits - 1) { !a } else { a };
                    (0..*bits).rev().find(|at| bit(a, *at))
                };
                let ty = if signed { "s" } else { "u" };
                let none = 0xffff_ffff;
                check1(&format!("bfind.{ty}{bits} r0, {prefix}1"), a, |a| {
                    highest(a).map_or(none, u64::from)
                });
                check1(&format!("bfind.shiftamt.{ty}{bits} r0, {prefix}1"), a, |a| {
                    highest(a).map_or(none, |at| (bits - 1 - at).into())
                });
            }
        }
    }

    #[test]
    fn fields(a in values(64), b in values(64), position in values(9), length in values(9)) {
        for (prefix, bits) in &SIZES[1..] {
            let [a, b] = &[a, b].map(|lanes| lanes.map(|it| cut(it, *bits)));
            let msb = bits - 1;
            for signed in [false, true] {
                let ty = if signed { "s" } else { "u" };
                let text = format!("bfe.{ty}{bits} {prefix}0, {prefix}1, r2, r3");
                check3(&text, [a, &position, &length], |a, position, length| {
                    let (position, length) = (position as u32 & 0xff, length as u32 & 0xff);
                    let filled = signed && length > 0 && bit(a, (position + length - 1).min(msb));
                    from_bits(*bits, |at| {
                        let inside = at < length && position + at <= msb;
                        if inside { bit(a, position + at) } else { filled }
                    })
                });
            }
            let text = format!("bfi.b{bits} {prefix}0, {prefix}1, {prefix}2, r3, r4");
            let have = lanes(&text, &[*a, *b, position, length]);
            for lane in 0..32 {
                let (position, length) = (position[lane] as u32 & 0xff, length[lane] as u32 & 0xff);
                let expected = from_bits(*bits, |at| {
                    let inside = at >= position && at - position < length;
                    if inside { bit(a[lane], at - position) } else { bit(b[lane], at) }
                });
                assert_eq!(have[lane], expected, "{text}: {position} {length}");
            }
        }
    }

    #[test]
    fn nth_set(a in values(32), base in 0_u32..32, offset in -33_i32..34) {
        check1(&format!("fns.b32 r0, r1, {base}, {offset}"), &a, |a| {
            // The steps of the ISA.
            if offset == 0 {
                return if bit(a, base) { base.into() } else { 0xffff_ffff };
            }
            let (mut at, mut count) = (base as i32, offset.abs() - 1);
            while (0..32).contains(&at) {
                if bit(a, at as u32) {
                    if count == 0 {
                        return at as u64;
                    }
                    count -= 1;
                }
                at += offset.signum();
            }
            0xffff_ffff
        });
    }

    #[test]
    fn bytes_by_nibbles(a in values(32), b in values(32), c in values(16)) {
        check3("prmt.b32 r0, r1, r2, r3", [&a, &b, &c], nibbles);
        for control in [0x3210, 0x5410, 0x7632, 0xba98, 0xfedc, 0x0123] {
            let text = format!("prmt.b32 r0, r1, r2, {control}");
            check2(&text, &a, &b, |a, b| nibbles(a, b, control));
        }
    }
}

fn nibbles(a: u64, b: u64, control: u64) -> u64 {
    let bytes = (b << 32 | a).to_le_bytes();
    let chosen = |at: u64| {
        let nibble = control >> (4 * at) & 15;
        let byte = bytes[(nibble & 7) as usize];
        if nibble < 8 {
            byte
        } else if byte >= 0x80 {
            0xff
        } else {
            0
        }
    };
    u32::from_le_bytes([0, 1, 2, 3].map(chosen)).into()
}

#[test]
fn modes_of_permutation() {
    // The bytes of b, a are 77 66 55 44 33 22 11 00.
    let rows: [(&str, [u64; 4]); 6] = [
        ("f4e", [0x3322_1100, 0x4433_2211, 0x5544_3322, 0x6655_4433]),
        ("b4e", [0x5566_7700, 0x6677_0011, 0x7700_1122, 0x0011_2233]),
        ("rc8", [0, 0x1111_1111, 0x2222_2222, 0x3333_3333]),
        ("ecl", [0x3322_1100, 0x3322_1111, 0x3322_2222, 0x3333_3333]),
        ("ecr", [0, 0x1111_1100, 0x2222_1100, 0x3322_1100]),
        ("rc16", [0x1100_1100, 0x3322_3322, 0x1100_1100, 0x3322_3322]),
    ];
    for (mode, expected) in rows {
        for (control, expected) in (0..).zip(expected) {
            let text = format!("prmt.b32.{mode} r0, r1, r2, r3");
            // Only the low two bits of the control word count.
            for control in [control, control + 4, control + 0xffff_fff0] {
                table(&text, &[([0x3322_1100, 0x7766_5544, control], expected)]);
            }
        }
    }
}

#[test]
fn masks_and_extensions() {
    let ones = 0xffff_ffff;
    table(
        "bmsk.clamp.b32 r0, r1, r2",
        &[
            ([0, 0], 0),
            ([4, 8], 0xff0),
            ([28, 8], 0xf000_0000),
            ([0, 32], ones),
            ([8, 40], 0xffff_ff00),
            ([32, 4], 0),
            ([31, 1], 0x8000_0000),
        ],
    );
    table(
        "bmsk.wrap.b32 r0, r1, r2",
        &[([36, 8], 0xff0), ([4, 40], 0xff0), ([0, 32], 0), ([28, 8], 0xf000_0000)],
    );
    table(
        "szext.clamp.s32 r0, r1, r2",
        &[
            ([0x80, 8], 0xffff_ff80),
            ([0x17f, 8], 0x7f),
            ([ones, 0], 0),
            ([0xdead_beef, 32], 0xdead_beef),
            ([0xdead_beef, 99], 0xdead_beef),
            ([1, 1], ones),
        ],
    );
    table("szext.wrap.s32 r0, r1, r2", &[([0x80, 40], 0xffff_ff80), ([ones, 32], 0)]);
    table("szext.clamp.u32 r0, r1, r2", &[([0x1f80, 8], 0x80), ([0xdead_beef, 32], 0xdead_beef)]);
}

#[test]
fn edges_of_shifts_and_fields() {
    table("shl.b32 r0, r1, r2", &[([1, 31], 1 << 31), ([1, 32], 0), ([1, 0xffff_ffff], 0)]);
    table("shr.s32 r0, r1, r2", &[([1 << 31, 99], 0xffff_ffff), ([1 << 30, 32], 0)]);
    table("shr.u16 h0, h1, r2", &[([0x8000, 15], 1), ([0x8000, 16], 0)]);
    table("shr.s16 h0, h1, r2", &[([0x8000, 1], 0xc000), ([0x8000, 0x1_0000], 0xffff)]);
    // No length is zero; past the top only the sign is left.
    table(
        "bfe.s32 r0, r1, r2, r3",
        &[
            ([0xffff_ffff, 0, 0], 0),
            ([0x8000_0000, 40, 4], 0xffff_ffff),
            ([0x8000_0000, 28, 8], 0xffff_fff8),
            ([0xf0, 4, 4], 0xffff_ffff),
            ([0x70, 0x104, 4], 7),
        ],
    );
    assert_eq!(eval("bfi.b32 r0, r1, r2, 4, 8", &[0xfab, 0xffff_ffff]), 0xffff_fabf);
}

#[test]
fn logic_of_predicates() {
    for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        assert_eq!(eval("and.pred p0, p1, p2", &[a, b]), a & b);
        assert_eq!(eval("or.pred p0, p1, p2", &[a, b]), a | b);
        assert_eq!(eval("xor.pred p0, p1, p2", &[a, b]), a ^ b);
        assert_eq!(eval("not.pred p0, p1", &[a]), 1 - a);
    }
}
