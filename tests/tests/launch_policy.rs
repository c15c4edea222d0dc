//! The launch policy, row by row of `fixtures/launch_policy.csv`, and in cases of our own.
//!
//! A row is one call: its arguments, and what comes out. `ISOKERN_LAUNCH_VECTORS=FILE` names
//! another file of such rows.

use core::fmt::Debug;
use core::str::FromStr;
use core::time::Duration;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use isokern_core::megakernel::{
    MegakernelError, MegakernelGeometry, MegakernelLaunchRecommendation, MegakernelLaunchRequest,
    MegakernelPressure, MegakernelTopology, MegakernelWorkloadHints,
};
use isokern_core::{MegakernelConfig, TaskSlot};
use isokern_tests::trials::{run, trial};

/// How many rows the repository's own file has.
const ROW_COUNT: usize = 122;

fn main() -> ExitCode {
    let (rows, is_own) = rows();
    let row_count = rows.len();
    let rows = rows.into_iter().map(|row| {
        let name = format!("rows::{}", row.text("case_id"));
        trial(name, move || row.check())
    });
    let whole = trial("p09_every_row_is_run", move || {
        assert!(row_count > 0, "the file has no rows");
        assert!(!is_own || row_count == ROW_COUNT, "{row_count} rows");
    });
    let own = [
        ("gives_a_lane_to_each_task", gives_a_lane_to_each_task as fn()),
        ("grid_is_at_least_one_and_at_most_the_workers", grid_is_at_most_the_workers),
        ("sheds_groups_as_memory_fills", sheds_groups_as_memory_fills),
        ("names_the_state_before_the_limit", names_the_state_before_the_limit),
        ("copies_every_hint_into_the_request", copies_every_hint_into_the_request),
    ];
    run(rows.chain([whole]).chain(own.map(|(name, test)| trial(name, test))))
}

fn gives_a_lane_to_each_task() {
    let config = MegakernelConfig { worker_count: 10, ..MegakernelConfig::new() };
    let found = config.launch_recommendation(25, 4, 100, 256).expect("fits");
    let geometry = MegakernelGeometry::new(4, 28, [7, 1, 1]);
    let mut wanted = MegakernelLaunchRecommendation::new(geometry);
    wanted.worker_groups = 10;
    wanted.hit_capacity = 1024;
    wanted.pressure = MegakernelPressure::Light;
    wanted.topology = MegakernelTopology::SparseFrontier;
    wanted.estimated_peak_device_bytes = 1024 * 16;
    assert_eq!(found, wanted);
}

fn grid_is_at_most_the_workers() {
    let config = MegakernelConfig { worker_count: 3, ..MegakernelConfig::new() };
    for (queue_len, groups) in [(0, 1), (1, 1), (32, 1), (33, 2), (96, 3), (97, 3), (u32::MAX, 3)] {
        assert_eq!(config.dispatch_grid(queue_len, 32), [groups, 1, 1], "{queue_len}");
    }
}

fn sheds_groups_as_memory_fills() {
    for (memory_pressure_bps, groups) in [(8499, 100), (8500, 75), (9100, 65), (9999, 50)] {
        let workload = MegakernelWorkloadHints { memory_pressure_bps, ..Default::default() };
        let config = MegakernelConfig { worker_count: 100, workload, ..Default::default() };
        let found = config.launch_recommendation(500, 256, 1000, 1024).expect("fits");
        assert_eq!(found.worker_groups, groups, "{memory_pressure_bps}");
    }
}

fn names_the_state_before_the_limit() {
    let mut words = [0; 16];
    words[0] = 88;
    let tasks = [TaskSlot::ready(0), TaskSlot::from_words(words), TaskSlot::default()];
    let config = MegakernelConfig::default();
    let refused = Err(MegakernelError::UnknownTaskState { state: 88 });
    assert_eq!(config.launch_recommendation_for_tasks(&tasks, 0, 0, 0), refused);
    let limit = "max_compute_workgroups_per_dimension";
    let refused = Err(MegakernelError::ZeroAdapterLimit { limit });
    assert_eq!(config.launch_recommendation_for_tasks(&tasks[..1], 1, 0, 0), refused);
}

