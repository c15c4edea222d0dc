//! Governed kernels: refused before any work, reported in a span with the trace's id.

use core::cell::RefCell;
use core::fmt::Debug;
use core::num::NonZeroUsize;
use core::pin::pin;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Once;

use isokern_core::call::{PermissionTable, Quota, TraceContext};
use isokern_core::kernel::{Permission, QuotaExceeded, safe_point};
use isokern_core::{
    AllowAll, BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError, KernelMetadata,
    KernelMode, Principal,
};
use isokern_guard::{
    Governed, SystemClock, TRACING_TARGET, TenantLimits, TenantQuotas, TracingObserver,
    VirtualClock,
};
use isokern_tests::gated::poll_once;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const RUN: Permission = Permission::new("counting.run");
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Counts its executions; takes two polls; says so in an event.
#[derive(Default)]
struct Counting(AtomicU64);

impl Counting {
    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl GpuKernel for Counting {
    fn metadata(&self) -> &KernelMetadata {
        const {
            &KernelMetadata::new("counting", KernelMode::Batch)
                .with_version("3.1")
                .with_required_permission(RUN)
        }
    }
}

impl BatchKernel<u8, u8> for Counting {
    fn validate_input(&self, input: &u8) -> Result<(), KernelError> {
        if *input > 0 { Ok(()) } else { Err(KernelError::InvalidInput { reason: "zero" }) }
    }

    async fn execute(&self, input: u8) -> Result<u8, KernelError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        safe_point().await;
        tracing::info!(input, "half way");
        if input == 13 { Err(KernelError::Failed { code: 13 }) } else { Ok(input) }
    }
}

fn table() -> PermissionTable<'static, 2, 1> {
    let mut table = PermissionTable::new();
    table.try_grant("holder", RUN).expect("there is room");
    table
}

type Fields = BTreeMap<&'static str, String>;

/// Keeps what is emitted, for the thread that emits it.
///
/// One for the whole program: whether a place in the code is heard is decided once for all
/// threads, so that a subscriber of one thread could come too late for it.
struct Capture;

thread_local! {
    static CAPTURED: RefCell<Captured> = RefCell::default();
}

/// Spans, and each event with the spans around it.
#[derive(Default)]
struct Captured {
    spans: Vec<(&'static str, Fields)>,
    entered: Vec<usize>,
    enter_count: usize,
    events: Vec<(Fields, Vec<usize>)>,
}

struct Visitor<'f>(&'f mut Fields);

impl Visit for Visitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

fn index(id: &Id) -> usize {
    id.into_u64() as usize - 1
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Visitor(&mut fields));
        CAPTURED.with_borrow_mut(|captured| {
            captured.spans.push((span.metadata().name(), fields));
            Id::from_u64(captured.spans.len() as u64)
        })
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        CAPTURED.with_borrow_mut(|captured| {
            values.record(&mut Visitor(&mut captured.spans[index(span)].1));
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Visitor(&mut fields));
        fields.insert("level", event.metadata().level().to_string());
        fields.insert("target", event.metadata().target().to_owned());
        CAPTURED.with_borrow_mut(|captured| {
            let entered = captured.entered.clone();
            captured.events.push((fields, entered));
        });
    }

    fn enter(&self, span: &Id) {
        CAPTURED.with_borrow_mut(|captured| {
            captured.entered.push(index(span));
            captured.enter_count += 1;
        });
    }

    fn exit(&self, span: &Id) {
        let left = CAPTURED.with_borrow_mut(|captured| captured.entered.pop());
        assert_eq!(left, Some(index(span)), "spans are left in order");
    }
}

fn listen() {
    static LISTENS: Once = Once::new();
    LISTENS.call_once(|| {
        tracing::subscriber::set_global_default(Capture).expect("nobody else listens");
    });
}

/// Returns what was emitted on this thread since the last call.
fn captured() -> Captured {
    CAPTURED.take()
}

fn has(fields: &Fields, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let found = fields.get(name).map(String::as_str);
        assert_eq!(found, Some(*value), "field {name} of {fields:?}");
    }
}

const OF_THE_CALL: [(&str, &str); 7] = [
    ("kernel", "counting"),
    ("version", "3.1"),
    ("request_id", "41"),
    ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
    ("parent_span_id", "00f067aa0ba902b7"),
    ("principal", "holder"),
    ("tenant", "7"),
];

