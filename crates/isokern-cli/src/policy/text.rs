//! Request and recommendation as tables of at most 100 columns, for usual numbers.

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use isokern_core::megakernel::{
    MegakernelExecutionMode, MegakernelLaunchRecommendation, MegakernelLaunchRequest,
    MegakernelPressure, MegakernelTopology,
};

use super::report::{CONSUMED, PolicyReport};
use crate::figures::grouped;

/// A name, its value, and what that means.
type Row = (&'static str, String, &'static str);

/// Prints what was asked, what was answered, and how to read it.
pub(crate) fn print(report: &PolicyReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let wall_time = humantime::format_duration(report.config.max_wall_time);
    writeln!(out, "Asked of the standard policy")?;
    writeln!(out, "  workers    {}", grouped(report.config.worker_count))?;
    writeln!(out, "  wall time  at most {wall_time}; no shape depends on it")?;
    match report.tasks {
        Some(tasks) => writeln!(out, "  tasks      {}", tasks.escape_debug())?,
        None => writeln!(out, "  tasks      not given: a queue of new ones")?,
    }
    match report.previous_topology {
        Some(previous) => writeln!(out, "  previous   {previous:?}, which holds a little longer")?,
        None => writeln!(out, "  previous   none: the thresholds hold as they are")?,
    }

    let requests = request_rows(&report.request);
    let rows = requests.iter().map(|(name, value, meaning)| vec![*name, value, meaning]);
    writeln!(out, "\nRequest\n{}", table(&["input", "value", "meaning"], rows))?;

    let answers = answer_rows(&report.recommendation);
    let rows = answers.iter().map(|(name, value, meaning)| vec![*name, value, used(name), meaning]);
    writeln!(out, "\nRecommendation\n{}", table(&["output", "value", "used", "meaning"], rows))?;

    writeln!(out, "\n{NOTES}")
}

/// What becomes of the outputs.
const NOTES: &str = "  \
  consumed: workers follow it. advice: shown here, nobody has to follow it.
    dispatch_grid: as many workers, up to the threads that the machine runs at once
    workgroup_size_x: threads of a worker's team, which is 1 on a processor
    slot_count: slots that are allocated
    age_priority_work: a class that was passed over 16 times is served, instead of 64
  Every queued task is served, whatever the grid. When a budget has ended, the next slice asks anew
  with the slots that are left.";

fn used(output: &str) -> &'static str {
    if CONSUMED.contains(&output) { "consumed" } else { "advice" }
}

fn request_rows(request: &MegakernelLaunchRequest) -> Vec<Row> {
    let number = |value: u64, zero: &'static str, meaning: &'static str| {
        (grouped(value), if value == 0 { zero } else { meaning })
    };
    let row = |name: &'static str, (value, meaning): (String, &'static str)| (name, value, meaning);
    let plain = |name, value: u64, meaning| row(name, number(value, meaning, meaning));
    let or = |name, value: u64, zero, meaning| row(name, number(value, zero, meaning));
    let r = request;
    let groups_max = r.max_compute_workgroups_per_dimension.into();
    let threads_max = r.max_compute_invocations_per_workgroup.into();
    let (frontier, memory) = (r.frontier_density_bps.into(), r.memory_pressure_bps.into());
    vec![
        plain("queue_len", r.queue_len.into(), "tasks to be claimed"),
        plain("requested_worker_groups", r.requested_worker_groups.into(), "the worker count"),
        plain("max_workgroup_size_x", r.max_workgroup_size_x.into(), "threads along x of a group"),
        plain("max_compute_workgroups_per_dimension", groups_max, "groups along a side of a grid"),
        plain("max_compute_invocations_per_workgroup", threads_max, "threads of a group"),
        or(
            "requested_hit_capacity",
            r.requested_hit_capacity.into(),
            "derived from queue and hits",
            "taken as it is",
        ),
        plain("expected_hits_per_item", r.expected_hits_per_item.into(), "hits of a task"),
        plain("hot_opcode_count", r.hot_opcode_count.into(), "opcodes that occur often"),
        plain("hot_window_count", r.hot_window_count.into(), "sequences that occur often"),
        plain("requeue_count", r.requeue_count, "how often tasks came back"),
        plain("max_priority_age", r.max_priority_age.into(), "ticks of the oldest task"),
        or("graph_node_count", r.graph_node_count.into(), "no graph", "nodes of the graph"),
        plain("graph_edge_count", r.graph_edge_count.into(), "edges of the graph"),
        or("frontier_density_bps", frontier, "inferred from queue and nodes", "of 10,000: active"),
        or("memory_pressure_bps", memory, "inferred from the bytes", "of 10,000: in use"),
        plain("resident_device_bytes", r.resident_device_bytes, "in use before the launch"),
        or("device_memory_budget_bytes", r.device_memory_budget_bytes, "unbounded", "at most"),
    ]
}

