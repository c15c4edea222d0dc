//! What a model runs on, as the command line names it.

use clap::ValueEnum;
use isokern::Device;

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// This processor
    Cpu,
    /// The first NVIDIA GPU; an error says why where there is none
    Cuda,
    /// The first NVIDIA GPU; this processor where there is none, or its memory is full
    Auto,
}

/// The device of `--backend cuda`.
pub(crate) const ORDINAL: u32 = 0;

/// Returns whether a device's name says that it is not a GPU.
pub(crate) fn is_simulated(name: &str) -> bool {
    name.to_ascii_lowercase().contains("simulated device")
}

impl From<Backend> for Device {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Cpu => Self::Cpu,
            Backend::Cuda => Self::Cuda { ordinal: ORDINAL },
            Backend::Auto => Self::Auto,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_simulated;

    #[test]
    fn the_stand_in_is_known_by_its_name() {
        assert!(is_simulated("Isokern simulated device sm_90 (no GPU)"));
        assert!(!is_simulated("NVIDIA H100 80GB HBM3"));
    }
}