fn copies_every_hint_into_the_request() {
    let workload = MegakernelWorkloadHints {
        hot_opcode_count: 1,
        hot_window_count: 2,
        graph_node_count: 3,
        graph_edge_count: 4,
        frontier_density_bps: 5,
        memory_pressure_bps: 6,
        resident_device_bytes: 7,
        device_memory_budget_bytes: 8,
    };
    const LIMITS: [u32; 3] = [256, 65_535, 1024];
    let config = MegakernelConfig { workload, expected_items_per_worker: 9, ..Default::default() };
    let wanted = MegakernelLaunchRequest {
        queue_len: 10,
        requested_worker_groups: 64,
        max_workgroup_size_x: LIMITS[0],
        max_compute_workgroups_per_dimension: LIMITS[1],
        max_compute_invocations_per_workgroup: LIMITS[2],
        requested_hit_capacity: 0,
        expected_hits_per_item: 9,
        hot_opcode_count: 1,
        hot_window_count: 2,
        requeue_count: 0,
        max_priority_age: 0,
        graph_node_count: 3,
        graph_edge_count: 4,
        frontier_density_bps: 5,
        memory_pressure_bps: 6,
        resident_device_bytes: 7,
        device_memory_budget_bytes: 8,
    };
    assert_eq!(config.launch_request(10, LIMITS[0], LIMITS[1], LIMITS[2]), wanted);
}

/// Returns the rows of the file that was named, or of the repository's own; and whether it is that.
fn rows() -> (Vec<Row>, bool) {
    let named = std::env::var_os("ISOKERN_LAUNCH_VECTORS").map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/launch_policy.csv");
    let is_own = named.is_none();
    let path = named.unwrap_or(own);
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let header = cells(lines.next().expect("a header comes first"));
    let row = |line| {
        let values = cells(line);
        assert_eq!(values.len(), header.len(), "{line}");
        Row { cells: header.iter().cloned().zip(values).collect() }
    };
    (lines.map(row).collect(), is_own)
}

/// Splits a line at its commas; quotes keep commas in a cell.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            _ => cells.last_mut().expect("starts with one").push(letter),
        }
    }
    cells
}

/// One call and its outcome, by the name of the column.
struct Row {
    cells: HashMap<String, String>,
}

impl Row {
    fn text(&self, column: &str) -> &str {
        self.cells.get(column).unwrap_or_else(|| panic!("no column {column}"))
    }

    fn number<T: FromStr<Err: Debug>>(&self, column: &str) -> T {
        let text = self.text(column);
        text.parse().unwrap_or_else(|_| panic!("{}: {column} is {text:?}", self.text("case_id")))
    }

    fn config(&self) -> MegakernelConfig {
        MegakernelConfig {
            worker_count: self.number("worker_count"),
            max_wall_time: Duration::from_nanos(self.number("max_wall_time_ns")),
            expected_items_per_worker: self.number("expected_items_per_worker"),
            workload: MegakernelWorkloadHints {
                hot_opcode_count: self.number("hot_opcode_count"),
                hot_window_count: self.number("hot_window_count"),
                graph_node_count: self.number("graph_node_count"),
                graph_edge_count: self.number("graph_edge_count"),
                frontier_density_bps: self.number("frontier_density_bps"),
                memory_pressure_bps: self.number("memory_pressure_bps"),
                resident_device_bytes: self.number("resident_device_bytes"),
                device_memory_budget_bytes: self.number("device_memory_budget_bytes_in"),
            },
        }
    }

    /// Reads `COUNTxSTATE/REQUEUE_COUNT/AGE`, joined by `|`.
    fn tasks(&self) -> Vec<TaskSlot> {
        let mut tasks = Vec::new();
        for group in self.text("tasks").split('|').filter(|group| !group.is_empty()) {
            let (count, words) = group.split_once('x').expect("COUNTxWORDS");
            let numbers = words.split('/').map(|word| word.parse().expect("is a word"));
            let [state, requeue_count, age]: [u32; 3] =
                numbers.collect::<Vec<u32>>().try_into().expect("three words");
            let mut slot = [0; 16];
            (slot[0], slot[12], slot[13]) = (state, age, requeue_count);
            let count = count.parse().expect("is a count");
            tasks.extend(core::iter::repeat_n(TaskSlot::from_words(slot), count));
        }
        tasks
    }

