//! `cargo xtask firmware --costs`: what each operator of every model costs on a board, and the
//! table that `isokern inspect --target` predicts it from.
//!
//! Models are put into one built program, which runs them operator by operator. For each class of
//! operators the table has a formula, a sum of costs times counts; the costs are fitted to what was
//! counted (`fit`), and no cost is below zero.

mod fit;

use super::board::Board;
use super::cargo::Carrier;
use super::emulator;
use super::figures::Figure;
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

/// Networks whose predictions are compared with what the board counted, and how far a prediction
/// may be from that, in parts of a hundred.
const NETWORKS: [&str; 7] = [
    "digits",
    "residual",
    "keyword",
    "ad01_int8",
    "ic_resnet8_int8",
    "kws_dscnn_int8",
    "vww_mnv1_int8",
];
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
pub(super) struct Operator {
    class: String,
    counts: Vec<(String, f64)>,
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
        let (_, inputs) = host.generated(&path)?;
        let Ok(program) = carrier.fill(&read(&path)?, 1, &inputs)? else { continue };
        let report = emulator::run(programs.board, &program)
            .map_err(|failure| Failure::Check(format!("{name}: {failure}")))?;
        let (whole, steps) =
            (report.instructions("run_ticks")?, report.all_instructions("step_ticks")?);
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

/// Fails where the committed table's prediction is too far from what was counted.
pub(super) fn check(
    host: &Host,
    board: &Board,
    model: &Model,
    figure: &Figure,
) -> Result<(), Failure> {
    let target = board.prediction_target().filter(|_| NETWORKS.contains(&model.name.as_str()));
    let Some(target) = target else { return Ok(()) };
    let predicted = inspect(host, &model.path, target)?.instructions;
    if is_near(predicted, figure.run) {
        return Ok(());
    }
    Err(Failure::Check(format!(
        "{} on {}: {} instructions, `isokern inspect --target {target}` predicts {predicted}, more \
         than {PERCENT} % off; run `cargo xtask firmware --costs --board {} --bless`",
        model.name, board.name, figure.run, board.name
    )))
}

fn is_near(predicted: u64, counted: u64) -> bool {
    100 * predicted.abs_diff(counted) <= PERCENT * counted
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
    use super::{is_near, text};
    use std::collections::BTreeMap;

    #[test]
    fn a_prediction_may_be_off_by_a_twentieth() {
        assert!(is_near(105, 100) && is_near(95, 100));
        assert!(!is_near(106, 100) && !is_near(94, 100) && !is_near(0, 100));
    }

    #[test]
    fn a_table_has_a_line_for_each_class() {
        let costs = vec![("output".to_owned(), 2.5), ("row".to_owned(), 0.0)];
        let table = text(&BTreeMap::from([("A b".to_owned(), costs)]));
        assert!(table.ends_with("\nA b\toutput: 2.500\n"), "{table}");
    }
}
