//! Functions of the crate [`slopes`] in the SQL of [DataFusion](https://docs.rs/datafusion) 55: activations and losses as
//! scalar functions, mean losses as aggregates whose bits depend on the set of rows alone; and over Arrow arrays.
//!
//! ```
//! use datafusion::prelude::*;
//!
//! # #[tokio::main]
//! # async fn main() -> datafusion::error::Result<()> {
//! let mut ctx = SessionContext::new();
//! slopes_datafusion::register(&mut ctx)?;
//!
//! let rows = "(VALUES (0.0, 1.0), (2.0, 1.0), (-4.0, 0.0), (NULL, 1.0)) AS t(z, label)";
//! let query = format!("SELECT mean_loss('bce', sigmoid(z), label), avg(leaky_relu(z, 0.5)) FROM {rows}");
//! let batches = ctx.sql(&query).await?.collect().await?;
//!
//! use datafusion::arrow::{array::AsArray, datatypes::Float64Type};
//! let value = |column: usize| batches[0].column(column).as_primitive::<Float64Type>().value(0);
//! // ln 2 and the ln(1 + exp(-z)) of the others; the pair with a null is left out.
//! let expected = (2.0_f64.ln() + (-2.0_f64).exp().ln_1p() + (-4.0_f64).exp().ln_1p()) / 3.0;
//! assert!((value(0) - expected).abs() < 1e-15);
//! assert_eq!(value(1), 0.0);
//! # Ok(())
//! # }
//! ```
//!
//! # Scalar functions
//!
//! - Every [activation](slopes::activation) by its name, with its parameters behind the column, all or the first ones:
//!   `gelu(x)`, `leaky_relu(x, 0.2)`, `softmax(logits)`. x is a column of numbers, or of lists of numbers for an activation
//!   of rows (softmax, softmin, log_softmax, sparsemax, hardmax).
//! - `activate(text, x)`: the activation that a [text](slopes::activation::AnyActivation#text) names, by any alias:
//!   `activate('leaky_relu(slope=0.2)', x)`, `activate('SiLU', x)`, `activate('softmax(temperature=2)', logits)`.
//! - Every [loss](slopes::loss) of pairs by its name: `huber(prediction, target, 2)`.
//! - `loss(text, prediction, target)`: `loss('huber(delta=2)', prediction, target)`.
//!
//! Types: Float16, Float32 and Float64 are computed in that type; losses of Float16 in Float32. Integers and decimals are
//! cast to Float64, and so is a column of Float32 whose pair is not: a literal such as `0.5` is a Float64. Parameters and
//! texts are literals or constant expressions.
//!
//! Nulls: the value of a null is null, of a list that contains a null too. A null parameter makes all values null.
//!
//! # Aggregate functions
//!
//! `mean_loss(text, prediction, target[, weight])` and `sum_loss(..)`, with `FILTER`, `GROUP BY` and `OVER`: Float64.
//!
//! - A pair with a null in any of the columns is left out. Without pairs the value is null.
//! - The mean divides by the number of pairs, or by the sum of the weights. Weights may be of any sign; a pair of weight 0 is
//!   left out, whatever its loss.
//! - **The bits depend on the set of pairs alone**: not on their order, nor on batches, partitions or threads; nor on
//!   the machine, among CPUs of one [`FmaFamily`](slopes::FmaFamily).
//!   Losses are computed in the type of the columns, each within the error bound of its function. Their sum is exact
//!   ([`slopes::ExactSum`]) and rounded to Float64 once; the division rounds once more. Losses times weights are rounded to
//!   Float64 each (exact for Float32 columns).
//! - NaN and infinities among the losses are those of the sum: NaN, or infinities of both signs, give NaN.
//! - A group takes 44 bytes of memory for losses of Float32, 276 of Float64; 552 with weights.
//!
//! # The optimizer
//!
//! `ORDER BY sigmoid(z)` needs no sort if the rows are sorted by z: DataFusion is told which activations are monotone with
//! their parameters ([`is_monotone`](slopes::activation::AnyActivation::is_monotone)); and their ranges, as bounds. `relu` and
//! `relu6` are not in order, as their value at -0 is -0, which SQL sorts before the 0 of negative arguments. NaN keeps its
//! sign for the same reason.
//!
//! # Names that are taken
//!
//! [`register`] leaves the functions alone that the registry has: DataFusion's `exp` and `tanh` stay, and ours are
//! `slopes_exp` and `slopes_tanh`. [`register_replacing`] replaces them. The loss `log_cosh` has the name of an activation,
//! and is `log_cosh_loss` in SQL.

