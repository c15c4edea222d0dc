//! Rows of a motor's sensors through an autoencoder: a row that the model cannot give back has
//! something in it that no healthy motor has.
//!
//! `cargo run -p isokern --example sensor`, or `... sensor -- MODEL.tflite ROWS.csv THRESHOLD`. The
//! model and the rows are made by `data/make_motor.py`.

use core::num::ParseFloatError;
use std::{fs, io};

use isokern::{Device, Model};
use thiserror::Error;

const MODEL: &str = "crates/isokern/examples/data/motor.tflite";
const ROWS: &str = "crates/isokern/examples/data/motor.csv";
/// The mean squared error above which a row is reported.
const THRESHOLD: f32 = 0.01;

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Model(#[from] isokern::Error),
    #[error("the rows cannot be read")]
    File(#[from] io::Error),
    #[error("a value is no number")]
    Number(#[from] ParseFloatError),
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let model = Model::open(arguments.next().as_deref().unwrap_or(MODEL))?;
    let text = fs::read_to_string(arguments.next().as_deref().unwrap_or(ROWS))?;
    let threshold = arguments.next().map_or(Ok(THRESHOLD), |text| text.parse())?;

    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut session = model.session(Device::Auto)?;
    let mut given_back = vec![0.0_f32; names.len()];
    let (mut count, mut reported) = (0, 0);
    for (number, line) in lines.enumerate() {
        let row = line.split(',').map(str::parse).collect::<Result<Vec<f32>, _>>()?;
        // Real numbers in, real numbers out: the model's scales are its own business.
        session.run(&row)?.read(0, &mut given_back)?;
        let errors = row.iter().zip(&given_back).map(|(one, other)| (one - other).powi(2));
        let errors: Vec<f32> = errors.collect();
        let mean = errors.iter().sum::<f32>() / errors.len() as f32;
        count += 1;
        if mean > threshold {
            reported += 1;
            let worst = (0..errors.len()).max_by(|&a, &b| errors[a].total_cmp(&errors[b]));
            let worst = worst.map_or("", |sensor| names[sensor]);
            println!("row {number}: error {mean:.4}, most of it in {worst}");
        }
    }
    println!("{reported} of {count} rows above {threshold}");
    Ok(())
}
