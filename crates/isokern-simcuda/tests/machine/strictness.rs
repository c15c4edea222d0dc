//! What a compiler for GPUs refuses is refused here, and what is refused is named as it is.

use isokern_simcuda::error::Reason;
use isokern_simcuda::memory::Kind;
use isokern_simcuda::program::LoadError;

use super::launch::{Device, STORE, Shape, kernel, load, words};

/// Why a text is refused.
fn reason(text: &str) -> Reason {
    match load(text).map(drop) {
        Err(LoadError::Ptx(error)) => error.reason,
        other => panic!("{other:?}\n{text}"),
    }
}

#[test]
fn row_6_collectives_name_their_members_since_sm_70() {
    for text in ["shfl.idx.b32 %r1, %r0, 0, 31;", "vote.all.pred %p1, %p2;"] {
        let newer = kernel("", text);
        let Reason::Operands { why, .. } = reason(&newer) else { panic!("{text}") };
        assert!(why.contains(".sync") && why.contains("Fix:"), "{why}");
        // Older devices and older texts had these forms.
        Device::new(&newer.replace("sm_75", "sm_60"));
        Device::new(&newer.replace("sm_75", "sm_70").replace(".version 7.8", ".version 6.3"));
    }
}

#[test]
fn row_6_a_register_has_no_parameters_name() {
    let text = kernel("", ".reg .b32 out;");
    assert_eq!(reason(&text), Reason::Redeclared("out".to_owned()));
    let inside = kernel("", "{\n.reg .b32 out;\nmov.u32 out, 1;\n}");
    Device::new(&inside);
}

#[test]
fn row_7_formats_that_are_not_there_are_named() {
    for text in [
        "cvt.rn.f16x2.f32 %r1, %r2, %r3;",
        "mul.f16 %h1, %h2, %h3;",
        "fma.rn.f16x2 %r1, %r2, %r3, %r4;",
        "cvt.rn.satfinite.e4m3x2.f32 %h1, %r2, %r3;",
        "max.bf16 %h1, %h2, %h3;",
    ] {
        let mnemonic = text.split(' ').next().expect("a mnemonic").to_owned();
        assert_eq!(reason(&kernel("", text)), Reason::Unsupported(mnemonic), "{text}");
    }
}

#[test]
fn row_1_bytes_that_are_not_used_read_as_zeros() {
    // The second of two longs has two bytes that are used.
    let body = format!(
        ".pragma \"used_bytes_mask 0x3FF\";\nld.global.v2.b64 {{%rd1, %rd2}}, [%rd0+16];\n\
         cvt.u32.u64 %r1, %rd2;\n{STORE}"
    );
    let device = Device::new(&kernel("", &body));
    let out = device.memory.allocate(26, Kind::Device).unwrap();
    device.memory.write(out, &[0x11; 26]).unwrap();
    device.run(Shape::new(1, 1), out).unwrap();
    assert_eq!(device.words(out, 1), [0x1111]);
    // Words of a pragma are read; others advise a compiler.
    let wrong = kernel("", ".pragma \"used_bytes_mask many\";");
    assert!(matches!(reason(&wrong), Reason::Syntax(_)));
    let other = kernel("", &format!(".pragma \"nounroll\";\nmov.u32 %r1, 5;\n{STORE}"));
    assert_eq!(words(&other, Shape::new(1, 1), 1), [5]);
}
