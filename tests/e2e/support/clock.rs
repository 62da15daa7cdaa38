//! The clock on the wall of one program, which a test sets while the program runs.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use tempfile::TempDir;

use super::artifact::root;

const HOUR_SECONDS: i64 = 3_600;

/// Such a clock. It is right until it is set.
pub struct Clock {
    folder: TempDir,
}

impl Clock {
    pub fn new() -> Self {
        let clock = Self { folder: tempfile::tempdir().unwrap() };
        clock.write([0, 0]);
        let source = root().join("tests/e2e/support/clock.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).arg(clock.library()).arg(source);
        let output = compiler.output().unwrap_or_else(|error| panic!("no C compiler (apt-get install gcc): {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        clock
    }

    /// The words by which a program runs under it.
    pub fn runner(&self) -> Vec<String> {
        let preload = format!("LD_PRELOAD={}", self.library().display());
        vec!["env".to_owned(), preload, format!("WEIR_TEST_CLOCK={}", self.file().display())]
    }

    /// Sets it to so many hours after the right time.
    pub fn set(&self, hours: i64) {
        self.write([hours * HOUR_SECONDS, 0]);
    }

    /// Sets it to so many seconds since 1970, from which it goes on.
    pub fn set_to(&self, seconds: i64) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        self.write([seconds - i64::try_from(now).unwrap(), 0]);
    }

    /// Lets it stand still at so many microseconds since 1970.
    pub fn stand_at(&self, microseconds: i64) {
        self.write([0, microseconds]);
    }

    /// As clock.c reads it.
    fn write(&self, setting: [i64; 2]) {
        // Never shorter: the program has mapped the file.
        let mut file = File::options().create(true).truncate(false).write(true).open(self.file()).unwrap();
        file.write_all(&setting.map(i64::to_ne_bytes).concat()).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("setting")
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock.so")
    }
}
