//! A picture through a classifier: a grey PGM file of any size is shrunk to the model's input.
//!
//! `cargo run -p isokern --example picture`, or `... picture -- MODEL.tflite PICTURE.pgm`. With
//! ImageMagick: `convert photo.jpg -colorspace gray -compress none picture.pgm`.

use std::{fs, io};

use isokern::{Device, Model};
use thiserror::Error;

const MODEL: &str = "tests/models/models/digits.tflite";
const PICTURE: &str = "crates/isokern/examples/data/three.pgm";

/// A grey picture, from 0.0 (black) to 1.0.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<f32>,
}

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Model(#[from] isokern::Error),
    #[error("the picture cannot be read")]
    File(#[from] io::Error),
    #[error("the picture is no plain PGM file, which starts with P2")]
    NoPicture,
    #[error("the model takes {0}, no grey image")]
    NoImage(String),
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let model = Model::open(arguments.next().as_deref().unwrap_or(MODEL))?;
    let path = arguments.next().unwrap_or_else(|| PICTURE.to_owned());
    let picture = Picture::parse(&fs::read_to_string(&path)?).ok_or(Failure::NoPicture)?;

    // The shape says how large the input is: one image, its rows, the pixels of a row, one colour.
    let input = model.input(0)?;
    let &[1, height, width, 1] = input.shape() else {
        return Err(Failure::NoImage(input.facts()));
    };
    let mut session = model.session(Device::Auto)?;
    let outputs = session.run(&picture.shrunk(width as usize, height as usize))?;
    println!("{path}: {} by {} pixels, as {}", picture.width, picture.height, input.facts());
    for class in outputs.highest(0, 3)? {
        println!("class {} with {:.3}", class.index, class.score);
    }
    Ok(())
}

impl Picture {
    /// Reads a plain PGM file: `P2`, width, height, the value of white, the pixels.
    fn parse(text: &str) -> Option<Self> {
        let words = text.lines().filter(|line| !line.starts_with('#'));
        let mut words = words.flat_map(str::split_whitespace);
        (words.next()? == "P2").then_some(())?;
        let mut number = || words.next()?.parse::<u16>().ok();
        let (width, height, white) = (number()?.into(), number()?.into(), f32::from(number()?));
        let pixel = |_| number().map(|value| f32::from(value) / white);
        let pixels = (0..width * height).map(pixel).collect::<Option<Vec<f32>>>()?;
        Some(Self { width, height, pixels })
    }

    /// Returns the picture in another size; each pixel is the mean of those that it covers.
    fn shrunk(&self, width: usize, height: usize) -> Vec<f32> {
        let mut pixels = Vec::with_capacity(width * height);
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let rows = covered(y, height, self.height);
            let mean = rows.clone().map(|row| {
                let columns = covered(x, width, self.width);
                let count = columns.len() as f32;
                columns.map(|column| self.pixels[row * self.width + column]).sum::<f32>() / count
            });
            pixels.push(mean.sum::<f32>() / rows.len() as f32);
        }
        pixels
    }
}

/// Returns what one of `count` parts covers of `len`, one at least.
fn covered(part: usize, count: usize, len: usize) -> core::ops::Range<usize> {
    let start = part * len / count;
    start..((part + 1) * len / count).max(start + 1)
}
