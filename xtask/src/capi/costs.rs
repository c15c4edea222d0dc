//! What the ways to run a model cost in C, as the table of the page says.

use crate::failure::Failure;

/// How far flash and stack of the page may be off, in percent: compiler of C and emulator are any,
/// and the stack depends on where the interrupt comes.
const FLASH_OFF_MAX: u64 = 3;
const STACK_OFF_MAX: u64 = 10;

/// Compares flash and stack of an example with its row of the page: the way, the example, flash,
/// static RAM, stack.
pub(super) fn check(page: &str, example: &str, flash: u64, stack: u64) -> Result<(), Failure> {
    println!("{example}: {flash} bytes of flash without the model, {stack} of stack");
    let said = row(page, example);
    let said = said.ok_or_else(|| Failure::Check(format!("the page has no cost of {example}")))?;
    let is_near = |said: u64, found: u64, off| 100 * said.abs_diff(found) <= off * found;
    if is_near(said.0, flash, FLASH_OFF_MAX) && is_near(said.1, stack, STACK_OFF_MAX) {
        return Ok(());
    }
    Err(Failure::Check(format!(
        "{example} takes {flash} bytes of flash and {stack} of stack, and the page says {} and {}",
        said.0, said.1
    )))
}

/// Returns flash and stack in the row of an example.
fn row(page: &str, example: &str) -> Option<(u64, u64)> {
    let name = format!("`{example}`");
    page.lines().find_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [_, found, flash, _, stack] = cells[..] else { return None };
        (found == name).then_some((flash.parse().ok()?, stack.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::{check, row};

    #[test]
    fn a_row_is_read_and_compared() {
        let page = "| a | `b.c` | 2 |\n| a session | `b.c` | 1000 | 20: an arena | 200 |\n";
        assert_eq!(row(page, "b.c"), Some((1000, 200)));
        assert_eq!(row(page, "c.c"), None);
        assert!(check(page, "b.c", 1020, 198).is_ok());
        assert!(check(page, "b.c", 1040, 200).is_err());
        assert!(check(page, "b.c", 1000, 180).is_err());
    }
}
