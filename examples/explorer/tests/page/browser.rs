//! A page in headless Chromium, by the DevTools protocol over pipes: messages of JSON that end with a zero byte.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use serde_json::{Value, json};

/// The page, which the program of this package has written.
pub fn page() -> PathBuf {
    // The test is in target/debug/deps.
    let program = env::current_exe().unwrap();
    let page = program.ancestors().nth(3).unwrap().join("explorer.html");
    assert!(page.exists(), "{} is not there: cargo run writes it", page.display());
    page
}

/// A window of a browser of its own.
pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    calls: u64,
    profile: PathBuf,
}

impl Browser {
    /// The page at a fragment.
    pub fn open(fragment: &str) -> Browser {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let profile = env::temp_dir().join(format!("explorer-{}-{number}", process::id()));
        let browser = env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into());
        // The browser reads from file 3 and writes to 4. The page is ours: root needs no sandbox for it, and has none.
        let mut process = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<&0 4>&1 0</dev/null 1>&2"#, "sh", &browser])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (to, from) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut browser = Browser { process, to, from, session: None, calls: 0, profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = Some(attached["sessionId"].as_str().unwrap().into());
        browser.call("Runtime.enable", json!({}));
        browser.resize(1280);
        browser.load(&page(), fragment);
        browser
    }

    /// Loads the page anew.
    pub fn load(&mut self, page: &Path, fragment: &str) {
        self.call("Page.navigate", json!({ "url": "about:blank" }));
        self.call("Page.navigate", json!({ "url": format!("file://{}{fragment}", page.display()) }));
        self.wait("document.querySelector('#results tbody') !== null");
    }

    /// Calls a method and waits for its result. An error of a script in the meantime fails the test.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("Chromium runs: CHROMIUM may name it");
        loop {
            let mut bytes = vec![];
            self.from.read_until(0, &mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(0), "Chromium ended; the variable CHROMIUM may name another");
            let answer: Value = serde_json::from_slice(&bytes).unwrap();
            assert_ne!(answer["method"], "Runtime.exceptionThrown", "{answer:#}");
            if answer["id"] == json!(self.calls) {
                assert!(answer["error"].is_null(), "{method}: {answer:#}");
                return answer["result"].clone();
            }
        }
    }

    /// The value of an expression, or of its promise.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result:#}");
        result["result"]["value"].clone()
    }

    /// The text or the number of an expression, as text.
    pub fn text(&mut self, expression: &str) -> String {
        self.evaluate(&format!("String({expression})")).as_str().unwrap().into()
    }

    /// Waits until a condition is true.
    #[track_caller]
    pub fn wait(&mut self, condition: &str) {
        let start = Instant::now();
        while self.evaluate(condition) != json!(true) {
            assert!(start.elapsed() < Duration::from_secs(20), "never true: {condition}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Changes the fragment, as a click on a link would.
    pub fn go(&mut self, fragment: &str) {
        // A part that nobody reads, so that it is a change.
        let fragment = json!(format!("{fragment}&n={}", self.calls));
        self.evaluate(&format!(
            "new Promise((done) => {{ addEventListener('hashchange', () => done(true), {{ once: true }}); location.hash = {fragment}; }})"
        ));
    }

    /// Presses and releases a key, as by its `KeyboardEvent.key`.
    pub fn press(&mut self, key: &str, shift: bool) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "PageUp" => 33,
            "PageDown" => 34,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let mut params = json!({ "type": "keyDown", "key": key, "windowsVirtualKeyCode": code, "modifiers": if shift { 8 } else { 0 } });
        if code == 0 {
            params["text"] = json!(key);
        } else if key == "Enter" {
            params["text"] = json!("\r");
        }
        self.call("Input.dispatchKeyEvent", params.clone());
        params["type"] = json!("keyUp");
        self.call("Input.dispatchKeyEvent", params);
    }

    /// Replaces the text of an input by typing, and presses Enter.
    pub fn enter(&mut self, id: &str, text: &str) {
        self.evaluate(&format!("document.getElementById('{id}').focus(); document.getElementById('{id}').select()"));
        self.call("Input.insertText", json!({ "text": text }));
        self.press("Enter", false);
    }

    /// Makes the window as wide as this.
    pub fn resize(&mut self, width: u32) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}
