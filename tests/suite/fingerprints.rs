//! A hash of what every function makes of a fixed set of inputs, the same on every machine of a family.
//!
//! `SLOPES_BLESS=1 cargo test --test suite fingerprints` writes the file anew, for the families that the machine has.

use std::collections::BTreeMap;

use crate::common::{Number, at_every_level, bits, everything};
use slopes::{Element, Level};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fingerprints.txt");

/// FNV-1a with 128 bits, of the bits of each number as an f64 holds them, low byte first.
fn hash<T: Element>(numbers: &[T]) -> u128 {
    const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = numbers.iter().flat_map(|x| bits(*x).to_le_bytes());
    bytes.fold(START, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

/// "family type function order": hash.
fn fingerprints(level: Level) -> BTreeMap<String, String> {
    fn of<T: Number>(level: Level) -> impl Iterator<Item = (String, String)> {
        let family = format!("{:?}", level.family()).to_lowercase();
        everything::<T>().into_iter().map(move |(name, y)| (format!("{family} {name}"), format!("{:032x}", hash(&y))))
    }
    of::<f32>(level).chain(of::<f64>(level)).collect()
}

#[test]
fn outputs_have_their_fingerprints() {
    let text = std::fs::read_to_string(FILE).unwrap_or_default();
    let line = |line: &str| line.rsplit_once(' ').map(|(name, hash)| (name.to_owned(), hash.to_owned()));
    let recorded: BTreeMap<String, String> = text.lines().filter_map(line).collect();
    let bless = std::env::var("SLOPES_BLESS").is_ok_and(|value| value == "1");

    let mut levels = Vec::new();
    at_every_level(|level| levels.push((level, fingerprints(level))));
    if bless {
        let families: Vec<String> =
            levels.iter().map(|(level, _)| format!("{:?} ", level.family()).to_lowercase()).collect();
        let other_machines =
            recorded.into_iter().filter(|(name, _)| !families.iter().any(|family| name.starts_with(family)));
        let lines: BTreeMap<_, _> = other_machines.chain(levels.iter().flat_map(|(_, lines)| lines.clone())).collect();
        let text: String = lines.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
        std::fs::write(FILE, text).unwrap();
        return;
    }
    let mut differences = Vec::new();
    for (level, lines) in levels {
        let family = format!("{:?} ", level.family()).to_lowercase();
        let of_family = recorded.iter().filter(|(name, _)| name.starts_with(&family));
        let gone = of_family.filter(|(name, _)| !lines.contains_key(*name));
        differences.extend(gone.map(|(name, _)| format!("{name}: recorded, but no such output")));
        for (name, hash) in &lines {
            match recorded.get(name) {
                Some(recorded) if recorded == hash => {}
                Some(_) => differences.push(format!("{name}: other bits at {level:?}")),
                None => differences.push(format!("{name}: not recorded")),
            }
        }
    }
    differences.dedup();
    assert!(
        differences.is_empty(),
        "{}\nIf the bits were to change, SLOPES_BLESS=1 records them.",
        differences.join("\n")
    );
}

/// The published hashes of the empty string and of "a".
#[test]
fn the_hash_is_fnv_1a() {
    assert_eq!(hash::<f32>(&[]), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
    // Of eight zero bytes: the start times the prime to the eighth.
    let prime = (1u128 << 88) + 0x13b;
    let start = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    assert_eq!(hash(&[0.0_f32]), start.wrapping_mul(prime.wrapping_pow(8)));
}
