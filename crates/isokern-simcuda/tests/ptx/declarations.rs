//! Heads, variables, initializers and functions become trees.

use super::printer::without_lines;
use super::{HEAD, function, module, variables};
use isokern_simcuda::error::{PtxError, Reason};
use isokern_simcuda::ptx::ast::{
    Directive, Float, Initializer, Linkage, Space, Statement, Type, Variable,
};
use isokern_simcuda::ptx::{check_limits, parse};

/// Returns a variable with nothing special about it, on the first line after the head.
fn plain(space: Space, ty: Type, name: &str) -> Variable {
    Variable {
        line: 4,
        linkage: Linkage::Internal,
        space,
        align: None,
        vector: 1,
        ty,
        name: name.to_owned(),
        range: None,
        dimensions: Vec::new(),
        initializer: None,
        pointer: false,
    }
}

fn symbol(name: &str, offset: i64, generic: bool) -> Initializer {
    Initializer::Symbol { name: name.to_owned(), offset, generic }
}

#[test]
fn heads() {
    let cases = [
        (".version 6.0 .target sm_70 .address_size 64", (6, 0), 70),
        (".version 8.5\n.target sm_90a, debug\n.address_size 64\n", (8, 5), 90),
        (".version 10.12 .target texmode_unified, sm_120f", (10, 12), 120),
        (".version 3.2 .target sm_20 .target sm_30", (3, 2), 30),
        ("// note\n/* two\nlines */ .version 7.8 .target sm_80 // end", (7, 8), 80),
    ];
    for (text, version, target) in cases {
        let module = parse(text).unwrap_or_else(|error| panic!("{error} in {text}"));
        assert_eq!((module.version, module.target), (version, target), "{text}");
        assert!(module.items.is_empty());
    }
}

#[test]
fn limits_of_driver_and_device() {
    let module = module("");
    assert_eq!(check_limits(&module, (7, 8), 80), Ok(()));
    assert_eq!(check_limits(&module, (8, 0), 90), Ok(()));
    let version = Reason::Version(7, 8, 7, 7);
    assert_eq!(check_limits(&module, (7, 7), 90), Err(PtxError::new(0, version)));
    let version = Reason::Version(7, 8, 6, 9);
    assert_eq!(check_limits(&module, (6, 9), 90), Err(PtxError::new(0, version)));
    let target = Reason::Target(80, 75);
    assert_eq!(check_limits(&module, (8, 0), 75), Err(PtxError::new(0, target)));
}

