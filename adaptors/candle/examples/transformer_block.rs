//! A block of GPT-2 with random weights: attention of 12 heads over 768 channels, then two layers of 3072 and 768, once with
//! candle's softmax and gelu and once with those of slopes.
//!
//! `cargo run --release --example transformer_block -- [TOKENS [REPEATS]]`: 512 tokens and 5 repeats by default.
//!
//! Prints the least time of each, forward and with the backward pass, and the largest difference of the outputs: between the
//! two, and from candle's in f64. Weights and inputs are of the same seed in every run.

#[path = "common/normal.rs"]
mod normal;

use std::error::Error;
use std::time::{Duration, Instant};

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::ops;
use slopes_candle::slopes::activation::GeluTanh;
use slopes_candle::{activate, softmax};

use normal::Normal;

const CHANNELS: usize = 768;
const HEADS: usize = 12;
const HIDDEN: usize = 3072;

/// The functions that differ.
#[derive(Clone, Copy)]
struct Functions {
    gelu: fn(&Tensor) -> Result<Tensor>,
    softmax: fn(&Tensor) -> Result<Tensor>,
    layer_norm: fn(&Tensor, &Tensor, &Tensor, f32) -> Result<Tensor>,
}

/// candle's, of which softmax and layer norm have faster ones without a gradient.
const CANDLES: Functions =
    Functions { gelu: Tensor::gelu, softmax: ops::softmax_last_dim, layer_norm: ops::layer_norm };
const CANDLES_TRAINED: Functions =
    Functions { softmax: |x| ops::softmax(x, D::Minus1), layer_norm: ops::layer_norm_slow, ..CANDLES };
const OURS: Functions =
    Functions { gelu: |x| activate(x, GeluTanh), softmax: |x| softmax(x, D::Minus1), layer_norm: ops::layer_norm };
const OURS_TRAINED: Functions = Functions { layer_norm: ops::layer_norm_slow, ..OURS };

/// The weights of a block: of queries, keys and values, of the projection, and of the two layers. Biases are 0, as at the
/// start of training.
struct Block {
    qkv: Tensor,
    projection: Tensor,
    up: Tensor,
    down: Tensor,
    ones: Tensor,
    zeros: Tensor,
    mask: Tensor,
}

impl Block {
    /// GPT-2's first weights: a deviation of 0.02.
    fn new(normal: &mut Normal, tokens: usize) -> Result<Block> {
        let mask: Vec<f32> =
            (0..tokens * tokens).map(|i| if i % tokens > i / tokens { f32::NEG_INFINITY } else { 0.0 }).collect();
        Ok(Block {
            qkv: normal.tensor(0.02, CHANNELS, 3 * CHANNELS)?,
            projection: normal.tensor(0.02, CHANNELS, CHANNELS)?,
            up: normal.tensor(0.02, CHANNELS, HIDDEN)?,
            down: normal.tensor(0.02, HIDDEN, CHANNELS)?,
            ones: Tensor::ones(CHANNELS, DType::F32, &Device::Cpu)?,
            zeros: Tensor::zeros(CHANNELS, DType::F32, &Device::Cpu)?,
            mask: Tensor::from_vec(mask, (tokens, tokens), &Device::Cpu)?,
        })
    }

    fn to_f64(&self) -> Result<Block> {
        let wide = |x: &Tensor| x.to_dtype(DType::F64);
        let Block { qkv, projection, up, down, ones, zeros, mask } = self;
        let [qkv, projection, up, down] = [wide(qkv)?, wide(projection)?, wide(up)?, wide(down)?];
        Ok(Block { qkv, projection, up, down, ones: wide(ones)?, zeros: wide(zeros)?, mask: wide(mask)? })
    }

    /// x of shape (tokens, channels).
    fn forward(&self, x: &Tensor, functions: Functions) -> Result<Tensor> {
        let norm = |x: &Tensor| (functions.layer_norm)(x, &self.ones, &self.zeros, 1e-5);
        let (tokens, head) = (x.dim(0)?, CHANNELS / HEADS);
        let qkv = norm(x)?.matmul(&self.qkv)?.reshape((tokens, 3, HEADS, head))?.permute((1, 2, 0, 3))?.contiguous()?;
        let (q, k, v) = (qkv.get(0)?, qkv.get(1)?, qkv.get(2)?);
        let scores = (q.matmul(&k.transpose(1, 2)?)? * (1.0 / (head as f64).sqrt()))?.broadcast_add(&self.mask)?;
        let attended = (functions.softmax)(&scores)?.matmul(&v)?.transpose(0, 1)?.reshape((tokens, CHANNELS))?;
        let x = (x + attended.matmul(&self.projection)?)?;
        let hidden = (functions.gelu)(&norm(&x)?.matmul(&self.up)?)?;
        &x + hidden.matmul(&self.down)?
    }
}

