//! What the functions of a program make of a fixed set of inputs: the same bits at every level of a family, and on every
//! machine of a family the recorded ones.
//!
//! `SLOPES_BLESS=1 cargo test fingerprints` records them anew, for the families that the machine has. To see which outputs
//! changed, and by how much: `SLOPES_DUMP=dir cargo test fingerprints` writes every output to a directory, before the
//! change; `SLOPES_COMPARE=dir` compares with it, after.

use std::collections::BTreeMap;

use super::{Number, Random, at_every_level, bits, inputs, none};
use slopes::{Element, FmaFamily, Level};

/// "type function order", and the numbers.
pub struct Outputs<T>(pub Vec<(String, Vec<T>)>);

impl<T: Number> Outputs<T> {
    pub fn new() -> Self {
        Outputs(Vec::new())
    }

    pub fn add(&mut self, function: &str, order: &str, numbers: Vec<T>) {
        self.0.push((format!("{} {function} {order}", T::NAME), numbers));
    }

    /// Writes the outputs of a family to the directory of `SLOPES_DUMP`, or compares them with those of `SLOPES_COMPARE`.
    fn dump_or_compare(&self, level: Level) {
        let path = |dir: &str, name: &str| {
            let name = format!("{:?} {name}", level.family()).to_lowercase().replace(' ', "-");
            std::path::Path::new(dir).join(name)
        };
        for (name, numbers) in &self.0 {
            if let Ok(dir) = std::env::var("SLOPES_DUMP") {
                std::fs::create_dir_all(&dir).unwrap();
                let bytes: Vec<u8> = numbers.iter().flat_map(|x| bits(*x).to_le_bytes()).collect();
                std::fs::write(path(&dir, name), bytes).unwrap();
            }
            if let Ok(dir) = std::env::var("SLOPES_COMPARE") {
                let Ok(before) = std::fs::read(path(&dir, name)) else { continue };
                let before = before.chunks_exact(8).map(|x| u64::from_le_bytes(x.try_into().unwrap()));
                let changed: Vec<_> =
                    before.zip(numbers).enumerate().filter(|(_, (before, now))| *before != bits(**now)).collect();
                for (i, (before, now)) in changed.iter().take(5) {
                    let before = f64::from_bits(*before);
                    println!("{level:?} {name}, number {i} of {}: {before:e}, now {now}", changed.len());
                }
            }
        }
    }
}

pub const COUNT: usize = 1 << 14;

/// The entries of a row.
pub const CLASSES: usize = 37;

/// What functions are given.
pub struct Inputs<T> {
    /// Specials, and numbers of every magnitude.
    pub x: Vec<T>,
    /// From 0 to 1, the ends among them.
    pub shares: Vec<T>,
    /// From -20 to 20.
    pub likely: Vec<T>,
    /// Rows of `CLASSES` likely numbers, some of them -inf.
    pub logits: Vec<T>,
}

impl<T: Number> Inputs<T> {
    pub fn new() -> Self {
        super::by_default(Self::generate)
    }

    fn generate() -> Self {
        let mut random = Random(1);
        let shares = (0..COUNT).map(|i| [T::zero(), T::one(), random.uniform(0.0..=1.0)][i % 3]).collect();
        let likely: Vec<T> = (0..COUNT).map(|_| random.uniform(-20.0..=20.0)).collect();
        let masked = |(i, x): (usize, &T)| if i % 11 == 5 { T::neg_infinity() } else { *x };
        let logits = likely[..COUNT / CLASSES * CLASSES].iter().enumerate().map(masked).collect();
        Inputs { x: inputs(COUNT), shares, likely, logits }
    }
}

