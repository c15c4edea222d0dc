//! The policy's edges, and what configurations and errors look like as text.

use std::string::{String, ToString};
use std::vec::Vec;

use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{
    MegakernelConfig, MegakernelError, MegakernelLaunchPolicy, MegakernelLaunchRequest,
    MegakernelTopology, TaskSlot,
};
use crate::compute::BackendError;

const TOPOLOGIES: [MegakernelTopology; 6] = [
    MegakernelTopology::Empty,
    MegakernelTopology::SparseFrontier,
    MegakernelTopology::HybridFrontier,
    MegakernelTopology::DenseFrontier,
    MegakernelTopology::FusedDense,
    MegakernelTopology::MemoryConstrained,
];

/// Returns a request with a queue of 100, this frontier and this memory pressure.
fn request(frontier_density_bps: u16, memory_pressure_bps: u16) -> MegakernelLaunchRequest {
    let request = MegakernelConfig::new().launch_request(100, 256, 65_535, 1024);
    MegakernelLaunchRequest { frontier_density_bps, memory_pressure_bps, ..request }
}

fn follow(previous: MegakernelTopology, request: MegakernelLaunchRequest) -> MegakernelTopology {
    let policy = MegakernelLaunchPolicy::standard();
    policy.recommend_with_previous_topology(&request, previous).unwrap().topology
}

proptest! {
    #[test]
    fn any_request_has_an_answer_within_its_limits(
        numbers in proptest::array::uniform12(prop_oneof![0..9u32, 0..70_000u32, any::<u32>()]),
        bytes in proptest::array::uniform2(any::<u64>()),
        bps in proptest::array::uniform2(prop_oneof![0..10_001u16, any::<u16>()]),
        previous in 0..TOPOLOGIES.len(),
    ) {
        let request = MegakernelLaunchRequest {
            queue_len: numbers[0],
            requested_worker_groups: numbers[1],
            max_workgroup_size_x: numbers[2],
            max_compute_workgroups_per_dimension: numbers[3],
            max_compute_invocations_per_workgroup: numbers[4],
            requested_hit_capacity: numbers[5],
            expected_hits_per_item: numbers[6],
            hot_opcode_count: numbers[7],
            hot_window_count: numbers[8],
            max_priority_age: numbers[9],
            graph_node_count: numbers[10],
            graph_edge_count: numbers[11],
            requeue_count: bytes[0] >> 40,
            frontier_density_bps: bps[0],
            memory_pressure_bps: bps[1],
            resident_device_bytes: bytes[0],
            device_memory_budget_bytes: bytes[1],
        };
        let policy = MegakernelLaunchPolicy::standard();
        let answer = policy.recommend_with_previous_topology(&request, TOPOLOGIES[previous]);
        if let Ok(answer) = answer {
            let geometry = answer.geometry;
            prop_assert!(geometry.workgroup_size_x >= 1);
            prop_assert!(geometry.workgroup_size_x <= request.max_workgroup_size_x);
            prop_assert!(geometry.slot_count >= 1);
            prop_assert_eq!(geometry.slot_count % geometry.workgroup_size_x, 0);
            prop_assert!((1..=1024).contains(&geometry.dispatch_grid[0]));
            prop_assert!(answer.worker_groups <= request.max_compute_workgroups_per_dimension);
            let budget = request.device_memory_budget_bytes;
            prop_assert!(budget == 0 || answer.estimated_peak_device_bytes <= budget);
        }
    }
}

