//! A measurement as text of at most 100 columns, for names of usual length.

use core::time::Duration;
use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::report::{
    BatchReport, BenchReport, CountsReport, DeviceReport, DriverCallsReport, OperatorTimes,
    Overhead, TaskReport, Throughput,
};
use super::times::Summary;
use crate::figures::{counted, grouped, time};

/// Prints what was measured, each figure with what it is the time of.
pub(crate) fn print(report: &BenchReport, out: &mut impl Write) -> io::Result<()> {
    print_head(report, out)?;
    if let Some(counts) = &report.counts {
        return print_counts(counts, out);
    }
    if let Some(calls) = &report.driver_calls {
        return print_driver_calls(*calls, out);
    }
    print_latency(report, out)?;
    let how = match report.throughput.under_way_count {
        1 => "one after another".to_owned(),
        under_way_count => format!("{under_way_count} under way"),
    };
    print_throughput(&report.throughput, &how, out)?;
    if let Some(batch) = &report.batch {
        print_batch(batch, out)?;
    }
    if let Some(overhead) = &report.overhead {
        print_overhead(overhead, report, out)?;
    }
    if let Some(tasks) = &report.tasks {
        print_tasks(tasks, out)?;
    }
    if let Some(operators) = &report.operators {
        let timer = ns(report.machine.timer_ns);
        writeln!(out, "\nOperators, each timed alone, its look at the clock ({timer}) included")?;
        writeln!(out, "{}", table(operators))?;
    }
    Ok(())
}

fn print_head(report: &BenchReport, out: &mut impl Write) -> io::Result<()> {
    let machine = &report.machine;
    let (set, mode) = (machine.instruction_set, report.mode);
    let threads = counted(machine.used_thread_count, "thread");
    match &report.device {
        Some(_) => writeln!(out, "{}: {mode} mode, cuda, {threads}\n", report.model)?,
        None => writeln!(out, "{}: {mode} mode, {set}, {threads}\n", report.model)?,
    }
    let processor = machine.processor.as_deref().unwrap_or("a processor without a name");
    let available = match machine.available_thread_count {
        Some(count) => counted(count, "thread"),
        None => "an unknown number of threads".to_owned(),
    };
    let (architecture, system) = (machine.architecture, machine.system);
    writeln!(out, "machine    {processor}, {architecture} {system}, {available}")?;
    if let Some(device) = &report.device {
        print_device(device, out)?;
    }
    if report.build == "debug" {
        writeln!(out, "build      debug: these are not the times of a release build")?;
    }
    let inputs = counted(report.input.count, "input");
    writeln!(out, "input      {}, {inputs}", report.input.source)?;
    match report.self_test {
        "none" => writeln!(out, "self-test  the model has none")?,
        outcome => writeln!(out, "self-test  {outcome}")?,
    }
    let runs = runs(report.warm_up_run_count);
    writeln!(out, "warm-up    {runs}, not counted")
}

/// Prints exact counts, in place of the times of an interpreter.
fn print_counts(counts: &CountsReport, out: &mut impl Write) -> io::Result<()> {
    let of = |count| grouped(count);
    writeln!(out, "\nOne inference executes, counted exactly (times: --json):")?;
    for (what, count) in [
        ("instructions, by threads", of(counts.thread_instruction_count)),
        ("instructions, by warps", of(counts.warp_instruction_count)),
        ("lanes of dp4a", of(counts.dot_lane_count)),
        ("requests to global memory", of(counts.global_request_count)),
        ("their sectors of 32 bytes", of(counts.global_sector_count)),
        ("requests to shared memory", of(counts.shared_request_count)),
        ("their passes over banks", of(counts.shared_pass_count)),
        ("requests to own memory", of(counts.local_request_count)),
        ("barriers, by warps", of(counts.barrier_count)),
        ("lanes of atomics", of(counts.atomic_lane_count)),
    ] {
        writeln!(out, "  {what:<26} {count:>14}")?;
    }
    Ok(())
}

/// Prints what a question spares, in place of the times of an interpreter.
fn print_driver_calls(calls: DriverCallsReport, out: &mut impl Write) -> io::Result<()> {
    let DriverCallsReport { asked, launched } = calls;
    writeln!(
        out,
        "\nEvery answer is the launch's. Driver calls, counted exactly (times: --json):"
    )?;
    writeln!(out, "  a question to the model that stays {asked:>6}")?;
    writeln!(out, "  a launch for the same input        {launched:>6}")
}