/// FNV-1a with 128 bits, of the bits of each number as an f64 holds them, low byte first.
pub fn hash<T: Element>(numbers: &[T]) -> u128 {
    const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = numbers.iter().flat_map(|x| bits(*x).to_le_bytes());
    bytes.fold(START, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

/// "family type function order": hash.
pub fn fingerprints(level: Level, of_f32: &Outputs<f32>, of_f64: &Outputs<f64>) -> BTreeMap<String, String> {
    fn of<T: Element>(level: Level, outputs: &Outputs<T>) -> impl Iterator<Item = (String, String)> {
        let family = format!("{:?}", level.family()).to_lowercase();
        outputs.0.iter().map(move |(name, y)| (format!("{family} {name}"), format!("{:032x}", hash(y))))
    }
    of(level, of_f32).chain(of(level, of_f64)).collect()
}

/// The name of the same output with f64, for one of machines without: only formulas that ask for f64 and sums have other
/// bits there, and lines of their own. The one lane that fuses f32 does not fuse f64.
fn with_f64(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("fusedf32 ") {
        let unfused = rest.starts_with("f64 ") && Level::lowest().family() == FmaFamily::FusedF32;
        return Some(format!("{} {rest}", if unfused { "unfused" } else { "fused" }));
    }
    name.strip_prefix("unfusedf32 ").map(|rest| format!("unfused {rest}"))
}

/// Fails unless the outputs have the fingerprints that are recorded of the program.
pub fn have_their_fingerprints(program: &str, of_f32: fn() -> Outputs<f32>, of_f64: fn() -> Outputs<f64>) {
    let file = format!("{}/tests/fingerprints/{program}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let line = |line: &str| line.rsplit_once(' ').map(|(name, hash)| (name.to_owned(), hash.to_owned()));
    let recorded: BTreeMap<String, String> = text.lines().filter_map(line).collect();

    let mut levels = Vec::new();
    at_every_level(|level| {
        let (in_f32, in_f64) = (of_f32(), of_f64());
        in_f32.dump_or_compare(level);
        in_f64.dump_or_compare(level);
        levels.push((level, fingerprints(level, &in_f32, &in_f64)));
    });
    if super::is_blessing() {
        let families: Vec<String> =
            levels.iter().map(|(level, _)| format!("{:?} ", level.family()).to_lowercase()).collect();
        let other_machines = recorded
            .into_iter()
            .filter(|(name, _)| !super::all_are_selected() || !families.iter().any(|family| name.starts_with(family)));
        let mut lines: BTreeMap<_, _> =
            other_machines.chain(levels.iter().flat_map(|(_, lines)| lines.clone())).collect();
        let all = lines.clone();
        lines.retain(|name, hash| with_f64(name).and_then(|name| all.get(&name)) != Some(&*hash));
        let text: String = lines.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
        std::fs::write(&file, text).unwrap();
        return;
    }
    let mut differences = Vec::new();
    for (level, lines) in levels {
        let family = format!("{:?} ", level.family()).to_lowercase();
        let of_family = recorded.iter().filter(|(name, _)| name.starts_with(&family));
        let gone = of_family.filter(|(name, _)| super::all_are_selected() && !lines.contains_key(*name));
        differences.extend(gone.map(|(name, _)| format!("{name}: recorded, but no such output")));
        for (name, hash) in &lines {
            match recorded.get(name).or_else(|| recorded.get(&with_f64(name)?)) {
                Some(recorded) if recorded == hash => {}
                Some(_) => differences.push(format!("{name}: other bits at {level:?}")),
                None => differences.push(format!("{name}: not recorded")),
            }
        }
    }
    differences.dedup();
    assert!(
        differences.is_empty(),
        "{}\nSLOPES_DUMP and SLOPES_COMPARE show which numbers changed; if they should, SLOPES_BLESS=1 records them.",
        differences.join("\n")
    );
}

/// Fails unless all levels of a family give the same bits.
pub fn families_agree<T: Number>(outputs: fn() -> Outputs<T>) {
    let mut first: Vec<(FmaFamily, Level, Outputs<T>)> = Vec::new();
    let mut failures = Vec::new();
    at_every_level(|level| {
        let now = outputs();
        let Some((_, other, outputs)) = first.iter().find(|(family, ..)| *family == level.family()) else {
            first.push((level.family(), level, now));
            return;
        };
        for ((name, expected), (_, got)) in outputs.0.iter().zip(&now.0) {
            if let Some(i) = (0..got.len()).find(|&i| bits(got[i]) != bits(expected[i])) {
                failures.push(format!("{name}, number {i}: {} at {level:?}, {} at {other:?}", got[i], expected[i]));
            }
        }
    });
    none(&failures);
}

/// The tests of a program whose functions make these outputs.
macro_rules! outputs_are_fixed {
    ($program:literal, $outputs:ident) => {
        #[test]
        fn outputs_have_their_fingerprints() {
            crate::common::outputs::have_their_fingerprints($program, $outputs::<f32>, $outputs::<f64>);
        }

        #[test]
        fn families_agree_in_f32() {
            crate::common::outputs::families_agree($outputs::<f32>);
        }

        #[test]
        fn families_agree_in_f64() {
            crate::common::outputs::families_agree($outputs::<f64>);
        }

        #[test]
        fn families_agree_in_f16() {
            crate::common::outputs::families_agree($outputs::<half::f16>);
        }

        #[test]
        fn families_agree_in_bf16() {
            crate::common::outputs::families_agree($outputs::<half::bf16>);
        }
    };
}
pub(crate) use outputs_are_fixed;
