//! Random numbers that are a hash of a seed and of a place: nothing is stored, and neither chunks nor threads nor registers
//! change a bit.

/// The odd number nearest to 2^64 over the golden ratio, and a bijection of which every bit depends on every bit: those
/// of SplitMix64 (G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators, 2014).
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline(always)]
const fn finalise(z: u64) -> u64 {
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// The draws of a seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CounterRng(u64);

impl CounterRng {
    /// From the hash of the seed, so that the draws of neighbouring seeds are no shifts of each other.
    pub(crate) const fn new(seed: u64) -> Self {
        CounterRng(finalise(seed.wrapping_add(GAMMA)))
    }

    /// The draw of a place: 64 bits.
    #[inline(always)]
    pub(crate) const fn bits(self, index: u64) -> u64 {
        finalise(self.0.wrapping_add(index.wrapping_mul(GAMMA)))
    }

    /// The draw of a place, uniform in [0, 1).
    #[inline(always)]
    pub(crate) const fn unit(self, index: u64) -> f64 {
        // The upper bits as the significand of a number in [1, 2): no conversion, which older machines lack.
        f64::from_bits(1.0_f64.to_bits() | self.bits(index) >> 12) - 1.0
    }
}
