//! Comparisons with every relation and type, joins with predicates, and choices.

use core::cmp::Ordering;

use proptest::proptest;

use crate::warp::{Warp, check2, eval, lanes, values};

const NAN: u64 = 0x7fc0_0000;

/// Returns whether a relation holds; `None` is the order of NaN.
fn holds(relation: &str, order: Option<Ordering>) -> bool {
    match (relation, order) {
        ("num", order) => order.is_some(),
        ("nan", order) => order.is_none(),
        (_, None) => relation.len() == 3,
        (_, Some(order)) => match &relation[..2] {
            "eq" => order == Ordering::Equal,
            "ne" => order != Ordering::Equal,
            "lt" | "lo" => order == Ordering::Less,
            "le" | "ls" => order != Ordering::Greater,
            "gt" | "hi" => order == Ordering::Greater,
            _ => order != Ordering::Less,
        },
    }
}

proptest! {
    #[test]
    fn integers(a in values(64), b in values(64)) {
        for bits in [16, 32, 64] {
            let prefix = ["h", "r", "d"][bits / 32];
            let [a, b] = &[a, b].map(|lanes| lanes.map(|it| it & u64::MAX >> (64 - bits)));
            let signed = |it: u64| (it << (64 - bits)).cast_signed();
            for relation in ["eq", "ne", "lt", "le", "gt", "ge"] {
                let text = format!("{bits} p0, {prefix}1, {prefix}2");
                check2(&format!("setp.{relation}.u{text}"), a, b, |a, b| {
                    holds(relation, Some(a.cmp(&b))).into()
                });
                check2(&format!("setp.{relation}.s{text}"), a, b, |a, b| {
                    holds(relation, Some(signed(a).cmp(&signed(b)))).into()
                });
            }
            for relation in ["lo", "ls", "hi", "hs"] {
                let text = format!("setp.{relation}.u{bits} p0, {prefix}1, {prefix}2");
                check2(&text, a, b, |a, b| holds(relation, Some(a.cmp(&b))).into());
            }
            let text = format!("setp.ne.b{bits} p0, {prefix}1, {prefix}2");
            check2(&text, a, b, |a, b| (a != b).into());
        }
    }

    #[test]
    fn chosen_by_predicate_or_sign(a in values(64), b in values(64), c in values(32)) {
        let odd = c.map(|it| it & 1);
        for (ty, prefix) in [("b64", "d"), ("u64", "d"), ("f64", "g")] {
            let text = format!("selp.{ty} {prefix}0, {prefix}1, {prefix}2, p1");
            let have = lanes(&text, &[a, b, odd]);
            let by_sign =
                lanes(&format!("slct.{ty}.s32 {prefix}0, {prefix}1, {prefix}2, r3"), &[a, b, c]);
            for lane in 0..32 {
                assert_eq!(have[lane], if odd[lane] == 1 { a[lane] } else { b[lane] });
                assert_eq!(by_sign[lane], if c[lane] >> 31 == 0 { a[lane] } else { b[lane] });
            }
        }
        let [a, b] = [a, b].map(|lanes| lanes.map(|it| it & 0xffff));
        for (ty, prefix) in [("b16", "h"), ("s32", "r"), ("f32", "f")] {
            let text = format!("selp.{ty} {prefix}0, {prefix}1, {prefix}2, p1");
            let have = lanes(&text, &[a, b, odd]);
            for lane in 0..32 {
                assert_eq!(have[lane], if odd[lane] == 1 { a[lane] } else { b[lane] });
            }
        }
    }
}

