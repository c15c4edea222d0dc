//! Running a program in QEMU, and reading what it printed.

use super::board::{Board, Machine};
use crate::failure::Failure;
use crate::process;
use core::time::Duration;
use std::path::Path;
use std::process::Command;

/// The emulators, and the packages of Debian that have them.
const ARM: &str = "qemu-system-arm";
const RISCV: &str = "qemu-system-riscv32";
const PACKAGES: &str = "qemu-system-arm qemu-system-misc";

/// How long a program may run: a hundred times what the longest takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(300);

/// What `measure` calls the ticks and the instructions of its known loop.
const KNOWN_TICKS: &str = "calibration_ticks";
const KNOWN_INSTRUCTIONS: &str = "calibration_instructions";

/// What a program printed: a name and a value on each line.
pub(super) struct Report {
    text: String,
}

/// Fails when one of the emulators is missing.
pub(super) fn find() -> Result<(), Failure> {
    for program in [ARM, RISCV] {
        let found = process::output(Command::new(program).arg("--version"));
        found.map_err(|_| Failure::Missing { what: program, how: how_to_install() })?;
    }
    Ok(())
}

/// Returns how to get the emulators.
pub(crate) fn how_to_install() -> String {
    format!("on Debian `apt-get install --no-install-recommends {PACKAGES}`")
}

/// Runs a program that must end by itself with status 0.
pub(super) fn run(board: &Board, elf: &Path) -> Result<Report, Failure> {
    let mut command = command(board, elf);
    let (status, text) = process::output_within(&mut command, LIMIT)?;
    if status.is_some_and(|status| status.success()) {
        return Ok(Report { text });
    }
    let end = status.map_or_else(|| "it did not end".to_owned(), |status| status.to_string());
    let name = elf.file_name().unwrap_or_default().to_string_lossy();
    Err(Failure::Check(format!("`{name}` on {} failed ({end}):\n{text}", board.name)))
}

/// Runs a program that must end in a fault, and fails when that goes unnoticed.
pub(super) fn run_to_fault(board: &Board, elf: &Path) -> Result<(), Failure> {
    let (status, text) = process::output_within(&mut command(board, elf), LIMIT)?;
    let failed = status.is_some_and(|status| status.code() == Some(1));
    if failed && text.ends_with("failed: fault\n") {
        return Ok(());
    }
    Err(Failure::Blind("the planted fault was not reported"))
}

/// Returns the emulator with virtual time that advances a nanosecond with every instruction, and at
/// once to the next interrupt where the processor sleeps.
fn command(board: &Board, elf: &Path) -> Command {
    let mut command = match board.machine {
        Machine::Arm => {
            let mut command = Command::new(ARM);
            command.args(["-machine", board.name]);
            command
        }
        Machine::RiscV(processor) => {
            let mut command = Command::new(RISCV);
            command.args(["-machine", "virt", "-cpu", processor, "-bios", "none"]);
            command
        }
    };
    command.args(["-display", "none", "-monitor", "none"]);
    command.args(["-serial", "none", "-icount", "shift=0,sleep=off"]);
    command.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(elf);
    command
}

impl Report {
    /// Returns the report that is this text.
    #[cfg(test)]
    pub(super) fn new(text: String) -> Self {
        Self { text }
    }

    /// Returns everything that was printed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns every value with this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let pairs = self.text.lines().filter_map(|line| line.split_once(' '));
        pairs.filter(move |(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Returns the value with this name.
    pub(super) fn one(&self, name: &str) -> Result<&str, Failure> {
        let value = self.all(name).next();
        value.ok_or_else(|| Failure::Check(format!("the board did not print `{name}`")))
    }

    /// Returns the number with this name.
    pub(super) fn number(&self, name: &str) -> Result<u64, Failure> {
        let value = self.one(name)?;
        value.parse().map_err(|_| Failure::Check(format!("`{name} {value}` is not a number")))
    }

    /// Returns every number of ticks with this name, as instructions.
    pub(super) fn all_instructions(&self, name: &str) -> Result<Vec<u64>, Failure> {
        let (known, known_ticks) = (self.number(KNOWN_INSTRUCTIONS)?, self.number(KNOWN_TICKS)?);
        let instructions = |ticks: &str| {
            let ticks = ticks.parse::<u64>().ok()?;
            (ticks * known).checked_div(known_ticks)
        };
        let all: Option<Vec<u64>> = self.all(name).map(instructions).collect();
        all.ok_or_else(|| Failure::Check(format!("`{name}` is not a number of ticks")))
    }

    /// Returns the ticks with this name, as instructions. A tick is a whole number of them.
    pub(super) fn instructions(&self, name: &str) -> Result<u64, Failure> {
        let ticks = self.number(name)?;
        let (known, known_ticks) = (self.number(KNOWN_INSTRUCTIONS)?, self.number(KNOWN_TICKS)?);
        if ticks == 0 || known_ticks == 0 {
            return Err(Failure::Check(format!("`{name}`: more ticks than the clock can count")));
        }
        Ok((ticks * known).div_ceil(known_ticks))
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn a_report_is_read_by_name() {
        let text = "calibration_instructions 80\ncalibration_ticks 2\nrun 3\ndigit 1\ndigit 2\n";
        let report = Report { text: text.to_owned() };
        assert_eq!(report.instructions("run").expect("is there"), 120);
        assert_eq!(report.all("digit").collect::<Vec<_>>(), ["1", "2"]);
        assert!(report.one("stack").is_err());
    }
}
