//! Prints what one inference of each model executes on the device, for `cargo xtask count`: a line
//! a model, then one a function, with tabs between the words.

use isokern_tests::counts::{cases, count};

fn main() {
    for case in cases() {
        println!("{}", count(&case));
    }
}
