//! Device code of workers with a bug planted in its PTX: a test of the suite of tasks notices each
//! within 40 seeds, and says that nothing is wrong without it.
//!
//! `ISOKERN_ACTORS=FOLDER` names the folder with the PTX of `tests/actors/device`, which the stage
//! `ptx` builds. Without it the tests are skipped.

use std::process::ExitCode;
use std::sync::Arc;

use isokern_simcuda::replay::{Verdict, judge};
use isokern_tests::device::{Device, named_folder, read};
use isokern_tests::replay_words::Orders;
use isokern_tests::seeds::{Host, SEEDS, planted_in};
use isokern_tests::task_replay::{ReplayStage, TaskReplay, Workers};
use isokern_tests::task_suite::test_named;
use isokern_tests::trials::{run, trial_unless};

const TARGET: u32 = 80;
/// Looks of the host after which what a bug keeps from coming counts as lost.
const LOOKS: u32 = 4000;

/// A bug, and the test that notices it.
struct Plant {
    name: &'static str,
    /// A piece of the names of the functions that are changed.
    function: &'static str,
    change: fn(&str) -> String,
    test: &'static str,
}

const PLANTS: [Plant; 7] = [
    Plant {
        name: "a_queue_s_count_is_lost",
        function: "4Hand9after_run",
        change: without_count,
        test: "every_kind_of_task_ends_as_it_says",
    },
    Plant {
        name: "an_end_is_not_counted",
        function: "4Hand3end",
        change: without_tally,
        test: "every_kind_of_task_ends_as_it_says",
    },
    Plant {
        name: "an_inlet_gives_credit_early",
        function: "4Hand7take_in",
        change: with_early_credit,
        test: "more_is_said_than_an_inlet_has_places",
    },
    Plant {
        name: "a_pause_is_not_released",
        function: "4Hand9after_run",
        change: without_order_of_pauses,
        test: "a_pause_holds_until_its_epoch",
    },
    Plant {
        name: "a_completion_is_not_released",
        function: "4Hand3end",
        change: |part| part.replace("st.release.sys.global.b64", "st.relaxed.sys.global.b64"),
        test: "a_slot_is_used_again_at_once",
    },
    Plant {
        name: "a_queue_s_place_is_not_released",
        function: "4Hand9after_run",
        change: without_order_of_queues,
        test: "every_kind_of_task_ends_as_it_says",
    },
    Plant {
        name: "a_number_stays_in_a_queue",
        function: "4Hand9after_run",
        change: with_tombstones,
        test: "every_kind_of_task_ends_as_it_says",
    },
];

fn main() -> ExitCode {
    let folder = named_folder("ISOKERN_ACTORS");
    let no_folder = "ISOKERN_ACTORS names no folder with the device code of the suite";
    let missing = folder.is_none().then_some(no_folder);
    let text = folder.map(|folder| read(&folder.join("test_actors_sm80.ptx")));
    let text: Arc<str> = text.unwrap_or_default().into();
    run(PLANTS.into_iter().map(|plant| {
        let text = Arc::clone(&text);
        trial_unless(missing, plant.name, move || plant.is_noticed(&text))
    }))
}

impl Plant {
    fn is_noticed(&self, text: &str) {
        let whole = Device::new(text, TARGET);
        for seed in [0, 1] {
            self.run(&whole, seed).unwrap_or_else(|why| panic!("unchanged, seed {seed}: {why}"));
        }
        let device = Device::new(&planted_in(text, self.function, self.change), TARGET);
        let found = (0..SEEDS).find_map(|seed| Some((seed, self.run(&device, seed).err()?)));
        let (seed, why) = found.unwrap_or_else(|| panic!("{} is not noticed", self.name));
        eprintln!("{}: seed {seed}: {}", self.name, why.wrong);
    }

    fn run(&self, device: &Device, seed: u64) -> Result<(), Box<Verdict>> {
        let host = if seed.is_multiple_of(2) { Host::Strong } else { Host::Weak };
        judge(
            || host.replay(&device.memory, seed),
            |replay| {
                let grid = TaskReplay::new(device, Workers::of_suite(4)).with_looks(LOOKS);
                grid.run(replay, Orders::Kept, |blocks| {
                    test_named(self.test)(&ReplayStage::new(blocks.clone()));
                })
            },
        )
    }
}

