//! `isokern policy`: the core's recommendation, in words and as JSON, and what is refused.

use core::time::Duration;
use std::io::Write;
use std::process::Stdio;

use isokern_core::megakernel::{
    MegakernelLaunchPolicy, MegakernelLaunchRecommendation, MegakernelLaunchRequest,
    MegakernelTopology,
};
use isokern_core::{MegakernelConfig, TaskSlot};
use serde_json::Value;

use crate::program::{Folder, Ran, command, isokern};

/// The limits that the program takes where no flag says another.
const WIDTH_MAX: u32 = 1024;
const GROUPS_MAX: u32 = 65_535;
const THREADS_MAX: u32 = 1024;

fn policy(arguments: &str) -> Ran {
    isokern(["policy"].into_iter().chain(arguments.split_whitespace()))
}

/// Runs with a configuration on standard input.
fn policy_reading(text: &str, arguments: &str) -> Ran {
    let mut command = command();
    command.arg("policy").args(arguments.split_whitespace());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    stdin.write_all(text.as_bytes()).expect("the program reads it");
    drop(stdin);
    child.wait_with_output().expect("the program ends").into()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(ran.text()).expect("the output is JSON")
}

fn value(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).expect("the value has a JSON form")
}

/// Returns the flags that say what a configuration holds.
fn flags(config: &MegakernelConfig) -> String {
    let hints = &config.workload;
    format!(
        "--worker-count {} --max-wall-time {}ns --expected-items-per-worker {} \
         --hot-opcode-count {} --hot-window-count {} --graph-node-count {} --graph-edge-count {} \
         --frontier-density-bps {} --memory-pressure-bps {} --resident-device-bytes {} \
         --device-memory-budget-bytes {}",
        config.worker_count,
        config.max_wall_time.as_nanos(),
        config.expected_items_per_worker,
        hints.hot_opcode_count,
        hints.hot_window_count,
        hints.graph_node_count,
        hints.graph_edge_count,
        hints.frontier_density_bps,
        hints.memory_pressure_bps,
        hints.resident_device_bytes,
        hints.device_memory_budget_bytes,
    )
}

/// Returns configurations that differ in every field and reach every topology.
fn configurations() -> Vec<MegakernelConfig> {
    let with = |change: fn(&mut MegakernelConfig)| {
        let mut config = MegakernelConfig::new();
        change(&mut config);
        config
    };
    vec![
        with(|_| {}),
        with(|config| (config.worker_count, config.max_wall_time) = (1, Duration::from_nanos(1))),
        with(|config| (config.worker_count, config.expected_items_per_worker) = (8, 300)),
        with(|config| (config.workload.hot_opcode_count, config.worker_count) = (8, 5000)),
        with(|config| config.workload.hot_window_count = 4),
        with(|config| config.workload.graph_node_count = 100_000),
        with(|config| config.workload.frontier_density_bps = 650),
        with(|config| {
            config.workload.frontier_density_bps = 4100;
            config.workload.hot_window_count = 9;
            config.workload.graph_node_count = 1000;
            config.workload.graph_edge_count = 65_536;
        }),
        with(|config| config.workload.frontier_density_bps = 3900),
        with(|config| config.workload.memory_pressure_bps = 8300),
        with(|config| {
            config.workload.resident_device_bytes = u64::MAX / 4;
            config.workload.device_memory_budget_bytes = u64::MAX / 4 + 100_000_000;
        }),
    ]
}

/// Compares what was asked and answered with what the library says.
fn assert_same(
    found: &Value,
    config: &MegakernelConfig,
    request: &MegakernelLaunchRequest,
    answer: &MegakernelLaunchRecommendation,
) {
    assert_eq!(found["config"], value(config));
    assert_eq!(found["request"], value(request));
    assert_eq!(found["recommendation"], value(answer), "{config:?}");
}

