//! Chains of carries: numbers of 128 bits made of parts.

use proptest::proptest;

use crate::warp::{Lanes, Warp, values};

/// Sets `r1..=r4` or `d1..=d4` and runs lines.
fn chain(prefix: &str, sources: &[Lanes], lines: &[&str]) -> Warp {
    let mut warp = Warp::new();
    for (number, values) in (1..).zip(sources) {
        warp.set(&format!("{prefix}{number}"), values);
    }
    for line in lines {
        warp.execute(line, u32::MAX);
    }
    warp
}

proptest! {
    #[test]
    fn sums_of_128_bits(a0 in values(64), a1 in values(64), b0 in values(64), b1 in values(64)) {
        let lines = ["add.cc.u64 d0, d1, d3", "addc.cc.s64 d3, d2, d4", "addc.u64 d4, 0, 0"];
        let warp = chain("d", &[a0, a1, b0, b1], &lines);
        let (low, high, carry) = (warp.get("d0"), warp.get("d3"), warp.get("d4"));
        for lane in 0..32 {
            let a = u128::from(a1[lane]) << 64 | u128::from(a0[lane]);
            let b = u128::from(b1[lane]) << 64 | u128::from(b0[lane]);
            let (sum, carried) = a.overflowing_add(b);
            assert_eq!(u128::from(high[lane]) << 64 | u128::from(low[lane]), sum);
            assert_eq!(carry[lane], carried.into());
        }
    }

    #[test]
    fn differences_of_64_bits(
        a0 in values(32),
        a1 in values(32),
        b0 in values(32),
        b1 in values(32),
    ) {
        let lines = ["sub.cc.u32 r0, r1, r3", "subc.cc.s32 r3, r2, r4", "subc.u32 r4, 0, 0"];
        let warp = chain("r", &[a0, a1, b0, b1], &lines);
        let (low, high, borrow) = (warp.get("r0"), warp.get("r3"), warp.get("r4"));
        for lane in 0..32 {
            let a = a1[lane] << 32 | a0[lane];
            let b = b1[lane] << 32 | b0[lane];
            let (difference, borrowed) = a.overflowing_sub(b);
            assert_eq!(high[lane] << 32 | low[lane], difference);
            assert_eq!(borrow[lane], if borrowed { 0xffff_ffff } else { 0 });
        }
    }

    #[test]
    fn products_of_64_bits(a in values(32), b in values(32), c0 in values(32), c1 in values(32)) {
        // {r4, r3} += r1 * r2, and what is carried out of it.
        let lines =
            ["mad.lo.cc.u32 r3, r1, r2, r3", "madc.hi.cc.u32 r4, r1, r2, r4", "addc.u32 r0, 0, 0"];
        let warp = chain("r", &[a, b, c0, c1], &lines);
        let (low, high, carry) = (warp.get("r3"), warp.get("r4"), warp.get("r0"));
        for lane in 0..32 {
            let (sum, carried) = (a[lane] * b[lane]).overflowing_add(c1[lane] << 32 | c0[lane]);
            assert_eq!(high[lane] << 32 | low[lane], sum);
            assert_eq!(carry[lane], carried.into());
        }
    }
}

#[test]
fn only_cc_writes_the_flag_and_only_running_lanes_change_it() {
    let mut warp = Warp::new();
    warp.set("r1", &[0xffff_ffff; 32]);
    warp.execute("add.cc.u32 r0, r1, 1", 0xff);
    assert_eq!(warp.registers.carry, 0xff);
    warp.execute("addc.u32 r2, r1, 1", u32::MAX);
    assert_eq!(warp.registers.carry, 0xff, "addc without .cc leaves the flag");
    assert_eq!(warp.get("r2")[7], 1);
    assert_eq!(warp.get("r2")[8], 0);
    warp.execute("add.cc.u32 r0, r1, 0", 0x0f);
    assert_eq!(warp.registers.carry, 0xf0);
}
