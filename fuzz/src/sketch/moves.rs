//! Layers that move elements.

use isokern_model::encode::DraftMove;
use isokern_model::operators::moves::PieceAxis;
use isokern_model::tensor::Region;

use super::Sketch;

impl Sketch<'_> {
    /// Rows become columns, forwards or backwards, and after them comes a column of a constant
    /// or of the input.
    pub(super) fn moves(&mut self, input: u16) -> u16 {
        let [images, height, width, depth] = self.sizes(input);
        let axis = |first, size, stride| PieceAxis { first, size, stride };
        let (row, image) = ((width * depth) as i32, height * width * depth);
        let mut columns = DraftMove::new(&[images, width, height + 1, depth]);
        let turned = self.byte() >= 128;
        let (start, across) = if turned { (row as u32 - depth, -1) } else { (0, 1) };
        let whole = |stride: i32, size| axis(0, size, stride);
        let channels = whole(1, depth);
        let across = whole(across * depth as i32, width);
        columns.piece(
            0,
            start,
            &[whole(image as i32, images), across, whole(row, height), channels],
        );
        let source = u32::from(self.byte() >= 128);
        let last = axis(height, 1, 0);
        columns.piece(source, 0, &[whole(0, images), whole(0, width), last, whole(0, depth)]);
        let output = self.tensor([images, width, height + 1, depth], Region::Arena);
        let op = columns.with_data(vec![self.byte()]).op(&[input], output);
        self.push(op.expect("two pieces of at most four axes"));
        output
    }
}
