//! A table of figures in a committed file: written as Markdown, compared row by row.

use core::fmt::Write;
use core::ops::Range;

/// One part in this many that instruction counts may differ, for other versions of the
/// emulator: the clock counts in ticks of 20 to 63 instructions.
const TOLERANCE: u64 = 1000;

/// What the columns of a table are.
pub(super) struct Sheet {
    /// The heads; those of text first, then those of numbers.
    pub(super) columns: &'static [&'static str],
    /// How many of the first columns say what a row is about. No other row has the same.
    pub(super) key_count: usize,
    /// The columns whose numbers may differ a little.
    pub(super) counted: Range<usize>,
    /// The differences that are always allowed in those columns.
    pub(super) slack: u64,
}

impl Sheet {
    /// Returns the table as Markdown.
    pub(super) fn text(&self, rows: &[Vec<String>]) -> String {
        let mut text = format!("| {} |\n", self.columns.join(" | "));
        for column in 0..self.columns.len() {
            let is_text = rows.iter().all(|row| {
                row.get(column).is_none_or(|cell| cell.parse::<u64>().is_err() && cell != "-")
            });
            text += if is_text { "|---" } else { "|--:" };
        }
        text += "|\n";
        for row in rows {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text
    }

    /// Returns how rows differ from those of the committed text that are about the same.
    pub(super) fn differences(&self, committed: &str, rows: &[Vec<String>]) -> Vec<String> {
        let mut different = Vec::new();
        for row in rows {
            match self.committed_row(committed, row) {
                Some(old) if self.is_same(&old, row) => {}
                Some(old) => {
                    different.push(format!("- {}\n+ {}", old.join(" | "), row.join(" | ")))
                }
                None => different.push(format!("+ {}", row.join(" | "))),
            }
        }
        different
    }

    /// Returns the rows of the committed text with these in place of those about the same. New ones
    /// come after the last that has the same first cell.
    pub(super) fn merged(&self, committed: &str, rows: &[Vec<String>]) -> Vec<Vec<String>> {
        let is_row = |row: &Vec<String>| row != self.columns && !row[0].starts_with('-');
        let mut merged: Vec<_> = self.committed_rows(committed).filter(is_row).collect();
        for row in rows {
            let key = |old: &Vec<String>| old[..self.key_count] == row[..self.key_count];
            if let Some(old) = merged.iter_mut().find(|old| key(old)) {
                old.clone_from(row);
                continue;
            }
            let last = merged.iter().rposition(|old| old[0] == row[0]);
            merged.insert(last.map_or(merged.len(), |last| last + 1), row.clone());
        }
        merged
    }

    fn committed_row(&self, committed: &str, row: &[String]) -> Option<Vec<String>> {
        let mut rows = self.committed_rows(committed);
        rows.find(|old| old[..self.key_count] == row[..self.key_count])
    }

    fn committed_rows(&self, committed: &str) -> impl Iterator<Item = Vec<String>> {
        let rows = committed.lines().map(|line| {
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
        });
        rows.filter(|old| old.len() == self.columns.len())
    }

    fn is_same(&self, old: &[String], new: &[String]) -> bool {
        old.iter().zip(new).enumerate().all(|(column, (old, new))| {
            old == new || (self.counted.contains(&column) && self.is_close(old, new))
        })
    }

    fn is_close(&self, old: &str, new: &str) -> bool {
        let (Ok(old), Ok(new)) = (old.parse::<u64>(), new.parse::<u64>()) else {
            return false;
        };
        old.abs_diff(new) <= (old / TOLERANCE).max(self.slack)
    }
}

#[cfg(test)]
mod tests {
    use super::Sheet;

    const SHEET: Sheet =
        Sheet { columns: &["board", "bytes", "run"], key_count: 1, counted: 2..3, slack: 100 };

    fn row(board: &str, bytes: u64, run: u64) -> Vec<String> {
        vec![board.to_owned(), bytes.to_string(), run.to_string()]
    }

    #[test]
    fn sizes_must_be_equal_and_counts_close() {
        let committed = SHEET.text(&[row("a", 20_000, 1_000_000), row("b", 7, 8)]);
        let count = |new| SHEET.differences(&committed, &[new]).len();
        assert_eq!(count(row("a", 20_000, 1_000_000)), 0);
        assert_eq!(count(row("a", 20_000, 1_000_999)), 0);
        assert_eq!(count(row("a", 20_000, 1_002_000)), 1);
        assert_eq!(count(row("a", 20_001, 1_000_000)), 1);
        assert_eq!(count(row("c", 20_000, 1_000_000)), 1, "a row that is not there");
        assert_eq!(count(row("b", 7, 108)), 0);
        assert_eq!(count(row("b", 7, 109)), 1);
    }

    #[test]
    fn new_rows_take_the_place_of_old_ones() {
        let committed = SHEET.text(&[row("a", 1, 2), row("b", 3, 4)]);
        let merged = SHEET.merged(&committed, &[row("a", 5, 6), row("c", 7, 8)]);
        assert_eq!(merged, [row("a", 5, 6), row("b", 3, 4), row("c", 7, 8)]);
    }

    #[test]
    fn numbers_stand_on_the_right() {
        let mut unmeasured = row("b", 7, 8);
        unmeasured[2] = "-".to_owned();
        let text = SHEET.text(&[row("a", 1, 2), unmeasured]);
        assert_eq!(text.lines().nth(1), Some("|---|--:|--:|"));
    }
}
