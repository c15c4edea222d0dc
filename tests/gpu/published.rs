//! What others published for the paths that are measured here, each with its machine.

/// A figure: the path, what it is, its time in ns, the machine, the source.
type Figure = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// NVIDIA's own figures; the ends differ from ours where the text says so.
const NVIDIA: [Figure; 5] = [
    (
        "host to device to host",
        "a flag there, a flag back; the first word is in device memory (GDRCopy, `gdrcopy_pplat`)",
        "1088",
        "A40, PCIe 4",
        "README of NVIDIA/gdrcopy",
    ),
    (
        "host to device to host",
        "one inference of LSTM_A by a kernel that stays, p99 (GDRCopy, green contexts)",
        "4610 to 4700",
        "GH200",
        "STAC-ML audit of April 2026, developer.nvidia.com",
    ),
    (
        "T: a load of mapped host memory",
        "a chase (nvbandwidth, `host_device_latency_sm`)",
        "613 and 650",
        "workstations with one GPU",
        "outputs of NVIDIA/nvbandwidth in public repositories",
    ),
    (
        "launch and wait",
        "a kernel of 2900 ns, a wait after each",
        "9600",
        "V100",
        "\"Getting Started with CUDA Graphs\", developer.nvidia.com, second-hand",
    ),
    (
        "graph",
        "the processor's part of one launch of a straight graph, and 1 ns a node",
        "2500",
        "RTX 3060, CUDA 12.6",
        "\"Constant Time Launch for Straight-Line CUDA Graphs\", the same, second-hand",
    ),
];

/// Returns the figures as a table in Markdown.
pub(crate) fn table() -> String {
    let mut text =
        "\nPublished by NVIDIA, on other machines than this one. For a message from block \
                    to block it has published none.\n\n"
            .to_owned();
    text += "| path | figure | ns | machine | source |\n|---|---|--:|---|---|\n";
    for (path, figure, time_ns, machine, source) in NVIDIA {
        text += &format!("| {path} | {figure} | {time_ns} | {machine} | {source} |\n");
    }
    text
}
