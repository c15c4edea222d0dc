//! A GPU where one is found, this processor where none is: the same bytes.
//!
//! `cargo run -p isokern --example gpu_fallback`. Without a GPU the stand-in executes the same
//! device code: `cargo build -p isokern-simcuda`, then put the folder of its library, as
//! `libcuda.so`, into LD_LIBRARY_PATH (docs/simcuda.md).

use isokern::{Device, Error, Model};

const MODEL: &str = "tests/models/models/digits.tflite";

fn main() -> Result<(), Error> {
    let model = Model::open(MODEL)?;
    let images: Vec<i8> = (0..4 * 64).map(|at| (at * 7 % 256 - 128) as i8).collect();

    let mut session = model.session(Device::Auto)?;
    let outputs = session.run_batch(&images)?.bytes().to_vec();
    println!("on {}", session.place());
    if let Some(reason) = session.fallback_reason() {
        println!("not on a GPU, for {reason}");
    }

    let mut processor = model.session(Device::Cpu)?;
    let same = processor.run_batch(&images)?.bytes() == outputs;
    println!(
        "{} bytes, {}",
        outputs.len(),
        if same { "the same on the processor" } else { "others" }
    );

    // Who wants the GPU or nothing says so, and gets an error that says what to do.
    match model.session(Device::Cuda { ordinal: 0 }) {
        Ok(session) => println!("asked for: {}", session.place()),
        Err(error) => println!("asked for: {error}"),
    }
    Ok(())
}
