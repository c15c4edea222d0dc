//! `cargo xtask ptx`: device crates in Rust become PTX, which is checked and recorded.
//!
//! The crate is built for each target by a compiler that has the source of its library. The text
//! is checked by rules (`rules`), assembled by `ptxas`, and what each entry point needs is
//! compared with the crate's limits file. No GPU and no CUDA toolkit is needed.

pub(crate) mod assembler;
mod barriers;
mod build;
mod check;
pub(crate) mod compiler;
mod limits;
mod module;
#[cfg(test)]
mod module_tests;
mod order;
mod package;
mod places;
mod planted;
mod record;
mod rules;
mod table;
mod usage;

use crate::failure::Failure;
use crate::repository;
use build::Build;
use check::Checker;
use clap::ValueEnum;
use core::fmt;
use order::Order;
use record::Record;
use std::path::PathBuf;

/// The compiler's name for NVIDIA GPUs.
pub(crate) const TARGET: &str = "nvptx64-nvidia-cuda";

/// The repository's own device crate.
const OWN_CRATE: &str = "kernels-ptx";

/// The crate that shows how to write one.
const TEMPLATE: &str = "kernels-ptx/template";

/// What `cargo xtask ptx` takes. Without options it builds and checks, and writes nothing.
#[derive(Default, clap::Args)]
pub(crate) struct Arguments {
    /// Write the PTX and its record where they are committed, or where -o says.
    #[arg(long, conflicts_with_all = ["check", "target", "features", "unchecked"])]
    bless: bool,
    /// Rebuild and compare with what is committed, or with what is where -o says.
    #[arg(long, conflicts_with_all = ["features", "unchecked"])]
    check: bool,
    /// The folder of another device crate.
    #[arg(long, value_name = "DIR")]
    manifest_path: Option<PathBuf>,
    /// Where the PTX and its record are written to, or with --check compared with.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Features of the device crate to turn on.
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// Build for this target only.
    #[arg(long, value_enum)]
    target: Vec<Target>,
    /// Build only: for crates with a fault planted on purpose, which the checks would find.
    #[arg(long, requires = "output")]
    unchecked: bool,
    /// Which compiler builds.
    #[arg(long, value_enum, default_value_t = compiler::Wanted::Auto)]
    compiler: compiler::Wanted,
}

/// A kind of GPU to build for. PTX for one runs on all later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Turing.
    #[value(name = "sm_75")]
    Sm75,
    /// Ampere.
    #[value(name = "sm_80")]
    Sm80,
    /// Hopper.
    #[value(name = "sm_90")]
    Sm90,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sm75 => "sm_75",
            Self::Sm80 => "sm_80",
            Self::Sm90 => "sm_90",
        })
    }
}

/// Builds, checks and, as asked, writes or compares.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let order = Order::new(arguments)?;
    let recorded = order.record(arguments)?;
    let identity = recorded.as_ref().map(|record| &record.compiler);
    let compiler = compiler::choose(arguments.compiler, identity)?;
    println!("device compiler: {} ({})", compiler.identity, compiler.origin);
    let build = Build {
        compiler: &compiler,
        package: &order.package,
        features: &arguments.features,
        locked: order.is_own || arguments.check,
    };
    let mut checker = Checker::new(&order.limits, build.places());
    if !arguments.unchecked {
        checker.find_assembler()?;
    }
    order.clear()?;
    let mut files = Vec::new();
    for (target, text) in build.run_all(arguments.targets())? {
        let file = order.keep(target, text)?;
        checker.check(&file, &order.folder().join(&file.name))?;
        files.push(file);
    }
    checker.finish()?;
    if let (Some(record), true) = (&recorded, arguments.check) {
        return order.compare(record, &compiler.identity, &files, checker);
    }
    if order.writes {
        order.write(&Record::new(&compiler.identity, &arguments.features, &files), &files)?;
    }
    Ok(())
}

/// Runs the check stage: the committed PTX is that of the source, the template still builds, and
/// the suites notice every bug that is planted in the device crate.
pub(crate) fn run_stage() -> Result<(), Failure> {
    run(&Arguments { check: true, ..Arguments::default() })?;
    println!();
    let template = Some(repository::root().join(TEMPLATE));
    run(&Arguments { manifest_path: template, ..Arguments::default() })?;
    planted::run(|arguments| run(&arguments))
}

impl Arguments {
    /// Returns the targets to build for, each once, oldest first.
    fn targets(&self) -> impl Iterator<Item = Target> {
        let all = Target::value_variants().iter().copied();
        all.filter(|target| self.target.is_empty() || self.target.contains(target))
    }
}