fn answer_rows(answer: &MegakernelLaunchRecommendation) -> Vec<Row> {
    let geometry = &answer.geometry;
    let grid = geometry.dispatch_grid.map(grouped).join(" x ");
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let unbounded = answer.device_memory_budget_bytes == 0;
    let budget = if unbounded { "none: unbounded" } else { "bytes the launch may reach" };
    vec![
        ("workgroup_size_x", grouped(geometry.workgroup_size_x), "threads of a group"),
        ("slot_count", grouped(geometry.slot_count), "the queue, filled up to whole groups"),
        ("dispatch_grid", grid, "groups along x, y and z"),
        ("worker_groups", grouped(answer.worker_groups), "groups that grid and width come from"),
        ("hit_capacity", grouped(answer.hit_capacity), "entries a buffer for hits would have"),
        ("pressure", format!("{:?}", answer.pressure), of_pressure(answer.pressure)),
        ("execution_mode", format!("{:?}", answer.execution_mode), of_mode(answer.execution_mode)),
        ("topology", format!("{:?}", answer.topology), of_topology(answer.topology)),
        ("promote_hot_opcodes", yes(answer.promote_hot_opcodes), "compile single opcodes"),
        ("promote_hot_windows", yes(answer.promote_hot_windows), "compile sequences of opcodes"),
        ("age_priority_work", yes(answer.age_priority_work), "tasks gain priority with age"),
        (
            "estimated_peak_device_bytes",
            grouped(answer.estimated_peak_device_bytes),
            "resident bytes and 16 for each hit",
        ),
        ("device_memory_budget_bytes", grouped(answer.device_memory_budget_bytes), budget),
    ]
}

const fn of_pressure(pressure: MegakernelPressure) -> &'static str {
    match pressure {
        MegakernelPressure::Empty => "no task",
        MegakernelPressure::Light => "fewer tasks than lanes",
        MegakernelPressure::Balanced => "a task for every lane",
        MegakernelPressure::Saturated => "tasks came back, or 4 for every lane",
        _ => "newer than this program",
    }
}

const fn of_mode(mode: MegakernelExecutionMode) -> &'static str {
    match mode {
        MegakernelExecutionMode::Interpreter => "looking opcodes up is enough",
        MegakernelExecutionMode::Jit => "compiling these tasks would pay",
        _ => "newer than this program",
    }
}

const fn of_topology(topology: MegakernelTopology) -> &'static str {
    match topology {
        MegakernelTopology::Empty => "no work; next --previous",
        MegakernelTopology::SparseFrontier => "few nodes active; next --previous",
        MegakernelTopology::HybridFrontier => "some nodes active; next --previous",
        MegakernelTopology::DenseFrontier => "many nodes active; next --previous",
        MegakernelTopology::FusedDense => "worth fusing; next --previous",
        MegakernelTopology::MemoryConstrained => "memory is short; next --previous",
        _ => "newer than this program",
    }
}

/// Returns lines without spaces at their ends; the second column, the values, is aligned right.
fn table<'r>(titles: &[&str], rows: impl Iterator<Item = Vec<&'r str>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(titles);
    table.add_rows(rows);
    for place in 0..titles.len() {
        if let Some(column) = table.column_mut(place) {
            column.set_padding((if place == 0 { 2 } else { 0 }, 2));
            if place == 1 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::super::report::{ADVICE, CONSUMED};
    use super::{answer_rows, request_rows};
    use isokern_core::MegakernelConfig;
    use serde_json::Value;

    /// Returns the keys of an object, those of objects inside it in their place.
    fn keys(value: &Value) -> Vec<&str> {
        let object = value.as_object().expect("is an object");
        let names = object.iter().flat_map(|(key, value)| {
            if value.is_object() { keys(value) } else { vec![key.as_str()] }
        });
        names.collect()
    }

    fn sorted<'k>(names: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_field_has_a_row_and_every_output_a_use() {
        let config = MegakernelConfig::new();
        let request = config.launch_request(1, 1, 1, 1);
        let fields = serde_json::to_value(request).unwrap();
        let rows = request_rows(&request);
        assert_eq!(sorted(keys(&fields)), sorted(rows.iter().map(|row| row.0)));

        let answer = config.launch_recommendation(1, 1, 1, 1).unwrap();
        let fields = serde_json::to_value(answer).unwrap();
        let rows = answer_rows(&answer);
        assert_eq!(sorted(keys(&fields)), sorted(rows.iter().map(|row| row.0)));
        let uses = CONSUMED.iter().chain(ADVICE).copied();
        assert_eq!(sorted(keys(&fields)), sorted(uses));
    }
}
