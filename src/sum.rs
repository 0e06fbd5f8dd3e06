//! Sums by a fixed tree: the same bits for any register and any machine of a family.

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
        let mut unpaired = self.count;
        let mut sum = None;
        while unpaired != 0 {
            let node = self.nodes[unpaired.trailing_zeros() as usize];
            sum = Some(sum.map_or(node, |sum| node + sum));
            unpaired &= unpaired - 1;
        }
        sum.unwrap_or(0.0)
    }
}
