//! Tells the source whether the target is an Armv7E-M, whose DSP instructions a
//! stable compiler knows but does not show as a `target_feature`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(armv7e_m)");
    let target = std::env::var("TARGET").unwrap_or_default();
    if target.starts_with("thumbv7em-") {
        println!("cargo::rustc-cfg=armv7e_m");
    }
}
