//! Aggregates: the same bits whatever the order, exact against whole numbers, groups against filters, nulls, weights, NaN.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take_record_batch;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::prelude::{SessionConfig, SessionContext};
use num_bigint::BigInt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use slopes::loss::{AnyLoss, Loss};
use slopes_datafusion::slopes;

use crate::common::{batch, bits, columns, context, context_with, f32s, numbers, register};

const ROWS: usize = 4000;

/// Predictions p, targets t, weights w and groups g; the losses are of all magnitudes, so that a sum in f64 depends on the
/// order. Some of each are null.
fn table(data_type: &DataType) -> RecordBatch {
    let mut random = StdRng::seed_from_u64(7);
    let mut column = |every: usize, low: f64, high: f64| -> ArrayRef {
        let numbers = (0..ROWS).map(|i| {
            let sign = if random.random() { 1.0 } else { -1.0 };
            let x = sign * 2.0_f64.powf(random.random_range(low..high));
            (i % every != 7).then_some(x)
        });
        let numbers: datafusion::arrow::array::Float64Array = numbers.collect();
        datafusion::arrow::compute::cast(&numbers, data_type).unwrap()
    };
    let (p, t, w) = (column(97, -20.0, 20.0), column(89, -20.0, 20.0), column(83, -10.0, 1.0));
    let g: ArrayRef = Arc::new(Int64Array::from_iter((0..ROWS).map(|i| (i % 101 != 0).then_some((i * i % 13) as i64))));
    batch(&[("p", p), ("t", t), ("w", w), ("g", g)])
}

/// The rows in another order.
fn shuffled(table: &RecordBatch, seed: u64) -> RecordBatch {
    let mut rows: Vec<u32> = (0..table.num_rows() as u32).collect();
    rows.shuffle(&mut StdRng::seed_from_u64(seed));
    take_record_batch(table, &UInt32Array::from(rows)).unwrap()
}

/// A context with the table in partitions, by batches.
fn context_of(table: &RecordBatch, partitions: usize, batch_rows: usize) -> SessionContext {
    let ctx = context_with(SessionConfig::new().with_target_partitions(partitions).with_batch_size(batch_rows.max(2)));
    let rows = table.num_rows();
    let mut parts = vec![Vec::new(); partitions];
    for (i, start) in (0..rows).step_by(batch_rows).enumerate() {
        parts[i % partitions].push(table.slice(start, batch_rows.min(rows - start)));
    }
    register(&ctx, parts);
    ctx
}

const QUERY: &str = "SELECT mean_loss('huber(delta=2)', p, t), sum_loss('huber(delta=2)', p, t), mean_loss('mse', p, t, w), \
    sum_loss('mse', p, t, w), mean_loss('log_cosh', p, t) FILTER (WHERE g > 3), sum_loss('mse', p * t, 1e-3) FROM t";

/// The bits of all results of a query.
async fn results(ctx: &SessionContext, query: &str) -> Vec<Vec<Option<u64>>> {
    columns(ctx, query).await.iter().map(|column| bits(&numbers(column))).collect()
}

async fn bits_do_not_depend_on_the_order(data_type: DataType) {
    let table = table(&data_type);
    let (expected, groups_expected) = {
        let ctx = context_of(&table, 1, ROWS);
        (results(&ctx, QUERY).await, by_groups(&ctx).await)
    };
    for (seed, partitions) in [1, 2, 7, 16].into_iter().enumerate() {
        for batch_rows in [1, 3, 1000, 8192] {
            // Of the smallest batches fewer rows would do, but then they would have another sum.
            let ctx = context_of(&shuffled(&table, seed as u64), partitions, batch_rows);
            assert_eq!(results(&ctx, QUERY).await, expected, "{partitions} partitions, batches of {batch_rows}");
            assert_eq!(by_groups(&ctx).await, groups_expected, "{partitions} partitions, batches of {batch_rows}");
        }
    }
}

/// By group, in the order of the groups.
async fn by_groups(ctx: &SessionContext) -> Vec<Vec<Option<u64>>> {
    let query = QUERY.replace("SELECT", "SELECT CAST(g AS DOUBLE) AS k,") + " GROUP BY g ORDER BY k";
    results(ctx, &query).await
}

#[tokio::test]
async fn bits_of_f32_do_not_depend_on_the_order() {
    bits_do_not_depend_on_the_order(DataType::Float32).await;
}

#[tokio::test]
async fn bits_of_f64_do_not_depend_on_the_order() {
    bits_do_not_depend_on_the_order(DataType::Float64).await;
}

