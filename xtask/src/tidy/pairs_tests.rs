//! Pairs counted in planted sources: enough, too few, of nothing, and checks without a name.

use super::Pairs;

const CHECKS: &str = "crates/isokern-model/src/check/planted.rs";
const SUITE: &str = "crates/isokern-model/tests/check_pairs/planted.rs";

/// Returns what is found in a file of checks and its pairs.
fn read(checks: &str, pairs: &str) -> Pairs {
    let pairs = format!("//! Pairs of `src/check/planted.rs`: planted.\n{pairs}");
    let elsewhere = ("crates/isokern-model/src/model.rs", "require(no, \"check\")".to_owned());
    let page = ("docs/format.md", "`rank`, `kind`, `Overlap`, `b`, `c`".to_owned());
    Pairs::read(&[(CHECKS, checks.to_owned()), (SUITE, pairs), elsewhere, page])
}

fn messages(checks: &str, pairs: &str) -> Vec<String> {
    read(checks, pairs).check().iter().map(ToString::to_string).collect()
}

const FOUR: &str = "
/// Calls require(holds, \"nothing\").
fn require(holds: bool, field: &'static str) -> Check {
    require(f((1, 2)) == 3, \"rank\")?; require(false, \"rank\")?;
    let a = b.ok_or(fault(\"kind\"))?;
    return Err(FormatError::Overlap { first, second });
}
";

#[test]
fn a_pair_for_each_check_is_enough() {
    let pairs = "fn f() {
        pair(\"rank\", a, &b, &c); pair(\"rank\", a, &b, &c); // pair(\"dims\", a)
        pair_until(\"kind\", a, (&b, c), &d);
        pair(\"Overlap\", a, &b, &c);
    }";
    let counts = read(FOUR, pairs);
    assert!(counts.check().is_empty(), "{:?}", counts.check());
    let table = counts.to_string();
    let lines: Vec<Vec<&str>> =
        table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines, [["src/check/planted.rs", "4", "4"], ["total", "4", "4"]]);
}

#[test]
fn missing_pairs_are_named() {
    let pairs = "pair(\"rank\", a, &b, &c); pair(\"Overlap\", a, &b, &c);";
    let found = messages(FOUR, pairs);
    assert_eq!(found.len(), 2);
    assert!(found[0].contains("`kind` has 1 checks, and 0 pairs"), "{found:?}");
    assert!(found[1].contains("`rank` has 2 checks, and 1 pairs"), "{found:?}");
    assert!(found.iter().all(|line| line.starts_with(CHECKS)));
}

#[test]
fn the_page_has_every_name() {
    let found = messages("require(a, \"d\");", "pair(\"d\", x);");
    assert_eq!(
        found,
        ["docs/format.md: `d` is checked in src/check/planted.rs, and not on this page"]
    );
}

#[test]
fn pairs_of_no_check_and_checks_without_a_name_are_found() {
    let found = messages("require(a, \"b\");", "pair(\"b\", x); pair(\"c\", x);");
    assert_eq!(found, [format!("{CHECKS}: `c` has 0 checks, and 1 pairs in tests/check_pairs/")]);
    let found = messages("\nlet a = b.ok_or(too_short)?;", "pair(\"\", x);");
    assert_eq!(
        found,
        [format!("{CHECKS}:2: this check names no field, and no variant of an error")]
    );
}
