//! The shape of a PTX module as text: header, functions, statements with their lines.
//!
//! Not a parser of PTX: it knows comments, braces, labels and predicates, which is what the
//! checks need to look at one instruction at a time and to name its line.

use crate::failure::Failure;
use xtask::source;

/// A PTX module.
pub(super) struct Module {
    /// Major and minor number of the `.version` line.
    pub(super) version: (u32, u32),
    /// The line it is on, from 1.
    pub(super) version_line: usize,
    /// What the `.target` line says.
    pub(super) target: String,
    /// Functions with a body, in order.
    pub(super) functions: Vec<Function>,
    /// What is declared outside of functions: variables, and functions that have no body here.
    pub(super) declarations: Vec<Statement>,
}

/// A function with a body.
pub(super) struct Function {
    pub(super) name: String,
    /// Whether it is an entry point, which the host can launch.
    pub(super) is_entry: bool,
    /// The line its head starts on.
    pub(super) line: usize,
    /// Instructions and directives, in order.
    pub(super) statements: Vec<Statement>,
}

/// One instruction or directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// The line it starts on, from 1.
    pub(super) line: usize,
    /// Its text on one line, without label, predicate and semicolon.
    pub(super) text: String,
}

impl Module {
    /// Reads a module.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let code = source::code_only(text);
        let mut module = Reader::default().read(&code);
        let line_of = |name: &str| {
            let mut lines = code.lines().enumerate();
            lines.find_map(|(index, line)| Some((index + 1, line.strip_prefix(name)?.trim())))
        };
        let absent = |name| Failure::Check(format!("not PTX: it has no `{name}` line"));
        let (line, number) = line_of(".version ").ok_or_else(|| absent(".version"))?;
        let parts = number.split_once('.');
        let numbers = parts.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        module.version = numbers.ok_or_else(|| absent(".version"))?;
        module.version_line = line;
        let (_, target) = line_of(".target ").ok_or_else(|| absent(".target"))?;
        module.target = target.to_owned();
        Ok(module)
    }

    /// Returns the entry points, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(|function| function.is_entry)
    }
}

impl Statement {
    /// Returns the instruction with its modifiers, or the directive.
    pub(super) fn opcode(&self) -> &str {
        self.text.split_whitespace().next().unwrap_or_default()
    }

    /// Returns the parts of the opcode that dots separate, the instruction first.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.opcode().split('.').collect()
    }

    /// Returns what a call calls: a function's name or, for an indirect call, a register.
    pub(super) fn callee(&self) -> Option<&str> {
        if self.parts().first() != Some(&"call") {
            return None;
        }
        let mut rest = self.text[self.opcode().len()..].trim_start();
        if rest.starts_with('(') {
            rest = rest.split_once(')')?.1.trim_start_matches([' ', ',']);
        }
        rest.split([',', ' ', '(']).next().filter(|name| !name.is_empty())
    }
}

/// Goes through the code character by character.
#[derive(Default)]
struct Reader {
    functions: Vec<Function>,
    declarations: Vec<Statement>,
    /// The statement that is being read, with the line of its first character.
    words: String,
    start: usize,
    /// Open braces of scopes; 0 outside of functions.
    depth: usize,
    /// Open braces inside a statement: a vector operand or an initial value.
    operand: usize,
}

impl Reader {
    fn read(mut self, code: &str) -> Module {
        for (index, line) in code.lines().enumerate() {
            if self.depth == 0 && is_header(line) {
                continue;
            }
            for character in line.chars() {
                self.take(character, index + 1);
            }
            self.space();
        }
        Module {
            version: (0, 0),
            version_line: 0,
            target: String::new(),
            functions: self.functions,
            declarations: self.declarations,
        }
    }

    fn take(&mut self, character: char, line: usize) {
        match character {
            '{' if self.opens_function(line) => self.depth = 1,
            '{' if self.depth > 0 && self.statement().is_empty() => self.depth += 1,
            '{' => {
                self.operand += 1;
                self.words.push('{');
            }
            '}' if self.operand > 0 => {
                self.operand -= 1;
                self.words.push('}');
            }
            '}' => {
                self.end();
                self.depth = self.depth.saturating_sub(1);
            }
            ';' => self.end(),
            _ if character.is_whitespace() => self.space(),
            _ => {
                // A label in front does not count as the start.
                if self.words.is_empty() || self.words.ends_with(": ") {
                    self.start = line;
                }
                self.words.push(character);
            }
        }
    }

    fn space(&mut self) {
        if !self.words.is_empty() && !self.words.ends_with(' ') {
            self.words.push(' ');
        }
    }

    /// Returns whether what was read is the head of a function; if so, starts it.
    fn opens_function(&mut self, line: usize) -> bool {
        let head = self.words.as_str();
        let Some((is_entry, name)) = (self.depth == 0).then(|| function_name(head)).flatten()
        else {
            return false;
        };
        let name = name.to_owned();
        let line = if head.is_empty() { line } else { self.start };
        self.words.clear();
        self.functions.push(Function { name, is_entry, line, statements: Vec::new() });
        true
    }

    fn end(&mut self) {
        let text = self.statement().to_owned();
        self.words.clear();
        self.operand = 0;
        if text.is_empty() {
            return;
        }
        let statement = Statement { line: self.start, text };
        match self.functions.last_mut() {
            Some(function) if self.depth > 0 => function.statements.push(statement),
            _ => self.declarations.push(statement),
        }
    }

    /// Returns what was read, without labels and predicate.
    fn statement(&self) -> &str {
        let mut text = self.words.trim();
        while let Some((label, rest)) = text.split_once(':') {
            let is_label = label.trim().chars().all(|c| c.is_alphanumeric() || "_$%".contains(c));
            if !is_label || rest.starts_with(':') {
                break;
            }
            text = rest.trim_start();
        }
        match text.strip_prefix('@') {
            Some(predicated) => predicated.split_once(' ').map_or("", |(_, rest)| rest),
            None => text,
        }
    }
}

/// Returns the lines at the top of a module that no semicolon ends.
fn is_header(line: &str) -> bool {
    const NAMES: [&str; 4] = [".version", ".target", ".address_size", ".file"];
    let word = line.split_whitespace().next().unwrap_or_default();
    NAMES.contains(&word)
}

/// Returns the name in the head of a function, and whether it is an entry.
pub(super) fn function_name(head: &str) -> Option<(bool, &str)> {
    let mut words = head.split_whitespace();
    let is_entry = words.find_map(|word| match word {
        ".entry" => Some(true),
        ".func" => Some(false),
        _ => None,
    })?;
    let at = head.find(if is_entry { ".entry" } else { ".func" })?;
    let mut rest = head[at..].split_once(' ')?.1.trim_start();
    if rest.starts_with('(') {
        rest = rest.split_once(')')?.1.trim_start();
    }
    rest.split([' ', '(']).next().filter(|name| !name.is_empty()).map(|name| (is_entry, name))
}
