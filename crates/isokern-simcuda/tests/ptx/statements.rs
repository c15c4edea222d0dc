//! Bodies become trees: labels, blocks, guards, modifiers and every shape of operand.

use super::body;
use isokern_simcuda::ptx::ast::{Float, Guard, Instruction, Operand, Statement};

fn name(text: &str) -> Operand {
    Operand::Name(text.to_owned())
}

fn address(base: Option<&str>, bytes: i64) -> Operand {
    Operand::Address { base: base.map(str::to_owned), bytes }
}

fn pair(first: &str, second: &str) -> Operand {
    Operand::Pair(first.to_owned(), second.to_owned())
}

fn offset(symbol: &str, bytes: i64) -> Operand {
    Operand::Offset { name: symbol.to_owned(), bytes }
}

/// Returns the only instruction of a body.
fn instruction(text: &str) -> Instruction {
    match body(text).as_slice() {
        [Statement::Instruction(instruction)] => instruction.clone(),
        other => panic!("{text}: no single instruction but {other:?}"),
    }
}

#[test]
fn one_operand() {
    let single = |bits| Operand::Float(Float::Single(bits));
    let double = |value: f64| Operand::Float(Float::Double(value.to_bits()));
    let cases = [
        ("%r1", name("%r1")),
        ("%tid.x", name("%tid.x")),
        ("%SP", name("%SP")),
        ("$L__BB0_1", name("$L__BB0_1")),
        ("_Zsym$1", name("_Zsym$1")),
        ("v.w", name("v.w")),
        ("_", Operand::Sink),
        ("!%p1", Operand::Negated("%p1".to_owned())),
        ("%r1|%p1", pair("%r1", "%p1")),
        ("_|%p1", pair("_", "%p1")),
        ("%r1 | _", pair("%r1", "_")),
        ("0", Operand::Integer(0)),
        ("42U", Operand::Integer(42)),
        ("0x1F", Operand::Integer(31)),
        ("0XffU", Operand::Integer(255)),
        ("017", Operand::Integer(15)),
        ("0b101", Operand::Integer(5)),
        ("18446744073709551615", Operand::Integer(u64::MAX)),
        ("-1", Operand::Integer(u64::MAX)),
        ("--1", Operand::Integer(1)),
        ("~0", Operand::Integer(u64::MAX)),
        ("-~0", Operand::Integer(1)),
        ("+3", Operand::Integer(3)),
        ("8+4-2", Operand::Integer(10)),
        ("WARP_SZ", Operand::Integer(32)),
        ("WARP_SZ-1", Operand::Integer(31)),
        ("0f40490FDB", single(0x4049_0fdb)),
        ("0d400921FB54442D18", double(core::f64::consts::PI)),
        ("1.5", double(1.5)),
        ("-1.25E+2", double(-125.0)),
        ("sym+4", offset("sym", 4)),
        ("sym + -4", offset("sym", -4)),
        ("sym-0x10", offset("sym", -16)),
        ("[%rd1]", address(Some("%rd1"), 0)),
        ("[%rd1+4]", address(Some("%rd1"), 4)),
        ("[%rd1+-4]", address(Some("%rd1"), -4)),
        ("[ %rd1 - 4 ]", address(Some("%rd1"), -4)),
        ("[sym]", address(Some("sym"), 0)),
        ("[sym+8+8]", address(Some("sym"), 16)),
        ("[123]", address(None, 123)),
        ("[-1]", address(None, -1)),
        ("{%r1}", Operand::Vector(vec![name("%r1")])),
        (
            "{%r1, 2, _, 0f00000000}",
            Operand::Vector(vec![name("%r1"), Operand::Integer(2), Operand::Sink, single(0)]),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(instruction(&format!("op {text};")).operands, [expected], "{text}");
    }
}

#[test]
fn opcodes_and_modifiers() {
    let cases: [(&str, &str, &[&str], usize); 6] = [
        ("ret;", "ret", &[], 0),
        ("bra.uni L;", "bra", &["uni"], 1),
        ("ld.shared::cta.v2.u32 {a,b}, [c];", "ld", &["shared::cta", "v2", "u32"], 2),
        ("ld.global.L2::128B.u32 a, [c];", "ld", &["global", "L2::128B", "u32"], 2),
        ("fma .rn\n.f32 a, b, c, d;", "fma", &["rn", "f32"], 4),
        ("mma.m16n8k16.f32 {a}, {b}, {c}, {d};", "mma", &["m16n8k16", "f32"], 4),
    ];
    for (text, opcode, modifiers, operands) in cases {
        let found = instruction(text);
        assert_eq!((found.opcode.as_str(), found.operands.len()), (opcode, operands), "{text}");
        assert_eq!(found.modifiers, modifiers, "{text}");
        assert_eq!(found.guard, None);
    }
}

#[test]
fn guards_and_lines() {
    let guard = |register: &str, negated| Some(Guard { register: register.to_owned(), negated });
    let found = body("\n@%p1 bra A;\n@!%p2\n  bra B; // note\n/* a\nb */ add.s32\na,\nb, 1;");
    let lines: Vec<_> = found
        .iter()
        .map(|statement| match statement {
            Statement::Instruction(it) => (it.line, it.opcode.as_str(), it.guard.clone()),
            other => panic!("no instruction but {other:?}"),
        })
        .collect();
    let expected =
        [(5, "bra", guard("%p1", false)), (7, "bra", guard("%p2", true)), (9, "add", None)];
    assert_eq!(lines, expected);
}

#[test]
fn calls() {
    let list = |names: &[&str]| Operand::List(names.iter().map(|it| name(it)).collect());
    let cases = [
        ("call g;", vec![name("g")]),
        ("call.uni g, ();", vec![name("g"), list(&[])]),
        ("call g, (a, b);", vec![name("g"), list(&["a", "b"])]),
        ("call (r), g, (a);", vec![list(&["r"]), name("g"), list(&["a"])]),
        (
            "call (r), %rd1, (a), proto;",
            vec![list(&["r"]), name("%rd1"), list(&["a"]), name("proto")],
        ),
        (
            "call (_), g, (5, 0f00000000);",
            vec![
                Operand::List(vec![Operand::Sink]),
                name("g"),
                Operand::List(vec![Operand::Integer(5), Operand::Float(Float::Single(0))]),
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(instruction(text).operands, expected, "{text}");
    }
}

#[test]
fn labels_and_blocks() {
    let found = body("A: {\nB: ret;\n} C:\n");
    let label = |line, name: &str| Statement::Label { line, name: name.to_owned() };
    let ret = Instruction {
        line: 5,
        guard: None,
        opcode: "ret".to_owned(),
        modifiers: Vec::new(),
        operands: Vec::new(),
    };
    let inner = Statement::Block(vec![label(5, "B"), Statement::Instruction(ret)]);
    assert_eq!(found, [label(4, "A"), inner, label(6, "C")]);
}

#[test]
fn tables_and_prototypes() {
    let found =
        body("t: .branchtargets A, B;\np : .callprototype (.param .b32 _) _ (.reg .u64 x);");
    let Statement::BranchTargets { line, name, targets } = &found[0] else {
        panic!("no table but {:?}", found[0]);
    };
    assert_eq!((*line, name.as_str(), targets.join(" ").as_str()), (4, "t", "A B"));
    let Statement::CallPrototype { line, name, returns, parameters } = &found[1] else {
        panic!("no prototype but {:?}", found[1]);
    };
    assert_eq!((*line, name.as_str()), (5, "p"));
    assert_eq!((returns[0].name.as_str(), parameters[0].name.as_str()), ("_", "x"));

    let found = body("p: .callprototype _ .noreturn;");
    let Statement::CallPrototype { returns, parameters, .. } = &found[0] else {
        panic!("no prototype but {:?}", found[0]);
    };
    assert!(returns.is_empty() && parameters.is_empty());
}
