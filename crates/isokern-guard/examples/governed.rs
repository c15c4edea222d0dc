//! Permissions, a quota and a trace: `cargo run -p isokern-guard --example governed`.

use core::num::NonZeroUsize;
use core::time::Duration;

use isokern_core::call::{PermissionTable, PermissionTableError, TraceContext, TraceparentError};
use isokern_core::kernel::Permission;
use isokern_core::{
    AllowAll, BatchKernel, Environment, ExecutionContext, GpuKernel, KernelError, KernelMetadata,
    KernelMode, Principal,
};
use isokern_guard::{Governed, SystemClock, TenantLimits, TenantQuotas};

const SQUARE: Permission = Permission::new("square.call");

struct Square;

impl GpuKernel for Square {
    fn metadata(&self) -> &KernelMetadata {
        const {
            &KernelMetadata::new("square", KernelMode::Batch)
                .with_version("1.0")
                .with_required_permission(SQUARE)
        }
    }
}

impl BatchKernel<u32, u32> for Square {
    async fn execute(&self, side: u32) -> Result<u32, KernelError> {
        tracing::info!(side, "at work");
        side.checked_mul(side).ok_or(KernelError::Failed { code: 1 })
    }
}

/// What may be wrong with the rules below.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    Table(#[from] PermissionTableError),
    #[error(transparent)]
    Trace(#[from] TraceparentError),
}

fn main() -> Result<(), Wrong> {
    tracing_subscriber::fmt().without_time().init();

    let mut table = PermissionTable::<8, 2>::new();
    table.try_grant("alice", SQUARE)?;
    let two_a_minute = TenantLimits::new(2, Duration::from_secs(30));
    let quotas = TenantQuotas::new(NonZeroUsize::MIN, two_a_minute);
    let kernel = Governed::new(Square, table).with_quota(quotas);

    // The caller's own environment allows everything, which helps nobody here.
    let environment = Environment::new(SystemClock, AllowAll);
    let trace: TraceContext = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse()?;
    for (request_id, name, side) in
        [(1, "alice", 12), (2, "mallory", 12), (3, "alice", u32::MAX), (4, "alice", 5)]
    {
        let context = ExecutionContext::new(&environment, Principal::new(name, &[SQUARE]))
            .with_request_id(request_id)
            .with_trace(trace)
            .with_tenant(7)
            .with_time_limit(Duration::from_secs(1));
        match pollster::block_on(kernel.execute_with_context(&context, side)) {
            Ok(area) => println!("{request_id}: {name} has {area}\n"),
            Err(error) => println!("{request_id}: {name} has error {}: {error}\n", error.code()),
        }
    }
    if let Err(error) = pollster::block_on(kernel.execute(12)) {
        println!("without a context: error {}: {error}", error.code());
    }
    Ok(())
}
