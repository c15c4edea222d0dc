//! The folder of a bundle: files go in, and their sum comes out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// The list of all files; a folder that has it is a bundle and may be replaced.
const LIST: &str = "FILES.txt";

/// A folder that is being filled.
pub(super) struct Folder {
    path: PathBuf,
    files: Vec<String>,
}

impl Folder {
    /// Makes an empty folder. What is there is replaced if it is a bundle, and kept otherwise.
    pub(super) fn make(path: &Path) -> Result<Self, Failure> {
        let failed = |source| Failure::Path { path: path.to_owned(), source };
        if path.join(LIST).is_file() {
            fs::remove_dir_all(path).map_err(failed)?;
        }
        fs::create_dir_all(path).map_err(failed)?;
        if fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(Failure::Check(format!(
                "{} is not empty and no bundle; name another folder with -o",
                path.display()
            )));
        }
        let path = path.canonicalize().map_err(failed)?;
        Ok(Self { path, files: Vec::new() })
    }

    /// Returns where a file of the bundle is; it is one from now on, and its folder is there.
    pub(super) fn place(&mut self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.path.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .map_err(|source| Failure::Path { path: folder.to_owned(), source })?;
        }
        self.files.push(name.to_owned());
        Ok(path)
    }

    /// Copies a file, with its permission to run but not with one that forbids writing.
    pub(super) fn copy(&mut self, from: &Path, name: &str) -> Result<(), Failure> {
        let to = self.place(name)?;
        let bytes =
            fs::read(from).map_err(|source| Failure::Path { path: from.to_owned(), source })?;
        fs::write(&to, bytes).map_err(|source| Failure::Path { path: to.clone(), source })?;
        if runs(name) { allow_to_run(&to) } else { Ok(()) }
    }

    /// Writes a text.
    pub(super) fn write(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let to = self.place(name)?;
        fs::write(&to, text).map_err(|source| Failure::Path { path: to.clone(), source })
    }

    /// Returns a program of the bundle, to run in its folder.
    pub(super) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.path.join("bin").join(name));
        command.current_dir(&self.path);
        command
    }

    /// Writes the list of files, and returns their bytes.
    pub(super) fn finish(mut self) -> Result<u64, Failure> {
        self.files.sort();
        let (mut text, mut sum) = (String::new(), 0);
        for name in &self.files {
            let path = self.path.join(name);
            let bytes = fs::metadata(&path).map(|data| data.len());
            let bytes = bytes.map_err(|source| Failure::Path { path, source })?;
            text += &format!("{bytes:>10} {name}\n");
            sum += bytes;
        }
        self.write(LIST, &text)?;
        Ok(sum + text.len() as u64)
    }
}

/// Returns the names of the files in a folder, sorted.
pub(super) fn files(folder: &Path) -> Result<Vec<String>, Failure> {
    let failed = |source: io::Error| Failure::Path { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Returns whether a file is run by its name.
fn runs(name: &str) -> bool {
    name.ends_with(".sh")
}

#[cfg(unix)]
fn allow_to_run(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .map_err(|source| Failure::Path { path: path.to_owned(), source })
}

#[cfg(not(unix))]
fn allow_to_run(_: &Path) -> Result<(), Failure> {
    Ok(()) // Such a system asks for no permission to run a file.
}

#[cfg(test)]
mod tests {
    use super::{Folder, LIST};
    use std::fs;

    #[test]
    fn a_bundle_is_replaced_and_another_folder_is_kept() {
        let path = std::env::temp_dir().join(format!("isokern-bundle-{}", std::process::id()));
        let make = || Folder::make(&path);
        let mut folder = make().expect("the folder is new");
        folder.write("a/one.txt", "12345").expect("there is room");
        let bytes = folder.finish().expect("the file is there");
        let list = fs::read_to_string(path.join(LIST)).expect("the list is there");
        assert_eq!(list, "         5 a/one.txt\n");
        assert_eq!(bytes, 5 + list.len() as u64);
        let folder = make().expect("a bundle is replaced");
        assert!(!path.join("a/one.txt").exists());
        drop(folder);
        fs::write(path.join("mine.txt"), "keep").expect("there is room");
        assert!(make().is_err(), "it is no bundle");
        assert!(path.join("mine.txt").is_file());
        fs::remove_dir_all(&path).expect("it is this test's");
    }
}
