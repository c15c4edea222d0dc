//! Lowers RESIZE_NEAREST_NEIGHBOR, which repeats or leaves out rows and columns of images.
//!
//! `micro/kernels/resize_nearest_neighbor.cc` and `reference/resize_nearest_neighbor.h`.

use super::gathered::Gathered;
use super::moved::{Boxes, PieceAxis, strides, whole};
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element::{self, Float32, Int8, Int16, Int32};

const TYPES: [Element; 3] = [Float32, Int8, Int16];

/// Lowers to a move where each row is repeated as often as all others and each column, or so many
/// are left out between two; else to a list of places.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let read = site.read(0, "input", &TYPES)?;
    read.rank(site, "input", (4, 4))?;
    site.constant_of(1, "size", &[Int32])?;
    let sizes = site.integers_for(1, "size", 2)?;
    let align = site.option::<bool>("align_corners")?;
    let half = site.option::<bool>("half_pixel_centers")?;
    let mut places = [Vec::new(), Vec::new()];
    for (dim, places) in places.iter_mut().enumerate() {
        let from = read.dims[dim + 1];
        let to = site.is_in("size", sizes[dim], 1, 1 << 16)?;
        *places = (0..to).map(|place| nearest(place, from, to, align, half)).collect();
    }
    let [rows, columns] = &places;
    let (images, width, depth) = (read.dims[0], read.dims[2], read.dims[3]);
    let shape = [images, rows.len() as u32, columns.len() as u32, depth];
    let step = strides(&read.dims);
    if let (Some(rows), Some(columns)) = (line(rows, step[1]), line(columns, step[2])) {
        let image = whole(images, step[0]);
        let axes = [image, rows[0], rows[1], columns[0], columns[1], whole(depth, step[3])];
        let mut boxes = Boxes::new(&axes.map(|axis| axis.size));
        boxes.add(0, 0, &axes);
        return boxes.write(site, 0, &[read], &shape);
    }
    let output = site.output_of(0, &[read.element])?;
    site.shape(&output, &shape)?;
    site.count_weights(rows.len() * columns.len() * size_of::<u32>())?;
    let mut places = Vec::new();
    for row in rows {
        places.extend(columns.iter().flat_map(|column| (row * width + column).to_le_bytes()));
    }
    let gathered = Gathered {
        batches: 1,
        repeats: images,
        choices: read.dims[1] * width,
        count: shape[1] * shape[2],
        block: depth,
        steps: vec![1],
    };
    let indices = read.of_bytes(places);
    gathered.emit(site, &read, &indices, output.place)
}

/// Returns the place of the input that is nearest to a place of the output.
fn nearest(place: u32, from: u32, to: u32, align: bool, half: bool) -> u32 {
    let aligned = align && to > 1;
    let scale = if aligned { (from - 1) as f32 / (to - 1) as f32 } else { from as f32 / to as f32 };
    let at = (place as f32 + if half { 0.5 } else { 0.0 }) * scale;
    // Not below zero, so that a cast rounds down; rounded are halves away from zero.
    let at = if align { at.round() } else { at };
    (at as u32).min(from - 1)
}

/// Returns two axes that give all places, if each is there as often as all others, and the next as
/// far away; `step` is from one place to the next.
fn line(places: &[u32], step: u32) -> Option<[PieceAxis; 2]> {
    let repeats = places.iter().take_while(|&place| *place == places[0]).count();
    let count = places.len() / repeats;
    let stride = places.get(repeats).map_or(0, |next| next - places[0]);
    let expected = |index: usize| (index / repeats) as u32 * stride;
    let is_line = places.iter().enumerate().all(|(index, &place)| place == expected(index));
    (places.len().is_multiple_of(repeats) && is_line)
        .then(|| [whole(count as u32, stride * step), whole(repeats as u32, 0)])
}

#[cfg(test)]
mod tests {
    use super::{line, nearest};

    fn places(from: u32, to: u32, align: bool, half: bool) -> Vec<u32> {
        (0..to).map(|place| nearest(place, from, to, align, half)).collect()
    }

    #[test]
    fn places_are_those_of_the_reference() {
        assert_eq!(places(3, 6, false, false), [0, 0, 1, 1, 2, 2]);
        assert_eq!(places(3, 6, false, true), [0, 0, 1, 1, 2, 2]);
        assert_eq!(places(3, 6, true, false), [0, 0, 1, 1, 2, 2]);
        assert_eq!(places(3, 5, true, false), [0, 1, 1, 2, 2]);
        assert_eq!(places(4, 2, false, true), [1, 3]);
        assert_eq!(places(5, 1, true, true), [3]);
    }

    #[test]
    fn lines_are_places_at_equal_distances() {
        let axes = line(&[0, 0, 1, 1, 2, 2], 7).expect("each twice");
        assert_eq!(axes.map(|axis| (axis.size, axis.stride)), [(3, 7), (2, 0)]);
        let axes = line(&[0, 2, 4], 7).expect("every other");
        assert_eq!(axes.map(|axis| (axis.size, axis.stride)), [(3, 14), (1, 0)]);
        assert_eq!(line(&[1, 3], 7), None);
        assert_eq!(line(&[0, 0, 1], 7), None);
        assert_eq!(line(&[0, 1, 1, 2], 7), None);
    }
}