#[test]
fn a_previous_topology_holds_a_little_beyond_its_threshold() {
    use MegakernelTopology as T;
    for (previous, frontier, memory, wanted) in [
        (T::SparseFrontier, 750, 0, T::SparseFrontier),
        (T::SparseFrontier, 751, 0, T::HybridFrontier),
        (T::HybridFrontier, 250, 0, T::HybridFrontier),
        (T::HybridFrontier, 249, 0, T::SparseFrontier),
        (T::HybridFrontier, 4250, 0, T::HybridFrontier),
        (T::HybridFrontier, 4251, 0, T::DenseFrontier),
        (T::DenseFrontier, 3750, 0, T::DenseFrontier),
        (T::DenseFrontier, 3749, 0, T::HybridFrontier),
        (T::MemoryConstrained, 600, 8250, T::MemoryConstrained),
        (T::MemoryConstrained, 600, 8249, T::HybridFrontier),
        (T::DenseFrontier, 9000, 8500, T::MemoryConstrained),
        (T::FusedDense, 3900, 0, T::HybridFrontier),
        (T::Empty, 600, 8499, T::HybridFrontier),
    ] {
        assert_eq!(follow(previous, request(frontier, memory)), wanted, "{previous:?} {frontier}");
    }
    for previous in TOPOLOGIES {
        let empty = MegakernelLaunchRequest { queue_len: 0, ..request(3800, 9000) };
        assert_eq!(follow(previous, empty), T::Empty);
    }
}

#[test]
fn fused_work_holds_while_it_may_be_fused() {
    use MegakernelTopology as T;
    let fusible = |frontier| MegakernelLaunchRequest {
        graph_node_count: 1,
        graph_edge_count: 65_536,
        hot_window_count: 4,
        ..request(frontier, 0)
    };
    assert_eq!(follow(T::FusedDense, fusible(3750)), T::FusedDense);
    assert_eq!(follow(T::FusedDense, fusible(3749)), T::HybridFrontier);
    let cold = MegakernelLaunchRequest { hot_window_count: 3, ..fusible(4000) };
    assert_eq!(follow(T::FusedDense, cold), T::DenseFrontier);
    // Dense work does not hold against being fused.
    assert_eq!(follow(T::DenseFrontier, fusible(4000)), T::FusedDense);
    assert_eq!(follow(T::DenseFrontier, fusible(3999)), T::DenseFrontier);
}

#[test]
fn held_memory_pressure_sheds_the_least_share() {
    let policy = MegakernelLaunchPolicy::standard();
    let memory = MegakernelTopology::MemoryConstrained;
    let held = policy.recommend_with_previous_topology(&request(0, 8250), memory).unwrap();
    assert_eq!((held.topology, held.worker_groups), (memory, 48));
}

#[test]
fn hits_and_groups_that_are_asked_for_are_taken() {
    let asked = MegakernelLaunchRequest {
        requested_hit_capacity: 10,
        expected_hits_per_item: u32::MAX,
        ..request(0, 0)
    };
    let answer = MegakernelLaunchPolicy::standard().recommend(&asked).unwrap();
    assert_eq!((answer.hit_capacity, answer.estimated_peak_device_bytes), (10, 160));
    let most = MegakernelConfig { worker_count: u32::MAX, ..MegakernelConfig::new() };
    let answer = most.launch_recommendation(1, u32::MAX, u32::MAX, 1).unwrap();
    assert_eq!((answer.worker_groups, answer.geometry.slot_count), (u32::MAX, u32::MAX));
}

#[test]
fn resident_bytes_that_overflow_are_refused() {
    let full = MegakernelLaunchRequest { resident_device_bytes: u64::MAX, ..request(0, 0) };
    let refused = MegakernelError::ResidentBytesOverflow {
        resident_device_bytes: u64::MAX,
        hit_capacity: 1024,
    };
    assert_eq!(MegakernelLaunchPolicy::standard().recommend(&full), Err(refused));
}

#[test]
fn a_policy_of_zeros_divides_by_nothing() {
    let zeros = MegakernelLaunchPolicy {
        sparse_frontier_bps: 0,
        dense_frontier_bps: 0,
        memory_pressure_bps: 0,
        occupancy_divisor: 0,
        max_workgroups: 0,
        ..MegakernelLaunchPolicy::standard()
    };
    for memory_pressure_bps in [0, u16::MAX] {
        for requested_worker_groups in [0, 1, u32::MAX] {
            let asked = request(u16::MAX, memory_pressure_bps);
            let asked = MegakernelLaunchRequest { requested_worker_groups, ..asked };
            assert_eq!(zeros.recommend(&asked).unwrap().geometry.dispatch_grid, [1, 1, 1]);
        }
    }
}

