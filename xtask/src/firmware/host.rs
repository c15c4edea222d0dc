//! What the host says: the `isokern` program, with its plain and with its fastest loops.

use super::models::DIGITS;
use crate::failure::Failure;
use crate::process;
use crate::repository;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Inputs of a model whose outputs the digest covers; `measure.rs` has the same number.
const INPUTS: u32 = 4;

/// Images of the smallest program.
const IMAGES: &str = "tests/models/models/digits.test.i8";

/// Places in a packed model (`docs/format.md`): counts of tensors, constants and inputs in the
/// header, which is followed by the records of both and then by the lists, whose first entries are
/// the inputs; and where a tensor's record has its length in bytes.
const TENSOR_COUNT: usize = 36;
const CONSTANT_COUNT: usize = 40;
const INPUT_COUNT: usize = 44;
const HEADER_BYTES: usize = 128;
const TENSOR_BYTES: usize = 48;
const CONSTANT_BYTES: usize = 8;
const LENGTH: usize = 16;

/// The built program, a folder for its files, and the digits it reads in the images.
pub(super) struct Host {
    program: PathBuf,
    folder: PathBuf,
    digits: Vec<String>,
}

impl Host {
    /// Builds the program; its files go below a folder of the build output.
    pub(super) fn build(folder: &str) -> Result<Self, Failure> {
        let mut cargo = process::cargo();
        process::run(cargo.args(["build", "--release", "--package", "isokern-cli"]))?;
        let folder = repository::target_dir().join(folder).join("models");
        std::fs::create_dir_all(&folder)
            .map_err(|source| Failure::Path { path: folder.clone(), source })?;
        let program = repository::target_dir().join("release/isokern");
        let mut host = Self { program, folder, digits: Vec::new() };
        host.digits = host.read_digits()?;
        Ok(host)
    }

    /// Converts a model to its smallest form.
    pub(super) fn convert(&self, name: &str, source: &Path) -> Result<PathBuf, Failure> {
        let path = self.folder.join(format!("{name}.ikm"));
        let mut command = Command::new(&self.program);
        process::output(command.arg("convert").arg(source).arg("-o").arg(&path))?;
        Ok(path)
    }

    /// Returns the digest of the outputs for the generated inputs, the same with all loops.
    pub(super) fn digest(&self, name: &str, model: &Path) -> Result<String, Failure> {
        let (_, inputs) = self.generated(model)?;
        self.digest_of(name, model, &inputs)
    }

    /// Returns the digest of the outputs for these inputs, all ports of one after the other.
    pub(super) fn digest_of(
        &self,
        name: &str,
        model: &Path,
        inputs: &[u8],
    ) -> Result<String, Failure> {
        let lens = input_lens(&read(model)?);
        let mut ports = vec![Vec::new(); lens.len()];
        let mut rest = inputs;
        while !rest.is_empty() {
            for (values, &len) in ports.iter_mut().zip(&lens) {
                let cut = rest.split_at_checked(len).filter(|_| len > 0);
                let (now, later) = cut.ok_or(Failure::Blind("an input is cut short"))?;
                values.extend_from_slice(now);
                rest = later;
            }
        }
        self.outputs(model, &self.inputs(name, &ports)?)
    }

    /// Returns the generated inputs, all ports of one after the other, and how many there are.
    pub(super) fn generated(&self, model: &Path) -> Result<(usize, Vec<u8>), Failure> {
        let lens = input_lens(&read(model)?);
        let input = |seed| {
            let ports = (0..).zip(&lens);
            ports.flat_map(move |(port, &len)| generate_input(seed + (port << 8), len))
        };
        Ok((INPUTS as usize, (1..=INPUTS).flat_map(input).collect()))
    }

    /// Returns the first of these inputs, as many as are generated of others, and how many that is.
    pub(super) fn first_of(
        &self,
        model: &Path,
        mut inputs: Vec<u8>,
    ) -> Result<(usize, Vec<u8>), Failure> {
        let len = input_lens(&read(model)?).iter().sum::<usize>().max(1);
        inputs.truncate(INPUTS as usize * len);
        Ok((inputs.len() / len, inputs))
    }

    /// Returns what is in a model, and its predicted instructions on a processor, as JSON.
    pub(super) fn inspect(&self, model: &Path, target: &str) -> Result<String, Failure> {
        let mut command = Command::new(&self.program);
        process::output(command.arg("inspect").arg(model).args(["--json", "--target", target]))
    }

