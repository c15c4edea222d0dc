//! Random trees are printed and read back: the reader gives the same tree.

use super::printer::{print, without_lines};
use isokern_simcuda::ptx::ast::{
    Directive, Float, Function, Guard, Initializer, Instruction, Item, Linkage, Module, Operand,
    Space, Statement, Type, Variable,
};
use isokern_simcuda::ptx::parse;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest,
};
use proptest::sample::select;

const TYPES: [Type; 20] = [
    Type::B8,
    Type::B16,
    Type::B32,
    Type::B64,
    Type::B128,
    Type::U8,
    Type::U16,
    Type::U32,
    Type::U64,
    Type::S8,
    Type::S16,
    Type::S32,
    Type::S64,
    Type::F16,
    Type::F16x2,
    Type::Bf16,
    Type::Bf16x2,
    Type::F32,
    Type::F64,
    Type::Pred,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_printed_tree_reads_back(module in modules()) {
        let text = print(&module);
        let found = parse(&text).map(without_lines);
        prop_assert_eq!(found, Ok(module), "{}", text);
    }

    #[test]
    fn integers_read_back(value in any::<u64>()) {
        let written = [
            format!("{value}"), format!("{value}U"), format!("0x{value:x}"),
            format!("0X{value:X}U"), format!("0{value:o}"), format!("0b{value:b}"),
            format!("-{}", value.wrapping_neg()), format!("~{}", !value),
        ];
        for text in written {
            let found = super::variables(&format!(".global .b64 x = {text};"));
            prop_assert_eq!(&found[0].initializer, &Some(Initializer::Integer(value)), "{}", text);
        }
    }
}

fn names() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_$]{0,6}|[%$_][a-zA-Z0-9_$]{1,6}"
        .prop_filter("a constant of the language", |name| name != "WARP_SZ")
}

fn floats() -> impl Strategy<Value = Float> {
    prop_oneof![any::<u32>().prop_map(Float::Single), any::<u64>().prop_map(Float::Double)]
}

fn linkages() -> impl Strategy<Value = Linkage> {
    select(vec![
        Linkage::Internal,
        Linkage::Extern,
        Linkage::Visible,
        Linkage::Weak,
        Linkage::Common,
    ])
}

fn initializers() -> impl Strategy<Value = Initializer> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Initializer::Integer),
        floats().prop_map(Initializer::Float),
        (names(), any::<i64>(), any::<bool>())
            .prop_map(|(name, offset, generic)| Initializer::Symbol { name, offset, generic }),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| vec(inner, 0..4).prop_map(Initializer::List))
}

fn variables(space: Space) -> impl Strategy<Value = Variable> {
    let is_register = space == Space::Register;
    let types = if is_register { &TYPES[..] } else { &TYPES[..TYPES.len() - 1] };
    let align = option::of((0_u32..8).prop_map(|power| 1 << power));
    let dimensions = vec((0_u64..100).prop_map(Some), 0..3);
    let shape = (select(types.to_vec()), select(vec![1_u32, 2, 4]), align, dimensions);
    let rest = (names(), option::of(0_u32..100), any::<bool>());
    (shape, rest).prop_map(move |((ty, vector, align, dimensions), (name, range, pointer))| {
        Variable {
            line: 0,
            linkage: Linkage::Internal,
            space,
            align,
            vector,
            ty,
            name,
            range: range.filter(|_| is_register),
            dimensions: if is_register { Vec::new() } else { dimensions },
            initializer: None,
            pointer: pointer && space == Space::Parameter,
        }
    })
}

/// Returns a variable of a module; one in three has values, and one of those an open length.
fn globals() -> impl Strategy<Value = Variable> {
    let spaces =
        prop_oneof![variables(Space::Global), variables(Space::Constant), variables(Space::Shared)];
    (spaces, linkages(), option::weighted(0.3, initializers()), any::<bool>()).prop_map(
        |(mut variable, linkage, initializer, open)| {
            variable.linkage = linkage;
            variable.initializer = initializer.filter(|_| variable.space != Space::Shared);
            if open && (variable.initializer.is_some() || linkage == Linkage::Extern) {
                variable.dimensions.iter_mut().take(1).for_each(|first| *first = None);
            }
            variable
        },
    )
}

