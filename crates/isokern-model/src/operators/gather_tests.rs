//! Random choices by index against their definition, for teams of several sizes, and indices that
//! are those of nothing.

use std::vec;
use std::vec::Vec;

use isokern_core::compute::ModelArtifact;
use isokern_core::{Cells, DType};

use super::gather::{Gather, GatherBody};
use super::test_teams::{Numbers, Rank};
use crate::encode::{Constant, Draft, DraftOp, DraftPort, DraftTensor};
use crate::layout::Layout;
use crate::tensor::Region;
use crate::{Memory, Model, PlainLoops, RunError, run_ops};

/// A choice by index, and what it is of.
struct Case {
    body: GatherBody,
    dtype: DType,
    source: Vec<i8>,
    indices: Vec<i32>,
}

impl Case {
    fn random(numbers: &mut Numbers, round: usize) -> Self {
        let dtype = [DType::I8, DType::I16, DType::F32, DType::I64][round % 4];
        let sizes: Vec<u32> = (0..=numbers.below(3)).map(|_| 1 + numbers.below(6)).collect();
        let mut steps = [0; 5];
        let mut choices = 1;
        for (place, size) in sizes.iter().enumerate().rev() {
            steps[place] = choices;
            choices *= size;
        }
        let body = GatherBody {
            batches: 1 + numbers.below(3),
            repeats: 1 + numbers.below(3),
            choices,
            count: 1 + numbers.below(9),
            block: [1, 1, 2, 3, 8, 16, 70][numbers.below(7) as usize],
            steps,
            numbers: sizes.len() as u8,
            constants: numbers.below(4) as u8,
            reserved: [0; 2],
        };
        let elements = body.batches * body.repeats * body.choices * body.block;
        let bytes = elements as usize * dtype.size_bytes();
        let listed = body.batches * body.count;
        Self {
            body,
            dtype,
            source: (0..bytes).map(|_| numbers.below(256) as u8 as i8).collect(),
            indices: (0..listed)
                .flat_map(|_| sizes.clone())
                .map(|size| numbers.below(size) as i32)
                .collect(),
        }
    }

    fn draft(&self) -> Draft {
        let body = &self.body;
        let bytes: Vec<u8> = self.source.iter().map(|byte| byte.cast_unsigned()).collect();
        let constants = [Constant::Values(bytes), Constant::of(&self.indices)];
        let is_constant = |place: usize| body.constants >> place & 1 != 0;
        let inputs: Vec<u16> = (0..2).filter(|&place| !is_constant(place.into())).collect();
        let constants = constants.into_iter().enumerate();
        let constants = constants.filter(|(place, _)| is_constant(*place)).map(|(_, data)| data);
        let op = DraftOp::new::<Gather>(body, &inputs, &[2]);
        let len = (self.source.len() / self.dtype.size_bytes()) as u32;
        let output = body.batches * body.repeats * body.count * body.block;
        let listed = self.indices.len() as u32;
        let mut offset = 0;
        let tensors = [(len, self.dtype), (listed, DType::I32), (output, self.dtype)];
        let tensors = tensors.map(|(len, dtype)| {
            let region = Region::Arena;
            let dims = vec![len];
            let tensor = DraftTensor { dims, dtype, scale: 1.0, zero_point: 0, region, offset };
            offset += (tensor.bytes() as u32).next_multiple_of(16);
            tensor
        });
        Draft {
            inputs: vec![DraftPort::new(0, "source"), DraftPort::new(1, "indices")],
            outputs: vec![DraftPort::new(2, "")],
            tensors: tensors.to_vec(),
            ops: vec![op.with_constants(constants.collect())],
            state: Vec::new(),
            source_sha256: [0; 32],
        }
    }

    /// Returns the output by the definition of the operator.
    fn expected(&self) -> Vec<i8> {
        let body = &self.body;
        let (bytes, numbers) =
            (body.block as usize * self.dtype.size_bytes(), usize::from(body.numbers));
        let mut output = Vec::new();
        for part in 0..body.batches * body.repeats {
            for place in 0..body.count {
                let place = (part / body.repeats * body.count + place) as usize;
                let index = &self.indices[place * numbers..][..numbers];
                let choice: i32 =
                    index.iter().zip(body.steps).map(|(index, step)| index * step as i32).sum();
                let from = (part * body.choices + choice as u32) as usize * bytes;
                output.extend_from_slice(&self.source[from..from + bytes]);
            }
        }
        output
    }

    /// Returns the result of each rank of a team, and the output.
    fn run(&self, model: &Model<'_>, size: usize) -> (Vec<Result<(), RunError>>, Vec<i8>) {
        let mut arena = vec![0x55_i8; model.arena_bytes()];
        let indices = self.indices.iter().flat_map(|index| index.to_le_bytes());
        let indices: Vec<i8> = indices.map(u8::cast_signed).collect();
        for (at, content) in [&self.source, &indices].into_iter().enumerate() {
            let offset = model.input_at(at).offset();
            arena[offset..offset + content.len()].copy_from_slice(content);
        }
        let run = |rank| {
            let memory = Memory::stateless(Cells::from_mut(&mut arena));
            run_ops(&Rank(rank, size), &PlainLoops::new(), model, &memory, 0..1)
        };
        let results = (0..size).map(run).collect();
        let output = model.output();
        (results, arena[output.offset()..][..output.bytes()].to_vec())
    }
}

#[test]
fn any_blocks_are_picked_by_any_indices() {
    let mut numbers = Numbers(0x2545_f491);
    for round in 0..600 {
        let case = Case::random(&mut numbers, round);
        let blob = case.draft().encode(Layout::Row).expect("indices are inside");
        let artifact = ModelArtifact::from_bytes(&blob);
        let model = Model::parse(artifact.bytes()).expect("the encoder parsed it");
        for size in [1, 2, 5] {
            let (results, output) = case.run(&model, size);
            assert_eq!(results, vec![Ok(()); size]);
            assert_eq!(output, case.expected(), "{:?} in a team of {size}", case.body);
        }
    }
}

#[test]
fn an_index_outside_is_an_error_of_all_ranks_and_nothing_is_written() {
    let mut numbers = Numbers(0x1357_9bdf);
    let mut case = Case::random(&mut numbers, 0);
    case.body.constants = 0;
    let blob = case.draft().encode(Layout::Row).expect("indices are inputs");
    let artifact = ModelArtifact::from_bytes(&blob);
    let model = Model::parse(artifact.bytes()).expect("the encoder parsed it");
    let good = case.indices.clone();
    let end = case.body.choices as i32 / case.body.steps[0] as i32;
    for place in [0, good.len() / usize::from(case.body.numbers) - 1] {
        for wrong in [-1, end, i32::MIN, i32::MAX] {
            case.indices.clone_from(&good);
            // A whole index: the last numbers cannot make up for the first.
            let numbers = usize::from(case.body.numbers);
            case.indices[place * numbers..][..numbers].fill(0);
            case.indices[place * numbers] = wrong;
            for size in [1, 3] {
                let (results, output) = case.run(&model, size);
                assert_eq!(results, vec![Err(RunError::Index { index: 0 }); size], "{wrong}");
                assert!(output.iter().all(|&byte| byte == 0x55));
            }
        }
    }
}
