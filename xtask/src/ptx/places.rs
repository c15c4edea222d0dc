//! Finds folders of the machine in PTX: with one inside, no other machine builds the same bytes.
//!
//! Panic messages hold file names, and LLVM writes them as lists of numbers. So the numbers of
//! every `.b8` variable are read as text again.

use super::module::{Module, Statement};
use super::rules::Violation;

/// Finds each of `places` in the constants and the names of a module.
pub(super) fn check(module: &Module, places: &[String]) -> Vec<Violation> {
    let inside = module.functions.iter().flat_map(|function| &function.statements);
    let mut violations = Vec::new();
    for statement in module.declarations.iter().chain(inside) {
        let bytes = bytes(statement);
        let text = String::from_utf8_lossy(&bytes);
        let found = places
            .iter()
            .find(|place| text.contains(place.as_str()) || statement.text.contains(place.as_str()));
        violations.extend(found.map(|place| Violation {
            line: statement.line,
            message: format!("`{place}`, a folder of this machine, is in a constant"),
        }));
    }
    violations
}

/// Returns the initial value of a variable of bytes.
fn bytes(statement: &Statement) -> Vec<u8> {
    let values = statement.text.split_once(".b8 ").and_then(|(_, rest)| rest.split_once('{'));
    let Some((_, values)) = values else {
        return Vec::new();
    };
    let numbers = values.split(['}', ',']).map(str::trim);
    numbers.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::ptx::module::Module;

    fn constant(text: &str) -> String {
        let numbers: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
        let count = numbers.len();
        format!(".global .align 1 .b8 alloc_1[{count}] = {{{}}};", numbers.join(", "))
    }

    fn lines(text: &str) -> Vec<usize> {
        let module = Module::read(&format!(".version 7.8\n.target sm_80\n{text}\n")).unwrap();
        let places = ["/home/me".to_owned()];
        check(&module, &places).iter().map(|found| found.line).collect()
    }

    #[test]
    fn a_folder_in_a_panic_message_is_found() {
        let bad = constant("/home/me/crate/src/lib.rs");
        let good = constant("crate-1.0.0/src/lib.rs");
        assert_eq!(lines(&format!("{good}\n{bad}")), [4]);
        assert_eq!(lines(&good), Vec::<usize>::new());
    }
}
