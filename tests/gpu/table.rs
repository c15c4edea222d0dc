//! The short table of a run: what the kept JSON lines say, over all restarts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Failure;
use crate::published;
use crate::samples::Samples;
use crate::task_table;

/// The peers of `peers.py`, in the order of the columns.
const PEERS: [&str; 3] = ["eager", "graph", "compile"];

/// Prints the table of a folder in Markdown.
pub(crate) fn print(folder: &Path) -> Result<(), Failure> {
    let found = Found::read(folder)?;
    print!("{}", found.table());
    Ok(())
}

/// All that a folder holds.
#[derive(Debug, Default)]
struct Found {
    /// Lines of `gpu-probes` and of the peers.
    lines: Vec<Value>,
    /// Reports of `isokern bench`, by the name of the model.
    benches: BTreeMap<String, Vec<Value>>,
}

/// p50, p99 and p99.9 of several runs: the median of each, and the range of the p50s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Over {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    p999: f64,
    least: f64,
    most: f64,
    runs: usize,
}

impl Found {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let mut found = Self::default();
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            paths.push(entry?.path());
        }
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".jsonl") {
                for line in fs::read_to_string(&path)?.lines().filter(|line| !line.is_empty()) {
                    found.lines.push(parse(&name, line)?);
                }
            } else if let Some(rest) = name.strip_prefix("bench-")
                && let Some((model, _)) = rest.split_once(".run")
            {
                let report = parse(&name, &fs::read_to_string(&path)?)?;
                found.benches.entry(model.to_owned()).or_default().push(report);
            }
        }
        Ok(found)
    }

    fn table(&self) -> String {
        let mut text = String::new();
        for device in self.lines.iter().filter(|line| line["id"] == "device").take(1) {
            let name = device["name"].as_str().unwrap_or("unknown");
            text += &format!("Device: {name}, simulated: {}", device["simulated"]);
            if device["simulated"] == true {
                text += " (it ran on the processor: no time below says anything of a GPU)";
            }
            text += ".\n";
        }
        let violations: u64 =
            self.lines.iter().filter_map(|line| line["violations"].as_u64()).sum();
        let litmus = self.lines.iter().filter(|line| line["id"] == "litmus").count();
        text += &format!("Litmus tests: {litmus}, violations: {violations}.\n");
        for line in self.lines.iter().filter(|line| line["id"] == "skipped") {
            let of = |key: &str| line[key].as_str().unwrap_or("?");
            text += &format!("Skipped: {} of {}, for {}.\n", of("peer"), of("model"), of("why"));
        }
        self.probes(&mut text);
        text += &task_table::table(&self.lines);
        text += &published::table();
        self.models(&mut text);
        text
    }

    fn probes(&self, text: &mut String) {
        *text +=
            "\n| probe | variant | p50 ns | p99 ns | p99.9 ns | range of p50 | samples x runs |\n";
        *text += "|---|---|--:|--:|--:|--:|--:|\n";
        let mut order: Vec<(&str, &str)> = Vec::new();
        let mut rows: BTreeMap<(&str, &str), Vec<&Value>> = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line["id"] != "peer") {
            let (Some(id), Some(variant), true) =
                (line["id"].as_str(), line["variant"].as_str(), line["p50"].is_number())
            else {
                continue;
            };
            let row = rows.entry((id, variant)).or_default();
            if row.is_empty() {
                order.push((id, variant));
            }
            row.push(line);
        }
        for key in order {
            let lines = rows.get(&key).map(Vec::as_slice).unwrap_or_default();
            let over = over(lines.iter().copied());
            let samples = lines.first().map_or(0, |line| line["samples"].as_u64().unwrap_or(0));
            *text += &format!(
                "| {} | {} | {:.0} | {:.0} | {:.0} | {:.0} to {:.0} | {samples} x {} |\n",
                key.0, key.1, over.p50, over.p99, over.p999, over.least, over.most, over.runs
            );
        }
    }

    /// Appends two rows a model: one input, and a batch; ours, every peer, and the best of the
    /// peers.
    fn models(&self, text: &mut String) {
        *text += "\nHost to device to host. Peers are float twins in PyTorch.\n\n";
        *text += "| model | figure | Isokern | eager | CUDA graph | torch.compile | best peer |\n";
        *text += "|---|---|--:|--:|--:|--:|--:|\n";
        for (model, reports) in &self.benches {
            let one = over(reports.iter().map(|report| &report["latency"]));
            let micros = |ns: f64| format!("{:.2}", ns / 1e3);
            let ours = format!("{} [{}]", micros(one.p50), micros(one.p99));
            let peers = PEERS.map(|peer| self.peer(model, peer, 1, "p50"));
            let cells = joined(peers, f64::min, micros);
            *text += &format!("| {model} | batch 1, p50 [p99] us | {ours} | {cells} |\n");
            let mut rates = Samples::new();
            for report in reports {
                let rate = &report["batch"]["throughput"]["inferences_per_second"];
                rates.add_ns(rate.as_f64().unwrap_or(0.0));
            }
            let batch = reports.first().map(|report| &report["batch"]["sample_count"]);
            let batch = batch.and_then(Value::as_u64).unwrap_or_default();
            let ours = format!("{:.0}", rates.quantile(0.5));
            let peers = PEERS.map(|peer| self.peer(model, peer, batch, "inferences_per_second"));
            let cells = joined(peers, f64::max, |rate| format!("{rate:.0}"));
            *text += &format!("| {model} | batch {batch}, inferences/s | {ours} | {cells} |\n");
        }
    }

    /// Returns a figure of a peer, the median over its runs.
    fn peer(&self, model: &str, variant: &str, batch: u64, key: &str) -> Option<f64> {
        let mut figures = Samples::new();
        let is_it = |line: &&Value| {
            line["id"] == "peer"
                && line["model"] == model
                && line["variant"] == variant
                && line["batch"] == batch
        };
        for figure in self.lines.iter().filter(is_it).filter_map(|line| line[key].as_f64()) {
            figures.add_ns(figure);
        }
        figures.is_some().then(|| figures.quantile(0.5))
    }
}

