//! Prints what the device executes, for `cargo xtask count`: one inference of each model, then
//! steps of the resident kernel. A line for each, then one a function, with tabs between the words.
//!
//! `ISOKERN_ACTORS=FOLDER` names the folder with the PTX of `tests/actors/device`; without it
//! neither echo nor empty task is counted.

use isokern_tests::counts::{TARGET, cases, count};
use isokern_tests::device::{named_folder, read};
use isokern_tests::resident::steps;

fn main() {
    for case in cases() {
        println!("{}", count(&case));
    }
    let scripts = named_folder("ISOKERN_ACTORS")
        .map(|folder| read(&folder.join(format!("test_actors_sm{TARGET}.ptx"))));
    for step in steps(scripts.as_deref()) {
        println!("{step}");
    }
}