#[test]
fn the_span_carries_the_trace_and_is_entered_at_every_poll() {
    listen();
    let clock = VirtualClock::new();
    let kernel = Governed::new(Counting::default(), table()).with_clock(clock.clone());
    let environment = Environment::new(SystemClock, AllowAll);
    let trace: TraceContext = TRACEPARENT.parse().expect("it is a traceparent");
    let context = ExecutionContext::new(&environment, Principal::new("holder", &[RUN]))
        .with_request_id(41)
        .with_trace(trace)
        .with_tenant(7);
    let mut call = pin!(kernel.execute_with_context(&context, 5));
    assert!(poll_once(call.as_mut()).is_pending());
    let entered = CAPTURED.with_borrow(|captured| captured.entered.clone());
    assert!(entered.is_empty(), "left between two polls");
    clock.advance(Duration::from_nanos(77));
    assert_eq!(poll_once(call.as_mut()), core::task::Poll::Ready(Ok(5)));
    let captured = captured();
    let [(name, fields)] = captured.spans.as_slice() else { panic!("one span") };
    assert_eq!(*name, "kernel.call");
    has(fields, &OF_THE_CALL);
    has(fields, &[("code", "0"), ("elapsed_ns", "77")]);
    assert!(captured.enter_count >= 2);
    let [(half_way, around), (end, around_end)] = captured.events.as_slice() else {
        panic!("two events: {:?}", captured.events)
    };
    has(half_way, &[("message", "half way")]);
    has(end, &[("outcome", "ok"), ("code", "0"), ("elapsed_ns", "77"), ("level", "INFO")]);
    has(end, &[("target", TRACING_TARGET)]);
    assert_eq!((around.as_slice(), around_end.as_slice()), (&[0][..], &[0][..]));
}

#[test]
fn a_call_without_a_trace_has_no_ids() {
    listen();
    let kernel = Governed::new(Counting::default(), table());
    let environment = Environment::new(SystemClock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("holder", &[RUN]));
    let failed = pollster::block_on(kernel.execute_with_context(&context, 13));
    assert_eq!(failed, Err(KernelError::Failed { code: 13 }));
    let mut dropped = Box::pin(kernel.execute_with_context(&context, 1));
    assert!(poll_once(dropped.as_mut()).is_pending());
    drop(dropped);
    let captured = captured();
    let (_, fields) = &captured.spans[0];
    assert!(!fields.contains_key("trace_id") && !fields.contains_key("parent_span_id"));
    has(fields, &[("code", "2013")]);
    has(&captured.events[1].0, &[("outcome", "failed"), ("code", "2013"), ("level", "WARN")]);
    has(&captured.events[2].0, &[("outcome", "dropped"), ("level", "WARN")]);
    assert!(!captured.spans[1].1.contains_key("code"));
}

/// A caller's environment that permits everything does not help, and one that permits
/// nothing is heard too.
#[test]
fn missing_permissions_refuse_before_any_work() {
    listen();
    let kernel = Governed::new(Counting::default(), table());
    let lenient = Environment::new(SystemClock, AllowAll);
    let denied = Err(KernelError::PermissionDenied { permission: RUN });
    for (name, asks) in [("stranger", &[RUN][..]), ("holder", &[])] {
        let context = ExecutionContext::new(&lenient, Principal::new(name, asks));
        assert_eq!(pollster::block_on(kernel.execute_with_context(&context, 1)), denied);
    }
    let captured = captured();
    assert_eq!((captured.spans.len(), captured.events.len()), (0, 2));
    has(&captured.events[0].0, &[("outcome", "refused"), ("code", "2005"), ("level", "WARN")]);
    has(&captured.events[0].0, &[("principal", "stranger"), ("kernel", "counting")]);
    let strict = Environment::new(SystemClock, PermissionTable::<1, 1>::new());
    let context = ExecutionContext::new(&strict, Principal::new("holder", &[RUN]));
    assert_eq!(pollster::block_on(kernel.execute_with_context(&context, 1)), denied);
    assert_eq!(kernel.inner().count(), 0);
}

#[test]
fn calls_without_a_context_are_refused_whatever_their_input() {
    listen();
    let kernel = Governed::new(Counting::default(), AllowAll);
    let required = Err(KernelError::ContextRequired);
    for input in [0, 1] {
        assert_eq!(pollster::block_on(kernel.execute(input)), required);
        let timed = kernel.execute_with_timeout(&SystemClock, input, Duration::MAX);
        assert_eq!(pollster::block_on(timed), required);
    }
    let captured = captured();
    assert_eq!((captured.events.len(), kernel.inner().count()), (4, 0));
    has(&captured.events[3].0, &[("outcome", "refused"), ("code", "2007")]);
}