#[test]
fn variables_at_the_top_level() {
    let word = plain(Space::Global, Type::U32, "x");
    let cases = [
        (".global .u32 x;", word.clone()),
        (".visible .global .u32 x;", Variable { linkage: Linkage::Visible, ..word.clone() }),
        (".weak .global .u32 x;", Variable { linkage: Linkage::Weak, ..word.clone() }),
        (".common .global .u32 x;", Variable { linkage: Linkage::Common, ..word.clone() }),
        (".const .u32 x;", Variable { space: Space::Constant, ..word.clone() }),
        (
            ".shared .align 8 .v4 .f32 x[2][3];",
            Variable {
                space: Space::Shared,
                align: Some(8),
                vector: 4,
                ty: Type::F32,
                dimensions: vec![Some(2), Some(3)],
                ..word.clone()
            },
        ),
        (
            ".extern .shared .align 16 .b8 x[];",
            Variable {
                linkage: Linkage::Extern,
                space: Space::Shared,
                align: Some(16),
                ty: Type::B8,
                dimensions: vec![None],
                ..word
            },
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(variables(text), [expected], "{text}");
    }
}

#[test]
fn several_names_share_a_declaration() {
    let found = variables(".global .u16 a = 1,\nb[2], c;");
    let a = plain(Space::Global, Type::U16, "a");
    let b = Variable {
        name: "b".to_owned(),
        line: 5,
        dimensions: vec![Some(2)],
        ..plain(Space::Global, Type::U16, "b")
    };
    let c = Variable { line: 5, ..plain(Space::Global, Type::U16, "c") };
    let a = Variable { initializer: Some(Initializer::Integer(1)), ..a };
    assert_eq!(found, [a, b, c]);
}

#[test]
fn initializers() {
    let single = |bits| Initializer::Float(Float::Single(bits));
    let double = |value: f64| Initializer::Float(Float::Double(value.to_bits()));
    let cases = [
        ("7", Initializer::Integer(7)),
        ("-2", Initializer::Integer(u64::MAX - 1)),
        ("1+2-4", Initializer::Integer(u64::MAX)),
        ("0f3F800000", single(0x3f80_0000)),
        ("0Fbf800000", single(0xbf80_0000)),
        ("-0f3F800000", single(0xbf80_0000)),
        ("0d3FF0000000000000", double(1.0)),
        ("-2.5e-1", double(-0.25)),
        ("2e3", double(2000.0)),
        ("y", symbol("y", 0, false)),
        ("y+8", symbol("y", 8, false)),
        ("y-8", symbol("y", -8, false)),
        ("generic(y)", symbol("y", 0, true)),
        ("generic(y)+4", symbol("y", 4, true)),
        ("{}", Initializer::List(Vec::new())),
        (
            "{{1, y}, 0f00000000}",
            Initializer::List(vec![
                Initializer::List(vec![Initializer::Integer(1), symbol("y", 0, false)]),
                single(0),
            ]),
        ),
    ];
    for (text, expected) in cases {
        let found = variables(&format!(".global .b64 x[4] = {text};"));
        assert_eq!(found[0].initializer, Some(expected), "{text}");
    }
    let open = variables(".const .b8 x[] = {1, 2};").remove(0);
    assert_eq!(open.dimensions, [None]);
}

#[test]
fn kernels_and_their_directives() {
    let text = ".visible .entry\nf(.param .u64 .ptr .global .align 4 a, .param .align 8 .b8 b[24])
.maxntid 256, 2\n.reqntid 32,1,1 .minnctapersm 3 .maxnctapersm 9 .maxnreg 64 .pragma \"nounroll\";
{ ret; }";
    let kernel = function(text);
    assert_eq!((kernel.name.as_str(), kernel.line), ("f", 5));
    assert_eq!((kernel.entry, kernel.linkage), (true, Linkage::Visible));
    assert!(kernel.returns.is_empty());
    let a = Variable { line: 5, pointer: true, ..plain(Space::Parameter, Type::U64, "a") };
    let b = Variable {
        line: 5,
        align: Some(8),
        dimensions: vec![Some(24)],
        ..plain(Space::Parameter, Type::B8, "b")
    };
    assert_eq!(kernel.parameters, [a, b]);
    let expected = [
        Directive::MaxThreads([256, 2, 1]),
        Directive::RequiredThreads([32, 1, 1]),
        Directive::MinBlocks(3),
        Directive::MaxRegisters(64),
        Directive::Pragma("nounroll".to_owned()),
    ];
    assert_eq!(kernel.directives, expected);
    assert_eq!(kernel.body.map(|body| body.len()), Some(1));
}

#[test]
fn device_functions() {
    let declared = function(".extern .func (.param .b32 r) g (.param .b64 _) .noreturn;");
    assert_eq!((declared.entry, declared.linkage), (false, Linkage::Extern));
    assert_eq!(declared.returns, [plain(Space::Parameter, Type::B32, "r")]);
    assert_eq!(declared.parameters, [plain(Space::Parameter, Type::B64, "_")]);
    assert_eq!(declared.directives, [Directive::NoReturn]);
    assert_eq!(declared.body, None);

    let defined = function(".func (.reg .u32 %r) g(.reg .u32 %a, .reg .pred %p) {}");
    assert_eq!(defined.returns, [plain(Space::Register, Type::U32, "%r")]);
    assert_eq!(defined.parameters[1], plain(Space::Register, Type::Pred, "%p"));
    assert_eq!(defined.body, Some(Vec::new()));
    assert!(function(".func g { }").parameters.is_empty());
}

#[test]
fn registers_and_local_variables() {
    let text = ".entry f() {\n.reg .b32 %r<8>, lone;\n.reg .v2 .f32 v;\n.local .b8 depot[16];\n}";
    let body = function(text).body.expect("it has a body");
    let at = |line, variable| Statement::Variable(Variable { line, ..variable });
    let range = Variable { range: Some(8), ..plain(Space::Register, Type::B32, "%r") };
    let vector = Variable { vector: 2, ..plain(Space::Register, Type::F32, "v") };
    let depot = Variable { dimensions: vec![Some(16)], ..plain(Space::Local, Type::B8, "depot") };
    let lone = plain(Space::Register, Type::B32, "lone");
    assert_eq!(body, [at(5, range), at(5, lone), at(6, vector), at(7, depot)]);
}

#[test]
fn debug_information_is_dropped() {
    let text = format!(
        "{HEAD}.file 1 \"a.cu\", 17, 4\n.file 2 \"b \\\" ; {{ .cu\"\n.pragma \"x\", \"y\";
.entry f() {{ .loc 1 2 3\n.loc 1 4, function_name $a+3, inlined_at 1 2 3\n.pragma \"z\"; ret; }}
.section .debug_info {{ .b8 1,2, 0x3\n.b32 $a - b\n$c:\n.b64 .debug_str }}
.section .debug_loc {{ }}"
    );
    let module = parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let bare = super::module(".entry f() { ret; }");
    assert_eq!(without_lines(module), without_lines(bare));
}
