//! Tests of readers: every mask over shapes with every size of element, against the definition.

extern crate std;

use std::vec;
use std::vec::Vec;

use crate::memory::Memory;
use crate::operators::broadcast::{Dims, Operand};
use crate::tensor::Tensor;
use isokern_core::Cells;

/// Computes the definition: the index in every dimension, the places of those that do not repeat.
fn place(dims: &Dims, repeats: u8, index: usize) -> usize {
    let (mut rest, mut stride, mut place) = (index, 1, 0);
    for (dim, &size) in dims.iter().enumerate().rev() {
        if repeats >> dim & 1 == 0 {
            place += rest % size as usize * stride;
            stride *= size as usize;
        }
        rest /= size as usize;
    }
    place
}

#[test]
fn readers_give_what_the_definition_gives() {
    let shapes: [Dims; 4] =
        [[1, 1, 1, 2, 3, 5], [2, 3, 1, 4, 1, 3], [1, 1, 1, 1, 7, 70], [2, 2, 2, 2, 2, 3]];
    for dims in shapes {
        let count: usize = dims.iter().map(|&size| size as usize).product();
        for repeats in 0..64_u8 {
            let own: usize = (0..6)
                .filter(|dim| repeats >> dim & 1 == 0)
                .map(|dim| dims[dim] as usize)
                .product();
            for element in [1, 4] {
                let bytes: Vec<i8> = (0..own * element).map(|value| value as i8).collect();
                let operand = Operand { tensor: Tensor::default(), constant: &bytes, repeats };
                assert!(operand.fits(&dims, element));
                let reader = Operand::reader(
                    &operand,
                    &dims,
                    element,
                    &Memory::stateless(Cells::from_mut(&mut [])),
                );
                let mut cursor = reader.cursor();
                for (first, len) in [(0, count / 3), (count / 3, 1), (count / 3 + 1, count / 2)] {
                    let mut found = vec![99; len * element];
                    cursor.fill(&mut found);
                    for (at, &value) in found.iter().enumerate() {
                        let index = first + at / element;
                        let expected = bytes[place(&dims, repeats, index) * element + at % element];
                        assert_eq!(value, expected, "{dims:?}, {repeats:#b}, {index}");
                        if element == 1 {
                            assert_eq!(reader.byte(index), expected);
                        }
                    }
                }
                let tiles = if element == 1 { count / 4 } else { 0 };
                let mut cursor = reader.cursor();
                for index in 0..tiles * 4 {
                    if index % 4 == 0 {
                        let tile: [i8; 4] = cursor.tile();
                        let expected = [0, 1, 2, 3].map(|at| reader.byte(index + at));
                        assert_eq!(tile, expected, "{dims:?}, {repeats:#b}, {index}");
                    }
                }
            }
        }
    }
}
