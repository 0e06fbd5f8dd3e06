//! The tumours: read, and split at random.

use rand::Rng;
use rand::seq::SliceRandom;

/// Breast Cancer Wisconsin (Diagnostic), W. Wolberg et al., CC BY 4.0: see data/README.md.
const CSV: &str = include_str!("../data/breast_cancer.csv");

pub const TRAINING: usize = 455;
pub const TEST: usize = 114;

/// Some tumours.
pub struct Set {
    /// A row of measurements for each.
    pub measurements: Vec<Vec<f64>>,
    pub benign: Vec<bool>,
}

pub struct Data {
    pub training: Set,
    pub test: Set,
}

impl Data {
    /// All tumours, split at random.
    pub fn split(rng: &mut impl Rng) -> Data {
        let mut tumours = read();
        assert_eq!(tumours.len(), TRAINING + TEST);
        tumours.shuffle(rng);
        let test = tumours.split_off(TRAINING);
        Data { training: tumours.into_iter().collect(), test: test.into_iter().collect() }
    }
}

impl FromIterator<(Vec<f64>, bool)> for Set {
    fn from_iter<I: IntoIterator<Item = (Vec<f64>, bool)>>(tumours: I) -> Set {
        let (measurements, benign) = tumours.into_iter().unzip();
        Set { measurements, benign }
    }
}

/// Measurements, and whether the tumour is benign. The first line has counts and names of the classes.
fn read() -> Vec<(Vec<f64>, bool)> {
    let tumour = |line: &str| {
        let (measurements, class) = line.rsplit_once(',').expect("a line of the embedded data ends with a class");
        let number = |number: &str| number.parse().expect("the embedded data is numbers");
        (measurements.split(',').map(number).collect(), class == "1")
    };
    CSV.lines().skip(1).map(tumour).collect()
}
