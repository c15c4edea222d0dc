//! What `ptxas -v` says about a module: registers, memory and spills per entry point.

use std::collections::BTreeMap;

/// What one assembled module needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// By the name of the entry point.
    pub(crate) entries: BTreeMap<String, Usage>,
    /// Functions with spills and how many bytes they store and load; entries are among them.
    pub(crate) spills: BTreeMap<String, u64>,
    /// Warnings, each one line.
    pub(crate) warnings: Vec<String>,
}

/// What one entry point needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Registers of a thread.
    pub(crate) registers: u64,
    /// Static shared memory of a block in bytes.
    pub(crate) shared: u64,
    /// Local memory of a thread in bytes, with that of the functions it calls.
    pub(crate) frame: u64,
}

impl Report {
    /// Reads the messages of `ptxas -v`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut report = Self::default();
        // The entry that is being assembled, and the function that the next line is about.
        let mut entry = String::new();
        let mut function = String::new();
        for line in text.lines() {
            if let Some((_, rest)) = line.split_once("Compiling entry function '") {
                entry = rest.split('\'').next().unwrap_or_default().to_owned();
                function.clone_from(&entry);
                report.entries.insert(entry.clone(), Usage::default());
            } else if let Some((_, name)) = line.split_once("Function properties for ") {
                name.trim().clone_into(&mut function);
            } else if line.contains("warning") {
                report.warnings.push(line.trim().to_owned());
            }
            let spilled = number(line, " bytes spill stores") + number(line, " bytes spill loads");
            if spilled > 0 {
                *report.spills.entry(function.clone()).or_default() += spilled;
            }
            if let Some(usage) = report.entries.get_mut(&entry) {
                if function == entry {
                    usage.frame = usage.frame.max(number(line, " bytes stack frame"));
                }
                usage.registers = usage.registers.max(number(line, " registers"));
                usage.shared = usage.shared.max(number(line, " bytes smem"));
                usage.frame = usage.frame.max(number(line, " bytes cumulative stack size"));
            }
        }
        report
    }
}

/// Returns the number in front of `unit`; 0 if the line does not have it.
fn number(line: &str, unit: &str) -> u64 {
    let before = line.split_once(unit).map_or("", |(before, _)| before);
    let digits = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    before[digits..].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Report, Usage};

    const TEXT: &str = "\
ptxas info    : 0 bytes gmem, 4 bytes cmem[4]
ptxas info    : Compiling entry function 'big' for 'sm_90'
ptxas info    : Function properties for big
    16 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 96 registers, used 1 barriers, 48 bytes cumulative stack size, 1024 bytes smem
ptxas info    : Compile time = 3.214 ms
ptxas info    : Compiling entry function 'small' for 'sm_90'
ptxas info    : Function properties for small
    0 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 10 registers, 368 bytes cmem[0]
ptxas info    : Function properties for inner
    400 bytes stack frame, 4 bytes spill stores, 0 bytes spill loads
ptxas warning : Stack size for entry function 'small' cannot be statically determined
";

    #[test]
    fn every_figure_is_read() {
        let report = Report::parse(TEXT);
        let big = Usage { registers: 96, shared: 1024, frame: 48 };
        assert_eq!(report.entries["big"], big);
        let small = Usage { registers: 10, shared: 0, frame: 0 };
        assert_eq!(report.entries["small"], small);
        assert_eq!(report.entries.len(), 2);
    }

    #[test]
    fn spills_of_every_function_and_warnings_are_kept() {
        let report = Report::parse(TEXT);
        let spills: Vec<_> =
            report.spills.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        assert_eq!(spills, [("inner", 4), ("small", 20)]);
        assert_eq!(report.warnings.len(), 1);
    }

    #[test]
    fn other_text_gives_an_empty_report() {
        assert_eq!(Report::parse("x registers\n registers\n"), Report::default());
    }
}