#[test]
fn errors_keep_their_codes_and_say_what_to_do() {
    let errors = [
        MegakernelError::ZeroWorkerCount,
        MegakernelError::ZeroWallTime,
        MegakernelError::ZeroAdapterLimit { limit: "max_workgroup_size_x" },
        MegakernelError::UnknownTaskState { state: 8 },
        MegakernelError::HitCapacityOverflow { queue_len: 1, expected_hits_per_item: 2 },
        MegakernelError::ResidentBytesOverflow { resident_device_bytes: 1, hit_capacity: 2 },
        MegakernelError::DeviceOutOfMemory { requested: 2, available: 1 },
    ];
    let mut messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
    for error in errors {
        let out_of_memory = matches!(error, MegakernelError::DeviceOutOfMemory { .. });
        assert_eq!(error.code(), if out_of_memory { 1001 } else { 1999 });
        messages.push(BackendError::from(error).to_string());
    }
    for message in messages {
        let (fact, fix) = message.split_once(" Fix: ").expect(&message);
        assert!(fact.ends_with('.') && fix.len() > 10 && fix.ends_with('.'), "{message}");
    }
}

#[test]
fn settings_that_allow_no_launch_are_no_fault_of_the_model() {
    let config = MegakernelConfig::new();
    let idle = MegakernelConfig { worker_count: 0, ..config };
    let timeless = MegakernelConfig { max_wall_time: core::time::Duration::ZERO, ..config };
    let hits = MegakernelConfig { expected_items_per_worker: u32::MAX, ..config };
    let mut resident = config;
    resident.workload.resident_device_bytes = u64::MAX;
    let tasks = [TaskSlot::from_words([8; 16])];
    let recommend = |config: MegakernelConfig| config.launch_recommendation(2, 1, 1, 1);
    for (refused, word) in [
        (idle.validate().unwrap_err(), "worker_count"),
        (timeless.validate().unwrap_err(), "max_wall_time"),
        (config.launch_request_for_tasks(&tasks, 1, 1, 1).unwrap_err(), "state word"),
        (recommend(hits).unwrap_err(), "expected hits"),
        (recommend(resident).unwrap_err(), "resident_device_bytes"),
    ] {
        let error = BackendError::from(refused);
        let BackendError::InvalidConfiguration { reason } = error else { panic!("{error:?}") };
        assert!(reason.contains(word), "{word}: {reason}");
        assert!(!error.to_string().contains("convert the model"), "{error}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn configurations_come_back_as_they_were() {
    let mut config = MegakernelConfig { worker_count: 7, ..MegakernelConfig::new() };
    config.max_wall_time = core::time::Duration::new(1, 5);
    config.workload.device_memory_budget_bytes = u64::MAX;
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<MegakernelConfig>(&text).unwrap(), config);
    assert!(text.contains(r#""max_wall_time":{"secs":1,"nanos":5}"#), "{text}");
    for time in [r#""1s""#, "1", r#"{"secs":1}"#, r#"{"secs":1,"nanos":0,"ms":1}"#] {
        let config = std::format!("{{\"max_wall_time\":{time}}}");
        assert!(serde_json::from_str::<MegakernelConfig>(&config).is_err(), "{config}");
    }
    let default = serde_json::from_str::<MegakernelConfig>("{}").unwrap();
    assert_eq!(default, MegakernelConfig::default());
    assert!(serde_json::from_str::<MegakernelConfig>(r#"{"workers":1}"#).is_err());

    let request = config.launch_request(9, 8, 7, 6);
    let text = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<MegakernelLaunchRequest>(&text).unwrap(), request);
    let answer = config.launch_recommendation(9, 8, 7, 6).unwrap();
    let text = serde_json::to_string(&answer).unwrap();
    let read: super::MegakernelLaunchRecommendation = serde_json::from_str(&text).unwrap();
    assert_eq!(read, answer);
    let policy = MegakernelLaunchPolicy { max_workgroups: 3, ..MegakernelLaunchPolicy::default() };
    let text = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<MegakernelLaunchPolicy>(&text).unwrap(), policy);
}
