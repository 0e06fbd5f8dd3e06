//! Sums by a fixed tree: the same bits in every register and on every machine of a family.

use crate::element::Element;

/// The length of the blocks that sums are made of.
pub(crate) const BLOCK: usize = 1024;

/// The number of interleaved accumulators of a block's sum, whatever the registers: number i goes to accumulator i
/// modulo this.
pub(crate) const ACCUMULATORS: usize = 16;

/// A number that can be summed, or an array of them, for columns that are summed side by side.
pub(crate) trait Summand: Copy {
    const ZERO: Self;
    fn add(&mut self, other: &Self);
    #[inline(always)]
    fn plus(mut self, other: Self) -> Self {
        self.add(&other);
        self
    }
}

impl Summand for f64 {
    const ZERO: Self = 0.0;
    #[inline(always)]
    fn add(&mut self, other: &Self) {
        *self += other;
    }
}

impl<const N: usize> Summand for [f64; N] {
    const ZERO: Self = [0.0; N];
    #[inline(always)]
    fn add(&mut self, other: &Self) {
        let mut i = 0;
        while i < N {
            self[i] += other[i];
            i += 1;
        }
    }
}

/// The sum of the accumulators: the upper half is added to the lower until one is left, the first.
#[inline(always)]
pub(crate) fn pairwise<S: Summand>(accumulators: &mut [S; ACCUMULATORS]) -> &S {
    let mut half = ACCUMULATORS / 2;
    while half > 0 {
        let (lower, upper) = accumulators.split_at_mut(half);
        for (sum, other) in lower.iter_mut().zip(upper) {
            sum.add(other);
        }
        half /= 2;
    }
    &accumulators[0]
}

/// The pairwise sum of f64.
pub(crate) type PairwiseSum = PairwiseSumOf<f64, 63>;

/// The sum of a sequence of blocks, as a tree of pairs: block 2k with block 2k + 1, then pairs with pairs. The error
/// grows with the logarithm of the length. A separate sum of 2^k blocks, from a multiple of 2^k on, is a node of the
/// same tree.
pub(crate) struct PairwiseSumOf<S, const LEVELS: usize> {
    /// The last block, if the count is odd: most sums have no other.
    block: S,
    /// At index i the sum of 2^(i + 1) blocks, if bit i + 1 of the count is set.
    nodes: Option<[S; LEVELS]>,
    count: u64,
}

impl<S: Summand, const LEVELS: usize> PairwiseSumOf<S, LEVELS> {
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        PairwiseSumOf { block: S::ZERO, nodes: None, count: 0 }
    }

    #[inline]
    pub(crate) fn push(&mut self, block: S) {
        if self.count & 1 == 0 {
            self.block = block;
        } else {
            self.insert(0, self.block.plus(block));
        }
        self.count += 1;
    }

    /// Inserts the sum of the next 2^(level + 1) blocks, as which they are counted afterwards; the count is a multiple of
    /// that but for blocks of theirs.
    #[inline(always)]
    fn insert(&mut self, level: usize, sum: S) {
        let nodes = self.nodes.get_or_insert([S::ZERO; LEVELS]);
        let larger = (self.count >> (level + 1)).trailing_ones() as usize;
        let sum = nodes[level..level + larger].iter().fold(sum, |sum, node| node.plus(sum));
        nodes[level + larger] = sum;
    }

    /// The sum so far: blocks and nodes that are left unpaired are added from the last backwards.
    #[inline]
    pub(crate) fn sum(&self) -> S {
        let mut sum = (self.count & 1 == 1).then_some(self.block);
        for (i, node) in self.nodes.iter().flatten().enumerate() {
            if self.count >> (i + 1) & 1 == 1 {
                sum = Some(sum.map_or(*node, |sum| node.plus(sum)));
            }
        }
        sum.unwrap_or(S::ZERO)
    }
}

impl PairwiseSum {
    /// Pushes N blocks, a power of two: at a multiple of N as one node of the tree.
    #[inline(always)]
    pub(crate) fn push_all<const N: usize>(&mut self, blocks: &[f64; N]) {
        const { assert!(N >= 2 && N.is_power_of_two()) };
        if !self.count.is_multiple_of(N as u64) {
            blocks.iter().for_each(|block| self.push(*block));
            return;
        }
        let (mut sums, mut n) = (*blocks, N);
        while n > 1 {
            n /= 2;
            for i in 0..n {
                sums[i] = sums[2 * i] + sums[2 * i + 1];
            }
        }
        self.insert(N.trailing_zeros() as usize - 1, sums[0]);
        self.count += N as u64;
    }
}

/// The sum of term(a_i, b_i), in order within each block.
pub(crate) fn sum_in_blocks<T: Copy>(a: &[T], b: &[T], term: impl Fn(T, T) -> f64) -> f64 {
    let mut tree = PairwiseSum::new();
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        tree.push(a.iter().zip(b).map(|(a, b)| term(*a, *b)).sum());
    }
    tree.sum()
}

/// The sum of term(a_i, b_i), made in f64: fewer terms than there are accumulators in order, up to a block by
/// accumulators, more by a tree of blocks.
#[inline(always)]
pub(crate) fn sum_of_pairs<T: Element>(a: &[T], b: &[T], term: impl Fn(f64, f64) -> f64 + Copy) -> f64 {
    if a.len() <= BLOCK {
        return sum_of_block(a, b, term);
    }
    let mut tree = PairwiseSum::new();
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        tree.push(sum_of_block(a, b, term));
    }
    tree.sum()
}

#[inline(always)]
fn sum_of_block<T: Element>(a: &[T], b: &[T], term: impl Fn(f64, f64) -> f64) -> f64 {
    if a.len() < ACCUMULATORS {
        let mut sum = 0.0;
        for (a, b) in a.iter().zip(b) {
            sum += term(a.into_f64(), b.into_f64());
        }
        return sum;
    }
    let mut accumulators = [0.0; ACCUMULATORS];
    let (whole_a, rest_a) = a.as_chunks::<ACCUMULATORS>();
    let (whole_b, rest_b) = b.as_chunks::<ACCUMULATORS>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for i in 0..ACCUMULATORS {
            accumulators[i] += term(a[i].into_f64(), b[i].into_f64());
        }
    }
    for (accumulator, (a, b)) in accumulators.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *accumulator += term(a.into_f64(), b.into_f64());
    }
    *pairwise(&mut accumulators)
}
