//! The table as the page shows it.

use std::path::Path;

use super::kernels::{Placement, Scope, Strength, Test};
use super::table::{Mark, mark};

fn rows() -> String {
    let mut rows =
        String::from("| test | scope | none | release | acquire | both | `fence.sc` |\n");
    rows.push_str("|---|---|---|---|---|---|---|\n");
    for test in Test::ALL {
        for (reach, scope) in [("holds all", Scope::Gpu), ("too narrow", Scope::Cta)] {
            let cells = Strength::ALL.map(|strength| {
                match mark(test, Placement::OwnBlocks, scope, strength) {
                    Mark::Allowed => "allowed",
                    Mark::Forbidden => "forbidden",
                    Mark::NotModelled => "not modelled",
                }
            });
            rows.push_str(&format!("| {test:?} | {reach} | {} |\n", cells.join(" | ")));
        }
    }
    rows
}

#[test]
fn the_page_shows_the_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simcuda.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains(&rows()), "docs/simcuda.md should hold\n{}", rows());
}