fn plain_operands() -> impl Strategy<Value = Operand> {
    let sides = || prop_oneof![names(), Just("_".to_owned())];
    prop_oneof![
        names().prop_map(Operand::Name),
        (names(), select(vec!["x", "y", "z", "w"]))
            .prop_map(|(name, part)| Operand::Name(format!("{name}.{part}"))),
        names().prop_map(Operand::Negated),
        (sides(), sides()).prop_map(|(first, second)| Operand::Pair(first, second)),
        any::<u64>().prop_map(Operand::Integer),
        floats().prop_map(Operand::Float),
        Just(Operand::Sink),
        (names(), any::<i64>()).prop_map(|(name, bytes)| Operand::Offset { name, bytes }),
    ]
}

fn operands(is_call: bool) -> impl Strategy<Value = Operand> {
    let list = vec(plain_operands(), 0..4).prop_map(Operand::List);
    prop_oneof![
        4 => plain_operands(),
        1 => (option::of(names()), any::<i64>())
            .prop_map(|(base, bytes)| Operand::Address { base, bytes }),
        1 => vec(plain_operands(), 1..5).prop_map(Operand::Vector),
        u32::from(is_call) => list,
    ]
}

fn instructions() -> impl Strategy<Value = Instruction> {
    let opcodes = prop_oneof![Just("call".to_owned()), names()];
    let modifiers = vec("[a-z0-9]{1,5}(::[a-zA-Z0-9]{1,4})?", 0..4);
    let guards = option::of(
        (names(), any::<bool>()).prop_map(|(register, negated)| Guard { register, negated }),
    );
    (opcodes, modifiers, guards).prop_flat_map(|(opcode, modifiers, guard)| {
        vec(operands(opcode == "call"), 0..5).prop_map(move |operands| Instruction {
            line: 0,
            guard: guard.clone(),
            opcode: opcode.clone(),
            modifiers: modifiers.clone(),
            operands,
        })
    })
}

fn statements() -> impl Strategy<Value = Statement> {
    let local = prop_oneof![
        variables(Space::Register),
        variables(Space::Local),
        variables(Space::Shared),
        variables(Space::Parameter)
    ];
    let parameters = || vec(variables(Space::Parameter), 0..3);
    let leaf = prop_oneof![
        4 => instructions().prop_map(Statement::Instruction),
        2 => local.prop_map(Statement::Variable),
        1 => any::<u32>().prop_map(|mask| Statement::UsedBytes { line: 0, mask }),
        1 => names().prop_map(|name| Statement::Label { line: 0, name }),
        1 => (names(), vec(names(), 1..4))
            .prop_map(|(name, targets)| Statement::BranchTargets { line: 0, name, targets }),
        1 => (names(), parameters(), parameters()).prop_map(|(name, returns, parameters)| {
            Statement::CallPrototype { line: 0, name, returns, parameters }
        }),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| vec(inner, 0..4).prop_map(Statement::Block))
}

fn directives() -> impl Strategy<Value = Directive> {
    prop_oneof![
        any::<[u32; 3]>().prop_map(Directive::MaxThreads),
        any::<[u32; 3]>().prop_map(Directive::RequiredThreads),
        any::<u32>().prop_map(Directive::MinBlocks),
        any::<u32>().prop_map(Directive::MaxRegisters),
        Just(Directive::NoReturn),
        "[ -!#-\\[\\]-~]{0,9}".prop_map(Directive::Pragma),
    ]
}

fn functions() -> impl Strategy<Value = Function> {
    let parameters =
        || vec(prop_oneof![variables(Space::Parameter), variables(Space::Register)], 0..3);
    let head = (linkages(), any::<bool>(), names(), parameters(), parameters());
    let body = option::of(vec(statements(), 0..6));
    (head, vec(directives(), 0..3), body).prop_map(|(head, directives, body)| {
        let (linkage, entry, name, returns, parameters) = head;
        let returns = if entry { Vec::new() } else { returns };
        Function {
            line: 0,
            linkage,
            entry,
            name,
            returns,
            parameters,
            directives,
            body,
            refusal: None,
        }
    })
}

fn modules() -> impl Strategy<Value = Module> {
    let items =
        prop_oneof![globals().prop_map(Item::Variable), functions().prop_map(Item::Function)];
    (any::<(u32, u32)>(), any::<u32>(), vec(items, 0..4))
        .prop_map(|(version, target, items)| Module { version, target, items })
}
