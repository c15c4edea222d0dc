//! Random moves against a copy of one element after the other, for teams of several sizes.

use std::vec;
use std::vec::Vec;

use isokern_core::compute::ModelArtifact;
use isokern_core::{Cells, DType};

use super::test_teams::{Numbers, Rank};
use crate::encode::{Draft, DraftMove, DraftPort, DraftTensor};
use crate::layout::Layout;
use crate::operator::{CopyLine, CopyRows};
use crate::operators::moves::PieceAxis;
use crate::tensor::Region;
use crate::{Memory, Model, PlainLoops, run_ops};

/// A piece: its source, its start and its axes.
type Placed = (u32, u32, Vec<PieceAxis>);

/// Cuts a box in two again and again, and gives each part a source.
fn pieces(numbers: &mut Numbers, whole: &[(u32, u32)], sources: &[u32]) -> Vec<Placed> {
    let (mut boxes, mut done) = (vec![whole.to_vec()], Vec::new());
    while let Some(mut part) = boxes.pop() {
        let place = numbers.below(part.len() as u32) as usize;
        let (first, size) = part[place];
        if size > 1 && numbers.below(3) > 0 && done.len() < 12 {
            let cut = 1 + numbers.below(size - 1);
            part[place] = (first, cut);
            boxes.push(part.clone());
            part[place] = (first + cut, size - cut);
            boxes.push(part);
            continue;
        }
        let source = numbers.below(sources.len() as u32);
        done.push(placed(numbers, &part, source, sources[source as usize]));
    }
    done
}

/// Gives a box strides, contiguous or not, that stay inside a source of `len` elements.
fn placed(numbers: &mut Numbers, part: &[(u32, u32)], source: u32, len: u32) -> Placed {
    let (mut least, mut most, mut contiguous) = (0_i64, 0_i64, 1_i64);
    let mut axes = Vec::new();
    for &(first, size) in part.iter().rev() {
        let stride = match numbers.below(6) {
            0 => 0,
            1 => -i64::from(numbers.below(4)),
            2 => i64::from(numbers.below(7)),
            _ => contiguous,
        };
        contiguous = stride * i64::from(size);
        let reach = stride * i64::from(size - 1);
        let stride = if most - least + reach.abs() < i64::from(len) { stride } else { 0 };
        let reach = stride * i64::from(size - 1);
        least += reach.min(0);
        most += reach.max(0);
        axes.insert(0, PieceAxis { first, size, stride: stride as i32 });
    }
    let slack = i64::from(len) - (most - least);
    let start = i64::from(numbers.below(slack as u32)) - least;
    (source, start as u32, axes)
}

/// Returns the output by the definition of the operator.
fn expected(dims: &[u32], pieces: &[Placed], sources: &[Vec<i8>], width: usize) -> Vec<i8> {
    let len: u32 = dims.iter().product();
    let mut output = vec![0; len as usize * width];
    for index in 0..len {
        let mut rest = index;
        let mut at: Vec<u32> = dims
            .iter()
            .rev()
            .map(|&size| {
                let place = rest % size;
                rest /= size;
                place
            })
            .collect();
        at.reverse();
        let holds = |(_, _, axes): &&Placed| {
            at.iter()
                .zip(axes)
                .all(|(&at, axis)| (axis.first..axis.first + axis.size).contains(&at))
        };
        let (source, start, axes) = pieces.iter().find(holds).expect("pieces cover the output");
        let from = at.iter().zip(axes).fold(i64::from(*start), |from, (&at, axis)| {
            from + i64::from(axis.stride) * i64::from(at - axis.first)
        });
        let from = from as usize * width;
        let to = index as usize * width;
        output[to..to + width].copy_from_slice(&sources[*source as usize][from..from + width]);
    }
    output
}

#[test]
fn any_boxes_come_from_any_source() {
    let mut numbers = Numbers(0x1234_5678);
    let types = [DType::I8, DType::I16, DType::F32, DType::I64];
    for round in 0..800 {
        let dtype = types[round % 4];
        let width = dtype.size_bytes();
        let rank = 1 + numbers.below(6);
        let dims: Vec<u32> =
            (0..rank).map(|_| 1 + numbers.below([90, 14, 7, 5, 4, 3][rank as usize - 1])).collect();
        let lens: Vec<u32> = (0..=numbers.below(3)).map(|_| 1 + numbers.below(300)).collect();
        let contents: Vec<Vec<i8>> = lens
            .iter()
            .map(|&len| (0..len as usize * width).map(|_| numbers.below(256) as u8 as i8).collect())
            .collect();
        let whole: Vec<(u32, u32)> = dims.iter().map(|&size| (0, size)).collect();
        let pieces = pieces(&mut numbers, &whole, &lens);
        check(dtype, &dims, &pieces, &contents);
    }
}

