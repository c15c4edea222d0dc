//! The stand-in driver, where programs look for the driver library.

use crate::failure::Failure;
use crate::{process, repository};
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// The names under which loaders and linkers look for the driver library, in a folder of CUDA.
const NAMES: [(&str, &str); 3] =
    [("lib64", "libcuda.so"), ("lib64", "libcuda.so.1"), ("lib64/stubs", "libcuda.so")];

/// Builds the stand-in and gives a folder laid out like CUDA's, with it as the driver library.
pub(crate) fn folder() -> Result<PathBuf, Failure> {
    process::run(process::cargo().args(["build", "--package", "isokern-simcuda"]))?;
    let library = repository::target_dir().join("debug/libisokern_simcuda.so");
    let folder = repository::target_dir().join("standin");
    for (inner, name) in NAMES {
        let inner = folder.join(inner);
        let failure = |source| Failure::Path { path: inner.clone(), source };
        std::fs::create_dir_all(&inner).map_err(failure)?;
        let link = inner.join(name);
        if !link.is_symlink() {
            symlink(&library, link).map_err(failure)?;
        }
    }
    Ok(folder)
}