    /// Makes the call and compares what comes out.
    fn check(&self) {
        let config = self.config();
        let width = || self.number("max_workgroup_size_x");
        let groups = || self.number("max_groups_per_dim");
        let threads = || self.number("max_invocations_per_group");
        let queue = || self.number("queue_len");
        match self.text("method") {
            "validate" => self.check_outcome(config.validate(), |()| {}),
            "dispatch_grid" => {
                self.check_outcome(Ok(config.dispatch_grid(queue(), width())), |grid| {
                    self.check_grid(grid);
                });
            }
            "launch_request" => {
                let request = config.launch_request(queue(), width(), groups(), threads());
                self.check_outcome(Ok(request), |request| self.check_request(request));
            }
            "launch_request_for_tasks" => {
                let tasks = self.tasks();
                let request = config.launch_request_for_tasks(&tasks, width(), groups(), threads());
                self.check_outcome(request, |request| self.check_request(request));
            }
            "launch_recommendation" => {
                let found = config.launch_recommendation(queue(), width(), groups(), threads());
                self.check_outcome(found, |found| self.check_recommendation(found));
            }
            "launch_recommendation_for_tasks" => {
                let tasks = self.tasks();
                let found =
                    config.launch_recommendation_for_tasks(&tasks, width(), groups(), threads());
                self.check_outcome(found, |found| self.check_recommendation(found));
            }
            method => panic!("unknown method {method}"),
        }
    }

    fn check_outcome<T: Debug>(&self, found: Result<T, MegakernelError>, check: impl Fn(T)) {
        let case = self.text("case_id");
        match (self.text("out_status"), found) {
            ("ok", Ok(value)) => check(value),
            ("err", Err(error)) => self.check_error(error),
            (wanted, found) => panic!("{case}: wanted {wanted}, found {found:?}"),
        }
    }

    fn check_error(&self, error: MegakernelError) {
        let (kind, code) = match error {
            MegakernelError::ZeroWorkerCount => ("zero_worker_count", "Unknown"),
            MegakernelError::ZeroWallTime => ("zero_wall_time", "Unknown"),
            MegakernelError::ZeroAdapterLimit { .. } => ("zero_adapter_limit", "Unknown"),
            MegakernelError::UnknownTaskState { .. } => ("unknown_task_state", "Unknown"),
            MegakernelError::HitCapacityOverflow { .. } => ("hit_capacity_overflow", "Unknown"),
            MegakernelError::ResidentBytesOverflow { .. } => ("resident_bytes_overflow", "Unknown"),
            MegakernelError::DeviceOutOfMemory { .. } => {
                ("device_out_of_memory", "DeviceOutOfMemory")
            }
            other => panic!("no name for {other:?}"),
        };
        self.same("out_error_kind", kind);
        self.same("out_error_code", code);
        self.same("out_error_code_id", error.code());
        let message = error.to_string();
        for word in self.text("out_error_must_contain").split('|') {
            assert!(message.contains(word), "{}: {word} in {message}", self.text("case_id"));
        }
    }

    fn check_grid(&self, grid: [u32; 3]) {
        self.same("out_grid_x", grid[0]);
        self.same("out_grid_y", grid[1]);
        self.same("out_grid_z", grid[2]);
    }

    fn check_request(&self, found: MegakernelLaunchRequest) {
        self.same("out_req_queue_len", found.queue_len);
        self.same("out_req_requested_worker_groups", found.requested_worker_groups);
        self.same("out_req_max_workgroup_size_x", found.max_workgroup_size_x);
        self.same("out_req_max_groups_per_dim", found.max_compute_workgroups_per_dimension);
        self.same("out_req_max_invocations", found.max_compute_invocations_per_workgroup);
        self.same("out_req_requested_hit_capacity", found.requested_hit_capacity);
        self.same("out_req_expected_hits_per_item", found.expected_hits_per_item);
        self.same("out_req_requeue_count", found.requeue_count);
        self.same("out_req_max_priority_age", found.max_priority_age);
    }

    fn check_recommendation(&self, found: MegakernelLaunchRecommendation) {
        self.same("out_workgroup_size_x", found.geometry.workgroup_size_x);
        self.same("out_slot_count", found.geometry.slot_count);
        self.check_grid(found.geometry.dispatch_grid);
        self.same("out_worker_groups", found.worker_groups);
        self.same("out_hit_capacity", found.hit_capacity);
        self.same("out_pressure", format!("{:?}", found.pressure));
        self.same("out_execution_mode", format!("{:?}", found.execution_mode));
        self.same("out_topology", format!("{:?}", found.topology));
        self.same("out_promote_hot_opcodes", found.promote_hot_opcodes);
        self.same("out_promote_hot_windows", found.promote_hot_windows);
        self.same("out_age_priority_work", found.age_priority_work);
        self.same("out_estimated_peak_device_bytes", found.estimated_peak_device_bytes);
        self.same("out_device_memory_budget_bytes", found.device_memory_budget_bytes);
    }

    /// Compares as text, so that an empty cell is no number.
    fn same(&self, column: &str, found: impl ToString) {
        let case = format!("{}: {column}", self.text("case_id"));
        assert_eq!(found.to_string(), self.text(column), "{case}");
    }
}