/// Returns cells of all peers and of the best of them.
fn joined(
    peers: [Option<f64>; 3],
    better: fn(f64, f64) -> f64,
    show: impl Fn(f64) -> String,
) -> String {
    let best = peers.into_iter().flatten().reduce(better);
    let figures = peers.into_iter().chain([best]);
    let texts = figures.map(|figure| figure.map_or_else(|| "not run".to_owned(), &show));
    texts.collect::<Vec<_>>().join(" | ")
}

/// Returns the figures of several runs as one; keys are those of the probes or of `isokern bench`.
pub(crate) fn over<'a>(lines: impl Iterator<Item = &'a Value>) -> Over {
    let [mut p50, mut p99, mut p999] = [const { Samples::new() }; 3];
    let mut runs = 0;
    for line in lines {
        let figure = |key: &str| {
            let of_bench = format!("{key}_ns");
            line[key].as_f64().or_else(|| line[of_bench.as_str()].as_f64()).unwrap_or(0.0)
        };
        p50.add_ns(figure("p50"));
        p99.add_ns(figure("p99"));
        p999.add_ns(figure("p999"));
        runs += 1;
    }
    let (least, most) = (p50.quantile(0.0), p50.quantile(1.0));
    let [p50, p99, p999] = [p50, p99, p999].map(|all| all.quantile(0.5));
    Over { p50, p99, p999, least, most, runs }
}

fn parse(name: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::Wrong(format!("{name} has a line that is no JSON ({error}). Fix: run anew"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Found, Over, over};

    fn probe(run: u32, p50: u32) -> Value {
        json!({"id": "chase", "variant": "L2", "run": run, "samples": 9, "p50": p50, "p99": 900,
            "p999": 990})
    }

    fn peer(variant: &str, batch: u32, p50: u32, rate: f64) -> Value {
        json!({"id": "peer", "model": "m", "variant": variant, "batch": batch, "p50": p50,
            "inferences_per_second": rate})
    }

    #[test]
    fn runs_are_one_row_with_the_median_and_the_range() {
        let lines = [probe(1, 300), probe(2, 100), probe(3, 200)];
        let expected =
            Over { p50: 200.0, p99: 900.0, p999: 990.0, least: 100.0, most: 300.0, runs: 3 };
        assert_eq!(over(lines.iter()), expected);
        let found = Found { lines: lines.into(), ..Found::default() };
        let row = "| chase | L2 | 200 | 900 | 990 | 100 to 300 | 9 x 3 |";
        assert!(found.table().contains(row), "{}", found.table());
    }

    #[test]
    fn a_model_stands_beside_its_best_peer() {
        let bench = json!({"latency": {"p50_ns": 5500, "p99_ns": 7000},
            "batch": {"sample_count": 64, "throughput": {"inferences_per_second": 1e6}}});
        let mut found = Found {
            lines: vec![
                json!({"id": "device", "name": "D", "simulated": true}),
                peer("eager", 1, 90_000, 1.0),
                peer("graph", 1, 20_000, 1.0),
                peer("eager", 64, 1, 2e5),
                peer("graph", 64, 1, 3e5),
            ],
            ..Found::default()
        };
        found.benches.insert("m".to_owned(), vec![bench]);
        let table = found.table();
        for row in [
            "| m | batch 1, p50 [p99] us | 5.50 [7.00] | 90.00 | 20.00 | not run | 20.00 |",
            "| m | batch 64, inferences/s | 1000000 | 200000 | 300000 | not run | 300000 |",
        ] {
            assert!(table.contains(row), "{table}");
        }
        assert!(table.contains("no time below says anything of a GPU"), "{table}");
        assert!(table.contains("| 1088 | A40, PCIe 4 |"), "{table}");
        found.lines.truncate(1);
        assert!(found.table().contains("| 1000000 | not run | not run | not run | not run |"));
    }
}