/// The test above would see an order: a sum in f64 has one.
#[tokio::test]
async fn the_order_of_a_plain_sum_matters() {
    let table = table(&DataType::Float64);
    let mut seen = std::collections::HashSet::new();
    for seed in 0..4 {
        let ctx = context_of(&shuffled(&table, seed), 1, 8192);
        seen.insert(results(&ctx, "SELECT sum(huber(p, t, 2)) FROM t").await[0].clone());
    }
    assert!(seen.len() > 1);
}

/// A finite number as a whole multiple of 2^-1074.
fn whole(x: f64) -> BigInt {
    let bits = x.abs().to_bits();
    let (fraction, exponent) = (bits & ((1 << 52) - 1), bits >> 52);
    let magnitude = match exponent {
        0 => BigInt::from(fraction),
        _ => BigInt::from(fraction | 1 << 52) << (exponent - 1),
    };
    if x < 0.0 { -magnitude } else { magnitude }
}

/// Whether `got` is the f64 nearest to a sum: nothing between it and the numbers beside it is nearer.
fn is_nearest(got: f64, exact: &BigInt) -> bool {
    let away = |x: f64| (whole(x) - exact).magnitude().clone();
    away(got) <= away(got.next_up()) && away(got) <= away(got.next_down())
}

#[tokio::test]
async fn sums_are_exact_and_rounded_once() {
    for data_type in [DataType::Float32, DataType::Float64] {
        let table = table(&data_type);
        let ctx = context_of(&table, 3, 1000);
        let [p, t, w] = [0, 1, 2].map(|i| numbers(table.column(i)));
        for loss in ["huber(delta=2)", "mse", "log_cosh", "pinball(tau=0.9)"] {
            let parsed: AnyLoss = loss.parse().unwrap();
            let one = |p: f64, t: f64| match data_type {
                DataType::Float32 => f64::from(parsed.forward(p as f32, t as f32)),
                _ => parsed.forward(p, t),
            };
            let pairs: Vec<_> = (0..ROWS).filter_map(|i| Some((one(p[i]?, t[i]?), w[i]))).collect();
            let sum: BigInt = pairs.iter().map(|(loss, _)| whole(*loss)).sum();
            // Products in f64: exact for losses and weights of f32.
            let weighted: Vec<_> = pairs.iter().filter_map(|(loss, w)| Some((loss * (*w)?, (*w)?))).collect();
            let weighted_sum: BigInt = weighted.iter().map(|(loss, _)| whole(*loss)).sum();
            let weights: BigInt = weighted.iter().map(|(_, w)| whole(*w)).sum();

            let query = format!(
                "SELECT sum_loss('{loss}', p, t), mean_loss('{loss}', p, t), sum_loss('{loss}', p, t, w), \
                 mean_loss('{loss}', p, t, w) FROM t"
            );
            let got: Vec<f64> = columns(&ctx, &query).await.iter().map(|x| numbers(x)[0].unwrap()).collect();
            assert!(is_nearest(got[0], &sum), "{loss} of {data_type}: {}", got[0]);
            assert_eq!(got[1], got[0] / pairs.len() as f64, "{loss} of {data_type}");
            assert!(is_nearest(got[2], &weighted_sum), "{loss} of {data_type}: {}", got[2]);
            let divisor = got[2] / got[3];
            let near = |x: f64| is_nearest(x, &weights);
            assert!([divisor, divisor.next_up(), divisor.next_down()].into_iter().any(near), "{loss} of {data_type}");
        }
    }
}

#[tokio::test]
async fn groups_are_filtered_sums() {
    let table = table(&DataType::Float32);
    let ctx = context_of(&table, 4, 1000);
    let groups = by_groups(&ctx).await;
    assert_eq!(groups[0].len(), 1 + (0..13).map(|i| i * i % 13).collect::<std::collections::HashSet<_>>().len());
    for (i, group) in groups[0].iter().enumerate() {
        let condition = match group {
            Some(bits) => format!("g = {}", f64::from_bits(*bits)),
            None => "g IS NULL".to_owned(),
        };
        let single = results(&ctx, &format!("{QUERY} WHERE {condition}")).await;
        let of_group: Vec<_> = groups[1..].iter().map(|column| vec![column[i]]).collect();
        assert_eq!(single, of_group, "{condition}");
    }
}

/// Many groups: the first stage passes rows on as states; sorted ones: groups are emitted as they end.
#[tokio::test]
async fn groups_of_few_rows_and_sorted_groups_have_the_same_bits() {
    let table = table(&DataType::Float64);
    let query = "SELECT sum_loss('mse', p, t), mean_loss('mse', p, t, w) FILTER (WHERE p > 0) FROM t \
        GROUP BY t ORDER BY t LIMIT 3000";
    let expected = results(&context_of(&table, 1, ROWS), query).await;
    assert_eq!(expected[0].len(), 3000);
    for threshold in [1, 1_000_000] {
        let mut config = SessionConfig::new().with_target_partitions(4).with_batch_size(100);
        config.options_mut().execution.skip_partial_aggregation_probe_rows_threshold = threshold;
        config.options_mut().execution.skip_partial_aggregation_probe_ratio_threshold = 0.1;
        let ctx = context_with(config);
        register(&ctx, (0..4).map(|i| vec![table.slice(i * ROWS / 4, ROWS / 4)]).collect());
        assert_eq!(results(&ctx, query).await, expected, "threshold {threshold}");
        let sorted = query.replace("FROM t", "FROM (SELECT * FROM t ORDER BY t)");
        assert_eq!(results(&ctx, &sorted).await, expected, "sorted, threshold {threshold}");
    }
}