#[test]
fn floats() {
    let single = [0.0, -0.0, 1.0, -1.5, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-40];
    let relations = [
        "eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan",
    ];
    for relation in relations {
        for a in single {
            for b in single {
                let expected = u64::from(holds(relation, a.partial_cmp(&b)));
                let bits = [a, b].map(|it| u64::from(it.to_bits()));
                let text = format!("setp.{relation}.f32 p0, f1, f2");
                assert_eq!(eval(&text, &bits), expected, "{relation} of {a} and {b}");
                let bits = [a, b].map(|it| f64::from(it).to_bits());
                let text = format!("setp.{relation}.f64 p0, g1, g2");
                assert_eq!(eval(&text, &bits), expected, "{relation} of {a} and {b}");
            }
        }
    }
    assert_eq!(eval("setp.gt.f32 p0, f1, f2", &[1, 0]), 1);
    assert_eq!(eval("setp.gt.ftz.f32 p0, f1, f2", &[1, 0]), 0, "a subnormal value is a zero");
    assert_eq!(eval("setp.ltu.f32 p0, f1, f2", &[NAN, 0]), 1);
}

#[test]
fn joined_with_a_predicate() {
    for (a, c) in [(1, 0), (1, 1), (2, 0), (2, 1)] {
        let less = u64::from(a < 2);
        assert_eq!(eval("setp.lt.and.u32 p0, r1, 2, p1", &[a, c]), less & c);
        assert_eq!(eval("setp.lt.or.u32 p0, r1, 2, p1", &[a, c]), less | c);
        assert_eq!(eval("setp.lt.xor.u32 p0, r1, 2, p1", &[a, c]), less ^ c);
        assert_eq!(eval("setp.lt.and.u32 p0, r1, 2, !p1", &[a, c]), less & (1 - c));
        assert_eq!(
            eval("set.lt.or.u32.u32 r0, r1, 2, p1", &[a, c]),
            if less | c == 1 { 0xffff_ffff } else { 0 }
        );
    }
}

#[test]
fn both_sides_of_a_pair() {
    let mut warp = Warp::new();
    let numbers = core::array::from_fn(|lane| lane as u64);
    warp.set("r1", &numbers);
    warp.set("p2", &numbers.map(|it| it % 2));
    warp.execute("setp.lt.and.u32 p0|p1, r1, 10, p2", u32::MAX);
    // The second one is the opposite comparison, joined with the same predicate.
    assert_eq!(warp.get("p0"), numbers.map(|it| u64::from(it < 10 && it % 2 == 1)));
    assert_eq!(warp.get("p1"), numbers.map(|it| u64::from(it >= 10 && it % 2 == 1)));
    warp.execute("setp.ge.u32 _|p1, r1, 10", u32::MAX);
    assert_eq!(warp.get("p1"), numbers.map(|it| u64::from(it < 10)));
    warp.execute("setp.ge.u32 p1|_, r1, 10", 0xffff);
    assert_eq!(warp.get("p1")[9..17], [0, 1, 1, 1, 1, 1, 1, 0]);
}

#[test]
fn set_gives_numbers() {
    assert_eq!(eval("set.gt.u32.s32 r0, r1, r2", &[1, 0xffff_ffff]), 0xffff_ffff);
    assert_eq!(eval("set.gt.f32.u32 f0, r1, r2", &[1, 0xffff_ffff]), 0);
    assert_eq!(eval("set.le.f32.u32 f0, r1, r2", &[1, 0xffff_ffff]), 0x3f80_0000);
    assert_eq!(eval("set.equ.s32.f64 r0, g1, g2", &[u64::MAX, 0]), 0xffff_ffff);
    assert_eq!(eval("set.lt.ftz.u32.f32 r0, f1, f2", &[0, 1]), 0);
}

#[test]
fn chosen_by_the_sign_of_a_float() {
    let minus_zero = 0x8000_0000;
    assert_eq!(eval("slct.b32.f32 r0, r1, r2, f3", &[5, 6, minus_zero]), 5);
    assert_eq!(eval("slct.b32.f32 r0, r1, r2, f3", &[5, 6, NAN]), 6);
    assert_eq!(eval("slct.b32.f32 r0, r1, r2, f3", &[5, 6, minus_zero + 1]), 6);
    assert_eq!(eval("slct.ftz.b32.f32 r0, r1, r2, f3", &[5, 6, minus_zero + 1]), 5);
}
