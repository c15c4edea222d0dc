//! Images of digits as text, side by side, with what the model makes of them.

use std::io::{self, Write};

use crate::answers::Answer;

/// Pixels of a side.
const SIDE: usize = 8;
/// Pictures in the row.
const SHOWN: usize = 4;
/// From an empty to a full pixel.
const SHADES: &[u8; 10] = b" .:-=+*#%@";

/// Prints the first images, and as the last one an image that the model misreads.
pub(super) fn print(
    images: &[u8],
    labels: &[u8],
    answers: &[Answer],
    out: &mut impl Write,
) -> io::Result<()> {
    let wrong = |&index: &usize| answers[index].class != usize::from(labels[index]);
    let mut chosen: Vec<usize> = (0..answers.len().min(SHOWN)).collect();
    if let (Some(misread), Some(last)) = ((0..answers.len()).find(wrong), chosen.last_mut()) {
        *last = misread.max(*last);
    }
    for row in 0..SIDE {
        let line: Vec<String> = chosen.iter().map(|&index| pixels(images, index, row)).collect();
        writeln!(out, "  {}", line.join("    ").trim_end())?;
    }
    let captions = chosen.iter().map(|&index| {
        let Answer { class, score, .. } = answers[index];
        let word = if class == usize::from(labels[index]) { "reads" } else { "MISREAD" };
        format!("{word} {class} ({score:.3})")
    });
    let captions: Vec<String> = captions.map(|caption| format!("{caption:<16}")).collect();
    writeln!(out, "\n  {}", captions.join("    ").trim_end())?;
    let labels = chosen.iter().map(|&index| format!("{:<16}", format!("is {}", labels[index])));
    writeln!(out, "  {}", labels.collect::<Vec<_>>().join("    ").trim_end())
}

/// Returns a row of an image, two signs per pixel.
fn pixels(images: &[u8], index: usize, row: usize) -> String {
    let start = (index * SIDE + row) * SIDE;
    let sign = |byte: &u8| {
        let level = usize::from(byte.cast_signed().abs_diff(i8::MIN));
        char::from(SHADES[level * SHADES.len() / 256])
    };
    images[start..start + SIDE].iter().flat_map(|byte| [sign(byte); 2]).collect()
}
