//! A cust application that hands its context, stream and buffers to a model.
//!
//! cust and the backend meet as raw handles and share no dependency. The input is copied to the
//! device by cust, the model runs on cust's stream without a copy, and cust reads the output.
//!
//! A stream of cust waits for the legacy default stream and the other way: fine for a batch, not
//! for a kernel that never ends.
#![allow(unsafe_code)]

use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;

use cust::memory::{CopyDestination, DeviceBuffer};
use cust::stream::{Stream, StreamFlags};
use isokern_core::ComputeModel;
use isokern_core::compute::ModelArtifact;
use isokern_cuda::{Context, CudaBackend, DeviceView, DeviceViewMut, Stream as BorrowedStream};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let outputs = match (arguments.next(), arguments.next()) {
        (Some(model), Some(inputs)) => read(&model, &inputs).and_then(|(a, i)| run(&a, &i)),
        _ => Err("usage: isokern-cust MODEL.ikm INPUTS.i8".to_owned()),
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
    let owner = cust::quick_init().map_err(text)?;
    let stream = Stream::new(StreamFlags::DEFAULT, None).map_err(text)?;
    // SAFETY: `owner` is dropped after everything made from the borrowed handle, at the end.
    let context = unsafe { Context::from_raw(owner.as_raw().cast()) }.map_err(text)?;
    let mut model = CudaBackend::with_context(&context)
        .and_then(|backend| backend.load(artifact))
        .map_err(text)?;
    model.init().map_err(text)?;
    let metadata = model.metadata();
    let (Some(input_len), Some(output_len)) =
        (metadata.max_input_bytes(), metadata.max_output_bytes())
    else {
        return Err("the model does not say how long its tensors are".to_owned());
    };
    let count = inputs.len() / input_len;
    let source = DeviceBuffer::from_slice(&inputs[..count * input_len]).map_err(text)?;
    let target = DeviceBuffer::from_slice(&vec![0_i8; count * output_len]).map_err(text)?;

    // SAFETY: the stream is of this context, and lives until it was waited for below.
    let borrowed = unsafe { BorrowedStream::from_raw(&context, stream.as_inner().cast()) };
    let input = source.as_device_ptr().as_raw();
    // SAFETY: cust's buffer has this length, and nobody writes it until the drain below.
    let input = unsafe { DeviceView::new(context.space(), input, count * input_len) };
    let output = target.as_device_ptr().as_raw();
    // SAFETY: as above, and nobody else uses it.
    let output = unsafe { DeviceViewMut::new(context.space(), output, count * output_len) };
    // SAFETY: stream and buffers are kept, unused, until the drain.
    let enqueued = unsafe { model.enqueue_on_device(&borrowed, input, output) };
    let ended = enqueued.and_then(|()| ComputeModel::<[i8], [i8]>::drain(&mut model));
    if let Err(error) = ended {
        let said = model.last_error().map_or_else(|| error.to_string(), ToString::to_string);
        return Err(said);
    }

    let mut outputs = vec![0_i8; count * output_len];
    target.copy_to(&mut outputs).map_err(text)?;
    drop((borrowed, model, context, source, target, stream, owner));
    Ok(outputs)
}

/// The bytes as text.
fn hex(values: &[i8]) -> String {
    values.iter().map(|value| format!("{value:02x}")).collect()
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
