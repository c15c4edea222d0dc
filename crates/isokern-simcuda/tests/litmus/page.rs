//! The table as the page shows it.

use std::path::Path;

use super::host;
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

fn host_rows() -> String {
    let mut rows = String::from("| direction | host | none | release | acquire | both |\n");
    rows.push_str("|---|---|---|---|---|---|\n");
    let directions = [("host to device", 0), ("device to host", 1)];
    for (direction, index) in directions {
        for (name, is_weak) in [("as x86-64", false), ("as ARM", true)] {
            let cells = host::ROWS.map(|(_, weak, strong)| {
                let marks = if is_weak { weak } else { strong };
                if marks[index] == Mark::Allowed { "allowed" } else { "forbidden" }
            });
            rows.push_str(&format!("| {direction} | {name} | {} |\n", cells.join(" | ")));
        }
    }
    rows
}

#[test]
fn the_page_shows_the_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simcuda.md");
    let page = std::fs::read_to_string(page).unwrap();
    for rows in [rows(), host_rows()] {
        assert!(page.contains(&rows), "docs/simcuda.md should hold\n{rows}");
    }
}
