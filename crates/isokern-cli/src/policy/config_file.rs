//! A configuration from a TOML or JSON file, or from standard input.

use std::path::Path;

use clap::ValueEnum;
use isokern_core::MegakernelConfig;
use thiserror::Error;

use crate::error::CliError;
use crate::source_file::{read_to, source_name};
use isokern::escape::escaped;

/// The most bytes that are read; a configuration with every field has a few hundred.
const BYTES_MAX: u64 = 1 << 20;

/// The largest integer that every reader of TOML has to know.
const TOML_INTEGER_MAX: u64 = i64::MAX as u64;

/// What a configuration is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// TOML
    Toml,
    /// JSON
    Json,
}

/// Why a file is no configuration.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    #[error("there is more than 1 MiB of it. Fix: pass a configuration, not data")]
    TooLong,
    #[error("byte {offset} is not UTF-8. Fix: save the file as UTF-8")]
    NotText { offset: usize },
    #[error(
        "line {line}: {message}. Fix: correct that line; `isokern policy --help` shows a file, \
         where max_wall_time is {{ secs = 60, nanos = 0 }}"
    )]
    Toml { line: usize, message: String },
    #[error(
        "{message}. Fix: correct it; the object under `config` of `isokern policy --json` has \
         every field, with max_wall_time as {{\"secs\": 60, \"nanos\": 0}}"
    )]
    Json { message: String },
    #[error("it is no JSON object. Fix: write {{\"worker_count\": 64}} with the fields you need")]
    NotAnObject,
    #[error(
        "{field} is {value}, above {TOML_INTEGER_MAX}, the largest integer of TOML. Fix: give it \
         as a flag, or write the configuration in JSON"
    )]
    BeyondToml { field: &'static str, value: u64 },
}

/// Reads a file, or with `-` standard input; without `format` the file's name decides.
pub(crate) fn read(path: &Path, format: Option<Format>) -> Result<MegakernelConfig, CliError> {
    let name = source_name(path);
    let Some(format) = format.or_else(|| of_name(path)) else {
        return Err(CliError::ConfigFormat { name });
    };
    let bytes = match read_to(path, BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(source) => return Err(CliError::Read { name, source }),
    };
    parse(&bytes, format).map_err(|source| CliError::Config { name, source })
}

fn of_name(path: &Path) -> Option<Format> {
    let extension = path.extension()?;
    if extension.eq_ignore_ascii_case("toml") {
        Some(Format::Toml)
    } else if extension.eq_ignore_ascii_case("json") {
        Some(Format::Json)
    } else {
        None
    }
}

fn parse(bytes: &[u8], format: Format) -> Result<MegakernelConfig, ConfigError> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(ConfigError::TooLong);
    }
    let text = core::str::from_utf8(bytes)
        .map_err(|error| ConfigError::NotText { offset: error.valid_up_to() })?;
    match format {
        Format::Toml => parse_toml(text),
        Format::Json => parse_json(text),
    }
}

/// Refuses integers that other readers of TOML would not take, even though this one does.
fn parse_toml(text: &str) -> Result<MegakernelConfig, ConfigError> {
    let config: MegakernelConfig = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let line = text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
        ConfigError::Toml { line, message: escaped(error.message()) }
    })?;
    let hints = &config.workload;
    for (field, value) in [
        ("max_wall_time.secs", config.max_wall_time.as_secs()),
        ("workload.resident_device_bytes", hints.resident_device_bytes),
        ("workload.device_memory_budget_bytes", hints.device_memory_budget_bytes),
    ] {
        if value > TOML_INTEGER_MAX {
            return Err(ConfigError::BeyondToml { field, value });
        }
    }
    Ok(config)
}

fn parse_json(text: &str) -> Result<MegakernelConfig, ConfigError> {
    // An array would be taken for the fields in their order.
    if text.trim_start().starts_with('[') {
        return Err(ConfigError::NotAnObject);
    }
    serde_json::from_str(text)
        .map_err(|error| ConfigError::Json { message: escaped(&error.to_string()) })
}

#[cfg(test)]
#[path = "config_file_tests.rs"]
mod tests;
