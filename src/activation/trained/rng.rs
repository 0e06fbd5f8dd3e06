//! A counter-based random number generator: each number is a hash of a seed and of an index. There is no state, so that
//! chunks, threads and registers do not change a bit.

/// The increment of SplitMix64: the odd number nearest to 2^64 divided by the golden ratio (G. Steele, D. Lea, C.
/// Flood, Fast Splittable Pseudorandom Number Generators, 2014).
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of SplitMix64: a bijection, each bit of which depends on every bit of z.
#[inline(always)]
const fn finalise(z: u64) -> u64 {
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// The random numbers of a seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CounterRng(u64);

impl CounterRng {
    /// The generator of a seed. The seed is hashed: the sequences of neighbouring seeds are not shifts of each other.
    pub(crate) const fn new(seed: u64) -> Self {
        CounterRng(finalise(seed.wrapping_add(GAMMA)))
    }

    /// The number of an index: 64 random bits.
    #[inline(always)]
    pub(crate) const fn bits(self, index: u64) -> u64 {
        finalise(self.0.wrapping_add(index.wrapping_mul(GAMMA)))
    }

    /// The number of an index, uniform in [0, 1).
    #[inline(always)]
    pub(crate) const fn unit(self, index: u64) -> f64 {
        // The upper 52 bits are the significand of a number in [1, 2): older instruction sets cannot convert u64 lanes.
        f64::from_bits(1.0_f64.to_bits() | self.bits(index) >> 12) - 1.0
    }
}