    /// Writes the inputs of each port, and returns the arguments that name them.
    pub(super) fn inputs(&self, name: &str, ports: &[Vec<u8>]) -> Result<Vec<String>, Failure> {
        let mut arguments = Vec::new();
        for (position, values) in ports.iter().enumerate() {
            let path = self.folder.join(format!("{name}.{position}.i8"));
            write(&path, values)?;
            let port = if ports.len() > 1 { format!("{position}=") } else { String::new() };
            arguments.extend(["--input".to_owned(), format!("{port}{}", path.display())]);
        }
        Ok(arguments)
    }

    /// Returns the digest of the outputs for these inputs, the same with all loops.
    pub(super) fn outputs(&self, model: &Path, inputs: &[String]) -> Result<String, Failure> {
        let digest = |instructions| -> Result<String, Failure> {
            let mut command = Command::new(&self.program);
            command.arg("run").arg(model).args(inputs);
            command.args(["--instructions", instructions, "--quiet"]);
            Ok(process::output(&mut command)?.trim().to_owned())
        };
        let (plain, fastest) = (digest("plain")?, digest("auto")?);
        if plain != fastest {
            let name = model.file_stem().unwrap_or_default().to_string_lossy();
            let message = format!("{name}: on the host itself, plain {plain}, fastest {fastest}");
            return Err(Failure::Check(message));
        }
        Ok(plain)
    }

    /// Returns the states that a stream of these inputs leaves, one after the other.
    pub(super) fn states(&self, model: &Path, inputs: &[String]) -> Result<Vec<u8>, Failure> {
        let path = model.with_extension("states");
        let mut command = Command::new(&self.program);
        command.arg("run").arg(model).args(inputs).args(["--stream", "--quiet", "--state"]);
        process::output(command.arg(&path))?;
        read(&path)
    }

    /// Returns the digits the host reads in the first images, the later one of equals; fewer where
    /// there are not as many images.
    pub(super) fn digits(&self, count: usize) -> &[String] {
        self.digits.get(..count).unwrap_or(&self.digits)
    }

    /// Returns the digits in all images.
    fn read_digits(&self) -> Result<Vec<String>, Failure> {
        let root = repository::root();
        let output = self.folder.join("digits.scores.i8");
        let mut command = Command::new(&self.program);
        command.arg("run").arg(root.join(DIGITS)).arg("--input").arg(root.join(IMAGES));
        process::output(command.arg("--output").arg(&output).arg("--quiet"))?;
        let scores = read(&output)?;
        let answer = |scores: &[u8]| {
            let classes = scores.iter().enumerate();
            let best = classes.max_by_key(|(_, score)| score.cast_signed());
            best.map_or(0, |(class, _)| class).to_string()
        };
        Ok(scores.chunks_exact(10).map(answer).collect())
    }
}

/// Returns the input that belongs to a seed, as `docs/format.md` defines it: xorshift32, top bytes.
fn generate_input(seed: u32, len: usize) -> impl Iterator<Item = u8> {
    let mut state = seed;
    (0..len).map(move |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8
    })
}

/// Returns bytes of each input.
fn input_lens(blob: &[u8]) -> Vec<usize> {
    let half = |at: usize| {
        let bytes = blob.get(at..at + 2).and_then(|bytes| bytes.try_into().ok());
        usize::from(u16::from_le_bytes(bytes.unwrap_or_default()))
    };
    let lists =
        HEADER_BYTES + half(TENSOR_COUNT) * TENSOR_BYTES + half(CONSTANT_COUNT) * CONSTANT_BYTES;
    let len = |position: usize| {
        let length = HEADER_BYTES + half(lists + 2 * position) * TENSOR_BYTES + LENGTH;
        half(length) | half(length + 2) << 16
    };
    (0..half(INPUT_COUNT)).map(len).collect()
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|source| Failure::Path { path: path.to_owned(), source })
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|source| Failure::Path { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::generate_input;

    #[test]
    fn the_generated_input_is_that_of_the_format() {
        let input: Vec<u8> = generate_input(1, 4).collect();
        assert_eq!(input, [0x00, 0x04, 0x9D, 0x12]);
    }
}
