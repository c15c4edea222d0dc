//! A kernel of your own, called in two ways: `cargo run -p isokern-guard --example batch_kernel`.

use core::time::Duration;

use isokern_core::kernel::safe_point;
use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode};
use isokern_guard::SystemClock;

/// The mean and the largest deviation from it.
struct Spread;

impl GpuKernel for Spread {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("spread", KernelMode::Batch).with_version("1.0") }
    }
}

impl BatchKernel<Vec<f64>, (f64, f64)> for Spread {
    fn validate_input(&self, samples: &Vec<f64>) -> Result<(), KernelError> {
        let refused = KernelError::InvalidInput { reason: "no samples" };
        if samples.is_empty() { Err(refused) } else { Ok(()) }
    }

    async fn execute(&self, samples: Vec<f64>) -> Result<(f64, f64), KernelError> {
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        let mut largest = 0.0_f64;
        for tile in samples.chunks(1024) {
            safe_point().await; // a limit can end the work here
            largest = tile.iter().fold(largest, |largest, x| largest.max((x - mean).abs()));
        }
        Ok((mean, largest))
    }
}

fn main() {
    let samples: Vec<f64> = (0..100_000).map(|index| f64::from(index % 101)).collect();
    let limit = Duration::from_secs(1);
    let call = Spread.execute_with_timeout(&SystemClock, samples, limit);
    match pollster::block_on(call) {
        Ok((mean, largest)) => println!("mean {mean:.3}, largest deviation {largest:.3}"),
        Err(error) => println!("error {}: {error}", error.code()),
    }
    let refused = pollster::block_on(Spread.execute_with_timeout(&SystemClock, vec![], limit));
    if let Err(error) = refused {
        println!("error {}: {error}", error.code());
    }
}
