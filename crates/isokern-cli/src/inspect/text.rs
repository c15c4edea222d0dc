//! The report as text of at most 100 columns, for models of usual size.

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use isokern_core::DType;

use super::arena;
use super::report::{
    ConversionReport, InitialReport, ModelReport, OperatorReport, PortReport, TensorFacts,
    TensorReport,
};
use crate::element;
use crate::figures::{counted, grouped, shape};
use isokern::escape::quoted;

/// A column: its title, the side its text is aligned to, and a cell for each row.
struct Column {
    title: &'static str,
    side: CellAlignment,
    cells: Vec<String>,
}

/// Prints everything: facts, operators, tensors, the map of the arena.
pub(crate) fn print(report: &ModelReport, out: &mut impl Write) -> io::Result<()> {
    print_facts(report, out)?;
    writeln!(out, "\nOperators\n{}", table(operator_columns(report)))?;
    writeln!(out, "\nTensors\n{}\n", table(tensor_columns(&report.tensors)))?;
    arena::print(report, out)
}

fn print_facts(report: &ModelReport, out: &mut impl Write) -> io::Result<()> {
    let ModelReport { profile, layout, format_version, .. } = report;
    writeln!(out, "{}", report.file)?;
    if report.source_format == "tflite" {
        let bytes = grouped(report.file_bytes as u64);
        writeln!(out, "  read as    TFLite, {bytes} bytes; below is what it converts to")?;
    }
    if let Some(conversion) = &report.conversion {
        print_left_out(conversion, out)?;
    }
    let bytes = grouped(report.blob_bytes as u64);
    let checksum = &report.checksum;
    writeln!(
        out,
        "  packed     {bytes} bytes, format {format_version}, {layout} layout, checksum {checksum}"
    )?;
    writeln!(out, "  profile    {} v{}", profile.name, profile.version)?;
    let source = report.source_sha256.as_deref().unwrap_or("not stated");
    writeln!(out, "  source     SHA-256 {source}")?;
    match &report.self_test {
        Some(test) => {
            let (seed, digest) = (test.seed, &test.digest);
            writeln!(out, "  self-test  input of seed {seed} gives digest {digest}")?;
        }
        None => writeln!(out, "  self-test  none")?,
    }
    for (label, ports) in [("input", &report.inputs), ("output", &report.outputs)] {
        for (position, shown) in ports.iter().enumerate() {
            let label =
                if ports.len() == 1 { label.to_owned() } else { format!("{label} {position}") };
            writeln!(out, "  {label:<10} {}", port(shown))?;
        }
    }
    writeln!(
        out,
        "  totals     {}, {} MACs, {} weight bytes, {} constant bytes",
        counted(report.operators.len(), "operator"),
        grouped(report.macs),
        grouped(report.weight_bytes as u64),
        grouped(report.constant_bytes),
    )?;
    let arena = grouped(report.arena_bytes as u64);
    writeln!(out, "  arena      {arena} bytes, inputs and outputs inside")?;
    if let Some(prediction) = &report.prediction {
        let (count, target) = (grouped(prediction.instructions), &prediction.target);
        writeln!(out, "  predicted  {count} instructions of a {target} for one inference")?;
        if !prediction.unknown.is_empty() {
            let count = counted(prediction.unknown.len(), "operator");
            writeln!(out, "             without {count} of which none was counted")?;
        }
    }
    if report.state_bytes > 0 {
        let state = grouped(report.state_bytes as u64);
        writeln!(out, "  state      {state} bytes, kept from one run to the next")?;
        print_resets(report, out)?;
    }
    Ok(())
}

/// Says what of the TFLite file the packed model does not have.
fn print_left_out(conversion: &ConversionReport, out: &mut impl Write) -> io::Result<()> {
    let counts = [
        (conversion.unused_operators, "operator", "whose output nothing reads"),
        (conversion.unused_graphs, "other graph", "which nothing calls"),
    ];
    for (count, noun, why) in counts.into_iter().filter(|(count, ..)| *count > 0) {
        writeln!(out, "  left out   {}, {why}", counted(count, noun))?;
    }
    Ok(())
}

/// Says which tensors of the state TFLite Micro's own reset leaves otherwise.
fn print_resets(report: &ModelReport, out: &mut impl Write) -> io::Result<()> {
    let differs = |tensor: &&TensorReport| {
        tensor.initial.as_ref().is_some_and(|initial| !initial.is_tflm_reset)
    };
    let others = report.tensors.iter().filter(differs);
    let others: Vec<String> = others.map(|tensor| tensor.facts.index.to_string()).collect();
    if others.is_empty() {
        return Ok(());
    }
    let tensors = if others.len() == 1 { "tensor" } else { "tensors" };
    writeln!(
        out,
        "             reset restores the initial contents; `reset()` of TFLite Micro writes zero\n\
         {:13}points and does not run CALL_ONCE again, which differs in {tensors} {}",
        "",
        others.join(", ")
    )
}

fn port(port: &PortReport) -> String {
    let TensorFacts { scale, zero_point, dtype, .. } = &port.tensor;
    let name =
        if port.name.is_empty() { String::new() } else { format!("  {}", quoted(&port.name)) };
    let shape = shape(&port.tensor.shape);
    let dtype = element::name(*dtype);
    format!("{shape} {dtype}, scale {scale}, zero point {zero_point}{name}")
}

