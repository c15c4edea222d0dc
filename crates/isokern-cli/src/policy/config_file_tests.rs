//! What is read from a file, and what is refused in words.

use super::{BYTES_MAX, ConfigError, Format, TOML_INTEGER_MAX, of_name, parse};
use core::time::Duration;
use isokern_core::MegakernelConfig;
use std::path::Path;

fn toml(text: &str) -> Result<MegakernelConfig, ConfigError> {
    parse(text.as_bytes(), Format::Toml)
}

fn json(text: &str) -> Result<MegakernelConfig, ConfigError> {
    parse(text.as_bytes(), Format::Json)
}

/// Returns a configuration in which no field has its default.
fn full() -> MegakernelConfig {
    let mut config = MegakernelConfig {
        worker_count: 7,
        max_wall_time: Duration::new(TOML_INTEGER_MAX, 999_999_999),
        expected_items_per_worker: 3,
        ..MegakernelConfig::new()
    };
    config.workload.hot_opcode_count = u32::MAX;
    config.workload.hot_window_count = 2;
    config.workload.graph_node_count = 5;
    config.workload.graph_edge_count = 6;
    config.workload.frontier_density_bps = u16::MAX;
    config.workload.memory_pressure_bps = 8;
    config.workload.resident_device_bytes = TOML_INTEGER_MAX;
    config.workload.device_memory_budget_bytes = TOML_INTEGER_MAX - 1;
    config
}

#[test]
fn both_formats_bring_every_field_back() {
    for config in [full(), MegakernelConfig::new()] {
        assert_eq!(toml(&::toml::to_string(&config).unwrap()).unwrap(), config);
        assert_eq!(json(&serde_json::to_string(&config).unwrap()).unwrap(), config);
    }
    let mut largest = full();
    largest.max_wall_time = Duration::MAX;
    largest.workload.resident_device_bytes = u64::MAX;
    assert_eq!(json(&serde_json::to_string(&largest).unwrap()).unwrap(), largest);
    assert_eq!(toml("").unwrap(), MegakernelConfig::default());
    assert_eq!(json("{}").unwrap(), MegakernelConfig::default());
}

#[test]
fn integers_beyond_toml_are_refused_by_name() {
    for (before, name, after, field) in [
        ("[workload]\n", "resident_device_bytes", "", "workload.resident_device_bytes"),
        ("[workload]\n", "device_memory_budget_bytes", "", "workload.device_memory_budget_bytes"),
        ("[max_wall_time]\n", "secs", "\nnanos = 0", "max_wall_time.secs"),
    ] {
        let with = |value: u128| toml(&format!("{before}{name} = {value}{after}"));
        let largest = u128::from(TOML_INTEGER_MAX);
        assert!(with(largest).is_ok(), "{field}");
        for value in [largest + 1, u128::from(u64::MAX)] {
            let found = with(value).unwrap_err().to_string();
            assert!(found.contains(field) && found.contains(&value.to_string()), "{found}");
            assert!(found.contains(". Fix: "), "{found}");
        }
        for value in [u128::from(u64::MAX) + 1, u128::MAX] {
            let found = with(value).unwrap_err();
            assert!(matches!(found, ConfigError::Toml { line: 2, .. }), "{found}");
        }
    }
}

#[test]
fn faults_are_named_with_their_line() {
    for (text, line, word) in [
        ("worker_count = 1\nworkers = 2\n", 2, "`workers`"),
        ("[workload]\n\nhot = 1\n", 3, "`hot`"),
        ("max_wall_time = \"5s\"", 1, "Duration"),
        ("max_wall_time = { secs = 1 }", 1, "nanos"),
        ("\nworker_count = -1", 2, "-1"),
        ("worker_count = 4294967296", 1, "4294967296"),
        ("worker_count = 1\nworker_count = 2", 2, "duplicate"),
        ("worker_count = [", 1, "array"),
    ] {
        match toml(text) {
            Err(ConfigError::Toml { line: found, message }) => {
                assert_eq!(found, line, "{text}: {message}");
                assert!(message.contains(word), "{text}: {message}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    for (text, word) in [
        ("{\"workers\": 1}", "`workers`"),
        ("{\"workload\": {\"hot\": 1}}", "`hot`"),
        ("{\"max_wall_time\": \"5s\"}", "Duration"),
        ("{\"worker_count\": 1, \"worker_count\": 2}", "duplicate"),
        ("{\"workload\": {\"resident_device_bytes\": 18446744073709551616}}", "line 1"),
        ("", "EOF"),
        ("{} {}", "trailing"),
    ] {
        match json(text) {
            Err(ConfigError::Json { message }) => assert!(message.contains(word), "{message}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(matches!(json(" [1]"), Err(ConfigError::NotAnObject)));
}

#[test]
fn what_is_no_text_is_refused_before_it_is_parsed() {
    let found = parse(b"worker\xff", Format::Toml);
    assert!(matches!(found, Err(ConfigError::NotText { offset: 6 })), "{found:?}");
    let long = vec![b' '; BYTES_MAX as usize + 1];
    assert!(matches!(parse(&long, Format::Toml), Err(ConfigError::TooLong)));
    assert!(parse(&long[1..], Format::Toml).is_ok());
    let message = json("{\"\\u001b[2J\": 1}").unwrap_err().to_string();
    assert!(!message.contains('\x1b'), "{message:?}");
}

#[test]
fn the_end_of_a_name_is_its_format() {
    for (name, format) in [
        ("a.toml", Some(Format::Toml)),
        ("b/a.JSON", Some(Format::Json)),
        ("toml", None),
        ("a.yaml", None),
        ("-", None),
    ] {
        assert_eq!(of_name(Path::new(name)), format, "{name}");
    }
}
