//! Measures a model on a GPU: whole inferences, from host memory to host memory.

use isokern_core::InferenceError;
use isokern_cuda::{CudaBackend, CudaModel};
use isokern_model::{Model, digest};

use super::batch::measure_whole;
use super::effort::Effort;
use super::inputs::Inputs;
use super::report::BenchReport;
use crate::backend;
use crate::error::CliError;
use crate::model_file::ModelFile;

/// Loads the model on the first GPU, tests it, measures, and notes what came out.
pub(crate) fn measure(
    file: &ModelFile,
    inputs: &Inputs,
    effort: Effort,
    report: &mut BenchReport,
) -> Result<(), CliError> {
    let view = file.model()?;
    let (backend, mut model) = backend::load_cuda(file)?;
    report.device = Some(device(&backend));
    let output_len = view.output().len();
    let test = model.init().and_then(|()| self_test(&mut model, &view));
    report.self_test = match test {
        Ok(Some(outcome)) => outcome,
        Ok(None) => {
            return Err(CliError::Differs { set: "cuda", reference: "the model's self-test" });
        }
        Err(source) => return Err(backend::told(file, &model, source)),
    };
    measure_whole(&mut model, output_len, inputs, effort, report)
        .map_err(|source| backend::told(file, &model, source))
}

/// The device's name; a simulator says in it that it is one.
fn device(backend: &CudaBackend) -> String {
    let name = backend.context().and_then(|context| context.device().name().ok());
    name.unwrap_or_else(|| "a GPU without a name".to_owned())
}

/// Runs the self-test of a model: `passed`, `none` if it has none, `None` if its output differs.
fn self_test(
    model: &mut CudaModel,
    view: &Model<'_>,
) -> Result<Option<&'static str>, InferenceError> {
    let Some((seed, expected)) = view.header().self_test() else {
        return Ok(Some("none"));
    };
    let mut input = vec![0_i8; view.input().len()];
    let mut output = vec![0_i8; view.output().len()];
    digest::generate_input(seed, &mut input);
    model.infer_one(input.as_slice(), output.as_mut_slice())?;
    Ok((digest::fnv1a(&output) == expected).then_some("passed"))
}
