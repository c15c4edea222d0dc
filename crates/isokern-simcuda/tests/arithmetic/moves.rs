//! Moves, packing and unpacking.

use isokern_simcuda::program::scope::{Binding, Symbol};
use isokern_simcuda::ptx::ast::Space;

use crate::warp::{Warp, eval};

#[test]
fn registers_and_constants() {
    assert_eq!(eval("mov.b32 r0, r1", &[0xdead_beef]), 0xdead_beef);
    assert_eq!(eval("mov.u32 r0, -1", &[]), 0xffff_ffff);
    assert_eq!(eval("mov.u16 h0, -2", &[]), 0xfffe);
    assert_eq!(eval("mov.u64 d0, -2", &[]), u64::MAX - 1);
    assert_eq!(eval("mov.f32 f0, 0f3FC00000", &[]), 0x3fc0_0000);
    assert_eq!(eval("mov.b32 r0, 0f3FC00000", &[]), 0x3fc0_0000);
    // A decimal constant is a double until its type is known: 1.5, and 0.1 rounded.
    assert_eq!(eval("mov.f32 f0, 0d3FF8000000000000", &[]), 0x3fc0_0000);
    assert_eq!(eval("mov.f32 f0, 0d3FB999999999999A", &[]), 0x3dcc_cccd);
    assert_eq!(eval("mov.f64 g0, 0d3FB999999999999A", &[]), 0x3fb9_9999_9999_999a);
    assert_eq!(eval("mov.b32 f0, r1", &[0x7f80_0001]), 0x7f80_0001, "NaN moves unchanged");
    assert_eq!(eval("mov.u32 r0, WARP_SZ", &[]), 32);
    assert_eq!(eval("mov.pred p0, p1", &[1]), 1);
    assert_eq!(eval("mov.pred p0, 0", &[]), 0);
}

#[test]
fn packed() {
    let mut warp = Warp::new();
    let parts = [("r1", 0x1111_2222), ("r2", 0x3333_4444), ("h1", 0xa1a2), ("h2", 0xb1b2)];
    for (name, value) in parts.into_iter().chain([("c1", 0xc1), ("c2", 0xc2)]) {
        warp.set(name, &[value; 32]);
    }
    warp.execute("mov.b64 d0, {r1, r2}", u32::MAX);
    assert_eq!(warp.get("d0")[3], 0x3333_4444_1111_2222);
    warp.execute("mov.b64 d0, {h1, h2, h1, 7}", u32::MAX);
    assert_eq!(warp.get("d0")[3], 0x0007_a1a2_b1b2_a1a2);
    warp.execute("mov.b32 r0, {h1, h2}", 1);
    assert_eq!(warp.get("r0")[..2], [0xb1b2_a1a2, 0]);
    warp.execute("mov.b32 r0, {c1, c2, c2, 0}", u32::MAX);
    assert_eq!(warp.get("r0")[31], 0x00c2_c2c1);
    warp.execute("mov.b16 h0, {c1, c2}", u32::MAX);
    assert_eq!(warp.get("h0")[31], 0xc2c1);
}

#[test]
fn unpacked() {
    let mut warp = Warp::new();
    warp.set("d1", &[0x8877_6655_4433_2211; 32]);
    warp.set("r1", &[0x4433_2211; 32]);
    warp.set("h1", &[0x2211; 32]);
    let all = u32::MAX;
    warp.execute("mov.b64 {r2, r3}, d1", all);
    assert_eq!([warp.get("r2")[0], warp.get("r3")[0]], [0x4433_2211, 0x8877_6655]);
    warp.execute("mov.b64 {h0, _, h2, h3}, d1", all);
    assert_eq!(["h0", "h2", "h3"].map(|it| warp.get(it)[0]), [0x2211, 0x6655, 0x8877]);
    warp.execute("mov.b32 {h2, h3}, r1", all);
    assert_eq!(["h2", "h3"].map(|it| warp.get(it)[0]), [0x2211, 0x4433]);
    warp.execute("mov.b32 {c0, c1, c2, c3}, r1", all);
    assert_eq!(["c0", "c1", "c2", "c3"].map(|it| warp.get(it)[0]), [0x11, 0x22, 0x33, 0x44]);
    warp.execute("mov.b16 {c0, c1}, h1", all);
    assert_eq!(["c0", "c1"].map(|it| warp.get(it)[0]), [0x11, 0x22]);
    // A part may be a float, and the source its own target.
    warp.execute("mov.b64 {f0, f1}, d1", all);
    assert_eq!(warp.get("f1")[0], 0x8877_6655);
    warp.execute("mov.b32 {h1, h2}, r1", 0xffff);
    assert_eq!(warp.get("h2")[15..17], [0x4433, 0x2211]);
}

#[test]
fn other_sources_are_left_to_others() {
    let mut warp = Warp::new();
    let symbol = Symbol { space: Space::Global, address: 64, bytes: 4 };
    warp.scope.bind(1, "table", Binding::Symbol(symbol)).expect("a new name");
    for text in ["mov.u32 r0, %tid.x", "mov.u64 d0, table", "mov.u64 d0, a_function"] {
        assert_eq!(warp.decode(text), Ok(None), "{text}");
    }
    for text in ["ld.global.u32 r0, r1", "bra somewhere", "cvta.global.u64 d0, d1"] {
        assert_eq!(warp.decode(text), Ok(None), "{text}");
    }
}
