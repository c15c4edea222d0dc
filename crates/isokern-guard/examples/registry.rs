//! Kernels in a registry, and errors of their own: `cargo run -p isokern-guard --example registry`.

use core::num::ParseFloatError;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use isokern_core::kernel::FailureCode;
use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode, kernel_set};
use isokern_guard::SystemClock;

/// What this service's kernels fail with; the numbers are a part of its interface.
#[derive(Debug, thiserror::Error)]
enum SampleError {
    #[error("no samples")]
    Empty,
    #[error("not a number: {0}")]
    NotANumber(#[from] ParseFloatError),
}

impl FailureCode for SampleError {
    fn failure_code(&self) -> u32 {
        match self {
            Self::Empty => 1,
            Self::NotANumber(_) => 2,
        }
    }
}

fn samples(text: &str) -> Result<Vec<f32>, SampleError> {
    let samples: Vec<f32> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    if samples.is_empty() { Err(SampleError::Empty) } else { Ok(samples) }
}

/// Holds its metadata, as a kernel may that is made at run time.
struct Mean {
    metadata: KernelMetadata,
}

impl GpuKernel for Mean {
    fn metadata(&self) -> &KernelMetadata {
        &self.metadata
    }
}

impl BatchKernel<String, f32> for Mean {
    async fn execute(&self, text: String) -> Result<f32, KernelError> {
        let samples = samples(&text)?; // an error of our own becomes a kernel error
        Ok(samples.iter().sum::<f32>() / samples.len() as f32)
    }
}

struct First;

impl GpuKernel for First {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("stats/first", KernelMode::Batch) }
    }
}

impl BatchKernel<String, f32> for First {
    async fn execute(&self, text: String) -> Result<f32, KernelError> {
        let first = text.split_whitespace().next().unwrap_or_default();
        Ok(first.parse::<f32>()?) // and so does one of the standard library
    }
}

kernel_set! {
    /// Every kernel of the service.
    enum Statistic: BatchKernel<String, f32> {
        Mean(Mean),
        First(First),
    }
}

fn main() {
    let mean = Mean { metadata: KernelMetadata::new("stats/mean", KernelMode::Batch) };
    let kernels = [Statistic::Mean(mean), Statistic::First(First)].map(Arc::new);
    let registry: BTreeMap<_, _> =
        kernels.into_iter().map(|kernel| (kernel.id(), kernel)).collect();
    for (id, text) in [
        ("stats/mean", "1 2 6"),
        ("stats/mean", ""),
        ("stats/mean", "1 two"),
        ("stats/first", "7 8"),
        ("stats/first", "seven"),
        ("stats/last", "7 8"),
    ] {
        let Some(kernel) = registry.get(id) else {
            println!("{id}: no such kernel");
            continue;
        };
        // What points to a kernel is one: the `Arc` is called as the kernel is.
        let limit = Duration::from_secs(1);
        let call = kernel.execute_with_timeout(&SystemClock, text.to_owned(), limit);
        match pollster::block_on(call) {
            Ok(answer) => println!("{id} of `{text}` is {answer}"),
            Err(error) => println!("{id} of `{text}`: {}, {}", error.code(), error.detail()),
        }
    }
}
