//! Raw times of one measurement, and the JSON line that says what they were.

use core::time::Duration;

use serde_json::{Value, json};

use crate::Effort;

/// Times in nanoseconds, all kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    times: Vec<f64>,
}

impl Samples {
    /// Returns none yet.
    pub(crate) const fn new() -> Self {
        Self { times: Vec::new() }
    }

    /// Adds a time of the host's clock.
    pub(crate) fn add(&mut self, time: Duration) {
        self.add_ns(time.as_nanos() as f64);
    }

    /// Adds a time that may be a share of a longer one.
    pub(crate) fn add_ns(&mut self, time_ns: f64) {
        self.times.push(time_ns);
    }

    /// Returns whether there are any.
    pub(crate) const fn is_some(&self) -> bool {
        !self.times.is_empty()
    }

    /// Returns the time that this share of them did not exceed: the nearest rank. 0 for none.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.times.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).copied().unwrap_or(0.0)
    }

    /// Prints the line. `path` says where a time starts and ends; the keys of `more` are added.
    pub(crate) fn print(&self, id: &str, variant: &str, path: &str, effort: Effort, more: &Value) {
        println!("{}", self.line(id, variant, path, effort, more));
    }

    fn line(&self, id: &str, variant: &str, path: &str, effort: Effort, more: &Value) -> Value {
        let mut line = json!({
            "id": id, "variant": variant, "path": path, "run": effort.run, "unit": "ns",
            "samples": self.times.len(),
            "min": self.quantile(0.0), "p50": self.quantile(0.5), "p90": self.quantile(0.9),
            "p99": self.quantile(0.99), "p999": self.quantile(0.999), "max": self.quantile(1.0),
        });
        if let (Some(line), Some(more)) = (line.as_object_mut(), more.as_object()) {
            line.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Samples;
    use crate::Effort;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let mut samples = Samples::new();
        assert_eq!(samples.quantile(0.5).to_bits(), 0.0_f64.to_bits());
        (1..=200).rev().for_each(|ns| samples.add_ns(f64::from(ns)));
        let at = [0.0, 0.5, 0.9, 0.99, 0.999, 1.0].map(|share| samples.quantile(share) as u32);
        assert_eq!(at, [1, 100, 180, 198, 200, 200]);
        let line = samples.line("a", "b", "c", Effort { quick: true, run: 2 }, &json!({"x": 7}));
        assert_eq!(
            (&line["samples"], &line["run"], &line["x"]),
            (&json!(200), &json!(2), &json!(7))
        );
        assert_eq!(line["p99"], json!(198.0));
    }
}
