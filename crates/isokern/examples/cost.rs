//! What the facade adds to a run, counted: the same model, called through a session and through the
//! CPU backend.
//!
//! Instructions are counted by valgrind, and loading cancels out between two numbers of runs:
//!
//! ```sh
//! cargo build --release -p isokern --example cost
//! for runs in 2 22; do for how in direct session; do
//!   valgrind --tool=callgrind --callgrind-out-file=/dev/null \
//!     target/release/examples/cost MODEL.tflite $how $runs
//! done; done
//! ```

use isokern::samples::Packed;
use isokern::{Device, InstructionSet, Model, Plan};
use thiserror::Error;

const MODEL: &str = "tests/models/models/digits.tflite";

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Model(#[from] isokern::Error),
    #[error("usage: cost MODEL direct|session RUNS, of a model with int8 at its ends")]
    Usage,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let model = Model::open(arguments.next().as_deref().unwrap_or(MODEL))?;
    let how = arguments.next().unwrap_or_else(|| "session".to_owned());
    let runs = arguments.next().unwrap_or_else(|| "10".to_owned());
    let runs: usize = runs.parse().map_err(|_| Failure::Usage)?;
    let input = vec![3_i8; model.input(0)?.value_count()];
    let mut output = vec![0_i8; model.output(0)?.value_count()];
    let instructions = InstructionSet::detect();
    match how.as_str() {
        "direct" => {
            let mut called = model.load_cpu(instructions)?;
            for _ in 0..runs {
                let packed: &[u8] = bytemuck::must_cast_slice(&input);
                let target: &mut [u8] = bytemuck::must_cast_slice_mut(&mut output);
                let done = called.infer_one(&Packed(packed), &mut Packed(target));
                done.map_err(|_| Failure::Usage)?;
            }
        }
        "session" => {
            let plan = Plan::new(Device::Cpu).with_instruction_set(instructions);
            let mut session = model.session_with(plan)?;
            for _ in 0..runs {
                session.run(&input)?.read(0, &mut output)?;
            }
        }
        _ => return Err(Failure::Usage),
    }
    println!("{how}, {runs} runs with {instructions}: {:?}", &output[..output.len().min(4)]);
    Ok(())
}
