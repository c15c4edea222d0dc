//! Names the shared library as programs ask for it.
//!
//! A library that is loaded under the name `libcuda.so` is the one every later search for that name
//! finds. Loaders open and close it to see whether it is there, so it must stay once loaded.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libcuda.so");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
