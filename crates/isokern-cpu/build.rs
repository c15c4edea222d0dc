//! Tells the source which multiplications a microcontroller has. Of Arm's a stable compiler knows
//! but does not show as a `target_feature`: the vectors of Armv8.1-M, the DSP instructions of
//! Armv7E-M, those of Armv7-M, or the one of Armv6-M. Others are those of a RISC-V of 32 bits with
//! extension M.

/// Processors that have DSP instructions, of targets that have not in general.
const WITH_DSP: [&str; 2] = ["cortex-m33", "cortex-m35p"];
/// Processors that have vectors, which are preferred.
const WITH_VECTORS: [&str; 2] = ["cortex-m55", "cortex-m85"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(arm_dsp, arm_mla, arm_muls, arm_mve, riscv_mul)");
    let target = std::env::var("TARGET").unwrap_or_default();
    let is_mainline = target.starts_with("thumbv8m.main-");
    let processor = processor().filter(|_| is_mainline);
    let is_one_of = |names: &[&str]| processor.as_deref().is_some_and(|name| names.contains(&name));
    if is_one_of(&WITH_VECTORS) {
        println!("cargo::rustc-cfg=arm_mve");
    } else if target.starts_with("thumbv7em-") || is_one_of(&WITH_DSP) {
        println!("cargo::rustc-cfg=arm_dsp");
    } else if target.starts_with("thumbv7m-") || is_mainline {
        println!("cargo::rustc-cfg=arm_mla");
    } else if target.starts_with("thumbv6m-") || target.starts_with("thumbv8m.base-") {
        println!("cargo::rustc-cfg=arm_muls");
    } else if target.starts_with("riscv32i") && has_multiplications() {
        println!("cargo::rustc-cfg=riscv_mul");
    }
}

/// Returns the processor that the flags name: `-C target-cpu=cortex-m33`. The last choice counts.
fn processor() -> Option<String> {
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let mut choices = flags.split('\u{1f}').filter_map(|flag| flag.split_once("target-cpu="));
    choices.next_back().map(|(_, processor)| processor.to_owned())
}

/// Returns whether the processor has the multiplications of RISC-V.
fn has_multiplications() -> bool {
    let features = std::env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    features.split(',').any(|feature| feature == "m")
}
