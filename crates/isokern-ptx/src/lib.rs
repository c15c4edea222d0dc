//! From a device crate in Rust to PTX that is checked and recorded, without a GPU and without the
//! CUDA toolkit.
//!
//! A device crate is a `cdylib` for `nvptx64-nvidia-cuda` with `extern "ptx-kernel"` functions. It
//! is built for each [`Target`] by a compiler that has the source of its library; the text is read
//! by the reader of `isokern-simcuda`, checked by rules, assembled by NVIDIA's `ptxas` (a Python
//! package holds it), and what each entry needs is compared with `limits.toml` beside the crate's
//! manifest. The same compiler gives the same bytes in every folder and on every machine.
//!
//! ```sh
//! cargo install isokern-ptx
//! cd my-device-crate
//! cargo isokern-ptx build                 # builds and checks
//! cargo isokern-ptx build -o ptx          # writes PTX and record.toml to ptx
//! cargo isokern-ptx build -o ptx --check  # fails where they are not what the source gives
//! cargo isokern-ptx count profile.tsv counts.md
//! ```
//!
//! # What is refused
//!
//! * Atomics, fences and ordered accesses without an order or a scope; aligned barriers; indirect
//!   calls; `trap`, `brkpt` and `vprintf` unless `limits.toml` allows them.
//! * Registers, memory or barriers other than `limits.toml` says; spills, always.
//! * Folders of this machine in the text, an ISA newer than 7.8, another `.target`.
//! * What the reader does not know: it could not be checked.
//!
//! # Counts
//!
//! [`count`] reads the profile that the stand-in driver writes (`ISOKERN_SIM_PROFILE`), makes a
//! table of it by kernel and function, and says what moved since the table was committed.
//!
//! # For a command of one's own
//!
//! [`run`] is the whole command; a program that calls it has [`wrapper::run_if_called`] first in
//! its `main`, because cargo calls the program back in place of rustc. [`process`], [`toolchain`]
//! and [`wrapper`] are for commands that build other code in the same way.

mod arguments;
pub mod assembler;
mod barriers;
mod build;
mod check;
pub mod compiler;
pub mod count;
mod define;
mod error;
mod limits;
mod module;
mod order;
mod package;
mod places;
pub mod process;
mod record;
mod rules;
mod table;
mod target;
pub mod toolchain;
mod usage;
pub mod wrapper;

pub use arguments::{Arguments, OwnCrate, Site};
pub use error::Error;
pub use order::Outcome;
pub use target::Target;

use build::Build;
use check::Checker;
use order::Order;
use record::Record;

/// The compiler's name for NVIDIA GPUs.
pub const TARGET: &str = "nvptx64-nvidia-cuda";

/// Builds, checks and, as asked, writes or compares; prints what it does.
///
/// # Errors
///
/// [`Error::Missing`] without a compiler or assembler, [`Error::Check`] where the crate does not
/// compile, breaks a rule, is over its limits or is not what was recorded.
pub fn run(arguments: &Arguments, site: &Site) -> Result<Outcome, Error> {
    let order = Order::new(arguments, site)?;
    let recorded = order.record(arguments)?;
    let identity = recorded.as_ref().map(|record| &record.compiler);
    let compiler = compiler::choose(arguments.compiler, identity)?;
    println!("device compiler: {} ({})", compiler.identity, compiler.origin);
    let build = Build {
        compiler: &compiler,
        package: &order.package,
        features: &arguments.features,
        locked: order.is_strict || arguments.check,
        site,
    };
    let mut checker = Checker::new(&order.limits, build.places());
    if !arguments.unchecked {
        checker.find_assembler(&site.build)?;
    }
    order.clear()?;
    let mut files = Vec::new();
    for (target, text) in build.run_all(arguments.targets())? {
        let text = define::define(&text, order.limits.as_ref())?;
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
    Ok(Outcome::Built { folder: order.folder() })
}
