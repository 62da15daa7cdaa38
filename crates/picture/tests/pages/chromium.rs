//! A real Chromium without a window, spoken to in its own protocol over two pipes: each message is JSON and ends with a NUL.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};

/// A browser; it ends with this value.
pub struct Chromium {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Receiver<Value>,
    count: u64,
    /// What it keeps.
    _profile: tempfile::TempDir,
}

/// One page that is open in it.
pub struct Tab<'a> {
    chromium: &'a mut Chromium,
    session: String,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub width: u32,
    pub scheme: &'static str,
}

impl Chromium {
    pub fn start() -> Chromium {
        let program = tools().join("chromium");
        assert!(program.exists(), "no Chromium to look at pages with; run: scripts/install-chromium");
        let profile = tempfile::tempdir().unwrap();
        // It reads requests from its file 3 and writes answers to its file 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(program)
            .args(["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-background-networking", "--force-color-profile=srgb", "--font-render-hinting=none"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|count| count > 0) {
                message.pop();
                let Ok(answer) = serde_json::from_slice(&message) else { return };
                message.clear();
                if sender.send(answer).is_err() {
                    return;
                }
            }
        });
        Chromium { requests: child.stdin.take(), child, answers, count: 0, _profile: profile }
    }

    /// Opens a file as somebody sees it; it is all there when this returns.
    pub fn open(&mut self, file: &Path, view: View) -> Tab<'_> {
        let target = self.call("Target.createTarget", json!({"url": "about:blank"}), None);
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.call("Target.attachToTarget", attach, None)["sessionId"].as_str().unwrap().to_owned();
        let mut tab = Tab { chromium: self, session };
        let size = json!({"width": view.width, "height": 900, "deviceScaleFactor": 1, "mobile": view.width < 600});
        tab.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": view.scheme}]});
        tab.call("Emulation.setEmulatedMedia", scheme);
        let url = format!("file://{}", file.display());
        let gone = tab.call("Page.navigate", json!({"url": url}));
        assert!(gone["errorText"].is_null(), "{url}: {gone}");
        tab.evaluate(
            "document.readyState == 'complete' || new Promise(done => addEventListener('load', () => done(true)))",
        );
        tab
    }

    fn call(&mut self, method: &str, params: Value, session: Option<&str>) -> Value {
        self.count += 1;
        let mut request = json!({"id": self.count, "method": method, "params": params});
        if let Some(session) = session {
            request["sessionId"] = session.into();
        }
        let requests = self.requests.as_mut().unwrap();
        requests.write_all(format!("{request}\0").as_bytes()).unwrap_or_else(|error| panic!("{method}: {error}"));
        loop {
            let answer = self.answers.recv_timeout(Duration::from_secs(120));
            let answer = answer.unwrap_or_else(|error| panic!("{method}: Chromium does not answer: {error}"));
            if answer["id"] == self.count {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }
}

impl Tab<'_> {
    /// What a piece of JavaScript comes to; a promise is waited for.
    pub fn evaluate(&mut self, script: &str) -> Value {
        let params = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// From now on as somebody sees it who tells fewer colours apart, such as `deuteranopia`.
    pub fn see_by(&mut self, kind: &str) {
        self.call("Emulation.setEmulatedVisionDeficiency", json!({"type": kind}));
    }

    /// From now on as on paper.
    pub fn print(&mut self) {
        self.call("Emulation.setEmulatedMedia", json!({"media": "print"}));
    }

    /// The whole page as a PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let result = self.call("Page.captureScreenshot", json!({"captureBeyondViewport": true}));
        base64(&result["data"])
    }

    /// The page on sheets of A4.
    pub fn pdf(&mut self) -> Vec<u8> {
        let size = json!({"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true});
        base64(&self.call("Page.printToPDF", size)["data"])
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let session = self.session.clone();
        self.chromium.call(method, params, Some(&session))
    }
}

fn base64(data: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(data.as_str().unwrap()).unwrap()
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Without anybody who asks, it ends by itself, with all its processes.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}

/// Where `scripts/install-chromium` puts things.
pub fn tools() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/chromium")
}
