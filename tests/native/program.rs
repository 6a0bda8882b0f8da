//! The built program, run in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::desk::model_folder;

/// A folder that is gone when the test is over.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("carrel-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs `carrel` in this folder with the words of `line`, of which quoted ones may hold spaces.
    pub fn carrel(&self, line: &str) -> Ran {
        self.carrel_with(line, |_| {})
    }

    pub fn carrel_with(&self, line: &str, change: impl FnOnce(&mut Command)) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_carrel"));
        for (at, part) in line.split('"').enumerate() {
            if at % 2 == 0 {
                command.args(part.split_whitespace());
            } else {
                command.arg(part);
            }
        }
        command.current_dir(&self.0).env("CARREL_MODEL", model_folder());
        command.env_remove("CARREL_RUNTIME").env_remove("CARREL_API_KEY");
        change(&mut command);
        Ran::new(command.output().unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays does no harm, and the test has its verdict.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// That it went well, with what it printed.
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    pub fn json(self) -> serde_json::Value {
        let out = self.done();
        assert_eq!(out.trim_end().lines().count(), 1, "one object on one line: {out}");
        serde_json::from_str(&out).unwrap()
    }

    /// That it failed with one line on stderr, and nothing on stdout; gives the line.
    pub fn error(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(2), ""), "{self:?}");
        self.error_line()
    }

    /// The one line on stderr that tells the error.
    pub fn error_line(self) -> String {
        assert_eq!(self.code, Some(2), "{self:?}");
        let line = self.err.trim_end().to_owned();
        assert!(line.starts_with("error: ") && !line.contains('\n'), "{line}");
        line
    }
}

/// Every file below a folder with its bytes, by name.
pub fn files_below(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap());
    let files = files.filter(|entry| entry.file_type().is_file());
    files.map(|entry| (entry.path().to_path_buf(), std::fs::read(entry.path()).unwrap())).collect()
}
