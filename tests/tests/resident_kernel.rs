//! The resident kernel of the shipped PTX against the real requester, seed for seed.

use std::process::ExitCode;

use isokern_model::layout::Layout;
use isokern_simcuda::replay::Replay;
use isokern_tests::device::{Device, ptx};
use isokern_tests::resident::ResidentReplay;
use isokern_tests::trials::{run, trial};
use isokern_tests::vectors::own_cases_of_any_ports;

fn main() -> ExitCode {
    run([trial("a_model_actor_gives_the_reference_bytes_and_is_ordered_again", ordered_twice)])
}

/// The first samples of every own model, by two actors one after the other on one block.
fn ordered_twice() {
    let device = Device::new(&ptx(80), 80);
    for case in own_cases_of_any_ports() {
        let artifact = case.convert(Layout::Packed);
        let model = isokern_model::Model::parse(artifact.bytes()).expect("it was just converted");
        let count = 2.min(case.inputs.len() / model.input_bytes());
        let inputs = &case.inputs[..count * model.input_bytes()];
        let wanted = &case.outputs[..count * model.output_bytes()];
        let resident = ResidentReplay::new(&device, &artifact);
        let mut replay = Replay::new(&device.memory, 1);
        resident.launch(&mut replay);
        for epoch in 1..=2 {
            let outputs = resident.ask_all(&mut replay, epoch, inputs);
            let outputs = outputs.unwrap_or_else(|wrong| panic!("{}: {wrong}", case.name));
            assert!(outputs == wanted, "{}, epoch {epoch}: outputs differ", case.name);
        }
        resident.stop(&mut replay).unwrap_or_else(|wrong| panic!("{}: {wrong}", case.name));
    }
}
