//! Comparing the committed table's predictions with what a board counts.

use super::super::board::Board;
use super::super::cargo::Carrier;
use super::super::figures::Figure;
use super::super::host::Host;
use super::super::models::Model;
use super::super::programs::{Program, Programs};
use super::{PERCENT, count, inspect, public};
use crate::failure::Failure;

/// Networks of the figures whose predictions are compared.
const NETWORKS: [&str; 7] = [
    "digits",
    "residual",
    "keyword",
    "ad01_int8",
    "ic_resnet8_int8",
    "kws_dscnn_int8",
    "vww_mnv1_int8",
];

/// Fails where the prediction for a network is too far from its figure.
pub(crate) fn network(
    host: &Host,
    board: &Board,
    model: &Model,
    figure: &Figure,
) -> Result<(), Failure> {
    let target = board.prediction_target().filter(|_| NETWORKS.contains(&model.name.as_str()));
    let Some(target) = target else { return Ok(()) };
    let predicted = inspect(host, &model.path, target)?.instructions;
    let far = far(&model.name, predicted, figure.run);
    far.map_or(Ok(()), |far| Err(too_far(board, target, &[far])))
}

/// Counts every public model that fits the board, and fails where the predictions for some are too
/// far from that; counts nothing on a board without a table, and where there are no such models.
pub(crate) fn public_models(programs: &Programs<'_>, host: &Host) -> Result<(), Failure> {
    let board = programs.board;
    let Some(target) = board.prediction_target() else { return Ok(()) };
    let models = public(host)?;
    if models.is_empty() {
        programs.worker.say("costs      not compared: no public models in ../shared/zoo");
        return Ok(());
    }
    let carrier = Carrier::new(board, programs.build(Program::Steps, None)?)?;
    let (mut near, mut wrong) = (0, Vec::new());
    for (name, path) in &models {
        programs.worker.go_on()?;
        let Some(counted) = count(programs, host, &carrier, (name, path))? else { continue };
        let predicted = inspect(host, path, target)?.instructions;
        let far = far(name, predicted, counted.whole);
        near += usize::from(far.is_none());
        wrong.extend(far);
    }
    if !wrong.is_empty() {
        return Err(too_far(board, target, &wrong));
    }
    let line = format_args!("costs      {near} public models within {PERCENT} % of the prediction");
    programs.worker.say(line);
    if near == 0 { Err(Failure::Blind("no public model was counted")) } else { Ok(()) }
}

/// Returns what is said of a prediction that is too far from the count; none of a near one.
fn far(name: &str, predicted: u64, counted: u64) -> Option<String> {
    let is_near = 100 * predicted.abs_diff(counted) <= PERCENT * counted;
    (!is_near).then(|| format!("{name}: {counted} instructions, {predicted} predicted"))
}

fn too_far(board: &Board, target: &str, wrong: &[String]) -> Failure {
    Failure::Check(format!(
        "`isokern inspect --target {target}` is more than {PERCENT} % from what {} counts; run \
         `cargo xtask firmware --costs --board {} --bless`\n{}",
        board.name,
        board.name,
        wrong.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::far;

    #[test]
    fn a_prediction_may_be_off_by_a_twentieth() {
        assert!([95, 100, 105].iter().all(|&predicted| far("a", predicted, 100).is_none()));
        assert!([0, 94, 106].iter().all(|&predicted| far("a", predicted, 100).is_some()));
        assert_eq!(far("a", 1, 2).as_deref(), Some("a: 2 instructions, 1 predicted"));
    }
}
