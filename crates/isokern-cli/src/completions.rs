//! `isokern completions` and `isokern man`: what shells and readers of manuals want.

use std::io::Write;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::error::CliError;

const INSTALL: &str = "\
Where shells look for it:
  bash        isokern completions bash > ~/.local/share/bash-completion/completions/isokern
  zsh         isokern completions zsh > a folder of $fpath, as _isokern
  fish        isokern completions fish > ~/.config/fish/completions/isokern.fish
  elvish      isokern completions elvish >> ~/.config/elvish/rc.elv
  powershell  isokern completions powershell >> $PROFILE";

const PAGES: &str = "\
To read one now: isokern man run | man -l -
To install one:  isokern man run > ~/.local/share/man/man1/isokern-run.1";

/// Prints a script that lets a shell complete commands, options and their values
#[derive(clap::Args)]
#[command(after_long_help = INSTALL)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints a manual page
#[derive(clap::Args)]
#[command(after_long_help = PAGES)]
pub(crate) struct Manual {
    /// The command the page is about [default: the program]
    command: Option<String>,
}

/// Prints the script for a shell.
pub(crate) fn print_completions(
    arguments: &Completions,
    mut program: Command,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let name = program.get_name().to_owned();
    // Into memory first: the generator panics where a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, name, &mut script);
    Ok(out.write_all(&script)?)
}

/// Prints the page of the program, or of one command.
pub(crate) fn print_manual(
    arguments: &Manual,
    mut program: Command,
    out: &mut impl Write,
) -> Result<(), CliError> {
    program.build();
    let page = match &arguments.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => return Err(CliError::NoCommand { name: name.clone(), all: names(&program) }),
        },
    };
    Ok(Man::new(page).render(out)?)
}

/// Returns the names of all commands.
fn names(program: &Command) -> String {
    let names: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    names.join(", ")
}
