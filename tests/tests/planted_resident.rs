//! The real requester of `isokern-ring` against a model actor of the shipped resident kernel, seed
//! for seed: what ships is clean in many (`ISOKERN_SEEDS`: how many, 10 by itself), and an order
//! taken out of it, or out of the host's side, is noticed within 40.

use isokern_core::compute::ModelArtifact;
use isokern_model::layout::Layout;
use isokern_simcuda::replay::{Verdict, Wrong, judge};
use isokern_tests::device::{Device, TARGETS, ptx};
use isokern_tests::replay_words::Orders;
use isokern_tests::resident::ResidentReplay;
use isokern_tests::seeds::{Host, SEEDS, planted, seeds};
use isokern_tests::vectors::own_cases;

const TARGET: u32 = 80;

/// A model with two questions and their answers.
struct Questions {
    artifact: ModelArtifact,
    inputs: Vec<i8>,
    outputs: Vec<i8>,
}

impl Questions {
    fn new() -> Self {
        let case = own_cases().into_iter().find(|case| case.name == "digits");
        let case = case.expect("the digits model is there");
        let (inputs, outputs) = (case.inputs[..128].to_vec(), case.outputs[..20].to_vec());
        Self { artifact: case.convert(Layout::Packed), inputs, outputs }
    }

    /// Asks an actor in a replay of this seed.
    fn ask(
        &self,
        device: &Device,
        seed: u64,
        host: Host,
        orders: Orders,
    ) -> Result<(), Box<Verdict>> {
        let replay = || host.replay(&device.memory, seed);
        judge(replay, |replay| {
            let resident = ResidentReplay::new(device, &self.artifact).with_host_orders(orders);
            resident.launch(replay);
            let outputs = resident.ask_all(replay, 1, &self.inputs)?;
            if outputs != self.outputs {
                return Err(Wrong::at(resident.pool(), "an output differs"));
            }
            resident.stop(replay)
        })
    }
}

#[test]
fn a_model_actor_answers_right_whatever_the_order() {
    let questions = Questions::new();
    for target in TARGETS {
        let device = Device::new(&ptx(target), target);
        for seed in 0..seeds(10) {
            for host in [Host::Strong, Host::Weak] {
                let asked = questions.ask(&device, seed, host, Orders::Kept);
                asked.unwrap_or_else(|why| panic!("sm_{target}, {host:?}, seed {seed}: {why}"));
            }
        }
    }
}

/// The first seed that notices, and what it says.
fn caught(
    questions: &Questions,
    device: &Device,
    host: Host,
    orders: Orders,
) -> Option<(u64, Box<Verdict>)> {
    (0..SEEDS).find_map(|seed| Some((seed, questions.ask(device, seed, host, orders).err()?)))
}

#[test]
fn orders_taken_out_of_a_block_are_noticed() {
    let questions = Questions::new();
    for (what, function, from, to) in [
        ("dropped acquire of a message", "8resident4look4look", "fence.acq_rel.sys;", ""),
        (
            "acquire at .gpu where the host wrote",
            "8resident4look4look",
            "fence.acq_rel.sys;",
            "fence.acq_rel.gpu;",
        ),
        (
            "looks at .gpu where the host writes",
            "8resident4look4look",
            "ld.relaxed.sys",
            "ld.relaxed.gpu",
        ),
        (
            "dropped release of a reply",
            "6answer",
            "st.release.sys.global.b64",
            "st.relaxed.sys.global.b64",
        ),
        (
            "release of a reply at .gpu",
            "6answer",
            "st.release.sys.global.b64",
            "st.release.gpu.global.b64",
        ),
    ] {
        let device = planted(TARGET, function, from, to);
        let found = caught(&questions, &device, Host::Strong, Orders::Kept);
        let (seed, why) = found.unwrap_or_else(|| panic!("{what} is not noticed"));
        eprintln!("{what}: seed {seed}\n{why}\n");
    }
}

#[test]
fn orders_taken_out_of_a_host_are_noticed_where_the_host_is_weak() {
    let questions = Questions::new();
    let device = Device::new(&ptx(TARGET), TARGET);
    for orders in [Orders::NoRelease, Orders::NoAcquire] {
        let found = caught(&questions, &device, Host::Weak, orders);
        let (seed, why) = found.unwrap_or_else(|| panic!("{orders:?} is not noticed"));
        eprintln!("{orders:?}: seed {seed}\n{why}\n");
        assert!(
            caught(&questions, &device, Host::Strong, orders).is_none(),
            "x86-64 keeps the order anyway"
        );
    }
}
