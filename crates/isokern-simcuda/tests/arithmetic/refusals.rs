//! What is refused, why, and on which line.

use isokern_simcuda::error::Reason;

use crate::warp::Warp;

fn reason(text: &str) -> Reason {
    match Warp::new().decode(text) {
        Err(error) => {
            assert_eq!(error.line, 7, "{text}");
            error.reason
        }
        Ok(decoded) => panic!("{text} is decoded as {decoded:?}"),
    }
}

#[test]
fn unknown_forms_are_named() {
    for text in [
        "add.f16 h0, h1, h2",
        "add.f16x2 r0, r1, r2",
        "fma.rn.bf16 h0, h1, h2, h3",
        "add.u16x2 r0, r1, r2",
        "add.u8 c0, c1, c2",
        "add.b32 r0, r1, r2",
        "add.sat.u32 r0, r1, r2",
        "add.sat.sat.s32 r0, r1, r2",
        "add.foo.s32 r0, r1, r2",
        "add.rn.s32 r0, r1, r2",
        "add.s32.s32 r0, r1, r2",
        "add.ftz.f64 g0, g1, g2",
        "add.sat.f64 g0, g1, g2",
        "add.rn.rz.f32 f0, f1, f2",
        "mul.lo.hi.u32 r0, r1, r2",
        "mul.wide.u64 d0, d1, d2",
        "mul24.lo.u16 h0, h1, h2",
        "mad.lo.sat.s32 r0, r1, r2, r3",
        "abs.u32 r0, r1",
        "min.relu.s32 r0, r1, r2",
        "min.NaN.f64 g0, g1, g2",
        "min.xorsign.f32 f0, f1, f2",
        "and.u32 r0, r1, r2",
        "shl.u32 r0, r1, r2",
        "shr.f32 f0, f1, r2",
        "shf.l.wrap.u32 r0, r1, r2, r3",
        "prmt.b32.f4e.rc8 r0, r1, r2, r3",
        "lop3.or.b32 p0, r1, r2, r3, 5",
        "popc.u32 r0, r1",
        "bfe.b32 r0, r1, r2, r3",
        "dp4a.s32.b32 r0, r1, r2, r3",
        "setp.lt.b32 p0, r1, r2",
        "setp.lo.s32 p0, r1, r2",
        "setp.equ.u32 p0, r1, r2",
        "setp.eq.f16 p0, h1, h2",
        "setp.eq.ftz.s32 p0, r1, r2",
        "set.eq.s64.u32 d0, r1, r2",
        "selp.b8 c0, c1, c2, p1",
        "slct.b32.u32 r0, r1, r2, r3",
        "mov.u8 c0, c1",
        "cvt.rn.bf16.f32 h0, f1",
        "cvt.pack.sat.s16.s32 r0, r1, r2",
        "cvt.rna.tf32.f32 r0, f1",
        "cvt.b32.u32 r0, r1",
        "rcp.approx.f64 g0, g1",
        "sin.f32 f0, f1",
        "tanh.approx.ftz.f32 f0, f1",
        "ex2.approx.f16 h0, h1",
        "rsqrt.rn.f32 f0, f1",
        "div.approx.f64 g0, g1, g2",
    ] {
        let mnemonic = text.split(' ').next().expect("a mnemonic").to_owned();
        assert_eq!(reason(text), Reason::Unsupported(mnemonic), "{text}");
    }
}

