//! Models as batch kernels: the same bytes, and free again wherever they are stopped.

use core::cell::RefCell;
use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::{Context, Waker};
use core::time::Duration;
use std::process::ExitCode;
use std::sync::Mutex;

use isokern_core::call::{Clock, Exclusive, ModelKernel, ModelSlot, PollingSleep, SingleOwner};
use isokern_core::compute::ModelArtifact;
use isokern_core::kernel::Busy;
use isokern_core::{BatchKernel, KernelError, KernelMetadata, KernelMode};
use isokern_cpu::{ArtifactBackend, CpuKernel, CpuModel};
use isokern_model::layout::Layout;
use isokern_tests::trials::{on_models, run, trial};
use isokern_tests::vectors::{Case, own_cases};

const METADATA: KernelMetadata = KernelMetadata::new("vectors", KernelMode::Batch);

type Slot = ModelSlot<CpuModel<'static>, Vec<i8>>;

fn main() -> ExitCode {
    let of_models = [
        on_models("vectors_through_kernels", vectors_through_kernels),
        on_models(
            "a_model_stopped_anywhere_answers_the_next_call",
            a_model_stopped_anywhere_answers_the_next_call,
        ),
    ];
    let own = [
        trial(
            "a_second_call_is_refused_while_the_first_waits",
            a_second_call_is_refused_while_the_first_waits,
        ),
        trial(
            "wrong_lengths_are_refused_before_the_model_is_touched",
            wrong_lengths_are_refused_before_the_model_is_touched,
        ),
    ];
    run(of_models.into_iter().flatten().chain(own))
}

fn load(artifact: &ModelArtifact) -> (CpuModel<'static>, usize, Vec<i8>) {
    let model = ArtifactBackend::new().load(artifact).expect("the artifact is a model");
    let (input_len, output_len) = (model.model().input().len(), model.model().output().len());
    (model, input_len, vec![0; output_len])
}

fn stoppable(artifact: &ModelArtifact) -> (CpuKernel<'static, Vec<i8>>, usize) {
    let (model, input_len, blank) = load(artifact);
    (CpuKernel::try_new(METADATA, model, blank).expect("the answer fits"), input_len)
}

fn check_answers<K>(kernel: &K, case: &Case, input_len: usize, output_len: usize)
where
    K: for<'i> BatchKernel<&'i [i8], Vec<i8>>,
{
    for (index, (input, expected)) in case.pairs(input_len, output_len).enumerate() {
        let output = pollster::block_on(kernel.execute(input)).expect("the input fits");
        assert!(output == expected, "{}: output {index} differs", case.name);
    }
}

/// Runs the vectors through the adapter of the core with one kind of cell.
fn check_cell<X: Exclusive<Slot>>(case: &Case, wrap: impl Fn(Slot) -> X) {
    let (model, input_len, blank) = load(&case.convert(Layout::Packed));
    let output_len = blank.len();
    let slot = wrap(ModelSlot::new(model, blank));
    let kernel = ModelKernel::<_, &[i8], _, _>::try_new(METADATA, slot).expect("the answer fits");
    for (index, (input, expected)) in case.pairs(input_len, output_len).enumerate() {
        let output = pollster::block_on(kernel.execute(input)).expect("the input fits");
        assert!(output == expected, "{}: output {index} differs", case.name);
    }
    let short = kernel.validate_input(&&[0_i8; 3][..]);
    assert!(matches!(short, Err(KernelError::InvalidInput { .. })));
}

fn vectors_through_kernels(cases: &[Case]) {
    for case in cases {
        let (kernel, input_len) = stoppable(&case.convert(Layout::Packed));
        let output_len = load(&case.convert(Layout::Packed)).2.len();
        check_answers(&kernel, case, input_len, output_len);
        check_cell(case, Mutex::new);
        check_cell(case, SingleOwner::new);
        check_cell(case, |slot| critical_section::Mutex::new(RefCell::new(slot)));
    }
}

/// One nanosecond later at every look.
struct Looks(AtomicU64);

impl Clock for Looks {
    fn now_ns(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

fn a_model_stopped_anywhere_answers_the_next_call(cases: &[Case]) {
    for case in cases {
        let artifact = case.convert(Layout::Packed);
        let (kernel, input_len) = stoppable(&artifact);
        let (model, _, blank) = load(&artifact);
        let operator_count = model.model().operator_count();
        let (input, expected) = case.pairs(input_len, blank.len()).next().expect("a vector");
        // One look at the clock per safe point: the limit ends at a different one each time.
        let mut stopped_count = 0;
        for limit_ns in 2..operator_count as u64 + 4 {
            let clock = Looks(AtomicU64::new(0));
            let limited =
                kernel.execute_with_timeout(&clock, input, Duration::from_nanos(limit_ns));
            match pollster::block_on(limited) {
                Ok(output) => assert!(output == expected, "{}", case.name),
                Err(KernelError::Timeout { .. }) => stopped_count += 1,
                Err(error) => panic!("{}: {error}", case.name),
            }
            let whole = pollster::block_on(kernel.execute(input));
            assert!(whole.as_deref() == Ok(expected), "{}: after {limit_ns} ns", case.name);
        }
        assert!(stopped_count >= operator_count - 1, "{}: {stopped_count}", case.name);
    }
}

fn a_second_call_is_refused_while_the_first_waits() {
    let case = own_cases().into_iter().next().expect("a model of our own");
    let (kernel, input_len) = stoppable(&case.convert(Layout::Packed));
    let input = vec![0_i8; input_len];
    let mut task = Context::from_waker(Waker::noop());
    {
        let mut first = pin!(kernel.execute(input.as_slice()));
        assert!(first.as_mut().poll(&mut task).is_pending(), "a safe point comes first");
        let second = pollster::block_on(kernel.execute(input.as_slice()));
        assert_eq!(second, Err(KernelError::Busy(Busy)));
    }
    assert!(pollster::block_on(kernel.execute(input.as_slice())).is_ok());
}

fn wrong_lengths_are_refused_before_the_model_is_touched() {
    let case = own_cases().into_iter().next().expect("a model of our own");
    let (kernel, input_len) = stoppable(&case.convert(Layout::Packed));
    let long = vec![0_i8; input_len + 1];
    let clock = Looks(AtomicU64::new(0));
    let refused = kernel.execute_with_timeout(&clock, long.as_slice(), Duration::MAX);
    assert!(matches!(pollster::block_on(refused), Err(KernelError::InvalidInput { .. })));
    let wrong_type = vec![0_u8; input_len];
    assert!(kernel.validate_input(&wrong_type.as_slice()).is_err());
    let (model, _, mut blank) = load(&case.convert(Layout::Packed));
    blank.push(0);
    let refused = CpuKernel::try_new(METADATA, model, blank).map(|_| ());
    assert!(matches!(refused, Err(KernelError::InvalidConfiguration { .. })));
}
