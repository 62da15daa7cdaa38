//! A disk of half a megabyte that a test can fill, mounted for one program alone.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

const MOUNT: &str = "mount -t tmpfs -o size=512k none";
const UNSHARE: [&str; 4] = ["unshare", "--map-root-user", "--mount", "--"];

/// Where the program finds it.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Fails with what is missing where the kernel lets nobody mount.
    pub fn new() -> Self {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        let runner = disk.runner();
        let output = Command::new(&runner[0]).args(&runner[1..]).arg("true").output().unwrap();
        assert!(
            output.status.success(),
            "cannot mount a disk to fill: {}run as root with CAP_SYS_ADMIN, or allow user namespaces (sysctl -w \
             user.max_user_namespaces=1000; for a container also --security-opt seccomp=unconfined)",
            String::from_utf8_lossy(&output.stderr)
        );
        disk
    }

    /// The words that mount it and then run the program whose words follow.
    pub fn runner(&self) -> Vec<String> {
        let script = format!("{MOUNT} '{}' && exec \"$@\"", self.path());
        UNSHARE.iter().copied().chain(["sh", "-c", &script, "sh"]).map(str::to_owned).collect()
    }

    /// Its path for that program.
    pub fn path(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Its path for everybody else.
    pub fn seen(&self, process: u32) -> PathBuf {
        PathBuf::from(format!("/proc/{process}/root{}", self.path()))
    }

    /// Leaves no byte free.
    pub fn fill(&self, process: u32) {
        let mut file = File::create(self.seen(process).join("ballast")).unwrap();
        let full = (0..1 << 20).find_map(|_| file.write_all(&[0; 1 << 10]).err()).expect("it has an end");
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
    }

    /// Gives all of that back.
    pub fn free(&self, process: u32) {
        fs::remove_file(self.seen(process).join("ballast")).unwrap();
    }
}
