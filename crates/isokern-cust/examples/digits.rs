//! A cust application that hands its context, stream and buffers to a model.
//!
//! The input is copied to the device by cust, the model runs on cust's stream without a copy, and
//! cust reads the output.

use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;

use cust::memory::{CopyDestination, DeviceBuffer};
use cust::stream::{Stream, StreamFlags};
use isokern_core::compute::ModelArtifact;
use isokern_cuda::CudaBackend;
use isokern_cust::{LentStream, context_of, view_mut_of, view_of};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let outputs = match (arguments.next(), arguments.next()) {
        (Some(model), Some(inputs)) => read(&model, &inputs).and_then(|(a, i)| run(&a, &i)),
        _ => Err("usage: digits MODEL.ikm INPUTS.i8".to_owned()),
    };
    match outputs {
        Ok(outputs) => {
            println!("{}", hex(&outputs));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn read(model: &OsStr, inputs: &OsStr) -> Result<(ModelArtifact, Vec<i8>), String> {
    let artifact = ModelArtifact::from_file(model).map_err(text)?;
    let bytes = std::fs::read(inputs).map_err(text)?;
    Ok((artifact, bytes.into_iter().map(u8::cast_signed).collect()))
}

/// Runs as many inputs as there are, and gives the outputs.
fn run(artifact: &ModelArtifact, inputs: &[i8]) -> Result<Vec<i8>, String> {
    let theirs = cust::quick_init().map_err(text)?;
    let stream = Stream::new(StreamFlags::DEFAULT, None).map_err(text)?;

    let context = context_of(&theirs).map_err(text)?;
    let backend = CudaBackend::with_context(&context).map_err(text)?;
    let mut model = backend.load(artifact).map_err(text)?;
    model.init().map_err(text)?;
    let metadata = model.metadata();
    let (Some(input_len), Some(output_len)) =
        (metadata.max_input_bytes(), metadata.max_output_bytes())
    else {
        return Err("the model does not say how long its tensors are".to_owned());
    };
    let count = inputs.len() / input_len;
    let source = DeviceBuffer::from_slice(&inputs[..count * input_len]).map_err(text)?;
    let mut target = DeviceBuffer::from_slice(&vec![0_i8; count * output_len]).map_err(text)?;

    let input = view_of(&context, &source).map_err(text)?;
    let output = view_mut_of(&context, &mut target).map_err(text)?;
    let lent = LentStream::new(&context, &stream).map_err(text)?;
    if let Err(error) = lent.infer(&mut model, input, output, || ()) {
        return Err(model.last_error().map_or_else(|| text(error), text));
    }

    let mut outputs = vec![0_i8; count * output_len];
    target.copy_to(&mut outputs).map_err(text)?;
    Ok(outputs)
}

/// Returns the bytes as text.
fn hex(values: &[i8]) -> String {
    values.iter().map(|value| format!("{value:02x}")).collect()
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
