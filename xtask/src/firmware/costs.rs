//! `cargo xtask firmware --costs`: what each operator of every model costs on a board, and the
//! table that `isokern inspect --target` predicts it from.
//!
//! Models are put into one built program, which runs them operator by operator. For each class of
//! operators the table has a formula, a sum of costs times counts; the costs are fitted to what was
//! counted (`fit`), and no cost is below zero.

mod checks;
mod fit;

pub(super) use checks::{network, public_models};

use super::cargo::Carrier;
use super::emulator;
use super::host::{Host, read};
use super::models::{self, Model};
use super::programs::{Program, Programs};
use crate::failure::Failure;
use crate::repository;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the tables are, a file for each target.
const FOLDER: &str = "crates/isokern-cli/src/costs";

/// How far a prediction may be from what a board counts, in parts of a hundred.
const PERCENT: u64 = 5;

/// What is above the formulas.
const HEAD: &str = "\
# Instructions of one inference by operator, written by `cargo xtask firmware --costs --bless`: a
# class of operators and, after tabs, what each part of its loops costs. Fitted to counts of an
# emulator; `docs/firmware.md` says how, and how far off it is.
";

/// The part of `isokern inspect --json` that is read.
#[derive(Deserialize)]
struct Inspected {
    prediction: Prediction,
}

#[derive(Deserialize)]
struct Prediction {
    instructions: u64,
    operators: Vec<Operator>,
}

/// The class of an operator, and how often the parts of its loops run.
#[derive(Deserialize)]
struct Operator {
    class: String,
    counts: Vec<(String, f64)>,
}

/// The instructions of one run, and of each operator called by itself.
struct Counted {
    whole: u64,
    steps: Vec<u64>,
}

/// An operator that was counted.
pub(super) struct Row {
    counts: Vec<(String, f64)>,
    instructions: f64,
}

/// Counts the operators of all models, those of the public ones too, fits the table, and says how
/// far its predictions are off; writes it where `blesses`.
pub(super) fn run(
    programs: &Programs<'_>,
    host: &Host,
    models: &[Model],
    blesses: bool,
) -> Result<(), Failure> {
    let Some(target) = programs.board.prediction_target() else {
        let message = format!("{} has no table of costs", programs.board.name);
        return Err(Failure::Check(message));
    };
    let carrier = Carrier::new(programs.board, programs.build(Program::Steps, None)?)?;
    let mut classes = BTreeMap::<String, Vec<Row>>::new();
    let mut counted = Vec::new();
    let paths = models.iter().map(|model| (model.name.clone(), model.path.clone()));
    for (name, path) in paths.chain(public(host)?) {
        let Some(Counted { whole, steps }) = count(programs, host, &carrier, (&name, &path))?
        else {
            continue;
        };
        // Each operator was called by itself; a run calls them together.
        let more = steps.iter().sum::<u64>().saturating_sub(whole) / steps.len().max(1) as u64;
        let operators = inspect(host, &path, target)?.operators;
        if operators.len() != steps.len() {
            return Err(Failure::Blind("an operator was not counted"));
        }
        for (operator, step) in operators.iter().zip(&steps) {
            let instructions = step.saturating_sub(more).max(1) as f64;
            let row = Row { counts: operator.counts.clone(), instructions };
            classes.entry(operator.class.clone()).or_default().push(row);
        }
        counted.push((name, whole, operators));
    }
    let formulas: BTreeMap<String, Vec<(String, f64)>> =
        classes.iter().map(|(class, rows)| (class.clone(), fit::costs(rows))).collect();
    let table = text(&formulas);
    let mut near = 0;
    for (name, whole, operators) in &counted {
        let predicted: f64 = operators.iter().map(|operator| operator.predicted(&formulas)).sum();
        let off = 100.0 * (predicted / *whole as f64 - 1.0);
        near += usize::from(off.abs() <= PERCENT as f64);
        programs.worker.say(format_args!("{name:<60} {whole:>12} {off:>+7.1} %"));
    }
    let (count, percent) = (counted.len(), PERCENT);
    programs.worker.say(format_args!("{near} of {count} models within {percent} %"));
    if blesses {
        let path = path(target);
        std::fs::write(&path, table).map_err(|source| Failure::Path { path, source })?;
    }
    Ok(())
}

/// Counts the instructions of a model with generated input; none where it does not fit.
fn count(
    programs: &Programs<'_>,
    host: &Host,
    carrier: &Carrier,
    (name, path): (&str, &Path),
) -> Result<Option<Counted>, Failure> {
    let (_, inputs) = host.generated(path)?;
    let Ok(program) = carrier.fill(&read(path)?, 1, &inputs)? else { return Ok(None) };
    let report = emulator::run(programs.board, &program)
        .map_err(|failure| Failure::Check(format!("{name}: {failure}")))?;
    let whole = report.instructions("run_ticks")?;
    Ok(Some(Counted { whole, steps: report.all_instructions("step_ticks")? }))
}

impl Operator {
    fn predicted(&self, formulas: &BTreeMap<String, Vec<(String, f64)>>) -> f64 {
        let formula = formulas.get(&self.class).map_or(&[][..], Vec::as_slice);
        let cost = |name: &String| {
            formula.iter().find(|(other, _)| other == name).map_or(0.0, |(_, cost)| *cost)
        };
        self.counts.iter().map(|(name, count)| cost(name) * count).sum()
    }
}

fn inspect(host: &Host, model: &Path, target: &str) -> Result<Prediction, Failure> {
    let text = host.inspect(model, target)?;
    let inspected: Inspected = serde_json::from_str(&text)
        .map_err(|error| Failure::Check(format!("{}: {error}", model.display())))?;
    Ok(inspected.prediction)
}

/// Converts the public models that can be.
fn public(host: &Host) -> Result<Vec<(String, PathBuf)>, Failure> {
    let folder = models::reference_folder().join("zoo/models");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let named = |path: PathBuf| {
        let name = path.file_stem()?.to_string_lossy().into_owned();
        let converted = host.convert(&name, &path).ok()?;
        Some((name, converted))
    };
    Ok(models::int8_models(&folder)?.into_iter().filter_map(named).collect())
}

fn text(formulas: &BTreeMap<String, Vec<(String, f64)>>) -> String {
    let line = |(class, costs): (&String, &Vec<(String, f64)>)| {
        let costs = costs.iter().filter(|(_, cost)| *cost >= 0.001);
        let parts: String = costs.map(|(name, cost)| format!("\t{name}: {cost:.3}")).collect();
        format!("{class}{parts}\n")
    };
    HEAD.to_owned() + &formulas.iter().map(line).collect::<String>()
}

fn path(target: &str) -> PathBuf {
    repository::root().join(FOLDER).join(format!("{target}.txt"))
}

#[cfg(test)]
mod tests {
    use super::text;
    use std::collections::BTreeMap;

    #[test]
    fn a_table_has_a_line_for_each_class() {
        let costs = vec![("output".to_owned(), 2.5), ("row".to_owned(), 0.0)];
        let table = text(&BTreeMap::from([("A b".to_owned(), costs)]));
        assert!(table.ends_with("\nA b\toutput: 2.500\n"), "{table}");
    }
}
