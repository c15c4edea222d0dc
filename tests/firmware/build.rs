//! Chooses the board's memory map, and the model that `measure` embeds.

use core::error::Error;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The board of each target, what its timer counts in a microsecond, and the ticks between two
/// images of `embassy`: more than the model takes.
const BOARDS: [(&str, &str, u32, u32); 8] = [
    ("thumbv7em-none-eabihf", "mps2-an386", 25, 8),
    // A board, not an emulator: at the 16 MHz of its reset the model takes some 25 ms.
    ("thumbv7em-none-eabihf", "nucleo-f446re", 16, 1000),
    ("thumbv7m-none-eabi", "mps2-an385", 25, 8),
    ("thumbv6m-none-eabi", "microbit", 16, 16),
    ("thumbv8m.main-none-eabihf", "mps2-an505", 20, 8),
    ("thumbv8m.main-none-eabihf", "mps3-an547", 32, 8),
    ("riscv32imac-unknown-none-elf", "virt-rv32imac", 10, 8),
    ("riscv32imc-unknown-none-elf", "virt-rv32imc", 10, 8),
];

/// Names another board than the target's own, whose processor executes its code as well.
const BOARD: &str = "ISOKERN_FIRMWARE_BOARD";

/// Names the model that `measure` embeds.
const MODEL: &str = "ISOKERN_FIRMWARE_MODEL";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let target = env::var("TARGET")?;

    let chosen = env::var(BOARD).ok();
    let (_, board, timer_mhz, pace) = BOARDS
        .iter()
        .find(|(name, board, ..)| chosen.as_deref().map_or(*name == target, |one| *board == one))
        .ok_or_else(|| format!("no board for {target}: build with --target"))?;
    println!("cargo::rerun-if-env-changed={BOARD}");
    let map = folder.join("boards").join(format!("{board}.x"));
    fs::copy(&map, out.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-env=ISOKERN_BOARD={board}");
    fs::write(out.join("timer.rs"), format!("{timer_mhz}\n"))?;
    fs::write(out.join("pace.rs"), format!("{pace}\n"))?;
    println!("cargo::rerun-if-changed={}", map.display());

    let model = env::var(MODEL).map_or_else(|_| folder.join("../models/digits.ikm"), PathBuf::from);
    fs::write(out.join("model.rs"), include(&model))?;
    println!("cargo::rerun-if-env-changed={MODEL}");
    println!("cargo::rerun-if-changed={}", model.display());
    Ok(())
}

/// Returns the source that embeds a model under the name `embedded`.
fn include(model: &Path) -> String {
    format!("model::include_model! {{\n    mod embedded = {:?};\n}}\n", model.display().to_string())
}