#[test]
fn operands_must_fit() {
    for (text, why) in [
        ("add.u32 r0, d1, r2", "`d1` is declared as B64, expected U32"),
        ("add.u32 d0, r1, r2", "`d0` is declared as B64, expected U32"),
        ("add.u32 r0, h1, r2", "`h1` is declared as B16, expected U32"),
        ("add.u32 f0, r1, r2", "`f0` is declared as F32, expected U32"),
        ("add.f32 f0, f1, s2", "`s2` is declared as S32, expected F32"),
        ("add.u32 r0, p1, r2", "`p1` is declared as Pred, expected U32"),
        ("mul.wide.u32 r0, r1, r2", "`r0` is declared as B32, expected U64"),
        ("mad.wide.u32 d0, r1, r2, r3", "`r3` is declared as B32, expected U64"),
        ("shl.b64 d0, d1, d2", "`d2` is declared as B64, expected U32"),
        ("popc.b64 d0, d1", "`d0` is declared as B64, expected U32"),
        ("add.f32 f0, f1, 1", "expected a register or constant of type F32"),
        ("add.u32 r0, r1, 0f3F800000", "expected a register or constant of type U32"),
        ("add.u32 7, r1, r2", "expected a register to write to"),
        ("add.u32 _, r1, r2", "expected a register to write to"),
        ("add.u32 r0, r1", "2 operands, expected 3"),
        ("add.u32 r0, r1, r2, r3", "4 operands, expected 3"),
        ("setp.lt.u32 p0, r1, r2, p1", "4 operands, expected 3"),
        ("setp.lt.and.u32 p0, r1, r2", "3 operands, expected 4"),
        ("setp.u32 p0, r1, r2", "one of .eq"),
        ("mul.u32 r0, r1, r2", "one of .lo, .hi, .wide is needed"),
        ("fma.f32 f0, f1, f2, f3", "one of .rn, .rz, .rm, .rp is needed"),
        ("div.f32 f0, f1, f2", "one of .rn, .rz, .rm, .rp is needed"),
        ("shf.l.b32 r0, r1, r2, r3", "one of .wrap, .clamp is needed"),
        ("lop3.b32 r0, r1, r2, r3, 256", "a truth table has 8 bits"),
        ("lop3.b32 r0, r1, r2, r3, r4", "expected an integer constant"),
        ("and.pred p0, !p1, p2", "cannot be negated"),
        ("mov.b64 {r0, r1, r2}, d1", "B64 has no 3 parts"),
        ("mov.b32 {r0, r1}, r2", "`r0` is declared as B32, expected B16"),
        ("cvt.u32.u16 h0, h1", "`h0` is declared as B16, expected U32"),
        ("cvt.u64.u32 d0, h1", "`h1` is declared as B16, expected U32"),
        ("cvt.u32.u32 f0, r1", "`f0` is declared as F32, expected U32"),
        ("cvt.rn.f32.s32 d0, r1", "`d0` is declared as B64, expected F32"),
        ("cvt.f32.s32 f0, r1", "one of .rn, .rz, .rm, .rp is needed"),
        ("cvt.rn.s32.f32 r0, f1", "one of .rni, .rzi, .rmi, .rpi is needed"),
        ("cvt.f32.f64 f0, g1", "one of .rn, .rz, .rm, .rp is needed"),
        ("cvt.rn.f64.f32 g0, f1", "exact and takes no rounding"),
        ("cvt.rn.u32.u16 r0, h1", "without rounding"),
        ("cvt.ftz.u32.u16 r0, h1", ".ftz needs an .f32"),
    ] {
        match reason(text) {
            Reason::Operands { instruction, why: have } => {
                assert!(have.contains(why), "{text}: {have}");
                assert_eq!(text.split(' ').next(), Some(instruction.as_str()));
            }
            other => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn unknown_names_are_undeclared() {
    for text in ["add.u32 r0, r1, missing", "setp.eq.u32 nothing, r1, r2", "add.u32 away, r1, r2"] {
        assert!(matches!(reason(text), Reason::Undeclared(_)), "{text}");
    }
}

#[test]
fn signs_do_not_matter_for_the_fit() {
    for text in ["add.u32 s0, s1, r2", "add.s32 u0, u1, s2", "mov.b32 f0, s1", "add.f32 r0, f1, r2"]
    {
        assert!(matches!(Warp::new().decode(text), Ok(Some(_))), "{text}");
    }
}
