//! The part of the table that is about tasks: what one costs, and the efficiency at its length.

use serde_json::Value;

use crate::table::over;

/// What is aimed at, by variant: a task when nothing is read ahead, and what shows of it when the
/// next one is read while a task runs.
const GOALS: [(&str, &str); 2] = [
    ("empty, 1 worker", "a task: 450 or less"),
    ("5 us, 1 worker", "overhead: 100 or less, with the next task read ahead"),
];

/// Returns the rows of these lines as a table in Markdown; without times where the device is
/// simulated, and nothing where no task was measured.
pub(crate) fn table(lines: &[Value]) -> String {
    let is_simulated = lines.iter().any(|line| line["id"] == "device" && line["simulated"] == true);
    let tasks: Vec<&Value> = lines.iter().filter(|line| line["id"] == "task").collect();
    let mut variants: Vec<&str> = Vec::new();
    for variant in tasks.iter().filter_map(|line| line["variant"].as_str()) {
        if !variants.contains(&variant) {
            variants.push(variant);
        }
    }
    if variants.is_empty() {
        return String::new();
    }
    let mut text =
        "\nTasks of the megakernel, and the same work as launches. Overhead is what a task \
                    takes beyond its work, efficiency work by both; of p50.\n\n"
            .to_owned();
    text += "| tasks | work ns | a task, p50 [p99] ns | overhead ns | efficiency | driver calls |";
    text += " goal, ns |\n";
    text += "|---|--:|--:|--:|--:|--:|---|\n";
    for variant in variants {
        let of = tasks.iter().copied().filter(|line| line["variant"] == variant);
        text += &row(variant, &of.collect::<Vec<_>>(), is_simulated);
    }
    text
}

fn row(variant: &str, lines: &[&Value], is_simulated: bool) -> String {
    let goal = GOALS.iter().find(|(of, _)| *of == variant).map_or("", |(_, goal)| goal);
    let first = |key: &str| lines.first().map(|line| &line[key]);
    let calls = match (first("driver_calls").and_then(Value::as_u64), first("tasks")) {
        (Some(calls), Some(tasks)) => format!("{calls} for {tasks}"),
        _ => "not counted".to_owned(),
    };
    let times = if is_simulated {
        ["simulated"; 4].map(str::to_owned)
    } else {
        let all = over(lines.iter().copied());
        // Every run has found its own number of rounds for a length.
        let works = lines.iter().filter_map(|line| line["work_ns"].as_f64());
        let work_ns = works.sum::<f64>() / lines.len().max(1) as f64;
        [
            format!("{work_ns:.0}"),
            format!("{:.0} [{:.0}]", all.p50, all.p99),
            format!("{:.0}", all.p50 - work_ns),
            format!("{:.2}", work_ns / all.p50.max(1.0)),
        ]
    };
    format!("| {variant} | {} | {calls} | {goal} |\n", times.join(" | "))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::table;

    fn task(variant: &str, p50: u32, calls: Value) -> Value {
        json!({"id": "task", "variant": variant, "p50": p50, "p99": 2 * p50, "work_ns": 500.0,
            "tasks": 64, "driver_calls": calls})
    }

    #[test]
    fn overhead_and_efficiency_follow_from_work_and_time() {
        let lines = [
            task("0.5 us, 1 worker", 1000, Value::Null),
            task("0.5 us, 1 worker", 1000, Value::Null),
            task("empty, 1 worker", 400, json!(0)),
        ];
        let text = table(&lines);
        let rows = [
            "| 0.5 us, 1 worker | 500 | 1000 [2000] | 500 | 0.50 | not counted |  |",
            "| 0 for 64 | a task: 450 or less |",
        ];
        assert!(rows.iter().all(|row| text.contains(row)), "{text}");
        assert_eq!(text.lines().count(), 7, "a row for each variant: {text}");
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn a_simulated_device_has_counts_and_no_times() {
        let device = json!({"id": "device", "simulated": true});
        let text = table(&[device, task("1 us, 8 workers", 4711, json!(0))]);
        let row = "| 1 us, 8 workers | simulated | simulated | simulated | simulated | 0 for 64 |";
        assert!(text.contains(row) && !text.contains("4711"), "{text}");
    }
}
