//! What moved since the table was committed.

use super::table::{COUNTS, Found, Row, Table};

/// Returns a line for each row that is another than the committed one; kernels or models that are
/// not there now are not compared.
#[must_use]
pub fn moved(table: &Table, committed: &str, found: &Found) -> Vec<String> {
    let old = rows(committed);
    let heads = table.heads();
    let mut lines = Vec::new();
    for (rows, heads) in [(&found.wholes, heads.as_slice()), (&found.parts, &COUNTS)] {
        for row in rows {
            match old.iter().find(|known| known.key == row.key) {
                None => lines.push(format!("{}: is new", row.key.join(" "))),
                Some(known) if known == row => {}
                Some(known) => lines.push(difference(known, row, heads)),
            }
        }
    }
    let here = |row: &&Row| found.wholes.iter().any(|model| model.key[0] == row.key[0]);
    let gone = old
        .iter()
        .filter(here)
        .filter(|known| !found.wholes.iter().chain(&found.parts).any(|row| row.key == known.key));
    lines.extend(gone.map(|row| format!("{}: is gone", row.key.join(" "))));
    lines
}

/// Returns what was compared, and what could not be.
#[must_use]
pub fn summary(tables: &[(Table, Found)], committed: &str) -> String {
    let is_here =
        |row: &Row| tables.iter().any(|(_, found)| found.wholes.iter().any(|it| it.key == row.key));
    let absent = rows(committed).into_iter().filter(|row| row.key.len() == 1 && !is_here(row));
    let absent: Vec<String> = absent.map(|row| row.key.join(" ")).collect();
    let counts = tables.iter().map(|(table, found)| {
        let count = found.wholes.len();
        format!("{count} {}{}", table.whole, if count == 1 { "" } else { "s" })
    });
    let counts: Vec<String> = counts.collect();
    let same = format!("{}: as the table says", counts.join(", "));
    match absent.as_slice() {
        [] => same,
        absent => format!("{same}; not here, and not compared: {}", absent.join(", ")),
    }
}

fn difference(old: &Row, new: &Row, heads: &[&str]) -> String {
    let pairs =
        old.numbers.iter().zip(&new.numbers).zip(heads).filter(|((old, new), _)| old != new);
    let changes: Vec<String> = pairs
        .map(|((old, new), head)| {
            let share = 100.0 * (*new as f64 - *old as f64) / (*old).max(1) as f64;
            format!("{head} {old} -> {new} ({share:+.1} %)")
        })
        .collect();
    format!("{}: {}", new.key.join(" "), changes.join(", "))
}

/// Returns the rows of both tables of the committed text.
fn rows(text: &str) -> Vec<Row> {
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let row = |line: &str| {
        let (key, numbers): (Vec<String>, Vec<String>) =
            cells(line).into_iter().partition(|cell| cell.starts_with('`'));
        let numbers = numbers.iter().map(|cell| cell.parse().ok()).collect::<Option<Vec<u64>>>()?;
        let key = key.iter().map(|cell| cell.trim_matches('`').to_owned()).collect();
        Some(Row { key, numbers })
    };
    text.lines().filter(|line| line.starts_with("| `")).filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::super::table::{Found, Row, Table};
    use super::{moved, summary};

    const TABLE: Table = Table {
        head: "# Counts\n\n",
        whole: "model",
        part: "function",
        facts: &["a", "b", "c", "d", "e", "f"],
    };

    fn row(key: &[&str], count: usize, first: u64) -> Row {
        let mut numbers = vec![7; count];
        numbers[0] = first;
        Row { key: key.iter().map(|word| (*word).to_owned()).collect(), numbers }
    }

    fn found(dots: u64) -> Found {
        Found {
            wholes: vec![row(&["ad"], 16, 256)],
            parts: vec![row(&["ad", "ops::dots"], 10, dots), row(&["ad", "model::view"], 10, 9)],
        }
    }

    #[test]
    fn a_change_of_a_per_cent_names_the_function() {
        let committed = TABLE.text(&found(1000));
        assert_eq!(moved(&TABLE, &committed, &found(1000)), Vec::<String>::new());
        let lines = moved(&TABLE, &committed, &found(1010));
        assert_eq!(lines, ["ad ops::dots: threads' instructions 1000 -> 1010 (+1.0 %)"]);
    }

    #[test]
    fn rows_come_and_go_and_models_may_be_absent() {
        let mut two = found(1000);
        two.wholes.push(row(&["kws"], 16, 256));
        let committed = TABLE.text(&two);
        assert_eq!(moved(&TABLE, &committed, &found(1000)), Vec::<String>::new());
        let said = summary(&[(TABLE, found(1000))], &committed);
        assert_eq!(said, "1 model: as the table says; not here, and not compared: kws");
        let mut less = found(1000);
        less.parts.remove(1);
        less.parts.push(row(&["ad", "model::other"], 10, 9));
        let lines = moved(&TABLE, &committed, &less);
        assert_eq!(lines, ["ad model::other: is new", "ad model::view: is gone"]);
    }
}
