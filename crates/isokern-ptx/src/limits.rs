//! The limits file of a device crate: what each of its entry points may need.
//!
//! ```toml
//! [entry.scale_add]
//! registers = 32      # of a thread, at most
//! shared_bytes = 0    # static shared memory of a block, at most
//! frame_bytes = 0     # local memory of a thread, at most
//! barriers = 1        # places it waits at, exactly: as many as a reader of the source finds
//! threads = 256       # of a block: is written to the PTX as `.maxntid`; may be left out
//! ```
//!
//! The numbers hold for every target. Spills have no row: there are to be none.

use crate::barriers;
use crate::error::Error;
use crate::module::Module;
use crate::rules::{Exception, Violation};
use crate::usage::{Report, Usage};
use rustc_demangle::demangle;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The name of the file, in the folder of the device crate.
pub(crate) const FILE: &str = "limits.toml";

/// What a limits file says.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// What the crate may contain although it is refused otherwise.
    #[serde(default)]
    pub(crate) allow: Vec<Exception>,
    /// By the name of the entry point.
    #[serde(default)]
    pub(crate) entry: BTreeMap<String, Row>,
}

/// What one entry point may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) registers: u64,
    pub(crate) shared_bytes: u64,
    pub(crate) frame_bytes: u64,
    pub(crate) barriers: usize,
    /// Without it a launch says how many threads a block has.
    pub(crate) threads: Option<u32>,
}

impl Limits {
    /// Reads the limits of the crate in `folder`; none if it has no such file.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text)
                .map(Some)
                .map_err(|reason| Error::Check(format!("{}: {reason}", path.display()))),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Path { path, source }),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Compares a module with the rows.
    pub(crate) fn check(&self, module: &Module<'_>, report: &Report) -> Vec<Violation> {
        let mut violations = Vec::new();
        for entry in module.entries() {
            let name = &entry.name;
            let Some(row) = self.entry.get(name) else {
                let message = format!("`{name}` has no row in {FILE}");
                violations.push(Violation { line: entry.line, message });
                continue;
            };
            let usage = report.entries.get(name).copied().unwrap_or_default();
            let barriers = barriers::lines(module, entry);
            let messages = row.check(usage, &barriers);
            violations.extend(messages.into_iter().map(|message| Violation {
                line: entry.line,
                message: format!("`{name}` {message}"),
            }));
        }
        let names: Vec<&str> = module.entries().map(|entry| entry.name.as_str()).collect();
        let stale = self.entry.keys().filter(|name| !names.contains(&name.as_str()));
        violations.extend(stale.map(|name| Violation {
            line: 0,
            message: format!("{FILE} has a row for `{name}`, which is no entry point here"),
        }));
        violations
    }
}

impl Row {
    /// Returns what is above the row, in words.
    fn check(&self, usage: Usage, barriers: &[u32]) -> Vec<String> {
        let ceilings = [
            ("registers", usage.registers, self.registers),
            ("bytes of static shared memory", usage.shared, self.shared_bytes),
            ("bytes of local memory", usage.frame, self.frame_bytes),
        ];
        let above = ceilings.into_iter().filter(|(_, needed, most)| needed > most);
        let mut messages: Vec<String> = above
            .map(|(what, needed, most)| format!("needs {needed} {what}; at most {most}"))
            .collect();
        if barriers.len() != self.barriers {
            messages.push(format!(
                "waits at {} places (lines {barriers:?}) where {FILE} says {}: did the compiler \
                 copy or lose a barrier?",
                barriers.len(),
                self.barriers
            ));
        }
        messages
    }
}