async fn of_values(values: &str, expression: &str) -> Option<f64> {
    let ctx = context();
    let query = format!("SELECT {expression} FROM (VALUES {values}) AS t(p, t, w)");
    numbers(&columns(&ctx, &query).await[0])[0]
}

#[tokio::test]
async fn pairs_with_nulls_and_weights_of_zero_are_left_out() {
    let values =
        "(3.0, 1.0, 1.0), (NULL, 1.0, 1.0), (9.0, NULL, 1.0), (5.0, 4.0, NULL), (2.0, 1.0, 3.0), (8.0, 0.0, 0.0)";
    for (expression, expected) in [
        ("sum_loss('mse', p, t)", Some(4.0 + 1.0 + 1.0 + 64.0)),
        ("mean_loss('mse', p, t)", Some(70.0 / 4.0)),
        ("sum_loss('mse', p, t, w)", Some(4.0 + 3.0)),
        ("mean_loss('mse', p, t, w)", Some(7.0 / 4.0)),
        ("mean_loss('mse', p, t, -2)", Some(70.0 / 4.0)),
        ("sum_loss('mse', p, t, -2)", Some(-140.0)),
        ("mean_loss('mse', p, t) FILTER (WHERE w > 2)", Some(1.0)),
        ("mean_loss('mse', p, t) FILTER (WHERE w > 9)", None),
        ("sum_loss('mse', p, NULL)", None),
    ] {
        assert_eq!(of_values(values, expression).await, expected, "{expression}");
    }
    // A loss that is not finite has no part either, if its weight is 0.
    assert_eq!(of_values("('inf'::double, 1.0, 0.0), (3.0, 1.0, 2.0)", "mean_loss('mse', p, t, w)").await, Some(4.0));
}

#[tokio::test]
async fn nan_and_infinities_are_those_of_the_sum() {
    let of = |p: &str| format!("({p}::double, 0.0, 1.0), (1.0, 0.0, 1.0)");
    let is = |value: Option<f64>, expected: f64| value.is_some_and(|x| x.to_bits() == expected.to_bits());
    assert!(of_values(&of("'nan'"), "mean_loss('mse', p, t)").await.unwrap().is_nan());
    assert!(is(of_values(&of("'inf'"), "mean_loss('mse', p, t)").await, f64::INFINITY));
    assert!(is(of_values(&of("'inf'"), "sum_loss('mse', p, t, -w)").await, f64::NEG_INFINITY));
    let both = "('inf'::double, 0.0, 1.0), ('-inf'::double, 0.0, -1.0)";
    assert!(of_values(both, "sum_loss('mae', p, t, w)").await.unwrap().is_nan());
    // Beyond the largest number on the way, but not at the end.
    let large = "(1e308, 0.0, 1.0), (1.5e308, 0.0, 1.0), (1.6e308, 0.0, -1.0)";
    let exact = whole(1e308) + whole(1.5e308) - whole(1.6e308);
    assert!(is_nearest(of_values(large, "sum_loss('mae', p, t, w)").await.unwrap(), &exact));
}

#[tokio::test]
async fn means_over_windows() {
    let ctx = context();
    register(
        &ctx,
        vec![vec![batch(&[("p", f32s([1.0, 2.0, 3.0])), ("i", Arc::new(Int64Array::from(vec![1, 2, 3])))])]],
    );
    let got = columns(&ctx, "SELECT mean_loss('mse', p, 0) OVER (ORDER BY i) FROM t ORDER BY i").await;
    assert_eq!(numbers(&got[0]), [Some(1.0), Some(2.5), Some(14.0 / 3.0)]);
}

#[tokio::test]
async fn an_empty_table_has_no_mean() {
    let ctx = context();
    register(&ctx, vec![vec![batch(&[("p", f32s([]))])]]);
    let got = columns(&ctx, "SELECT mean_loss('mse', p, p), sum_loss('mse', p, p), count(*) FROM t").await;
    assert_eq!([got[0].null_count(), got[1].null_count()], [1, 1]);
    assert_eq!(got[2].as_primitive::<Int64Type>().value(0), 0);
    assert_eq!(got[0].as_primitive::<Float64Type>().len(), 1);
}
