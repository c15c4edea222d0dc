//! Stands between cargo and rustc, so that device crates give the same PTX, and firmware the same
//! code, in every folder.
//!
//! * Cargo derives `-C metadata` from where a package is: for a path dependency outside the
//!   workspace, from the absolute path. The number ends up in every mangled symbol. Here it is
//!   derived from what the crate is: name, version and features.
//! * File names in panic messages start with `name-version` instead of the package's folder.
//!
//! Both could not be done by flags for cargo, which are the same for all crates. Programs that run
//! during a build are not touched. Cargo does not see what is changed here: after a change of this
//! file the folders `ptx` and `firmware` of the build output have to be removed.

use crate::TARGET;
use crate::error::Error;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Set for the child build, so that this program knows that cargo calls it as `rustc`. Holds
/// `folder=name` for folders of the machine, with [`SEPARATOR`] between them.
const VARIABLE: &str = "ISOKERN_RUSTC_WRAPPER";

/// What cargo has between flags, too: no folder has it in its name.
pub const SEPARATOR: char = '\u{1f}';

/// How the names of targets of microcontrollers begin.
const BOARDS: [&str; 2] = ["thumb", "riscv32"];

/// Makes `cargo` call this program as `rustc`. The places are `folder=name`, for folders of the
/// machine besides those of packages.
///
/// # Errors
///
/// [`Error::Path`] where this program does not know its own file.
pub fn put_between(cargo: &mut Command, places: &[String]) -> Result<(), Error> {
    let own = std::env::current_exe()
        .map_err(|source| Error::Path { path: PathBuf::from("this program"), source })?;
    cargo.env("RUSTC_WRAPPER", own).env(VARIABLE, places.join(&SEPARATOR.to_string()));
    cargo.env_remove("RUSTC_WORKSPACE_WRAPPER");
    Ok(())
}

/// Runs `rustc arguments...` when cargo called this program in its place.
#[must_use]
pub fn run_if_called() -> Option<ExitCode> {
    std::env::var_os(VARIABLE)?;
    let mut arguments = std::env::args_os().skip(1);
    let rustc = arguments.next()?;
    let arguments: Vec<String> =
        arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
    let variable = |name| std::env::var(name).unwrap_or_default();
    let package = Package {
        name: variable("CARGO_PKG_NAME"),
        version: variable("CARGO_PKG_VERSION"),
        folder: variable("CARGO_MANIFEST_DIR"),
        places: variable(VARIABLE).split(SEPARATOR).map(str::to_owned).collect(),
    };
    let status = Command::new(rustc).args(package.portable(&arguments)).status();
    Some(match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot start rustc: {error}");
            ExitCode::FAILURE
        }
    })
}

/// The package that is being compiled, as cargo describes it.
struct Package {
    name: String,
    version: String,
    folder: String,
    /// `folder=name` for each folder of the machine that may be named besides.
    places: Vec<String>,
}

impl Package {
    /// Returns the arguments for rustc if they compile a crate for a GPU or a microcontroller; else
    /// what was given.
    fn portable(&self, arguments: &[String]) -> Vec<String> {
        let pairs = arguments.windows(2);
        let joined = arguments.iter().filter_map(|argument| argument.strip_prefix("--target="));
        let separate = pairs.clone().filter(|pair| pair[0] == "--target");
        let mut targets = joined.chain(separate.map(|pair| pair[1].as_str()));
        let is_board = |target: &str| BOARDS.iter().any(|start| target.starts_with(start));
        if !targets.any(|target| target == TARGET || is_board(target)) {
            return arguments.to_vec();
        }
        let value_of = |name: &str| -> Vec<&str> {
            let pairs = pairs.clone().filter(|pair| pair[0] == name);
            pairs.map(|pair| pair[1].as_str()).collect()
        };
        let mut features = value_of("--cfg");
        features.sort_unstable();
        let identity = format!("{:?} {} {features:?}", value_of("--crate-name"), self.version);
        let digest = Sha256::digest(identity.as_bytes());
        let number: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let replace = |argument: &String| {
            let is_metadata = argument.starts_with("metadata=");
            if is_metadata { format!("metadata={number}") } else { argument.clone() }
        };
        // Of two that fit, rustc takes the later.
        let own = format!("{}={}-{}", self.folder, self.name, self.version);
        let remaps = self.places.iter().chain([&own]).filter(|remap| !remap.starts_with('='));
        let remaps = remaps.filter(|remap| remap.contains('='));
        let remaps = remaps.map(|remap| format!("--remap-path-prefix={remap}"));
        arguments.iter().map(replace).chain(remaps).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Package, TARGET};

    fn package(version: &str, folder: &str) -> Package {
        let places = vec!["/lib=rust".to_owned(), String::new()];
        let (version, folder) = (version.to_owned(), folder.to_owned());
        Package { name: "a".to_owned(), version, folder, places }
    }

    fn arguments(metadata: &str, feature: &str, target: &str) -> Vec<String> {
        let line = format!(
            "--crate-name a --target {target} --cfg {feature} -C metadata={metadata} \
             -C extra-filename=-{metadata}"
        );
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_folder_does_not_count_for_devices_and_boards() {
        let metadata =
            |version, arguments: &[String]| package(version, "/x").portable(arguments)[7].clone();
        for target in [TARGET, "thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"] {
            let one = arguments("one", "x", target);
            let two = arguments("two", "x", target);
            assert_eq!(metadata("1.0.0", &one), metadata("1.0.0", &two));
            assert_ne!(metadata("1.0.0", &one), metadata("1.0.1", &one));
            let other = arguments("one", "y", target);
            assert_ne!(metadata("1.0.0", &one), metadata("1.0.0", &other));
            // Cargo finds the outputs by this name, so it stays.
            assert_eq!(package("1.0.0", "/x").portable(&one)[9], "extra-filename=-one");
        }
    }

    #[test]
    fn file_names_start_with_the_package() {
        let one = arguments("one", "x", TARGET);
        let found = package("1.0.0", "/home/me/a").portable(&one);
        let expected = ["--remap-path-prefix=/lib=rust", "--remap-path-prefix=/home/me/a=a-1.0.0"];
        assert_eq!(found[one.len()..], expected);
    }

    #[test]
    fn programs_of_the_host_are_left_alone() {
        let host = arguments("one", "x", "x86_64-unknown-linux-gnu");
        assert_eq!(package("1.0.0", "/x").portable(&host), host);
    }

    #[test]
    fn the_other_way_to_name_a_target_counts_too() {
        let line = format!("--crate-name a --target={} -C metadata=one", TARGET);
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        assert_ne!(package("1", "/x").portable(&arguments), arguments);
    }
}
