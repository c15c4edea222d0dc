//! The rows of `tests/firmware/figures.md` that a program in C is compared with.

use super::read as read_text;
use crate::failure::Failure;
use crate::repository;

/// What a program in Rust costs and answers on the board of the C programs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) model: String,
    /// Flash of the program without model and vectors.
    pub(super) program: u64,
    pub(super) model_bytes: u64,
    pub(super) digest: String,
}

const FIGURES: &str = "tests/firmware/figures.md";

/// The board, and the loops of its rows.
const BOARD: [&str; 2] = ["mps2-an386", "smlad"];

/// Reads the rows of the board with the fastest loops.
pub(super) fn read() -> Result<Vec<Row>, Failure> {
    let text = read_text(&repository::root().join(FIGURES))?;
    let rows: Vec<Row> = text.lines().filter_map(row).collect();
    if rows.is_empty() { Err(Failure::Blind("the figures have no rows")) } else { Ok(rows) }
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [board, model, loops, program, _code, model_bytes, .., digest] = cells[..] else {
        return None;
    };
    if [board, loops] != BOARD {
        return None;
    }
    Some(Row {
        model: model.to_owned(),
        program: program.parse().ok()?,
        model_bytes: model_bytes.parse().ok()?,
        digest: digest.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Row, row};

    #[test]
    fn a_row_of_the_board_is_read() {
        let line = "| mps2-an386 | digits | smlad | 26031 | 23763 | 4445 | 20 | 1536 | 7dba |";
        let expected = Row {
            model: "digits".to_owned(),
            program: 26031,
            model_bytes: 4445,
            digest: "7dba".to_owned(),
        };
        assert_eq!(row(line), Some(expected));
        assert_eq!(row(&line.replace("smlad", "plain")), None);
        assert_eq!(row(&line.replace("an386", "an505")), None);
        assert_eq!(row("text"), None);
    }
}
