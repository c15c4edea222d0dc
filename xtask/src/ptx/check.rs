//! All checks of one PTX file, with its violations printed as `file:line: what is wrong`.

use super::assembler::Assembler;
use super::limits::{self, Limits};
use super::module::Module;
use super::order::File;
use super::{places, rules, table};
use crate::failure::Failure;
use std::path::Path;

/// Checks files and counts what is wrong.
pub(super) struct Checker<'a> {
    limits: &'a Option<Limits>,
    places: Vec<String>,
    /// None if nothing is to be checked.
    assembler: Option<Assembler>,
    violations: usize,
}

impl<'a> Checker<'a> {
    /// Starts without an assembler: so nothing is checked.
    pub(super) fn new(limits: &'a Option<Limits>, places: Vec<String>) -> Self {
        Self { limits, places, assembler: None, violations: 0 }
    }

    /// Turns the checks on.
    pub(super) fn find_assembler(&mut self) -> Result<(), Failure> {
        let assembler = Assembler::find()?;
        println!("ptxas: {}", assembler.version);
        if self.limits.is_none() {
            println!("no {}: figures are shown and have no ceiling", limits::FILE);
        }
        self.assembler = Some(assembler);
        Ok(())
    }

    /// Checks the file at `path`, which holds the text of `file`, and prints what it needs.
    ///
    /// Fails only if there is nothing more to look at: no PTX, or PTX that does not assemble.
    pub(super) fn check(&mut self, file: &File, path: &Path) -> Result<(), Failure> {
        let Some(assembler) = &self.assembler else {
            println!("{} is not checked", file.name);
            return Ok(());
        };
        let module = Module::read(&file.text)?;
        let allowed = self.limits.as_ref().map_or(&[][..], |limits| &limits.allow);
        let mut violations = rules::check(&module, file.target, allowed);
        violations.extend(places::check(&module, &self.places));
        let shown = |violation: &rules::Violation| {
            println!("{}:{}: {}", path.display(), violation.line, violation.message);
        };
        // What ptxas says of such text is less clear, so these come first.
        violations.iter().for_each(shown);
        self.violations += violations.len();
        let report = assembler.run(path, file.target)?;
        let limits = self.limits.as_ref();
        print!("{}", table::lines(file, &module, &report, limits));
        let mut violations = limits::check_report(&module, &report);
        violations.extend(limits.into_iter().flat_map(|limits| limits.check(&module, &report)));
        violations.iter().for_each(shown);
        self.violations += violations.len();
        Ok(())
    }

    /// Fails when something was found so far.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        match self.violations {
            0 => Ok(()),
            count => Err(Failure::Check(format!("{count} violation(s) in the PTX, listed above"))),
        }
    }
}
