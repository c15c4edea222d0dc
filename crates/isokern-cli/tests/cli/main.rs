//! The `isokern` program from outside: what it prints, writes and exits with.

mod answers;
mod arrays;
mod backend;
mod bench;
mod bench_gpu;
mod completions;
mod conversion;
mod demo;
mod drafts;
mod escaping;
mod foreign;
mod inference;
mod inspection;
mod megakernel_mode;
mod outputs;
mod policy;
mod policy_refusal;
mod ports;
mod program;
mod refusal;
mod ring_mode;
mod state;
