//! Public types of the contracts can grow, or say here why they cannot.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The crates whose types other people's programs match on and construct.
const CRATES: [&str; 3] = ["isokern-core", "isokern-guard", "isokern-ring"];

/// Types without `non_exhaustive`, each with the reason: a change of them breaks their users.
const FIXED: &[(&str, &str)] = &[
    ("ActorFault", "crosses a control line"),
    ("ActorShape", "part of an order to a block"),
    ("BatchLaunch", "what a launch of device code is made of, with `DeviceLimits`"),
    ("BatchParameters", "read by device code"),
    ("BlockOrder", "read by device code"),
    ("BoxedTasks", "has no value"),
    ("BufferHandle", "crosses a ring"),
    ("CellValue", "the two words of a cell"),
    ("DeviceLimits", "filled in by every backend; a new limit must be asked for"),
    ("EchoQuestion", "read by device code"),
    ("EchoReply", "written by device code"),
    ("Envelope", "crosses a ring"),
    ("ErrorRecord", "crosses a control line"),
    ("FallbackDescriptor", "callers fill it in: one descriptor for each of the two"),
    ("FaultRecord", "written by device code"),
    ("FaultState", "written by device code"),
    ("HostModel", "two numbers that a host gives"),
    ("HostModels", "two numbers that a host gives"),
    ("LinkCredit", "a runner fills it in"),
    ("Mailboxes", "has no value"),
    ("MegakernelConfig", "callers fill it in with `..Default::default()`"),
    ("MegakernelLaunchPolicy", "callers fill it in with `..standard()`"),
    ("MegakernelLaunchRequest", "callers fill it in; the policy's table has these columns"),
    ("MegakernelReport", "callers compare and fill it in with `..Default::default()`"),
    ("MegakernelWorkloadHints", "callers fill it in with `..Default::default()`"),
    ("ModelFootprint", "what a launch of device code is made of"),
    ("ModelReply", "crosses a ring"),
    ("ModelSource", "callers fill it in: bytes and arena"),
    ("OrderedLink", "read by device code"),
    ("Outcome", "its order crosses a ring; a message has exactly one"),
    ("PingPongLines", "read by device code"),
    ("PlacementDecision", "bytes are used where they are, or not"),
    ("PopError", "empty or closed"),
    ("ProbeRecord", "written by device code"),
    ("PushError", "full or closed; the value is inside"),
    ("ResidentParameters", "read by device code"),
    ("SubmissionKind", "its order crosses a ring"),
    ("TaskEnd", "crosses a ring; tests and handlers make it"),
    ("TaskLimits", "filled in by every host; a new limit must be asked for"),
    ("TaskOutcome", "its order crosses a ring; a task has exactly one"),
    ("TaskPriority", "a word of the task slot"),
    ("TaskModel", "read by device code"),
    ("TaskModels", "read by device code"),
    ("TaskOrder", "read by device code"),
    ("TaskStream", "read by device code"),
    ("TaskShape", "what memory of a megakernel is made of"),
    ("TaskSlice", "filled in by every host; a new bound must be kept"),
    ("TaskState", "a word of the task slot"),
    ("TaskStep", "what a worker does with a task; handlers make it"),
    ("TaskTransition", "the table of the task slot"),
    ("TaskWork", "read by device code"),
    ("Timed", "crosses a control line"),
    ("WorkerEnd", "why a worker stops; a loop must act on each"),
    ("WorkerStep", "what a loop does next; it must act on each"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("it has entries").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the public enums and the structures with public fields that may be constructed and
/// matched on from outside, with the line each begins at.
fn exhaustive(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let item = line.trim_start().strip_prefix("pub ");
        let Some((kind, rest)) = item.and_then(|item| item.split_once(' ')) else { continue };
        if kind != "enum" && kind != "struct" {
            continue;
        }
        let attributes = lines[..index].iter().rev().take_while(|line| !line.trim().is_empty());
        let can_grow = attributes
            .take_while(|line| !line.ends_with('}'))
            .any(|line| line.trim() == "#[non_exhaustive]");
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        let mut body = lines[index + 1..].iter().take_while(|line| **line != end);
        let has_public_fields = line.ends_with('{')
            && body.any(|line| line.trim_start().starts_with("pub ") && line.contains(": "));
        if !can_grow && (kind == "enum" || has_public_fields) {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            found.push((name, index + 1));
        }
    }
    found
}

#[test]
fn s4_what_must_grow_is_non_exhaustive_and_the_rest_has_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut fixed: BTreeMap<&str, bool> = FIXED.iter().map(|(name, _)| (*name, false)).collect();
    assert_eq!(fixed.len(), FIXED.len(), "a name is listed twice");
    let mut new = Vec::new();
    for folder in CRATES {
        let mut files = Vec::new();
        sources(&root.join(folder).join("src"), &mut files);
        assert!(files.len() > 10, "{folder}: {} files", files.len());
        for file in files {
            for (name, line) in exhaustive(&fs::read_to_string(&file).expect("it is text")) {
                match fixed.get_mut(name.as_str()) {
                    Some(is_there) => *is_there = true,
                    None => new.push(format!("{}:{line} {name}", file.display())),
                }
            }
        }
    }
    assert!(new.is_empty(), "add non_exhaustive and a constructor, or a reason: {new:#?}");
    let gone: Vec<_> = fixed.iter().filter(|(_, is_there)| !**is_there).collect();
    assert!(gone.is_empty(), "these are no longer exhaustive: {gone:?}");
}

#[test]
fn the_reader_tells_what_can_grow() {
    let text = "#[non_exhaustive]\npub enum A {\n    B,\n}\n\n/// C.\npub struct C {\n    \
                pub d: u8,\n}\n\npub struct E {\n    d: u8,\n}\npub enum F {\n    G,\n}\n";
    let names: Vec<_> = exhaustive(text).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["C", "F"]);
}
