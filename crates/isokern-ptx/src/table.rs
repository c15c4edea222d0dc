//! What a module needs, as lines for people: each figure beside its ceiling.

use crate::barriers;
use crate::limits::Limits;
use crate::module::Module;
use crate::order::File;
use crate::record;
use crate::usage::Report;

/// Returns the lines for one module.
pub(crate) fn lines(
    file: &File,
    module: &Module<'_>,
    report: &Report,
    limits: Option<&Limits>,
) -> String {
    let (major, minor) = module.version;
    let File { name, text, .. } = file;
    let digest = record::sha256(text);
    let mut lines = format!(
        "\n{name}: PTX {major}.{minor}, {} bytes, sha256 {}\n  {:<26} {:>10} {:>12} {:>10} {:>7} \
         {:>9}\n",
        text.len(),
        &digest[..16],
        "entry",
        "registers",
        "shared",
        "frame",
        "spills",
        "barriers"
    );
    for entry in module.entries() {
        let usage = report.entries.get(&entry.name).copied().unwrap_or_default();
        let row = limits.and_then(|limits| limits.entry.get(&entry.name));
        let beside = |needed: u64, most: Option<u64>| match most {
            Some(most) => format!("{needed}/{most}"),
            None => needed.to_string(),
        };
        let spills = report.spills.get(&entry.name).copied().unwrap_or_default();
        let barriers = barriers::lines(module, entry).len() as u64;
        lines.push_str(&format!(
            "  {:<26} {:>10} {:>12} {:>10} {spills:>7} {:>9}\n",
            entry.name,
            beside(usage.registers, row.map(|row| row.registers)),
            beside(usage.shared, row.map(|row| row.shared_bytes)),
            beside(usage.frame, row.map(|row| row.frame_bytes)),
            beside(barriers, row.map(|row| row.barriers as u64)),
        ));
    }
    let entries = module.entries().count();
    let functions = module.functions().count() - entries;
    lines.push_str(&format!("  {entries} entries, {functions} functions they call\n"));
    lines
}

#[cfg(test)]
mod tests {
    use super::{File, lines};
    use crate::module::Module;
    use crate::target::Target;
    use crate::usage::{Report, Usage};

    #[test]
    fn every_entry_has_a_line() {
        let text = ".version 7.8\n.target sm_80\n.func g()\n{\nret;\n}\n.entry f()\n{\n\
                    barrier.sync 0;\nret;\n}\n";
        let usage = Usage { registers: 96, shared: 1024, frame: 8 };
        let report = Report { entries: [("f".to_owned(), usage)].into(), ..Report::default() };
        let module = Module::read(text).unwrap();
        let (name, text) = ("a.ptx".to_owned(), text.to_owned());
        let file = File { target: Target::Sm80, name, text };
        let shown = lines(&file, &module, &report, None);
        let row = shown.lines().find(|line| line.starts_with("  f")).unwrap();
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells, ["f", "96", "1024", "8", "0", "1"]);
        assert!(shown.contains("1 entries, 1 functions"), "{shown}");
    }
}