/// The least times of two functions, in turns, and their last results.
fn times<T>(repeats: usize, functions: [&dyn Fn() -> Result<T>; 2]) -> Result<([Duration; 2], [T; 2])> {
    let mut least = [Duration::MAX; 2];
    let mut results = [functions[0]()?, functions[1]()?];
    for _ in 0..repeats {
        for (i, f) in functions.iter().enumerate() {
            let start = Instant::now();
            results[i] = f()?;
            least[i] = least[i].min(start.elapsed());
        }
    }
    Ok((least, results))
}

fn difference(a: &Tensor, b: &Tensor) -> Result<f64> {
    (a.to_dtype(DType::F64)? - b.to_dtype(DType::F64)?)?.abs()?.max_all()?.to_scalar()
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let (tokens, repeats) = (arguments.next().transpose()?.unwrap_or(512), arguments.next().transpose()?.unwrap_or(5));
    let mut normal = Normal(1);
    let block = Block::new(&mut normal, tokens)?;
    let x = Var::from_tensor(&normal.tensor(1.0, tokens, CHANNELS)?)?;
    println!("{tokens} tokens, {CHANNELS} channels, {HEADS} heads, {HIDDEN} hidden; times are the least of {repeats}");
    println!("{:<24}{:>12}{:>12}{:>9}", "", "candle", "slopes", "");

    let print = |name: &str, [candle, slopes]: [Duration; 2]| {
        let [candle, slopes] = [candle, slopes].map(|time| time.as_secs_f64() * 1e3);
        println!("{name:<24}{candle:>9.2} ms{slopes:>9.2} ms{:>7.2} x", candle / slopes);
    };
    let detached = x.as_detached_tensor();
    let forward = |functions| move |block: &Block, x: &Tensor| block.forward(x, functions);
    let (of_candle, of_slopes) = (forward(CANDLES), forward(OURS));
    let (least, [candle, slopes]) =
        times(repeats, [&|| of_candle(&block, &detached), &|| of_slopes(&block, &detached)])?;
    print("block, forward", least);

    let gradient = |functions| {
        let y = block.forward(&x, functions)?;
        let gradients = y.sqr()?.sum_all()?.backward()?;
        Ok(gradients.get(&x).expect("x is a variable").clone())
    };
    let trained: [&dyn Fn() -> Result<Tensor>; 2] = [&|| gradient(CANDLES_TRAINED), &|| gradient(OURS_TRAINED)];
    let (least, [candle_gradient, slopes_gradient]) = times(repeats, trained)?;
    print("block, with backward", least);

    // The functions alone, of tensors of the shapes that they have in the block.
    let hidden = normal.tensor(0.6, tokens, HIDDEN)?;
    print("its gelu", times(repeats, [&|| (CANDLES.gelu)(&hidden), &|| (OURS.gelu)(&hidden)])?.0);
    let scores = normal.tensor(0.3, HEADS * tokens, tokens)?;
    print("its softmax", times(repeats, [&|| (CANDLES.softmax)(&scores), &|| (OURS.softmax)(&scores)])?.0);

    let exact = block.to_f64()?.forward(&detached.to_dtype(DType::F64)?, CANDLES_TRAINED)?;
    println!("largest difference of the outputs     {:.1e}", difference(&candle, &slopes)?);
    println!("    from those in f64: candle         {:.1e}", difference(&candle, &exact)?);
    println!("                       slopes         {:.1e}", difference(&slopes, &exact)?);
    println!("largest output                        {:.1}", exact.abs()?.max_all()?.to_scalar::<f64>()?);
    println!("largest difference of the gradients   {:.1e}", difference(&candle_gradient, &slopes_gradient)?);
    let largest = candle_gradient.abs()?.max_all()?.to_scalar::<f32>()?;
    println!("largest gradient                      {largest:.1}");
    Ok(())
}