/// Returns what no crate may have, with or without a limits file.
pub(crate) fn check_report(module: &Module<'_>, report: &Report) -> Vec<Violation> {
    let line_of = |name: &str| {
        let mut functions = module.functions();
        functions.find(|function| function.name == name).map_or(0, |function| function.line)
    };
    let spills = report.spills.iter().map(|(name, bytes)| Violation {
        line: line_of(name),
        message: format!("`{:#}` spills {bytes} bytes of registers", demangle(name)),
    });
    let unknown = module.entries().filter(|entry| !report.entries.contains_key(&entry.name));
    let unknown = unknown.map(|entry| Violation {
        line: entry.line,
        message: format!("ptxas said nothing of `{}`", entry.name),
    });
    let warnings = report.warnings.iter().map(|text| Violation { line: 0, message: text.clone() });
    spills.chain(unknown).chain(warnings).collect()
}

#[cfg(test)]
mod tests {
    use super::{Limits, check_report};
    use crate::module::Module;
    use crate::usage::{Report, Usage};

    const LIMITS: &str = "\
[entry.f]
registers = 32
shared_bytes = 8
frame_bytes = 0
barriers = 1
";

    const PTX: &str = "\
.version 7.8
.target sm_80
.visible .entry f()
{
barrier.sync 0;
ret;
}
";

    fn report(usage: Usage) -> Report {
        Report { entries: [("f".to_owned(), usage)].into(), ..Report::default() }
    }

    fn messages(limits: &str, ptx: &str, usage: Usage) -> Vec<String> {
        let module = Module::read(ptx).unwrap();
        let found = Limits::parse(limits).unwrap().check(&module, &report(usage));
        found.iter().map(|found| format!("{} {}", found.line, found.message)).collect()
    }

    #[test]
    fn what_is_at_its_ceiling_passes() {
        let usage = Usage { registers: 32, shared: 8, frame: 0 };
        assert_eq!(messages(LIMITS, PTX, usage), Vec::<String>::new());
    }

    #[test]
    fn each_figure_above_its_ceiling_is_named() {
        let cases = [
            (Usage { registers: 33, shared: 8, frame: 0 }, "33 registers; at most 32"),
            (Usage { registers: 32, shared: 9, frame: 0 }, "9 bytes of static shared"),
            (Usage { registers: 32, shared: 8, frame: 1 }, "1 bytes of local memory"),
        ];
        for (usage, part) in cases {
            let found = messages(LIMITS, PTX, usage);
            assert!(found.len() == 1 && found[0].contains(part), "{part}: {found:?}");
            assert!(found[0].starts_with("3 `f`"), "{found:?}");
        }
    }

    #[test]
    fn a_copied_or_lost_barrier_is_found() {
        for text in ["barrier.sync 0;\nbarrier.sync 0;", ""] {
            let found = messages(LIMITS, &PTX.replace("barrier.sync 0;", text), Usage::default());
            assert!(found.len() == 1 && found[0].contains("places (lines"), "{found:?}");
        }
    }

    #[test]
    fn rows_and_entries_belong_together() {
        let renamed = PTX.replace("entry f", "entry g");
        let found = messages(LIMITS, &renamed, Usage::default());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`g` has no row") && found[1].contains("row for `f`"));
    }

    #[test]
    fn spills_warnings_and_silence_are_violations() {
        let module = Module::read(PTX).unwrap();
        assert!(check_report(&module, &report(Usage::default())).is_empty());
        let silent = Report {
            spills: [("f".to_owned(), 4)].into(),
            warnings: vec!["ptxas warning".to_owned()],
            ..Report::default()
        };
        let found = check_report(&module, &silent);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].line == 3 && found[0].message.contains("spills 4 bytes"));
    }

    #[test]
    fn a_limits_file_that_is_wrong_is_refused() {
        let without = LIMITS.replace("barriers = 1\n", "");
        assert!(Limits::parse(&without).is_err_and(|text| text.contains("barriers")));
        let unknown = format!("{LIMITS}spills = 1\n");
        assert!(Limits::parse(&unknown).is_err_and(|text| text.contains("spills")));
        assert!(Limits::parse("allow = [\"dyn\"]").is_err());
        assert!(Limits::parse("allow = [\"trap\", \"printf\"]").is_ok());
    }
}