fn print_latency(report: &BenchReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "latency    {}", quantiles(&report.latency))?;
    match report.wait {
        None if report.device.is_some() => {
            writeln!(out, "           from host memory to host memory, on the device between")
        }
        None if report.tasks.is_some() => {
            writeln!(out, "           from submission to collected outputs, one task under way")
        }
        None => writeln!(out, "           input copied in, run, output copied out"),
        Some(wait) => {
            let who = if report.device.is_some() { "this thread waits" } else { "threads wait" };
            writeln!(
                out,
                "           from question to collected answer, one under way, {who}: {wait}"
            )
        }
    }
}

fn print_throughput(throughput: &Throughput, how: &str, out: &mut impl Write) -> io::Result<()> {
    let Throughput { inferences_per_second, inference_count, elapsed_ns, .. } = *throughput;
    writeln!(
        out,
        "throughput {} inferences a second, {how}: {} in {}",
        grouped(inferences_per_second as u64),
        grouped(inference_count),
        time(Duration::from_nanos(elapsed_ns)),
    )
}

fn print_device(device: &DeviceReport, out: &mut impl Write) -> io::Result<()> {
    let DeviceReport { name, simulated, compute_capability, driver, path } = device;
    writeln!(out, "device     {name}, compute {compute_capability}, driver {driver}")?;
    if *simulated {
        writeln!(
            out,
            "           simulated on the processor: no time here says anything of a GPU"
        )?;
    }
    writeln!(out, "path       {path}: every time starts and ends in the host's memory")
}

fn print_batch(batch: &BatchReport, out: &mut impl Write) -> io::Result<()> {
    let samples = counted(batch.sample_count, "sample");
    writeln!(out, "batch      {}", quantiles(&batch.latency))?;
    let chunk = grouped(batch.chunk_sample_count as u64);
    writeln!(out, "           a call with {samples}, up to {chunk} of them in a launch")?;
    print_throughput(&batch.throughput, &format!("batches of {}", batch.sample_count), out)
}

fn print_overhead(
    overhead: &Overhead,
    report: &BenchReport,
    out: &mut impl Write,
) -> io::Result<()> {
    let (one, many) =
        if report.mode.is_megakernel() { ("task", "tasks") } else { ("question", "questions") };
    let (called, how) = match report.device {
        Some(_) => ("launch", "a launch each, from host memory to host memory"),
        None => ("direct run", "run with the input in place"),
    };
    writeln!(out, "direct     {}", quantiles(&overhead.direct))?;
    writeln!(out, "           {how}, in turns with the {many}")?;
    let [p50, p99] = [overhead.p50_ns, overhead.p99_ns].map(signed);
    writeln!(out, "overhead   p50 {p50}, p99 {p99}: {one} less {called}, by pairs")
}

fn print_tasks(tasks: &TaskReport, out: &mut impl Write) -> io::Result<()> {
    let workers = counted(tasks.worker_count as usize, "worker");
    let empty = tasks.empty_task_ns;
    writeln!(out, "empty task {empty:.0} ns with {workers}, submitted and collected meanwhile")?;
    let Some(waits) = &tasks.waits else { return Ok(()) };
    writeln!(out, "critical   {}", quantiles(&waits.critical))?;
    writeln!(
        out,
        "           from submission to first claim among normal tasks, one in eight critical"
    )?;
    writeln!(out, "normal     {}", quantiles(&waits.normal))?;
    let yields = grouped(waits.yield_count);
    writeln!(out, "           the same of the others, which gave way {yields} times")
}

fn quantiles(summary: &Summary) -> String {
    let Summary { run_count, p50_ns, p99_ns, p999_ns, max_ns } = *summary;
    let [p50, p99, p999, max] = [p50_ns, p99_ns, p999_ns, max_ns].map(ns);
    format!("p50 {p50}, p99 {p99}, p99.9 {p999}, max {max}, {}", runs(run_count))
}

fn runs(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "run")
}

fn signed(difference_ns: i64) -> String {
    let sign = if difference_ns < 0 { "-" } else { "" };
    format!("{sign}{} ns", grouped(difference_ns.unsigned_abs()))
}

fn ns(time_ns: u64) -> String {
    time(Duration::from_nanos(time_ns))
}

fn table(operators: &[OperatorTimes]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["#", "operator", "p50", "p99", "share"]);
    for OperatorTimes { index, kind, p50_ns, p99_ns, share } in operators {
        let share = format!("{:.1} %", 100.0 * share);
        table.add_row([index.to_string(), (*kind).to_owned(), ns(*p50_ns), ns(*p99_ns), share]);
    }
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if place == 0 { 2 } else { 0 }, 2));
        let is_text = place == 1;
        let side = if is_text { CellAlignment::Left } else { CellAlignment::Right };
        column.set_cell_alignment(side);
    }
    table.trim_fmt()
}
