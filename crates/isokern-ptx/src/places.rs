//! Finds folders of the machine in PTX: with one inside, no other machine builds the same bytes.
//!
//! Panic messages hold file names, and LLVM writes them as lists of numbers. So the numbers of
//! every variable of bytes are read as text again.

use crate::module::Module;
use crate::rules::Violation;
use isokern_simcuda::ptx::ast::{Initializer, Variable};

/// Finds each of `places` in the constants and in the text of a module.
pub(crate) fn check(module: &Module<'_>, places: &[String]) -> Vec<Violation> {
    let constants = module.variables().map(|variable| {
        let bytes = bytes(variable);
        (variable.line, String::from_utf8_lossy(&bytes).into_owned())
    });
    let lines = (1..).zip(module.text.lines().map(str::to_owned));
    let mut violations: Vec<Violation> = Vec::new();
    for (line, text) in constants.chain(lines) {
        let found = places.iter().find(|place| text.contains(place.as_str()));
        violations.extend(found.map(|place| Violation {
            line,
            message: format!("`{place}`, a folder of this machine, is in a constant"),
        }));
    }
    violations
}

/// Returns the values of a variable that starts with a list of bytes.
fn bytes(variable: &Variable) -> Vec<u8> {
    let Some(Initializer::List(values)) = &variable.initializer else { return Vec::new() };
    let byte = |value: &Initializer| match value {
        Initializer::Integer(value) => u8::try_from(*value).ok(),
        _ => None,
    };
    values.iter().filter_map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::module::Module;

    fn constant(text: &str) -> String {
        let numbers: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
        let count = numbers.len();
        format!(".global .align 1 .b8 alloc_{count}[{count}] = {{{}}};", numbers.join(", "))
    }

    fn lines(text: &str) -> Vec<u32> {
        let text = format!(".version 7.8\n.target sm_80\n{text}\n");
        let module = Module::read(&text).unwrap();
        let places = ["/home/me".to_owned()];
        check(&module, &places).iter().map(|found| found.line).collect()
    }

    #[test]
    fn a_folder_in_a_panic_message_is_found() {
        let bad = constant("/home/me/crate/src/lib.rs");
        let good = constant("crate-1.0.0/src/lib.rs");
        assert_eq!(lines(&format!("{good}\n{bad}")), [4]);
        assert_eq!(lines(&good), Vec::<u32>::new());
    }
}
