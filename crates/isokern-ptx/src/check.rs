//! All checks of one PTX file, with its violations printed as `file:line: what is wrong`.

use crate::assembler::Assembler;
use crate::error::Error;
use crate::limits::{self, Limits};
use crate::module::Module;
use crate::order::File;
use crate::{places, rules, table};
use std::path::Path;

/// Checks files and counts what is wrong.
pub(crate) struct Checker<'a> {
    limits: &'a Option<Limits>,
    places: Vec<String>,
    /// None if nothing is to be checked.
    assembler: Option<Assembler>,
    violations: usize,
}

impl<'a> Checker<'a> {
    /// Starts without an assembler: so nothing is checked.
    pub(crate) fn new(limits: &'a Option<Limits>, places: Vec<String>) -> Self {
        Self { limits, places, assembler: None, violations: 0 }
    }

    /// Turns the checks on.
    pub(crate) fn find_assembler(&mut self, build: &Path) -> Result<(), Error> {
        let assembler = Assembler::find(build)?;
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
    pub(crate) fn check(&mut self, file: &File, path: &Path) -> Result<(), Error> {
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
    pub(crate) fn finish(&self) -> Result<(), Error> {
        match self.violations {
            0 => Ok(()),
            count => Err(Error::Check(format!("{count} violation(s) in the PTX, listed above"))),
        }
    }
}
