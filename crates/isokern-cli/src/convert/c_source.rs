//! A packed model as C: a source file with its bytes, and a header with its sizes.

use core::fmt::{self, Write};
use std::path::{Path, PathBuf};

use isokern_capi::kind::symbol_of;
use isokern_model::{Model, OpKind, Tensor};

/// A source file and its header.
#[derive(Debug)]
pub(super) struct CSource {
    pub(super) source: String,
    pub(super) header: String,
}

/// How many bytes of the model are on a line.
const BYTES_A_LINE: usize = 16;

impl CSource {
    /// Writes a model as C, under the name of its file.
    pub(super) fn new(model: &Model<'_>, file: &Path) -> Self {
        let names = Names::of(file);
        let mut text = Self { source: String::new(), header: String::new() };
        let written =
            text.write_source(model, &names).and_then(|()| text.write_header(model, &names));
        debug_assert!(written.is_ok(), "a string takes all text");
        text
    }

    fn write_source(&mut self, model: &Model<'_>, names: &Names) -> fmt::Result {
        let Names { file, lower, .. } = names;
        let (out, blob) = (&mut self.source, model.blob());
        writeln!(out, "{WRITTEN}\n\n#include \"{file}.h\"\n")?;
        writeln!(out, "ISOKERN_ALIGNED static const uint8_t blob[{}] = {{", blob.len())?;
        for line in blob.chunks(BYTES_A_LINE) {
            write!(out, "   ")?;
            line.iter().try_for_each(|byte| write!(out, " {byte},"))?;
            writeln!(out)?;
        }
        writeln!(out, "}};\n\nstatic const isokern_kind *const kinds[] = {{")?;
        let needed = model.operator_set();
        for kind in OpKind::ALL.iter().filter(|kind| needed.contains(**kind)) {
            writeln!(out, "    &{},", symbol_of(*kind).to_string_lossy())?;
        }
        writeln!(out, "}};\n\nconst isokern_model {lower}_model = {{")?;
        writeln!(out, "    (uint32_t)sizeof(isokern_model), ISOKERN_ABI_VERSION,")?;
        writeln!(out, "    blob, sizeof blob, kinds, sizeof kinds / sizeof kinds[0],\n}};")
    }

    fn write_header(&mut self, model: &Model<'_>, names: &Names) -> fmt::Result {
        let Names { lower, upper, .. } = names;
        let out = &mut self.header;
        writeln!(out, "{WRITTEN}\n")?;
        writeln!(out, "#ifndef ISOKERN_MODEL_{upper}_H\n#define ISOKERN_MODEL_{upper}_H\n")?;
        writeln!(out, "#include \"isokern.h\"\n")?;
        writeln!(out, "/* Bytes of arena and of state, for isokern_init. */")?;
        writeln!(out, "#define {upper}_ARENA_BYTES {}", model.arena_bytes())?;
        writeln!(out, "#define {upper}_STATE_BYTES {}", model.state_bytes())?;
        writeln!(out, "\n/* Inputs and outputs: how many, and each with its elements. */")?;
        writeln!(out, "#define {upper}_INPUT_COUNT {}", model.input_count())?;
        writeln!(out, "#define {upper}_OUTPUT_COUNT {}", model.output_count())?;
        for (index, tensor) in model.inputs().enumerate() {
            write_tensor(out, &format!("{upper}_INPUT_{index}"), &tensor)?;
        }
        for (index, tensor) in model.outputs().enumerate() {
            write_tensor(out, &format!("{upper}_OUTPUT_{index}"), &tensor)?;
        }
        writeln!(out, "\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n")?;
        writeln!(out, "extern const isokern_model {lower}_model;\n")?;
        writeln!(out, "#ifdef __cplusplus\n}}\n#endif\n\n#endif")
    }
}

const WRITTEN: &str = "/* Written by `isokern convert --emit c`. */";

/// Writes what an input or output is as macros.
fn write_tensor(out: &mut String, name: &str, tensor: &Tensor) -> fmt::Result {
    writeln!(out, "#define {name}_COUNT {}", tensor.len())?;
    writeln!(out, "#define {name}_BYTES {}", tensor.bytes())?;
    let dtype = tensor.dtype().name().to_uppercase();
    writeln!(out, "#define {name}_DTYPE ISOKERN_DTYPE_{dtype}")?;
    // Rust's shortest number that reads back as the same, which is one of C as well.
    writeln!(out, "#define {name}_SCALE {:?}f", tensor.scale())?;
    writeln!(out, "#define {name}_ZERO_POINT ({})", tensor.zero_point())
}

/// Returns the header that belongs to a source file; none for a name that has no `.c` at its end.
pub(super) fn header_of(source: &Path) -> Option<PathBuf> {
    let is_source = source.extension().is_some_and(|extension| extension == "c");
    is_source.then(|| source.with_extension("h"))
}

/// What things are called in a file of this name.
struct Names {
    /// The file without its end, as an `#include` has it.
    file: String,
    lower: String,
    upper: String,
}

impl Names {
    fn of(file: &Path) -> Self {
        let file = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let keep = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
        let mut lower: String = file.chars().map(keep).collect::<String>().to_ascii_lowercase();
        if !lower.starts_with(|first: char| first.is_ascii_lowercase()) {
            lower.insert_str(0, "model_");
        }
        Self { upper: lower.to_ascii_uppercase(), file, lower }
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, header_of};
    use std::path::Path;

    #[test]
    fn names_are_those_of_c() {
        for (file, lower) in
            [("digits.c", "digits"), ("KWS-small.c", "kws_small"), ("2x é.c", "model_2x__")]
        {
            let names = Names::of(&Path::new("a/b").join(file));
            assert_eq!(names.lower, lower);
            assert_eq!(names.upper, lower.to_uppercase());
        }
    }

    #[test]
    fn only_a_source_file_has_a_header() {
        assert_eq!(header_of(Path::new("a/m.c")).as_deref(), Some(Path::new("a/m.h")));
        assert_eq!(header_of(Path::new("a/m.ikm")), None);
        assert_eq!(header_of(Path::new("-")), None);
    }
}
