//! The instructions to compute with, as the command line names them.

use clap::ValueEnum;
use isokern_cpu::InstructionSet;

use crate::error::CliError;

/// What may be asked for; a processor need not have it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Instructions {
    /// The fastest this processor has
    Auto,
    /// The portable loops
    Plain,
    /// AVX2
    Avx2,
    /// AVX-512 with VNNI
    #[value(name = "avx512vnni")]
    Avx512Vnni,
}

impl Instructions {
    /// Returns the set that was asked for, if this processor has it.
    pub(crate) fn choose(self) -> Result<InstructionSet, CliError> {
        let wanted = match self {
            Self::Auto => return Ok(InstructionSet::detect()),
            Self::Plain => "plain",
            Self::Avx2 => "avx2",
            Self::Avx512Vnni => "avx512vnni",
        };
        InstructionSet::available().find(|set| set.name() == wanted).ok_or_else(|| {
            let names: Vec<&str> = InstructionSet::available().map(InstructionSet::name).collect();
            CliError::Instructions { wanted, available: names.join(" or ") }
        })
    }
}
