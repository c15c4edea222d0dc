//! The counts as rows, and as the Markdown that is committed.

use core::fmt::Write as _;

/// What is counted of a model and of a function.
pub(super) const COUNTS: [&str; 10] = [
    "threads' instructions",
    "warps' instructions",
    "dp4a lanes",
    "global requests",
    "sectors",
    "shared requests",
    "passes",
    "local requests",
    "barriers",
    "atomic lanes",
];
/// What is said of a model before that.
pub(super) const FACTS: [&str; 6] =
    ["threads", "registers", "blocks", "chain", "cycles from", "cycles to"];
/// Functions with less than one part in this many of a model's instructions share a row.
const SMALL: u64 = 100;
/// The name of that row.
const OTHERS: &str = "(others)";

const HEAD: &str = "\
# What the device code executes

Written by `cargo xtask count --bless`, compared by `cargo xtask count` and in CI. One inference of
one sample by one block, the PTX of sm_90 on the stand-in's machine (`docs/simcuda.md`): exact
counts, the same in every run. Nothing here was run on a GPU.

* *requests* are loads, stores and read-modify-writes of a warp; *sectors* the 32-byte pieces of
  global memory that they touch, *passes* those over the banks of shared memory.
* *registers* are those that `cargo xtask ptx` compares with the assembler's, *blocks* how many a
  multiprocessor holds with them, *chain* the longest chain of loads of global memory, each at an
  address that follows from what the one before gave.
* *cycles* are a prediction of one block alone on a multiprocessor of an H100, **not measured** and
  validated by nothing: the table of `isokern_simcuda::machine::prediction`, and a range of two.

";

/// A row: what it is about, and its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) key: Vec<String>,
    pub(super) numbers: Vec<u64>,
}

/// All that was counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) models: Vec<Row>,
    pub(super) functions: Vec<Row>,
}

/// Reads what the counting program printed; functions of one name, and small ones, are summed.
pub(super) fn read(printed: &str) -> Found {
    let mut found = Found::default();
    let mut all: Vec<Row> = Vec::new();
    for line in printed.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let numbers = |words: &[&str]| words.iter().filter_map(|word| word.parse().ok()).collect();
        match words.as_slice() {
            ["model", model, rest @ ..] => {
                found.models.push(Row { key: vec![(*model).to_owned()], numbers: numbers(rest) });
            }
            ["function", model, name, rest @ ..] => {
                let key = vec![(*model).to_owned(), short(name)];
                add(&mut all, Row { key, numbers: numbers(rest) });
            }
            _ => {}
        }
    }
    for model in &found.models {
        let total = model.numbers.get(FACTS.len()).copied().unwrap_or(0);
        let of_model = all.iter().filter(|row| row.key.first() == model.key.first());
        let (mut large, small): (Vec<Row>, Vec<Row>) =
            of_model.cloned().partition(|row| row.numbers.first().unwrap_or(&0) * SMALL >= total);
        large.sort_by(|a, b| b.numbers.cmp(&a.numbers).then(a.key.cmp(&b.key)));
        let mut others: Vec<Row> = Vec::new();
        for row in small {
            let key = vec![row.key[0].clone(), OTHERS.to_owned()];
            add(&mut others, Row { key, ..row });
        }
        found.functions.extend(large.into_iter().chain(others));
    }
    found
}

fn add(rows: &mut Vec<Row>, row: Row) {
    match rows.iter_mut().find(|known| known.key == row.key) {
        Some(known) => {
            known.numbers.iter_mut().zip(&row.numbers).for_each(|(mine, other)| *mine += other);
        }
        None => rows.push(row),
    }
}

/// Returns a name as the source has it, without what it is generic over.
fn short(mangled: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(mangled));
    let (mut text, mut depth) = (String::new(), 0_u32);
    for piece in name.split_inclusive("::<") {
        // All but the last piece end where a list of types begins.
        let mut rest = piece;
        while depth > 0 && !rest.is_empty() {
            let next = rest.find(['<', '>']).unwrap_or(rest.len() - 1);
            match rest.as_bytes().get(next) {
                Some(b'<') => depth += 1,
                Some(b'>') => depth -= 1,
                _ => {}
            }
            rest = &rest[next + 1..];
        }
        if let Some(kept) = rest.strip_suffix("::<").filter(|_| depth == 0) {
            text += kept;
            depth += 1;
        } else if depth == 0 {
            text += rest;
        }
    }
    text
}

/// Returns the committed file.
pub(super) fn text(found: &Found) -> String {
    let mut text = format!("{HEAD}## Models\n\n");
    let heads: Vec<&str> = FACTS.iter().chain(&COUNTS).copied().collect();
    table(&mut text, &["model"], &heads, &found.models);
    text += "\n## Functions\n\nThose with at least one per cent of a model's instructions.\n\n";
    table(&mut text, &["model", "function"], &COUNTS, &found.functions);
    text
}

fn table(text: &mut String, keys: &[&str], heads: &[&str], rows: &[Row]) {
    let _ = writeln!(text, "| {} | {} |", keys.join(" | "), heads.join(" | "));
    let _ = writeln!(text, "|{}{}", "---|".repeat(keys.len()), "--:|".repeat(heads.len()));
    for Row { key, numbers } in rows {
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let key: Vec<String> = key.iter().map(|word| format!("`{word}`")).collect();
        let _ = writeln!(text, "| {} | {} |", key.join(" | "), numbers.join(" | "));
    }
}

#[cfg(test)]
mod tests {
    use super::{read, short};

    #[test]
    fn names_lose_what_they_are_generic_over() {
        assert_eq!(short("isokern_batch"), "isokern_batch");
        let run = "_RINvNtNtCs6Icto9W96pO_11isokern_ops8quad_mac4dots3runNtNtCs6LRHCFg461x_15\
            isokern_kernels3dot4Dp4aNtNtBT_4team9BlockTeamEBT_";
        assert_eq!(short(run), "isokern_ops::quad_mac::dots::run");
        let method = "_RNvMs_NtCs1mT6vtP5fVR_13isokern_model5modelNtB4_5Model7site_at";
        assert_eq!(short(method), "<isokern_model::model::Model>::site_at");
    }

    #[test]
    fn small_functions_share_a_row() {
        let ten = |first: u64| format!("{first}{}", "\t1".repeat(9));
        let printed = format!(
            "model\tm\t1\t2\t3\t4\t5\t6\t{}\nfunction\tm\ta\t{}\nfunction\tm\tb\t{}\n\
             function\tm\tc\t{}\n",
            ten(1000),
            ten(5),
            ten(988),
            ten(7)
        );
        let found = read(&printed);
        assert_eq!(found.models[0].numbers[..7], [1, 2, 3, 4, 5, 6, 1000]);
        let rows: Vec<_> =
            found.functions.iter().map(|row| (row.key[1].as_str(), row.numbers[0])).collect();
        assert_eq!(rows, [("b", 988), ("(others)", 12)]);
    }
}
