//! The model that the command line names.

use std::path::Path;

use isokern::Model;
use isokern_model::layout::Layout;

use crate::error::CliError;
use crate::progress;

/// Reads a model as it is; a TFLite file is converted to the row layout.
pub(crate) fn read(path: &Path) -> Result<Model, CliError> {
    read_as(path, None)
}

/// Reads a model, and brings its weights into a layout where one is wanted.
pub(crate) fn read_as(path: &Path, layout: Option<Layout>) -> Result<Model, CliError> {
    let bar = progress::bar("converting", 0);
    let model = Model::open_with(path, layout, |step| progress::show(&bar, step));
    bar.finish_and_clear();
    Ok(model?)
}