#[test]
fn a_spent_quota_refuses_and_time_of_the_caller_s_clock_does_not_refill_it() {
    listen();
    let (own_clock, caller_clock) = (VirtualClock::new(), VirtualClock::new());
    let one_a_second = TenantLimits::new(1, Duration::from_secs(1));
    let quotas = TenantQuotas::new(NonZeroUsize::MIN, one_a_second);
    let kernel = Governed::new(Counting::default(), table())
        .with_quota(quotas)
        .with_clock(own_clock.clone());
    let environment = Environment::new(&caller_clock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("holder", &[RUN]));
    let context = context.with_tenant(7);
    let call = || pollster::block_on(kernel.execute_with_context(&context, 1));
    assert_eq!(call(), Ok(1));
    let spent = QuotaExceeded::new(7, 1_000_000_000);
    assert_eq!(call(), Err(spent.into()));
    caller_clock.advance(Duration::from_secs(3_600));
    assert_eq!(call(), Err(spent.into()));
    own_clock.advance(Duration::from_secs(1));
    assert_eq!(call(), Ok(1));
    assert_eq!(kernel.inner().count(), 2);
}

/// Refuses everybody, and counts how often it was asked.
#[derive(Default)]
struct Asked(AtomicU64);

impl Quota for Asked {
    type Permit<'q> = ();

    fn admit(&self, tenant: u32, _: u64) -> Result<(), QuotaExceeded> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(QuotaExceeded::new(tenant, 0))
    }
}

#[test]
fn the_checks_come_in_order() {
    listen();
    let clock = VirtualClock::new();
    clock.advance_to(10);
    let kernel = Governed::new(Counting::default(), table()).with_quota(Asked::default());
    let environment = Environment::new(&clock, AllowAll);
    let call = |name, deadline_ns, input| {
        let context = ExecutionContext::new(&environment, Principal::new(name, &[RUN]));
        let context = context.with_deadline_ns(deadline_ns);
        pollster::block_on(kernel.execute_with_context(&context, input))
    };
    let zero = Err(KernelError::InvalidInput { reason: "zero" });
    assert_eq!(call("stranger", 10, 0), zero);
    assert_eq!(call("stranger", 10, 1), Err(KernelError::DeadlineExceeded));
    assert_eq!(call("stranger", 11, 1), Err(KernelError::PermissionDenied { permission: RUN }));
    assert_eq!(kernel.quota().0.load(Ordering::Relaxed), 0, "nobody was charged");
    assert!(matches!(call("holder", 11, 1), Err(KernelError::QuotaExceeded(_))));
    assert_eq!((kernel.quota().0.load(Ordering::Relaxed), kernel.inner().count()), (1, 0));
}

#[test]
fn a_permit_is_held_until_the_call_ends_or_is_dropped() {
    listen();
    let limits = TenantLimits::new(9, Duration::ZERO).with_in_flight_max(1);
    let quotas = TenantQuotas::new(NonZeroUsize::MIN, limits);
    let kernel = Governed::new(Counting::default(), table()).with_quota(quotas);
    let environment = Environment::new(SystemClock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("holder", &[RUN]));
    let mut first = Box::pin(kernel.execute_with_context(&context, 1));
    assert!(poll_once(first.as_mut()).is_pending());
    let refused = QuotaExceeded::new(0, 0);
    let second = || pollster::block_on(kernel.execute_with_context(&context, 1));
    assert_eq!(second(), Err(refused.into()));
    drop(first);
    assert_eq!((second(), second()), (Ok(1), Ok(1)));
    assert_eq!(kernel.quota().in_flight_count(0), 0);
}

#[test]
fn the_observer_reports_every_call() {
    listen();
    let kernel = Counting::default();
    let clock = VirtualClock::new();
    let environment = Environment::new(&clock, AllowAll).with_observer(TracingObserver);
    let trace: TraceContext = TRACEPARENT.parse().expect("it is a traceparent");
    let context = ExecutionContext::new(&environment, Principal::new("holder", &[RUN]))
        .with_request_id(41)
        .with_trace(trace)
        .with_tenant(7);
    for input in [1, 0, 13] {
        let _ = pollster::block_on(kernel.execute_with_context(&context, input));
    }
    let mut dropped = Box::pin(kernel.execute_with_context(&context, 1));
    assert!(poll_once(dropped.as_mut()).is_pending());
    drop(dropped);
    let captured = captured();
    let reported: Vec<_> = captured
        .events
        .iter()
        .map(|(fields, _)| fields)
        .filter(|fields| fields["target"] == TRACING_TARGET)
        .collect();
    for fields in &reported {
        has(fields, &OF_THE_CALL);
    }
    let outcomes: Vec<_> = reported
        .iter()
        .map(|fields| (fields["level"].as_str(), fields.get("outcome").map(String::as_str)))
        .collect();
    let expected = [
        ("DEBUG", None),
        ("INFO", Some("ok")),
        ("WARN", Some("refused")),
        ("DEBUG", None),
        ("WARN", Some("failed")),
        ("DEBUG", None),
        ("WARN", Some("dropped")),
    ];
    assert_eq!(outcomes, expected);
    has(reported[2], &[("code", "2002")]);
    has(reported[4], &[("code", "2013"), ("elapsed_ns", "0")]);
}
