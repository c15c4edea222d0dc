//! The counts as rows, and as the Markdown that is committed.

use core::fmt::Write as _;

/// What is counted of everything.
pub const COUNTS: [&str; 10] = [
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

/// Parts with less than one in this many of the whole's instructions share a row.
const SMALL: u64 = 100;

/// The name of that row.
const OTHERS: &str = "(others)";

/// What a table is about.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The Markdown it begins with.
    pub head: &'static str,
    /// What a whole is called, in the singular: a kernel or a model.
    pub whole: &'static str,
    /// What its parts are called.
    pub part: &'static str,
    /// What is said of a whole before its counts.
    pub facts: &'static [&'static str],
}

/// A row: what it is about, and its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name of the whole and, for a part, that of the part.
    pub key: Vec<String>,
    /// The facts of a whole, then the [`COUNTS`].
    pub numbers: Vec<u64>,
}

/// All that was counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Kernels or models.
    pub wholes: Vec<Row>,
    /// Their functions.
    pub parts: Vec<Row>,
}

impl Row {
    /// Adds a row to those that are there: to the one with its key, or as a new one.
    pub fn add(rows: &mut Vec<Self>, row: Self) {
        match rows.iter_mut().find(|known| known.key == row.key) {
            Some(known) => {
                known.numbers.iter_mut().zip(&row.numbers).for_each(|(mine, other)| *mine += other);
            }
            None => rows.push(row),
        }
    }

    /// Returns the row with the last name of its key as the source has it, without what it is
    /// generic over.
    #[must_use]
    pub fn demangled(mut self) -> Self {
        if let Some(name) = self.key.last_mut() {
            *name = short(name);
        }
        self
    }
}

/// Sorts parts below their wholes, the largest first; small ones share a row. A whole has so many
/// facts before its counts.
#[must_use]
pub fn share_rows(wholes: Vec<Row>, all: &[Row], facts: usize) -> Found {
    let mut parts = Vec::new();
    for whole in &wholes {
        let total = whole.numbers.get(facts).copied().unwrap_or(0);
        let of_whole = all.iter().filter(|row| row.key.first() == whole.key.first());
        let (mut large, small): (Vec<Row>, Vec<Row>) =
            of_whole.cloned().partition(|row| row.numbers.first().unwrap_or(&0) * SMALL >= total);
        large.sort_by(|a, b| b.numbers.cmp(&a.numbers).then(a.key.cmp(&b.key)));
        let mut others: Vec<Row> = Vec::new();
        for row in small {
            let key = vec![row.key[0].clone(), OTHERS.to_owned()];
            Row::add(&mut others, Row { key, ..row });
        }
        parts.extend(large.into_iter().chain(others));
    }
    Found { wholes, parts }
}

impl Table {
    /// Returns the committed file.
    #[must_use]
    pub fn text(&self, found: &Found) -> String {
        let Self { head, whole, part, .. } = self;
        let title = |word: &str| format!("## {}{}s", word[..1].to_uppercase(), &word[1..]);
        let mut text = format!("{head}{}\n\n", title(whole));
        table(&mut text, &[whole], &self.heads(), &found.wholes);
        text += &format!(
            "\n{}\n\nThose with at least one per cent of a {whole}'s instructions.\n\n",
            title(part)
        );
        table(&mut text, &[whole, part], &COUNTS, &found.parts);
        text
    }

    /// Returns what the numbers of a whole are.
    pub(super) fn heads(&self) -> Vec<&'static str> {
        self.facts.iter().chain(&COUNTS).copied().collect()
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
    use super::{Row, share_rows, short};

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
    fn small_parts_share_a_row() {
        let row = |key: &[&str], first: u64| {
            let key = key.iter().map(|word| (*word).to_owned()).collect();
            Row { key, numbers: [&[first][..], &[1; 9]].concat() }
        };
        let all = [row(&["m", "a"], 5), row(&["m", "b"], 988), row(&["m", "c"], 7)];
        let found = share_rows(vec![row(&["m"], 1000)], &all, 0);
        let rows: Vec<_> =
            found.parts.iter().map(|row| (row.key[1].as_str(), row.numbers[0])).collect();
        assert_eq!(rows, [("b", 988), ("(others)", 12)]);
    }
}
