//! Tables of numbers, and queries over them.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array, RecordBatch};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A context with all functions, ours in place of DataFusion's.
pub fn context() -> SessionContext {
    context_with(SessionConfig::new().with_target_partitions(2))
}

pub fn context_with(config: SessionConfig) -> SessionContext {
    let mut ctx = SessionContext::new_with_config(config);
    slopes_datafusion::register_replacing(&mut ctx).unwrap();
    ctx
}

/// A batch of columns with names, all of which may have nulls.
pub fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.iter().map(|(name, array)| (*name, array.clone(), true))).unwrap()
}

/// Registers the table `t` of one partition for each list of batches.
pub fn register(ctx: &SessionContext, partitions: Vec<Vec<RecordBatch>>) {
    let schema = partitions.iter().flatten().next().unwrap().schema();
    ctx.deregister_table("t").unwrap();
    ctx.register_table("t", Arc::new(MemTable::try_new(schema, partitions).unwrap())).unwrap();
}

/// The columns of the result.
pub async fn columns(ctx: &SessionContext, query: &str) -> Vec<ArrayRef> {
    let frame = ctx.sql(query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    let schema: Schema = frame.schema().as_arrow().clone();
    let batches = frame.collect().await.unwrap_or_else(|error| panic!("{query}: {error}"));
    let column = |i: usize| match batches.as_slice() {
        [] => datafusion::arrow::array::new_empty_array(schema.field(i).data_type()),
        _ => concat(&batches.iter().map(|batch| batch.column(i).as_ref()).collect::<Vec<_>>()).unwrap(),
    };
    (0..schema.fields().len()).map(column).collect()
}

/// The message of the error that planning or running the query gives.
pub async fn error(ctx: &SessionContext, query: &str) -> String {
    let planned = ctx.sql(query).await;
    let result = match planned {
        Ok(frame) => frame.collect().await.map(|_| ()),
        Err(error) => Err(error),
    };
    result.expect_err(query).to_string()
}

/// The numbers of a column of floats, as f64: exact.
pub fn numbers(column: &dyn Array) -> Vec<Option<f64>> {
    use datafusion::arrow::datatypes::{Float16Type, Float32Type, Float64Type};
    match column.data_type() {
        DataType::Float16 => column.as_primitive::<Float16Type>().iter().map(|x| x.map(f64::from)).collect(),
        DataType::Float32 => column.as_primitive::<Float32Type>().iter().map(|x| x.map(f64::from)).collect(),
        DataType::Float64 => column.as_primitive::<Float64Type>().iter().collect(),
        other => panic!("{other}"),
    }
}

/// The bits of numbers, all NaN alike.
pub fn bits(numbers: &[Option<f64>]) -> Vec<Option<u64>> {
    numbers.iter().map(|x| x.map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() })).collect()
}

/// Numbers of all kinds: zeros, infinities and NaN of both signs, the least and the greatest; and `count` random ones, of
/// all magnitudes.
pub fn all_kinds(count: usize) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(1);
    let mut x = vec![0.0, 1.0, 0.5, 3.0, 6.0, 100.0, 1e-30, 1e30, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NAN];
    x.extend((0..count / 2).map(|_| 2.0_f64.powf(random.random_range(-20.0..8.0))));
    x.iter().flat_map(|x| [*x, -x]).collect()
}

/// A column of each type with these numbers, every seventh null.
pub fn column_of(data_type: &DataType, x: &[f64]) -> ArrayRef {
    let x: Float64Array = x.iter().enumerate().map(|(i, x)| (i % 7 != 5).then_some(*x)).collect();
    datafusion::arrow::compute::cast(&x, data_type).unwrap()
}

pub fn f32s(x: impl IntoIterator<Item = f32>) -> ArrayRef {
    Arc::new(Float32Array::from_iter_values(x))
}
