//! Any input and any parameter.

mod cases;
mod check;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use proptest::prelude::*;
use slopes::Level;

/// The level is global: one test at a time.
static LEVEL: Mutex<()> = Mutex::new(());

fn at_every_level(test: impl Fn()) {
    let _alone = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
    for level in Level::available() {
        level.set_global().unwrap();
        test();
    }
}

proptest! {
    // `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(10_000), ..ProptestConfig::default() })]

    #[test]
    fn what_holds_for_any_input_holds(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _alone = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = check::check(&bytes) {
            return Err(TestCaseError::fail(error));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(10_000), ..ProptestConfig::default() })]

    #[test]
    fn texts_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = check::check_text(&bytes) {
            return Err(TestCaseError::fail(error));
        }
    }
}

proptest! {
    // A gain is that of many values.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1000), ..ProptestConfig::default() })]

    #[test]
    fn gains_are_numbers(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Err(error) = check::check_gain(&bytes) {
            return Err(TestCaseError::fail(error));
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// As many executions as `SLOPES_EXECUTIONS` asks for, from `SLOPES_SEED` on: fails with an example of each fault.
#[test]
#[ignore = "runs for as long as it is asked to"]
fn many_executions() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (executions, mut random) = (number("SLOPES_EXECUTIONS", 1_000_000), Random(number("SLOPES_SEED", 1)));
    let mut faults: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut bytes = [0; 1024];
    let _alone = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..executions {
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&random.next().to_le_bytes());
        }
        if let Err(error) = check::check(&bytes) {
            let function = error.split([' ', '(', ':']).next().unwrap();
            let fault = error.split(": ").nth(1).and_then(|rest| rest.split(" at").next()).unwrap_or("");
            let entry = faults.entry(format!("{function}: {fault}")).or_insert((0, error.clone()));
            entry.0 += 1;
            if error.len() < entry.1.len() {
                entry.1 = error;
            }
        }
    }
    let list: Vec<String> = faults.values().map(|(count, example)| format!("{count} x {example}")).collect();
    assert!(list.is_empty(), "of {executions} executions:\n{}", list.join("\n"));
}
