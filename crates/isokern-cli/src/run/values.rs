//! Values of outputs as text: the highest of a row of classes, or the first of any other.

use std::io::Write;

use crate::answers::{Answer, has_classes, highest};
use crate::element::{quantised_range, real_of};
use crate::error::CliError;
use crate::figures::grouped;
use crate::input::index;
use crate::labels::Labels;
use crate::number::{Number, numbers};
use isokern::Port;
use isokern::escape::escaped;
use isokern::samples::Samples;

/// How many lines are printed of an output.
const LINES_MAX: usize = 10;
/// How many values of a row that is no row of classes.
const ROW_MAX: usize = 5;
/// How many characters of a label.
const LABEL_MAX: usize = 32;

/// An output, and what is said of it.
#[derive(Debug)]
pub(super) struct Shown<'r> {
    /// The output.
    pub(super) port: &'r Port,
    /// The samples, of all outputs.
    pub(super) outputs: &'r Samples,
    /// How many classes of a sample are shown.
    pub(super) top: usize,
    /// Names of classes.
    pub(super) labels: &'r Labels,
    /// The option that writes everything: `--output 1=FILE`.
    pub(super) option: String,
}

impl Shown<'_> {
    /// Prints what the output has, at most [`LINES_MAX`] lines of it, and where the rest is.
    pub(super) fn print(&self, out: &mut impl Write) -> Result<(), CliError> {
        if has_classes(&self.port.tensor) { self.print_classes(out) } else { self.print_rows(out) }
    }

    /// Prints the highest classes, a line for each sample.
    fn print_classes(&self, out: &mut impl Write) -> Result<(), CliError> {
        let Self { port, outputs, .. } = self;
        let what = if has_codes(port) { "index (value, code)" } else { "index (value)" };
        writeln!(out, "{:>7}  highest outputs: {what}", "input")?;
        for (sample_index, sample) in outputs.iter().take(LINES_MAX).enumerate() {
            let answers = highest(&sample[port.range.clone()], &port.tensor, self.top);
            let cells: String = answers.iter().map(|answer| self.class(answer)).collect();
            writeln!(out, "{sample_index:>7}  {}", cells.trim_end())?;
        }
        let more = outputs.count().saturating_sub(LINES_MAX);
        self.print_rest(more, "", out)
    }

    /// Returns a class, its name and its value.
    fn class(&self, answer: &Answer) -> String {
        let label = self.labels.of(self.port.index, answer.class);
        let label = label.map_or_else(String::new, shortened);
        let value = match real_of(answer.value, &self.port.tensor) {
            Some(real) if has_codes(self.port) => format!("{}, {}", rounded(real), answer.value),
            _ => rounded(answer.score.into()),
        };
        format!("{:>3} {:<18}", answer.class, format!("{label}({value})"))
    }

    /// Prints the values as they are, a line for each row of each sample.
    fn print_rows(&self, out: &mut impl Write) -> Result<(), CliError> {
        let Self { port, outputs, .. } = self;
        let (row_len, dims) = rows_of(port);
        let row_bytes = row_len * port.tensor.dtype().size_bytes();
        let titles = if dims.is_empty() { "" } else { "row        " };
        let values = if has_codes(port) { "value (code)" } else { "value" };
        writeln!(out, "{:>7}  {titles}{values}", "input")?;
        let rows = outputs.iter().enumerate().flat_map(|(sample_index, sample)| {
            let rows = sample[port.range.clone()].chunks_exact(row_bytes);
            rows.enumerate().map(move |(row, bytes)| (sample_index, row, bytes))
        });
        let mut shown_count = 0;
        for (sample_index, row, bytes) in rows.take(LINES_MAX) {
            let place = if dims.is_empty() { String::new() } else { index(row, &dims) };
            let place = if place.is_empty() { place } else { format!("{place:<10} ") };
            let cells: Vec<String> = numbers(bytes, port.tensor.dtype())
                .take(ROW_MAX)
                .map(|number| format!("{:<15}", value(number, port)))
                .collect();
            let rest = if row_len > ROW_MAX { " ..." } else { "" };
            writeln!(out, "{sample_index:>7}  {place}{}{rest}", cells.join(" ").trim_end())?;
            shown_count += cells.len();
        }
        self.print_rest(outputs.count() * port.tensor.len() - shown_count, " values", out)
    }

    /// Says how much is left and what writes it.
    fn print_rest(&self, count: usize, what: &str, out: &mut impl Write) -> Result<(), CliError> {
        if count > 0 {
            let (more, option) = (grouped(count as u64), &self.option);
            writeln!(out, "{:>7}  {more} more{what}; {option} writes them all", "...")?;
        }
        Ok(writeln!(out)?)
    }
}

/// Returns a value, and the code after it where there is one.
fn value(number: Number, port: &Port) -> String {
    match real_of(number, &port.tensor) {
        Some(real) if has_codes(port) => format!("{} ({number})", rounded(real)),
        Some(real) => rounded(real),
        None => number.to_string(),
    }
}

/// Returns whether the elements of an output are codes for real numbers.
fn has_codes(port: &Port) -> bool {
    quantised_range(port.tensor.dtype()).is_some()
}

/// Returns a real number with the digits that are worth a look.
fn rounded(real: f64) -> String {
    let size = real.abs();
    let is_plain = size == 0.0 || !size.is_finite() || (1e-3..1e6).contains(&size);
    if is_plain { format!("{real:.4}") } else { format!("{real:.4e}") }
}

/// Returns a label that is not long, escaped, and a space.
fn shortened(label: &str) -> String {
    let mut shown: String = label.chars().take(LABEL_MAX).collect();
    if shown.len() < label.len() {
        shown.push('…');
    }
    format!("{} ", escaped(&shown))
}

/// Returns how many values a row has, and the shape that rows are counted in: none where there is
/// one row.
fn rows_of(port: &Port) -> (usize, Vec<u64>) {
    let shape = port.tensor.shape();
    let is_row = shape.iter().filter(|&&size| size > 1).count() <= 1;
    match shape {
        _ if is_row => (port.tensor.len(), Vec::new()),
        [1, dims @ .., last] | [dims @ .., last] => {
            (*last as usize, dims.iter().map(|&size| size.into()).collect())
        }
        [] => (1, Vec::new()),
    }
}