fn operator_columns(report: &ModelReport) -> Vec<Column> {
    let operators = report.operators.as_slice();
    let window = |pick: fn(&OperatorReport) -> Option<String>| {
        move |operator: &OperatorReport| pick(operator).unwrap_or_default()
    };
    vec![
        right("#", operators, |operator| operator.index.to_string()),
        left("operator", operators, name),
        right("in", operators, |operator| {
            operator.inputs.iter().map(u16::to_string).collect::<Vec<_>>().join(",")
        }),
        right("out", operators, |operator| {
            operator.outputs.iter().map(u16::to_string).collect::<Vec<_>>().join(",")
        }),
        left("shape out", operators, |operator| {
            let output = operator.outputs.first();
            let output = output.and_then(|&index| report.tensors.get(usize::from(index)));
            output.map_or_else(String::new, |tensor| shape(&tensor.facts.shape))
        }),
        left("kernel", operators, window(|operator| Some(pair(operator.window.as_ref()?.kernel)))),
        left("stride", operators, window(|operator| Some(pair(operator.window.as_ref()?.stride)))),
        left(
            "dilate",
            operators,
            window(|operator| {
                Some(pair(operator.window.as_ref()?.dilation)).filter(|text| text != "1x1")
            }),
        ),
        left("pad", operators, window(padding)),
        right("range", operators, |operator| {
            let range = operator.activation.as_ref();
            range.map_or_else(String::new, |range| format!("{}..{}", range.min, range.max))
        }),
        right("weights", operators, |operator| nonzero(operator.weight_bytes as u64)),
        right("MACs", operators, |operator| nonzero(operator.macs)),
        right("instructions", operators, |operator| {
            let mut predictions = report.prediction.iter().flat_map(|all| &all.operators);
            let prediction = predictions.nth(operator.index);
            prediction.map_or_else(String::new, |one| {
                one.instructions.map_or_else(|| "?".to_owned(), grouped)
            })
        }),
    ]
}

/// Returns its kind, and which of the kind's operations it is.
fn name(operator: &OperatorReport) -> String {
    let operation = operator.operation.map(|operation| format!(" {operation}"));
    operator.kind.to_owned() + &operation.unwrap_or_default()
}

fn tensor_columns(tensors: &[TensorReport]) -> Vec<Column> {
    vec![
        right("#", tensors, |tensor| tensor.facts.index.to_string()),
        // Up to ten tensors, the mark is the index.
        left("mark", tensors, |tensor| {
            let mark = arena::mark(tensor.facts.index);
            if tensors.len() > 10 { mark.to_string() } else { String::new() }
        }),
        left("shape", tensors, |tensor| shape(&tensor.facts.shape)),
        left("type", tensors, |tensor| {
            let is_all_int8 = tensors.iter().all(|tensor| tensor.facts.dtype == DType::I8);
            let name = element::name(tensor.facts.dtype);
            if is_all_int8 { String::new() } else { name.to_owned() }
        }),
        left("scale", tensors, |tensor| tensor.facts.scale.to_string()),
        right("zero point", tensors, |tensor| tensor.facts.zero_point.to_string()),
        right("bytes", tensors, |tensor| grouped(tensor.facts.bytes as u64)),
        left("in", tensors, |tensor| {
            let is_all_arena = tensors.iter().all(TensorReport::is_in_arena);
            if is_all_arena { String::new() } else { tensor.region.to_owned() }
        }),
        right("offset", tensors, |tensor| grouped(tensor.offset as u64)),
        right("initial", tensors, |tensor| match &tensor.initial {
            None => String::new(),
            Some(InitialReport { value: Some(value), .. }) => value.to_string(),
            Some(InitialReport { value: None, .. }) => "varies".to_owned(),
        }),
        right("steps", tensors, |tensor| format!("{}-{}", tensor.first_step, tensor.last_step)),
    ]
}

fn left<R>(title: &'static str, rows: &[R], cell: impl Fn(&R) -> String) -> Column {
    Column { title, side: CellAlignment::Left, cells: rows.iter().map(cell).collect() }
}

fn right<R>(title: &'static str, rows: &[R], cell: impl Fn(&R) -> String) -> Column {
    Column { side: CellAlignment::Right, ..left(title, rows, cell) }
}

fn pair([vertical, horizontal]: [usize; 2]) -> String {
    format!("{vertical}x{horizontal}")
}

/// Returns cells before and after, for rows and columns; one pair where both are the same.
fn padding(operator: &OperatorReport) -> Option<String> {
    let window = operator.window.as_ref()?;
    let [rows, columns] =
        [0, 1].map(|axis| (window.padding_before[axis], window.padding_after[axis]));
    if (rows, columns) == ((0, 0), (0, 0)) {
        return None;
    }
    let text = format!("{}+{}", rows.0, rows.1);
    let other = format!("{}+{}", columns.0, columns.1);
    Some(if text == other { text } else { format!("{text} {other}") })
}

fn nonzero(number: u64) -> String {
    if number == 0 { String::new() } else { grouped(number) }
}

/// Lines without spaces at their ends; a column without a single cell is left out.
fn table(columns: Vec<Column>) -> String {
    let columns: Vec<Column> = columns
        .into_iter()
        .filter(|column| column.cells.iter().any(|cell| !cell.is_empty()))
        .collect();
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(columns.iter().map(|column| column.title));
    let row_count = columns.first().map_or(0, |column| column.cells.len());
    for row in 0..row_count {
        table.add_row(columns.iter().map(|column| column.cells[row].as_str()));
    }
    for (place, column) in columns.iter().enumerate() {
        if let Some(shown) = table.column_mut(place) {
            shown.set_padding((if place == 0 { 2 } else { 0 }, 2));
            shown.set_cell_alignment(column.side);
        }
    }
    table.trim_fmt()
}