mod aggregate;
pub mod arrays;
mod facts;
mod function;
mod scalar;
mod state;

use std::sync::Arc;

use datafusion_common::Result;
use datafusion_expr::registry::FunctionRegistry;
use datafusion_expr::{AggregateUDF, ScalarUDF, ScalarUDFImpl};

pub use slopes;

use crate::aggregate::OfLosses;
use crate::scalar::Function;

/// Registers all functions, in a `SessionContext` or a `SessionState`. One whose name the registry has for a function of
/// another library gets the prefix `slopes_`.
///
/// ```
/// use datafusion::prelude::*;
///
/// # #[tokio::main]
/// # async fn main() -> datafusion::error::Result<()> {
/// let mut ctx = SessionContext::new();
/// slopes_datafusion::register(&mut ctx)?;
/// let ones = "slopes_tanh(2.0) = tanh(2.0) AND hard_tanh(3.0) = 1.0 AND huber(1.5, 0.0, 1.0) = 1.0";
/// assert_eq!(ctx.sql(&format!("SELECT 1 WHERE {ones}")).await?.count().await?, 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the registry refuses a function.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    let taken = |name: &str| registry.udf(name).is_ok_and(|known| !known.inner().is::<Function>());
    let free = |f: Function| {
        let name = f.name().to_owned();
        if taken(&name) { f.renamed(format!("slopes_{name}")) } else { f }
    };
    let functions: Vec<_> = Function::all().map(free).map(ScalarUDF::new_from_impl).collect();
    register_these(registry, functions)
}

/// Registers all functions, in place of those that have their names: `tanh` and `exp` are ours then.
///
/// ```
/// use datafusion::execution::FunctionRegistry;
/// use datafusion::prelude::*;
///
/// let mut ctx = SessionContext::new();
/// slopes_datafusion::register_replacing(&mut ctx)?;
/// assert!(ctx.udf("slopes_tanh").is_err());
/// # Ok::<(), datafusion::error::DataFusionError>(())
/// ```
///
/// # Errors
/// If the registry refuses a function.
pub fn register_replacing(registry: &mut dyn FunctionRegistry) -> Result<()> {
    register_these(registry, scalar_functions())
}

fn register_these(registry: &mut dyn FunctionRegistry, functions: Vec<ScalarUDF>) -> Result<()> {
    for f in functions {
        registry.register_udf(Arc::new(f))?;
    }
    for f in aggregate_functions() {
        registry.register_udaf(Arc::new(f))?;
    }
    Ok(())
}

/// The scalar functions, by the names of slopes.
///
/// ```
/// use datafusion::prelude::*;
/// let sigmoid = slopes_datafusion::scalar_functions().into_iter().find(|f| f.name() == "sigmoid").unwrap();
/// assert_eq!(sigmoid.call(vec![col("z")]).to_string(), "sigmoid(z)");
/// ```
#[must_use]
pub fn scalar_functions() -> Vec<ScalarUDF> {
    Function::all().map(ScalarUDF::new_from_impl).collect()
}

/// The aggregate functions: `mean_loss` and `sum_loss`.
///
/// ```
/// let names: Vec<_> = slopes_datafusion::aggregate_functions().iter().map(|f| f.name().to_owned()).collect();
/// assert_eq!(names, ["mean_loss", "sum_loss"]);
/// ```
#[must_use]
pub fn aggregate_functions() -> Vec<AggregateUDF> {
    OfLosses::all().map(AggregateUDF::new_from_impl).into()
}

/// How each function is called, in the order of [`scalar_functions`] and [`aggregate_functions`].
///
/// ```
/// let usages = slopes_datafusion::usages();
/// assert!(usages.contains(&"huber(prediction, target[, delta])".to_owned()));
/// assert!(usages.contains(&"mean_loss(text, prediction, target[, weight])".to_owned()));
/// ```
#[must_use]
pub fn usages() -> Vec<String> {
    Function::all().map(|f| f.usage()).chain(OfLosses::all().map(|f| f.usage())).collect()
}

/// The example of the README, which is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
