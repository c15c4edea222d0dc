//! Trees back to texts, for the tests that read what was printed.

use core::fmt::Write;
use isokern_simcuda::ptx::ast::{
    Directive, Float, Function, Initializer, Instruction, Item, Linkage, Module, Operand, Space,
    Statement, Variable,
};

/// Returns a module whose lines are all 0.
pub(super) fn without_lines(mut module: Module) -> Module {
    for item in &mut module.items {
        match item {
            Item::Variable(variable) => variable.line = 0,
            Item::Function(function) => {
                function.line = 0;
                clear_variables(&mut function.returns);
                clear_variables(&mut function.parameters);
                function.body.iter_mut().for_each(|body| clear(body));
            }
        }
    }
    module
}

fn clear_variables(list: &mut [Variable]) {
    list.iter_mut().for_each(|variable| variable.line = 0);
}

fn clear(body: &mut [Statement]) {
    for statement in body {
        match statement {
            Statement::Variable(variable) => variable.line = 0,
            Statement::Label { line, .. }
            | Statement::UsedBytes { line, .. }
            | Statement::BranchTargets { line, .. } => *line = 0,
            Statement::Instruction(instruction) => instruction.line = 0,
            Statement::Block(inner) => clear(inner),
            Statement::CallPrototype { line, returns, parameters, .. } => {
                *line = 0;
                clear_variables(returns);
                clear_variables(parameters);
            }
        }
    }
}

/// Returns the text of a module.
pub(super) fn print(module: &Module) -> String {
    let ((major, minor), target) = (module.version, module.target);
    let mut text = format!(".version {major}.{minor}\n.target sm_{target}\n.address_size 64\n");
    for item in &module.items {
        match item {
            Item::Variable(it) => writeln!(text, "{}{};", linkage(it.linkage), variable(it)),
            Item::Function(it) => writeln!(text, "{}", function(it)),
        }
        .expect("a string takes everything");
    }
    text
}

const fn linkage(linkage: Linkage) -> &'static str {
    match linkage {
        Linkage::Internal => "",
        Linkage::Extern => ".extern ",
        Linkage::Visible => ".visible ",
        Linkage::Weak => ".weak ",
        Linkage::Common => ".common ",
    }
}

fn variable(it: &Variable) -> String {
    let space = match it.space {
        Space::Register => "reg",
        Space::Global => "global",
        Space::Shared => "shared",
        Space::Local => "local",
        Space::Constant => "const",
        Space::Parameter => "param",
    };
    let align = it.align.map(|bytes| format!(" .align {bytes}")).unwrap_or_default();
    let vector = if it.vector == 1 { String::new() } else { format!(" .v{}", it.vector) };
    let ty = format!("{:?}", it.ty).to_lowercase();
    let pointer = if it.pointer { " .ptr .global" } else { "" };
    let range = it.range.map(|count| format!("<{count}>")).unwrap_or_default();
    let mut text = format!(".{space}{align}{vector} .{ty}{pointer} {}{range}", it.name);
    for length in &it.dimensions {
        let length = length.map(|it| it.to_string()).unwrap_or_default();
        text += &format!("[{length}]");
    }
    match &it.initializer {
        Some(value) => format!("{text} = {}", initializer(value)),
        None => text,
    }
}

fn initializer(value: &Initializer) -> String {
    match value {
        Initializer::List(list) => format!("{{{}}}", joined(list, initializer)),
        Initializer::Integer(value) => value.to_string(),
        Initializer::Float(value) => float(*value),
        Initializer::Symbol { name, offset, generic: true } => format!("generic({name})+{offset}"),
        Initializer::Symbol { name, offset, generic: false } => format!("{name}+{offset}"),
    }
}

fn float(value: Float) -> String {
    match value {
        Float::Single(bits) => format!("0f{bits:08X}"),
        Float::Double(bits) => format!("0d{bits:016X}"),
    }
}

fn joined<T>(list: &[T], print: impl Fn(&T) -> String) -> String {
    list.iter().map(print).collect::<Vec<_>>().join(", ")
}

fn function(it: &Function) -> String {
    let kind = if it.entry { "entry" } else { "func" };
    let returns = match it.returns.as_slice() {
        [] => String::new(),
        list => format!("({}) ", joined(list, variable)),
    };
    let parameters = joined(&it.parameters, variable);
    let mut text = format!("{}.{kind} {returns}{}({parameters})", linkage(it.linkage), it.name);
    for directive in &it.directives {
        text += &match directive {
            Directive::MaxThreads([x, y, z]) => format!(" .maxntid {x}, {y}, {z}"),
            Directive::RequiredThreads([x, y, z]) => format!(" .reqntid {x}, {y}, {z}"),
            Directive::MinBlocks(count) => format!(" .minnctapersm {count}"),
            Directive::MaxRegisters(count) => format!(" .maxnreg {count}"),
            Directive::NoReturn => " .noreturn".to_owned(),
            Directive::Pragma(words) => format!(" .pragma \"{words}\";"),
        };
    }
    match &it.body {
        Some(body) => format!("{text}\n{}", block(body)),
        None => format!("{text};"),
    }
}

fn block(body: &[Statement]) -> String {
    let lines: String = body.iter().map(|it| statement(it) + "\n").collect();
    format!("{{\n{lines}}}")
}

fn statement(it: &Statement) -> String {
    match it {
        Statement::Variable(it) => format!("{};", variable(it)),
        Statement::Label { name, .. } => format!("{name}:"),
        Statement::Instruction(it) => instruction(it),
        Statement::Block(body) => block(body),
        Statement::UsedBytes { mask, .. } => format!(".pragma \"used_bytes_mask {mask:#x}\";"),
        Statement::BranchTargets { name, targets, .. } => {
            format!("{name}: .branchtargets {};", targets.join(", "))
        }
        Statement::CallPrototype { name, returns, parameters, .. } => {
            let (returns, parameters) = (joined(returns, variable), joined(parameters, variable));
            format!("{name}: .callprototype ({returns}) _ ({parameters});")
        }
    }
}

fn instruction(it: &Instruction) -> String {
    let guard = it.guard.as_ref().map_or_else(String::new, |guard| {
        format!("@{}{} ", if guard.negated { "!" } else { "" }, guard.register)
    });
    format!("{guard}{} {};", it.mnemonic(), joined(&it.operands, operand))
}

fn operand(it: &Operand) -> String {
    match it {
        Operand::Name(name) => name.clone(),
        Operand::Negated(name) => format!("!{name}"),
        Operand::Pair(first, second) => format!("{first}|{second}"),
        Operand::Integer(value) => value.cast_signed().to_string(),
        Operand::Float(value) => float(*value),
        Operand::Sink => "_".to_owned(),
        Operand::Offset { name, bytes } => format!("{name}+{bytes}"),
        Operand::Address { base: Some(name), bytes } => format!("[{name}+{bytes}]"),
        Operand::Address { base: None, bytes } => format!("[{bytes}]"),
        Operand::Vector(list) => format!("{{{}}}", joined(list, operand)),
        Operand::List(list) => format!("({})", joined(list, operand)),
    }
}
