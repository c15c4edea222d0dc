//! Costs that are fitted to counts: least squares with no cost below zero.

use super::Row;

/// How much of an error is taken as a share of the count: 0 is the error in instructions, 1 the
/// share. Large operators weigh more in a model's sum, small ones tell what a call costs.
const SHARE: f64 = 0.85;

/// Rounds over all costs at most, and the change below which they end, as a share of the counts.
const ROUNDS: usize = 20_000;
const SETTLED: f64 = 1e-9;

/// Returns the cost of each count that the rows have, in the order of the first row that has it.
///
/// Each cost in turn becomes the best one for those of the others (coordinate descent), beginning
/// with the first: a class of few rows has its costs in the count that most depends on.
pub(super) fn costs(rows: &[Row]) -> Vec<(String, f64)> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.counts) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let columns: Vec<Vec<f64>> = names.iter().map(|name| column(rows, name)).collect();
    let target: Vec<f64> = rows.iter().map(|row| row.instructions * weight(row)).collect();
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let squares: Vec<Vec<f64>> =
        columns.iter().map(|a| columns.iter().map(|b| product(a, b)).collect()).collect();
    let sides: Vec<f64> = columns.iter().map(|column| product(column, &target)).collect();
    let mut costs = vec![0.0_f64; names.len()];
    for _ in 0..ROUNDS {
        let mut change = 0.0_f64;
        for place in 0..costs.len() {
            let square = squares[place][place];
            if square <= 0.0 {
                continue;
            }
            let rest = sides[place] - product(&squares[place], &costs);
            let better = (costs[place] + rest / square).max(0.0);
            change = change.max((better - costs[place]).abs() * square.sqrt());
            costs[place] = better;
        }
        if change < SETTLED * product(&target, &target).sqrt() {
            break;
        }
    }
    names.into_iter().map(str::to_owned).zip(costs).collect()
}

fn column(rows: &[Row], name: &str) -> Vec<f64> {
    let count = |row: &Row| {
        let mut counts = row.counts.iter().filter(|(other, _)| other == name);
        counts.next().map_or(0.0, |(_, count)| *count) * weight(row)
    };
    rows.iter().map(count).collect()
}

fn weight(row: &Row) -> f64 {
    row.instructions.max(1.0).powf(-SHARE)
}

#[cfg(test)]
mod tests {
    use super::{Row, costs};

    fn row(outputs: f64, calls: f64, instructions: f64) -> Row {
        let counts = vec![("output".to_owned(), outputs), ("call".to_owned(), calls)];
        Row { counts, instructions }
    }

    #[test]
    fn costs_that_explain_everything_are_found() {
        let rows =
            [10.0, 200.0, 3000.0, 7.0].map(|outputs| row(outputs, 1.0, 4.0 * outputs + 90.0));
        let found = costs(&rows);
        assert_eq!((found[0].0.as_str(), found[1].0.as_str()), ("output", "call"));
        assert!((found[0].1 - 4.0).abs() < 0.01 && (found[1].1 - 90.0).abs() < 0.5, "{found:?}");
    }

    #[test]
    fn no_cost_is_below_zero() {
        let rows = [10.0, 200.0, 3000.0].map(|outputs| row(outputs, 1.0, 4.0 * outputs - 30.0));
        assert!(costs(&rows).iter().all(|(_, cost)| *cost >= 0.0));
    }

    #[test]
    fn one_row_says_what_its_first_count_costs() {
        let found = costs(&[row(100.0, 1.0, 500.0)]);
        assert!((found[0].1 - 5.0).abs() < 0.01 && found[1].1.abs() < 0.5, "{found:?}");
    }
}
