//! Layers that move elements.

use isokern_cpu::core::DType;
use isokern_model::encode::{Constant, DraftMove, DraftOp};
use isokern_model::operators::convert::{Conversion, Convert, ConvertBody};
use isokern_model::operators::gather::{Gather, GatherBody};
use isokern_model::operators::moves::PieceAxis;
use isokern_model::tensor::Region;

use super::Sketch;

impl Sketch<'_> {
    /// Returns rows become columns, forwards or backwards, and after them comes a column of a
    /// constant or of the input.
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

    /// Returns rows of each image by constant indices, or of a constant by what the input is cast
    /// to, which is mostly an index of nothing.
    pub(super) fn gather(&mut self, input: u16) -> u16 {
        let [images, height, width, depth] = self.sizes(input);
        let count = self.up_to(5);
        if self.byte() < 128 {
            let index = |_| i32::from(self.byte()) % height as i32;
            let indices: Vec<i32> = (0..count).map(index).collect();
            let body = GatherBody {
                batches: 1,
                repeats: images,
                choices: height,
                count,
                block: width * depth,
                steps: [1, 0, 0, 0, 0],
                numbers: 1,
                constants: 0b10,
                reserved: [0; 2],
            };
            let output = self.tensor([images, count, width, depth], Region::Arena);
            let op = DraftOp::new::<Gather>(&body, &[input], &[output]);
            self.push(op.with_constants(vec![Constant::of(&indices)]));
            return output;
        }
        let sizes = [images, height, width, depth];
        let indices = self.typed(sizes, DType::I32);
        let operation = Conversion::Cast.code();
        let cast = ConvertBody { operation, ..ConvertBody::default() };
        self.push(DraftOp::new::<Convert>(&cast, &[input], &[indices]));
        let elements = images * height * width * depth;
        let (numbers, steps) =
            if elements % 2 == 0 { (2, [1, 1, 0, 0, 0]) } else { (1, [1, 0, 0, 0, 0]) };
        let body = GatherBody {
            batches: 1,
            repeats: 1,
            choices: 128,
            count: elements / numbers,
            block: 1,
            steps,
            numbers: numbers as u8,
            constants: 0b01,
            reserved: [0; 2],
        };
        let output = self.tensor([1, 1, 1, elements / numbers], Region::Arena);
        let op = DraftOp::new::<Gather>(&body, &[indices], &[output]);
        let table = self.weights(128);
        self.push(op.with_constants(vec![Constant::of(&table)]));
        output
    }
}
