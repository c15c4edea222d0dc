//! The real requester of `isokern-ring` against a model actor of the shipped resident kernel, seed
//! for seed: what ships is clean in many (`ISOKERN_SEEDS`: how many, 10 by itself), and an order
//! taken out of it, or out of the host's side, a slot freed too early and a scope too narrow are
//! noticed within 40.

use isokern_core::compute::ModelArtifact;
use isokern_model::layout::Layout;
use isokern_simcuda::replay::{Verdict, Wrong, judge};
use isokern_tests::device::{Device, TARGETS, ptx};
use isokern_tests::replay_words::Orders;
use isokern_tests::resident::ResidentReplay;
use isokern_tests::seeds::{Host, SEEDS, planted, planted_by, seeds};
use isokern_tests::vectors::own_cases;

const TARGET: u32 = 80;
/// Messages without reply: three times as many as a ring has slots.
const TELLS: u32 = 24;

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

impl Questions {
    /// Asks as [`ask`](Self::ask), with a search for races.
    fn ask_without_races(
        &self,
        device: &Device,
        seed: u64,
        host: Host,
    ) -> Result<(), Box<Verdict>> {
        let replay = || host.replay(&device.memory, seed).watching_races();
        judge(replay, |replay| {
            let resident = ResidentReplay::new(device, &self.artifact);
            resident.launch(replay);
            resident.ask_all(replay, 1, &self.inputs)?;
            resident.stop(replay)?;
            replay.take_races().into_iter().next().map_or(Ok(()), |race| Err(race.into()))
        })
    }

    /// Tells an actor more messages than its ring has slots.
    fn tell(&self, device: &Device, seed: u64, host: Host) -> Result<(), Box<Verdict>> {
        judge(
            || host.replay(&device.memory, seed),
            |replay| {
                let resident = ResidentReplay::new(device, &self.artifact);
                resident.launch(replay);
                resident.tell_all(replay, TELLS)?;
                resident.stop(replay)
            },
        )
    }
}

#[test]
fn nothing_races_between_a_requester_and_a_model_actor() {
    let questions = Questions::new();
    for target in TARGETS {
        let device = Device::new(&ptx(target), target);
        for seed in 0..seeds(3) {
            for host in [Host::Strong, Host::Weak] {
                let asked = questions.ask_without_races(&device, seed, host);
                asked.unwrap_or_else(|why| panic!("sm_{target}, {host:?}, seed {seed}: {why}"));
            }
        }
    }
}

/// The text with the first load of a look, that of the control lines, in the scope of the device.
fn with_a_narrow_stop_word(text: &str) -> String {
    text.replacen("ld.relaxed.sys", "ld.relaxed.gpu", 1)
}

/// The word is seen in the end all the same: it is the race that tells.
#[test]
fn a_stop_word_in_a_scope_without_the_host_is_a_race() {
    let questions = Questions::new();
    for target in TARGETS {
        let device = planted_by(target, "8resident4look4look", with_a_narrow_stop_word);
        let asked = |seed| questions.ask_without_races(&device, seed, Host::Strong).err();
        let found = (0..SEEDS).find_map(|seed| Some((seed, asked(seed)?)));
        let (seed, why) = found.unwrap_or_else(|| panic!("sm_{target}: it is not noticed"));
        let text = why.to_string();
        assert!(text.contains("race at") && text.contains("ld.relaxed.gpu"), "{text}");
        eprintln!("narrow stop word, sm_{target}: seed {seed}\n{text}\n");
    }
}

/// The text with one slot more in each acknowledgement than was read: one is freed too early.
fn with_early_credit(text: &str) -> String {
    // The cell of a ring in which its consumer acknowledges.
    const AT: &str = ", 136;";
    let lines: Vec<&str> = text.lines().collect();
    let of_cell = |line: &&&str| line.contains("add.s64") && line.ends_with(AT);
    let address = lines.iter().find(of_cell).expect("it has the cell's address");
    let address = address.split_whitespace().nth(1).expect("a result").trim_end_matches(',');
    let head = format!("st.release.sys.global.b64 [{address}], ");
    let store = lines.iter().find(|line| line.contains(&head)).expect("it acknowledges");
    let value = store.trim().trim_start_matches(head.as_str()).trim_end_matches(';');
    text.replacen(store, &format!("add.s64 {value}, {value}, 1;\n{store}"), 1)
}

/// Thousands of looks a seed: on one target, and on all where `ISOKERN_SEEDS` asks for a search.
#[test]
fn a_slot_that_is_freed_before_it_is_read_is_noticed() {
    let questions = Questions::new();
    for target in TARGETS.into_iter().filter(|target| seeds(0) > 0 || *target == TARGET) {
        let shipped = Device::new(&ptx(target), target);
        for (seed, host) in [(0, Host::Strong), (1, Host::Weak)] {
            let told = questions.tell(&shipped, seed, host);
            told.unwrap_or_else(|why| panic!("sm_{target}, {host:?}, seed {seed}: {why}"));
        }
        let device = planted_by(target, "6runner4hand", |part| match part.contains("6answer") {
            true => with_early_credit(part),
            false => part.to_owned(),
        });
        let told = |seed| questions.tell(&device, seed, Host::Strong).err();
        let found = (0..SEEDS).find_map(|seed| Some((seed, told(seed)?)));
        let (seed, why) = found.unwrap_or_else(|| panic!("sm_{target}: it is not noticed"));
        eprintln!("early credit, sm_{target}: seed {seed}\n{why}\n");
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
