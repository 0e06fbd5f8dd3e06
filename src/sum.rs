//! Sums by a fixed tree: the same bits for any register and any machine of a family.

use crate::element::Element;

/// A block's sum is made of as many interleaved ones, whatever the registers: number i goes to strand i modulo this.
pub(crate) const STRANDS: usize = 16;

/// The sum of the strands, the upper half added to the lower until one is left.
#[inline(always)]
pub(crate) fn pairwise(mut strands: [f64; STRANDS]) -> f64 {
    let mut half = STRANDS / 2;
    while half > 0 {
        for i in 0..half {
            strands[i] += strands[i + half];
        }
        half /= 2;
    }
    strands[0]
}

/// The sum of a sequence, as a tree of pairs: block 2k with block 2k + 1, then pairs with pairs. The error grows with
/// the logarithm of the length, and whoever sums 2^k blocks at a time, from a multiple of 2^k on, meets a node of the
/// same tree.
pub(crate) struct Tree {
    /// The sum of 2^i blocks at place i, where bit i of the count is set.
    nodes: [f64; 64],
    count: u64,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Tree { nodes: [0.0; 64], count: 0 }
    }

    #[inline]
    pub(crate) fn push(&mut self, block: f64) {
        let pairs = self.count.trailing_ones() as usize;
        let sum = self.nodes[..pairs].iter().fold(block, |sum, node| node + sum);
        self.nodes[pairs] = sum;
        self.count += 1;
    }

    /// What is left unpaired is added from the last block backwards.
    #[inline]
    pub(crate) fn sum(&self) -> f64 {
        let nodes = self.nodes.iter().enumerate().filter(|(i, _)| self.count >> i & 1 == 1);
        nodes.fold(None, |sum: Option<f64>, (_, node)| Some(sum.map_or(*node, |sum| node + sum))).unwrap_or(0.0)
    }
}

/// How many terms are summed by strands.
const CHUNK: usize = 1024;

/// The sum of a term of each pair (a_i, b_i), made in f64: fewer terms than there are strands in order, up to a chunk by
/// strands, more by a tree of chunks.
#[inline(always)]
pub(crate) fn sum_of_pairs<T: Element>(a: &[T], b: &[T], term: impl Fn(f64, f64) -> f64 + Copy) -> f64 {
    if a.len() <= CHUNK {
        return sum_of_chunk(a, b, term);
    }
    let mut tree = Tree::new();
    for (a, b) in a.chunks(CHUNK).zip(b.chunks(CHUNK)) {
        tree.push(sum_of_chunk(a, b, term));
    }
    tree.sum()
}

#[inline(always)]
fn sum_of_chunk<T: Element>(a: &[T], b: &[T], term: impl Fn(f64, f64) -> f64) -> f64 {
    if a.len() < STRANDS {
        let mut sum = 0.0;
        for (a, b) in a.iter().zip(b) {
            sum += term(a.wide(), b.wide());
        }
        return sum;
    }
    let mut strands = [0.0; STRANDS];
    let (whole_a, rest_a) = a.as_chunks::<STRANDS>();
    let (whole_b, rest_b) = b.as_chunks::<STRANDS>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for i in 0..STRANDS {
            strands[i] += term(a[i].wide(), b[i].wide());
        }
    }
    for (strand, (a, b)) in strands.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *strand += term(a.wide(), b.wide());
    }
    pairwise(strands)
}
