//! Profiles of the kernels that ended, by kernel, function and line.

use core::fmt::Write as _;
use std::sync::Arc;

use super::task::Kernel;
use super::world::World;
use crate::machine::{Counts, LineCounts, Profile};
use crate::program::Program;

/// What the launches of one kernel counted.
#[derive(Debug)]
pub struct Profiled {
    kernel: String,
    launches: u64,
    program: Arc<Program>,
    profile: Profile,
}

const HEAD: &str = "kernel\tlaunches\tfunction\tline\tthread instructions\twarp instructions\t\
    dp4a lanes\tglobal requests\tsectors\tshared requests\tpasses\tlocal requests\tbarriers\t\
    atomic lanes\tinstruction\n";

impl World {
    /// Starts to keep profiles, from zero, or stops.
    pub fn keep_profiles(&mut self, keep: bool) {
        self.keeps_profiles = keep;
        if keep {
            self.profiles.clear();
        }
    }

    /// Adds what a kernel that ended has counted.
    pub fn add_profile(&mut self, kernel: &Kernel, profile: Profile) {
        let same = |known: &&mut Profiled| {
            known.kernel == kernel.name && Arc::ptr_eq(&known.program, &kernel.program)
        };
        match self.profiles.iter_mut().find(same) {
            Some(known) => {
                known.launches += 1;
                known.profile.merge(&profile);
            }
            None => self.profiles.push(Profiled {
                kernel: kernel.name.clone(),
                launches: 1,
                program: Arc::clone(&kernel.program),
                profile,
            }),
        }
    }

    /// Returns the sum over all kernels.
    #[must_use]
    pub fn profiled(&self) -> Counts {
        self.profiles.iter().fold(Counts::default(), |mut sum, known| {
            sum += known.profile.total();
            sum
        })
    }

    /// Writes the profiles where the environment says: a line for each line of PTX that ran, the
    /// words apart by tabs.
    pub fn write_profiles(&self) {
        let Some(path) = &self.settings.profile_file else { return };
        let mut text = HEAD.to_owned();
        for known in &self.profiles {
            let Profiled { kernel, launches, program, profile } = known;
            for index in 0..program.function_count() {
                let function = program.function(index).map_or("", |function| &function.name);
                for LineCounts { line, counts } in profile.lines(program, index) {
                    // Writing to a string cannot fail.
                    let _ok = write!(text, "{kernel}\t{launches}\t{function}\t{line}");
                    for count in counts.numbers() {
                        let _ok = write!(text, "\t{count}");
                    }
                    let _ok = writeln!(text, "\t{}", program.line(line));
                }
            }
        }
        if let Err(error) = std::fs::write(path, text) {
            eprintln!("isokern-simcuda: profile not written to {}: {error}", path.display());
        }
    }
}
