//! Runs int8 models on a desktop or a server: open a `.tflite` file, run it, read the answers.
//!
//! The output bytes are those of TensorFlow Lite Micro, to the bit, on the processor and on an
//! NVIDIA GPU, in every mode. One crate to depend on; the ones below are re-exported.
//!
//! ```
//! use isokern::{Device, Model};
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/models/models/digits.tflite");
//! let model = Model::open(path)?; // .tflite or .ikm
//! let mut session = model.session(Device::Auto)?; // a GPU where one is found, else the processor
//! println!("on {}", session.place());
//!
//! let image = [0.0_f32; 64]; // real numbers are quantised; `i8` would be taken as it is
//! let outputs = session.run(&image)?;
//! let scores: Vec<f32> = outputs.to_vec(0)?; // by index, or by name
//! let best = outputs.highest(0, 1)?[0];
//! assert_eq!(scores[best.index], best.score);
//! # Ok::<(), isokern::Error>(())
//! ```
//!
//! | want | is |
//! |---|---|
//! | shape, type and scale of an input | [`Model::input`], [`Port`] |
//! | several inputs, by name or index | [`Inputs`]: `run(&[("left", &left), ("right", &right)])` |
//! | outputs as real numbers, or as they are | [`Outputs::to_vec`], [`Outputs::read`] |
//! | many samples in one call | [`Session::run_batch`] |
//! | a model with state, from the start again | [`Session::reset`] |
//! | a GPU or an error, a mode, instructions | [`Device`], [`Plan`] |
//! | why it is not the GPU | [`Session::place`], [`Session::fallback_reason`] |
//! | limits in time, callers, quotas | [`Session::run_within`], [`Session::run_with_context`] |
//! | actors, tasks, memory of a device | [`cpu`], [`ring`], [`cuda`], [`guard`] |
//!
//! | module | what it is |
//! |---|---|
//! | [`model`] | [`Model`]: a file, opened and checked |
//! | [`session`] | [`Session`], [`Plan`], [`Device`]: a model, ready to run |
//! | [`port`] | [`Port`]: an input or output |
//! | [`values`], [`outputs`], [`element`] | what goes in and comes out |
//! | [`error`] | [`Error`]: every way to get no answer |
//! | [`samples`], [`latency`] | packed samples, and the times of runs |
//! | [`asked`], [`resident`], [`tasked`] | a model as an actor, and as tasks |
//! | [`escape`] | texts from files, as they may be shown |
//!
//! # Not here
//!
//! No files of samples, no pictures, no sound: values come as slices. Firmware takes `isokern-cpu`,
//! which needs no `std`.
//!
//! # Safety
//!
//! No `unsafe`.

pub mod asked;
pub mod element;
pub mod error;
pub mod escape;
pub mod latency;
pub mod model;
pub mod outputs;
pub mod port;
pub mod resident;
pub mod samples;
pub mod session;
pub mod tasked;
pub mod values;

pub use isokern_cpu as cpu;
pub use isokern_cuda as cuda;
pub use isokern_guard as guard;
pub use isokern_import as import;
pub use isokern_ring as ring;

pub use isokern_core::{AllowAll, DType, Environment, ExecutionContext, KernelMode, Principal};
pub use isokern_cpu::InstructionSet;

pub use element::Element;
pub use error::Error;
pub use latency::Latencies;
pub use model::{FileKind, Model};
pub use outputs::{Class, Output, Outputs};
pub use port::{Port, PortError, PortKey, Ports};
pub use session::{Device, Plan, Session};
pub use values::{AsValues, Inputs, Values};

/// The code in the guide, compiled as examples.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/desktop.md")]
struct Guide;

/// The code in the crate's README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