#[test]
fn the_table_says_what_each_output_is_and_who_uses_it() {
    let limits = "--max-workgroup-size-x 256 --max-compute-workgroups-per-dimension 1024";
    let ran = policy(&format!("--queue-len 20 --worker-count 8 --max-wall-time 5ms {limits}"));
    let text = ran.text();
    let has_line = |words: &[&str]| {
        text.lines().any(|line| {
            let line: Vec<&str> = line.split_whitespace().collect();
            line.starts_with(words)
        })
    };
    for words in [
        ["workgroup_size_x", "8", "consumed", "threads"].as_slice(),
        &["slot_count", "24", "consumed", "the", "queue,"],
        &["dispatch_grid", "3", "x", "1", "x", "1", "consumed", "groups"],
        &["worker_groups", "8", "advice", "groups"],
        &["hit_capacity", "1,024", "advice", "entries"],
        &["pressure", "Light", "advice", "fewer", "tasks"],
        &["execution_mode", "Interpreter", "advice", "looking"],
        &["topology", "SparseFrontier", "advice", "few", "nodes"],
        &["promote_hot_opcodes", "no", "advice", "compile"],
        &["promote_hot_windows", "no", "advice", "compile"],
        &["age_priority_work", "no", "consumed", "tasks"],
        &["estimated_peak_device_bytes", "16,384", "advice", "resident"],
        &["device_memory_budget_bytes", "0", "advice", "none:"],
        &["queue_len", "20", "tasks"],
        &["requested_worker_groups", "8", "the", "worker", "count"],
        &["max_compute_workgroups_per_dimension", "1,024", "groups"],
        &["max_compute_invocations_per_workgroup", "1,024", "threads"],
        &["wall", "time", "at", "most", "5ms;"],
        &["previous", "none:"],
        &["consumed:", "workers", "follow", "it."],
        &["dispatch_grid:", "as", "many", "workers,", "up", "to", "the", "threads"],
        &["age_priority_work:"],
    ] {
        assert!(has_line(words), "no line {words:?} in:\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
}

#[test]
fn the_table_shows_tasks_and_what_was_before() {
    let mix = "--tasks 5000x1/0/0|4x6/2/40 --previous HybridFrontier --frontier-density-bps 300";
    let ran = policy(mix);
    let text = ran.text().split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "tasks 5000x1/0/0|4x6/2/40",
        "previous HybridFrontier, which",
        "queue_len 5,004 tasks",
        "requeue_count 12 how often",
        "max_priority_age 40 ticks",
        "topology HybridFrontier advice",
        "pressure Saturated advice",
        "execution_mode Jit advice compiling",
        "age_priority_work yes consumed",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn the_json_is_what_the_library_recommends() {
    let mut topologies = Vec::new();
    for config in configurations() {
        for queue_len in [0, 1, 100, 5000, 70_000] {
            let found =
                json(&policy(&format!("--json --queue-len {queue_len} {}", flags(&config))));
            let request = config.launch_request(queue_len, WIDTH_MAX, GROUPS_MAX, THREADS_MAX);
            let answer = config
                .launch_recommendation(queue_len, WIDTH_MAX, GROUPS_MAX, THREADS_MAX)
                .expect("the request has an answer");
            assert_same(&found, &config, &request, &answer);
            assert!(found["tasks"].is_null() && found["previous_topology"].is_null());
            topologies.push(answer.topology);
        }
    }
    for topology in TOPOLOGIES {
        assert!(topologies.contains(&topology), "no case is {topology:?}");
    }
}

const TOPOLOGIES: [MegakernelTopology; 6] = [
    MegakernelTopology::Empty,
    MegakernelTopology::SparseFrontier,
    MegakernelTopology::HybridFrontier,
    MegakernelTopology::DenseFrontier,
    MegakernelTopology::FusedDense,
    MegakernelTopology::MemoryConstrained,
];

#[test]
fn limits_and_tasks_reach_the_policy() {
    let ready = TaskSlot::ready(0);
    let yielded = TaskSlot::from_words(core::array::from_fn(|word| match word {
        0 => 5,
        12 => 40,
        13 => 2,
        _ => 0,
    }));
    let done = TaskSlot::from_words(core::array::from_fn(|word| match word {
        0 => 3,
        13 => 1,
        _ => 0,
    }));
    let limits = [[256, 1024, 512], [1, 1, 1], [u32::MAX, u32::MAX, u32::MAX]];
    let mixes = [
        ("20x1/0/0|4x5/2/40|1x3/1/0", [vec![ready; 20], vec![yielded; 4], vec![done]].concat()),
        ("7x1/0/0", vec![ready; 7]),
        ("1x3/1/0", vec![done]),
        ("0x1/0/0", vec![]),
    ];
    for config in configurations() {
        for [width, groups, threads] in limits {
            for (mix, slots) in &mixes {
                let ran = policy(&format!(
                    "--json --tasks {mix} --max-workgroup-size-x {width} \
                     --max-compute-workgroups-per-dimension {groups} \
                     --max-compute-invocations-per-workgroup {threads} {}",
                    flags(&config)
                ));
                let found = json(&ran);
                let request = config.launch_request_for_tasks(slots, width, groups, threads);
                let answer = config.launch_recommendation_for_tasks(slots, width, groups, threads);
                assert_same(&found, &config, &request.unwrap(), &answer.unwrap());
                assert_eq!(found["tasks"], *mix);
            }
        }
    }
}

#[test]
fn what_was_before_holds_as_the_library_says() {
    let mut held = 0;
    for config in configurations() {
        let request = config.launch_request(100, WIDTH_MAX, GROUPS_MAX, THREADS_MAX);
        let policy_of = MegakernelLaunchPolicy::standard();
        let alone = policy_of.recommend(&request).unwrap();
        for previous in TOPOLOGIES {
            let flags = flags(&config);
            let ran = policy(&format!("--json --queue-len 100 --previous {previous:?} {flags}"));
            let found = json(&ran);
            let answer = policy_of.recommend_with_previous_topology(&request, previous).unwrap();
            assert_same(&found, &config, &request, &answer);
            assert_eq!(found["previous_topology"], format!("{previous:?}"));
            held += usize::from(answer.topology != alone.topology);
        }
    }
    assert!(held >= 3, "only {held} cases depend on what was before");
}

#[test]
fn the_echoed_configuration_can_be_given_back() {
    let folder = Folder::new();
    for config in configurations() {
        let first = json(&policy(&format!("--json --queue-len 100 {}", flags(&config))));
        let echoed = first["config"].to_string();
        let path = folder.write("config.json", echoed.as_bytes());
        let again = json(&policy(&format!("--json --queue-len 100 --config {path}")));
        assert_eq!(again, first);
        let again = policy_reading(&echoed, "--json --queue-len 100 --config - --format json");
        assert_eq!(json(&again), first);

        let read: MegakernelConfig = serde_json::from_value(first["config"].clone()).unwrap();
        let text = toml::to_string(&read).expect("the configuration has a text");
        let path = folder.write("config.toml", text.as_bytes());
        let again = json(&policy(&format!("--json --queue-len 100 --config {path}")));
        assert_eq!(again, first);
    }
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let folder = Folder::new();
    for config in configurations() {
        let mut other = config;
        other.worker_count = 77;
        other.workload.hot_opcode_count = 3;
        other.workload.frontier_density_bps = 123;
        let path = folder.write("other.cfg", toml::to_string(&other).unwrap().as_bytes());
        let file = format!("--json --queue-len 9 --config {path} --format toml");
        // All of them.
        let found = json(&policy(&format!("{file} {}", flags(&config))));
        assert_eq!(found["config"], value(&config));
        // One of them.
        let found = json(&policy(&format!("{file} --max-wall-time 1h30m")));
        let expected = MegakernelConfig { max_wall_time: Duration::from_secs(5400), ..other };
        assert_eq!(found["config"], value(&expected));
    }
    let found = policy_reading("", "--json --queue-len 9 --config - --format toml");
    assert_eq!(json(&found)["config"], value(&MegakernelConfig::default()));
}