const PLACE: &str = "st.release.gpu.global.b64";
const ADD: &str = "atom.acq_rel.gpu.global.add.u32";

/// Returns the lines of a function, and for each place of a queue that it fills where its ticket
/// is taken, where the place is filled, and where that is counted.
fn pushes(part: &str) -> (Vec<String>, Vec<[usize; 3]>) {
    let lines: Vec<String> = part.lines().map(str::to_owned).collect();
    let is_add = |line: &String| line.contains(ADD);
    let filled = (0..lines.len()).filter(|at| lines[*at].contains(PLACE));
    let pushes = filled.filter_map(|place| {
        let ticket = lines[..place].iter().rposition(is_add)?;
        let count = place + lines[place..].iter().position(is_add)?;
        Some([ticket, place, count])
    });
    let pushes = pushes.collect();
    (lines, pushes)
}

/// Numbers are put into queues, and not counted.
fn without_count(part: &str) -> String {
    let (mut lines, pushes) = pushes(part);
    pushes.iter().for_each(|[.., count]| lines[*count].clear());
    lines.join("\n")
}

/// What is put into a queue comes without order, as does its number.
fn without_order_of_queues(part: &str) -> String {
    let (mut lines, pushes) = pushes(part);
    for [_, place, count] in pushes {
        lines[place] = lines[place].replace("st.release", "st.relaxed");
        lines[count] = lines[count].replace("atom.acq_rel", "atom.relaxed");
    }
    lines.join("\n").replace("st.release.gpu.global.u32", "st.relaxed.gpu.global.u32")
}

/// A slot comes without order, as does the word by which its task asks whether it was resumed. The
/// slot's alone is not needed: the swap of that word releases it, too.
fn without_order_of_pauses(part: &str) -> String {
    let part = part.replace("st.release.gpu.global.u32", "st.relaxed.gpu.global.u32");
    part.replace("atom.acq_rel.gpu.global.cas", "atom.relaxed.gpu.global.cas")
}

/// Every number is put into its queue twice: the second is there when its task has ended.
fn with_tombstones(part: &str) -> String {
    let (mut lines, pushes) = pushes(part);
    for [ticket, _, count] in pushes.into_iter().rev() {
        let is_label = |line: &String| line.starts_with("$L") && line.ends_with(':');
        let first = 1 + lines[..ticket].iter().rposition(is_label).expect("it begins a block");
        // After the line that ends the assembly.
        let end = count + 2;
        let mut again = lines[first..end].join("\n");
        let labels: Vec<String> = again
            .lines()
            .filter(|line| is_label(&(*line).into()))
            .map(|label| label.trim_end_matches(':').to_owned())
            .collect();
        for label in labels {
            again = again.replace(&format!("{label}:"), &format!("{label}_again:"));
            again = again.replace(&format!("{label};"), &format!("{label}_again;"));
        }
        lines.insert(end, again);
    }
    lines.join("\n")
}

/// A worker's number of tasks that ended as they wanted stays what it is.
fn without_tally(part: &str) -> String {
    // The completion's outcome, times eight, is where the number is.
    let lines: Vec<&str> = part.lines().collect();
    let number = lines.iter().position(|line| line.contains("st.b64") && line.contains("+40], "));
    let number = number.expect("it counts");
    let add =
        lines[..number].iter().rposition(|line| line.contains("add.s64") && line.ends_with(", 1;"));
    let add = add.expect("it adds");
    let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    changed[add] = changed[add].replace(", 1;", ", 0;");
    changed.join("\n")
}

/// A batch of the ring of submissions counts as read that was not.
fn with_early_credit(part: &str) -> String {
    const HEAD: &str = "st.release.sys.global.u32 [";
    let store = part.lines().find(|line| line.contains(HEAD)).expect("it gives credit");
    let value = store.trim_end_matches(';').rsplit(' ').next().expect("a register");
    part.replacen(store, &format!("add.u32 {value}, {value}, 32;\n{store}"), 1)
}
