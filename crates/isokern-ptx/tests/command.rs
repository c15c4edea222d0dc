//! The command as cargo calls it: what it writes, compares and refuses.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder of one test, removed when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("isokern-ptx-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for the test");
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("the folder is there");
    }

    /// Runs `cargo isokern-ptx` in the folder.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-isokern-ptx"));
        command.arg("isokern-ptx").args(arguments).current_dir(&self.0);
        command.output().expect("the command starts")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns what a driver wrote for a kernel whose first line ran so often.
fn profile(first: u64) -> String {
    let head = "kernel\tlaunches\tfunction\tline\tthread instructions\twarp instructions\t...\n";
    let counts = "\t4\t0\t2\t8\t0\t0\t0\t0\t0\tadd.f32 %f1, %f2, %f3;\n";
    format!("{head}scale\t2\tscale\t12\t{first}{counts}scale\t2\tinner\t31\t64{counts}")
}

#[test]
fn counts_are_written_compared_and_name_what_moved() {
    let folder = Folder::new("count");
    folder.write("profile.tsv", &profile(640));
    let missing = folder.run(&["count", "profile.tsv", "counts.md"]);
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("counts.md"));
    assert!(folder.run(&["count", "profile.tsv", "counts.md", "--bless"]).status.success());
    let same = folder.run(&["count", "profile.tsv", "counts.md"]);
    assert!(same.status.success());
    assert!(String::from_utf8_lossy(&same.stdout).contains("1 kernel: as the table says"));
    folder.write("profile.tsv", &profile(641));
    let moved = folder.run(&["count", "profile.tsv", "counts.md"]);
    let said = String::from_utf8_lossy(&moved.stderr).into_owned();
    assert!(!moved.status.success());
    assert!(said.contains("scale scale: threads' instructions 640 -> 641 (+0.2 %)"), "{said}");
    assert!(!said.contains("inner"), "{said}");
    assert!(said.contains("cargo isokern-ptx count --bless"), "{said}");
}

#[test]
fn what_is_no_device_crate_is_refused_with_what_to_do() {
    let folder = Folder::new("build");
    let none = folder.run(&["build"]);
    assert!(!none.status.success());
    assert!(String::from_utf8_lossy(&none.stderr).contains("Cargo.toml"));
    folder
        .write("Cargo.toml", "[package]\nname = \"no-device\"\nedition = \"2024\"\n[workspace]\n");
    fs::create_dir_all(folder.0.join("src")).expect("the folder is there");
    folder.write("src/lib.rs", "");
    let library = folder.run(&["build"]);
    let said = String::from_utf8_lossy(&library.stderr).into_owned();
    assert!(!library.status.success());
    assert!(said.contains("builds no cdylib") && said.contains("crate-type"), "{said}");
    let nowhere = folder.run(&["build", "--check"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("name it with -o"));
}
