//! The resident kernel of the shipped PTX against the real requester, seed for seed.

use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU64, Ordering};
use std::panic::catch_unwind;
use std::process::ExitCode;

use isokern_model::layout::Layout;
use isokern_simcuda::replay::Replay;
use isokern_tests::device::{Device, ptx};
use isokern_tests::replay_words::HostGone;
use isokern_tests::resident::ResidentReplay;
use isokern_tests::trials::{run, trial};
use isokern_tests::vectors::{own_cases, own_cases_of_any_ports};

/// Steps within which a kernel without a host has to end.
const STEPS: u64 = 20_000_000;

fn main() -> ExitCode {
    run([
        trial("a_model_actor_gives_the_reference_bytes_and_is_ordered_again", ordered_twice),
        trial("the_kernel_ends_whenever_its_host_stops_for_good", host_gone),
    ])
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

/// The host stops for good after each of its accesses: the kernel is over within two leases of the
/// device's time.
fn host_gone() {
    let device = Device::new(&ptx(80), 80);
    let case = own_cases().into_iter().find(|case| case.name == "digits");
    let case = case.expect("the digits model is there");
    let artifact = case.convert(Layout::Packed);
    let inputs = &case.inputs[..64];
    let run = |accesses: &AtomicU64, lease_ns| {
        let resident = ResidentReplay::new(&device, &artifact).with_lease(lease_ns);
        let resident = resident.with_accesses(accesses);
        let mut replay = Replay::new(&device.memory, 1);
        resident.launch(&mut replay);
        let asked = catch_unwind(AssertUnwindSafe(|| resident.ask_all(&mut replay, 1, inputs)));
        (replay, asked)
    };
    let most = u64::MAX - 1;
    let left = AtomicU64::new(most);
    let (replay, asked) = run(&left, 1 << 60);
    let outputs = asked.expect("nothing stops").unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(outputs, case.outputs[..10]);
    let (count, lease_ns) = (most - left.load(Ordering::Relaxed), replay.now_ns());
    for accesses in 0..count {
        let (mut replay, asked) = run(&AtomicU64::new(accesses), lease_ns);
        assert!(asked.is_err_and(|why| why.is::<HostGone>()), "the host goes on after {accesses}");
        let gone_ns = replay.now_ns();
        let is_over = replay.finish(STEPS).unwrap_or_else(|fault| panic!("{accesses}: {fault}"));
        assert!(is_over, "the kernel runs on after {accesses} accesses of its host");
        let took_ns = replay.now_ns() - gone_ns;
        assert!(took_ns <= 2 * lease_ns, "{accesses}: {took_ns} ns for a lease of {lease_ns}");
    }
    println!("{count} accesses, a lease of {lease_ns} ns");
}
