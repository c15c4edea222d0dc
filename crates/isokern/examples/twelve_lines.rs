//! A model in twelve lines: `cargo run -p isokern --example twelve_lines`, from the repository.

use isokern::{Device, Error, Model};

fn main() -> Result<(), Error> {
    let model = Model::open("tests/models/models/digits.tflite")?; // or an .ikm file
    let mut session = model.session(Device::Auto)?; // a GPU where one is found, else the processor
    let image = [0.5_f32; 64]; // quantised by the model; `i8` is taken as it is
    let outputs = session.run(&image)?;
    let scores: Vec<f32> = outputs.to_vec(0)?;
    println!("{} -> {}: {scores:?}", model.inputs().list(), model.outputs().list());
    Ok(())
}