#[test]
fn rows_become_columns_and_run_backwards() {
    let mut numbers = Numbers(0x9876_5432);
    for dtype in [DType::I8, DType::I16, DType::F32, DType::I64] {
        for (rows, columns) in [(7, 9), (8, 8), (8, 30), (17, 33), (40, 16), (3, 70)] {
            let len = rows * columns;
            let bytes = len as usize * dtype.size_bytes();
            let content: Vec<i8> = (0..bytes).map(|_| numbers.below(256) as u8 as i8).collect();
            let axis = |size, stride| PieceAxis { first: 0, size, stride };
            let (height, width) = (rows as i32, columns as i32);
            for (start, strides) in [
                (0, [1, width]),
                (columns - 1, [-1, width]),
                (len - 1, [-1, -width]),
                (len - 1, [-height, -1]),
            ] {
                let axes = vec![axis(columns, strides[0]), axis(rows, strides[1])];
                check(dtype, &[columns, rows], &[(0, start, axes)], &[content.clone(), vec![0; 8]]);
            }
        }
    }
}

/// Compares a move of pieces with its definition. The last source is in the model, the others are
/// its inputs.
fn check(dtype: DType, dims: &[u32], pieces: &[Placed], contents: &[Vec<i8>]) {
    let width = dtype.size_bytes();
    let inputs = contents.len() as u16 - 1;
    let mut draft_move = DraftMove::new(dims);
    for (source, start, axes) in pieces {
        draft_move.piece(*source, *start, axes);
    }
    let data = bytemuck::cast_slice(contents.last().expect("a source")).to_vec();
    let listed: Vec<u16> = (0..inputs).collect();
    let op = draft_move.with_data(data).op(&listed, inputs).expect("at most six axes");
    let mut offset = 0;
    let mut tensor = |dims: &[u32]| {
        let tensor = DraftTensor {
            dims: dims.to_vec(),
            dtype,
            scale: 1.0,
            zero_point: 0,
            region: Region::Arena,
            offset,
        };
        offset += (tensor.bytes() as u32).next_multiple_of(16);
        tensor
    };
    let mut tensors: Vec<DraftTensor> = contents[..inputs.into()]
        .iter()
        .map(|content| tensor(&[(content.len() / width) as u32]))
        .collect();
    tensors.push(tensor(dims));
    tensors.push(tensor(&[1]));
    // A model has an input, also where the move has none.
    let ports = |indices: &[u16]| indices.iter().map(|&at| DraftPort::new(at, "")).collect();
    let draft = Draft {
        inputs: ports(&[&listed[..], &[inputs + 1]].concat()),
        outputs: ports(&[inputs]),
        tensors,
        ops: vec![op],
        state: Vec::new(),
        source_sha256: [0; 32],
    };
    let blob = draft.encode(Layout::Row).expect("pieces that cover the output");
    let artifact = ModelArtifact::from_bytes(&blob);
    let model = Model::parse(artifact.bytes()).expect("the encoder parsed it");
    let expected = expected(dims, pieces, contents, width);
    check_rows(&model, pieces, &expected, width);
    for size in [1, 2, 5] {
        let mut arena = vec![0x55_i8; model.arena_bytes()];
        for (at, content) in contents[..inputs.into()].iter().enumerate() {
            let offset = model.input_at(at).offset();
            arena[offset..offset + content.len()].copy_from_slice(content);
        }
        for rank in 0..size {
            let memory = Memory::stateless(Cells::from_mut(&mut arena));
            run_ops(&Rank(rank, size), &PlainLoops::new(), &model, &memory, 0..1)
                .expect("all kinds are built");
        }
        let offset = model.output().offset();
        let found = &arena[offset..offset + expected.len()];
        assert_eq!(found, expected, "{dims:?} {pieces:?} in a team of {size}");
    }
}

/// Compares the rows that are counted with the pieces: they have all elements, and rows of a
/// source in the model are those of its pieces.
fn check_rows(model: &Model<'_>, pieces: &[Placed], expected: &[i8], width: usize) {
    let op = model.ops().next().expect("there is one");
    let mut rows = Vec::new();
    op.each_copy(|copied| rows.push(copied));
    let elements = |copied: &CopyRows| {
        copied.groups * u64::from(copied.rows.count) * u64::from(copied.elements.count)
    };
    assert_eq!(rows.iter().map(elements).sum::<u64>(), (expected.len() / width) as u64);
    assert!(rows.iter().all(|copied| copied.element_bytes == width));
    let is_constant = |(source, _, _): &Placed| *source as usize == model.input_count() - 1;
    let are_constant = pieces.iter().map(is_constant);
    assert!(rows.iter().map(|copied| copied.is_constant).eq(are_constant), "{pieces:?}");
    for (copied, (_, _, axes)) in rows.iter().zip(pieces) {
        let strides = || axes.iter().filter(|axis| axis.size > 1).map(|axis| axis.stride);
        let of_line =
            |line: CopyLine| line.count == 1 || strides().any(|it| it == line.read_stride);
        assert!(of_line(copied.elements) && of_line(copied.rows), "{copied:?} {axes:?}");
    }
}
