//! The reader of PTX: trees, errors, hostile texts, and the estimate of registers.

#[path = "ptx/declarations.rs"]
mod declarations;
#[path = "ptx/errors.rs"]
mod errors;
#[path = "ptx/hostile.rs"]
mod hostile;
#[path = "ptx/printer.rs"]
mod printer;
#[path = "ptx/registers_needed.rs"]
mod registers_needed;
#[path = "ptx/round_trip.rs"]
mod round_trip;
#[path = "ptx/statements.rs"]
mod statements;

use isokern_simcuda::ptx::ast::{Function, Item, Module, Statement, Variable};
use isokern_simcuda::ptx::parse;

/// What the texts of these tests start with: three lines.
const HEAD: &str = ".version 7.8\n.target sm_80\n.address_size 64\n";

/// Reads items after [`HEAD`].
fn module(items: &str) -> Module {
    parse(&format!("{HEAD}{items}")).unwrap_or_else(|error| panic!("{error} in {items}"))
}

/// Returns the only function of a text.
fn function(items: &str) -> Function {
    match module(items).items.pop() {
        Some(Item::Function(function)) => function,
        other => panic!("no function but {other:?}"),
    }
}

/// Returns the statements of a kernel; its first line is the fourth.
fn body(statements: &str) -> Vec<Statement> {
    function(&format!(".entry f() {{ {statements} }}")).body.expect("it has a body")
}

/// Returns the variables of a text, at the top level.
fn variables(items: &str) -> Vec<Variable> {
    let items = module(items).items.into_iter();
    items
        .map(|item| match item {
            Item::Variable(variable) => variable,
            Item::Function(function) => panic!("{} is a function", function.name),
        })
        .collect()
}
