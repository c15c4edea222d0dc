//! What launches of nothing cost: one and waited for, many in a row, and replayed as a graph.
#![allow(unsafe_code)]

use core::time::Duration;
use std::time::Instant;

use isokern_cuda::GraphExec;
use serde_json::{Value, json};

use crate::device::Gpu;
use crate::samples::Samples;
use crate::{Effort, Failure};

/// Nodes of the graphs.
const NODES: [usize; 3] = [1, 10, 100];

/// One way to have the device do nothing.
struct Way {
    variant: String,
    work: Work,
    /// From before the call to after the wait.
    whole: Samples,
    /// The call alone.
    call: Samples,
}

enum Work {
    Launch { has_parameters: bool },
    Graph(GraphExec),
}

/// Measures all ways in turns, then many launches with one wait.
pub(crate) fn measure(gpu: &Gpu, effort: Effort) -> Result<(), Failure> {
    let mut ways = vec![
        Way::new("launch, 0 parameters", Work::Launch { has_parameters: false }),
        Way::new("launch, 8 parameters", Work::Launch { has_parameters: true }),
    ];
    for nodes in NODES {
        let graph = GraphExec::capture(gpu.stream(), || {
            (0..nodes).try_for_each(|_| gpu.launch_recorded())
        })?;
        ways.push(Way::new(&format!("graph, {nodes} nodes"), Work::Graph(graph)));
    }
    warm_up(gpu, &mut ways, effort)?;
    for _ in 0..effort.of(20_000, 30) {
        for way in &mut ways {
            way.sample(gpu)?;
        }
    }
    let none = Value::Null;
    for way in &ways {
        let path = "host call to host wait's end";
        way.whole.print("launch+sync", &way.variant, path, effort, &none);
        way.call.print("enqueue", &way.variant, "the host's call alone", effort, &none);
    }
    in_a_row(gpu, effort)
}

/// Measures a thousand times and half a second at least, so that clocks are up; little when quick.
fn warm_up(gpu: &Gpu, ways: &mut [Way], effort: Effort) -> Result<(), Failure> {
    let (times, time) = if effort.quick { (3, 0) } else { (1000, 500) };
    let start = Instant::now();
    let mut done = 0;
    while done < times || start.elapsed() < Duration::from_millis(time) {
        ways.iter_mut().try_for_each(|way| way.sample(gpu))?;
        done += 1;
    }
    for way in ways {
        (way.whole, way.call) = (Samples::new(), Samples::new());
    }
    Ok(())
}

/// Measures a thousand launches and one wait.
fn in_a_row(gpu: &Gpu, effort: Effort) -> Result<(), Failure> {
    let launches = effort.of(1000, 50);
    for (variant, has_parameters) in [("0 parameters", false), ("8 parameters", true)] {
        let (mut enqueued, mut ended) = (Samples::new(), Samples::new());
        let runs = effort.of(200, 2);
        for number in 0..2 * runs {
            let start = Instant::now();
            for _ in 0..launches {
                gpu.launch_empty(has_parameters)?;
            }
            let call = start.elapsed();
            gpu.stream().synchronize()?;
            let whole = start.elapsed();
            if number >= runs {
                enqueued.add(call / launches);
                ended.add(whole / launches);
            }
        }
        let more = json!({"launches": launches});
        let path = "the host's calls, each one's share";
        enqueued.print("enqueue in a row", variant, path, effort, &more);
        let path = "host call to host wait's end, each one's share";
        ended.print("launches in a row", variant, path, effort, &more);
    }
    Ok(())
}

impl Way {
    fn new(variant: &str, work: Work) -> Self {
        let (whole, call) = (Samples::new(), Samples::new());
        Self { variant: variant.to_owned(), work, whole, call }
    }

    fn sample(&mut self, gpu: &Gpu) -> Result<(), Failure> {
        let start = Instant::now();
        match &self.work {
            Work::Launch { has_parameters } => gpu.launch_empty(*has_parameters)?,
            Work::Graph(graph) => {
                // SAFETY: the nodes touch no memory, and the launch before was waited for.
                unsafe { graph.launch(gpu.stream()) }?;
            }
        }
        self.call.add(start.elapsed());
        gpu.stream().synchronize()?;
        self.whole.add(start.elapsed());
        Ok(())
    }
}
