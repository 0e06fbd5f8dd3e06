//! What the optimizer is told: order and bounds. All of it is checked over numbers of all kinds.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::{SortOptions, sort};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::{ScalarUDF, col};
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use slopes::activation::{Activation, AnyActivation};
use slopes_datafusion::slopes;

use crate::common::{all_kinds, batch, column_of, columns, context, context_with, numbers, register};

/// A table whose column z is sorted, and known to be.
fn sorted(descending: bool) -> SessionContext {
    let ctx = context_with(SessionConfig::new().with_target_partitions(1));
    let options = SortOptions { descending, nulls_first: descending };
    let z = sort(&column_of(&DataType::Float64, &all_kinds(20_000)), Some(options)).unwrap();
    let batch = batch(&[("z", z)]);
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
    let table = table.with_sort_order(vec![vec![col("z").sort(!descending, descending)]]);
    ctx.register_table("t", Arc::new(table)).unwrap();
    ctx
}

async fn plan(ctx: &SessionContext, query: &str) -> String {
    let plan = ctx.sql(query).await.unwrap().create_physical_plan().await.unwrap();
    displayable(plan.as_ref()).indent(false).to_string()
}

async fn needs_sort(ctx: &SessionContext, expression: &str, direction: &str) -> bool {
    plan(ctx, &format!("SELECT z FROM t ORDER BY {expression} {direction}")).await.contains("SortExec")
}

#[tokio::test]
async fn monotone_activations_of_sorted_rows_need_no_sort() {
    let (ascending, descending) = (sorted(false), sorted(true));
    for f in AnyActivation::all() {
        let name = f.spec().name();
        let expected = f.spec().monotone && !["relu", "relu6"].contains(&name);
        for expression in [format!("{name}(z)"), format!("activate('{f}', z)")] {
            assert_eq!(needs_sort(&ascending, &expression, "").await, !expected, "{expression}");
            assert_eq!(needs_sort(&descending, &expression, "DESC").await, !expected, "{expression} DESC");
            assert!(needs_sort(&ascending, &expression, "DESC").await, "{expression} of the other order");
        }
    }
    assert!(needs_sort(&ascending, "gelu(z)", "").await);
    assert!(!needs_sort(&ascending, "sigmoid(z)", "").await);
    assert!(!needs_sort(&ascending, "sigmoid(sigmoid(z))", "").await);
    // Parameters count: with a slope of -1 the function falls.
    assert!(needs_sort(&ascending, "leaky_relu(z, -1)", "").await);
    assert!(!needs_sort(&ascending, "leaky_relu(z, 0.2)", "").await);
    assert!(!needs_sort(&ascending, "hard_tanh(z, -2, 5)", "").await);
    assert!(needs_sort(&ascending, "huber(z, 0)", "").await);
}

/// Where the plan has no sort, the values are in order: NaN of both signs, zeros and nulls too.
#[tokio::test]
async fn values_without_a_sort_are_in_order() {
    for (ctx, direction) in [(sorted(false), ""), (sorted(true), "DESC")] {
        let mut checked = 0;
        for f in AnyActivation::all() {
            let name = f.spec().name();
            if needs_sort(&ctx, &format!("{name}(z)"), direction).await {
                continue;
            }
            for cast in ["z", "CAST(z AS FLOAT)"] {
                let got =
                    columns(&ctx, &format!("SELECT {name}({cast}) FROM t ORDER BY {name}({cast}) {direction}")).await;
                let values: Vec<_> = numbers(&got[0]).into_iter().flatten().collect();
                let in_order = |a: &f64, b: &f64| {
                    if direction.is_empty() { a.total_cmp(b).is_le() } else { a.total_cmp(b).is_ge() }
                };
                let bad = values.windows(2).find(|pair| !in_order(&pair[0], &pair[1]));
                assert_eq!(bad, None, "{name}({cast}) {direction}");
                assert!(values.len() > 10_000);
            }
            checked += 1;
        }
        assert!(checked > 20, "{checked}");
    }
}

fn find(name: &str) -> ScalarUDF {
    slopes_datafusion::scalar_functions().into_iter().find(|f| f.name() == name).unwrap()
}

/// The ends of the bounds of a function, by its text.
fn bounds_of(f: &AnyActivation, x: &Interval) -> [Option<f64>; 2] {
    let text = ScalarValue::Utf8View(Some(f.to_string()));
    ends(&find("activate").evaluate_bounds(&[&Interval::try_new(text.clone(), text).unwrap(), x]).unwrap())
}

/// Functions whose range depends on their parameters, which f32 does not represent.
fn with_parameters() -> impl Iterator<Item = AnyActivation> {
    const TEXTS: [&str; 9] = [
        "hard_tanh(-0.1, 0.7)",
        "soft_cap(0.3)",
        "elu(0.1)",
        "celu(1.7)",
        "selu(1.3, 0.7)",
        "swish(-0.3)",
        "threshold(0.3, 0.1)",
        "leaky_relu(-0.2)",
        "xielu(0.3, 0.7, 0.1)",
    ];
    TEXTS.into_iter().map(|text| text.parse().unwrap())
}

fn interval(data_type: &DataType, ends: [Option<f64>; 2]) -> Interval {
    let [low, high] = ends.map(|end| ScalarValue::Float64(end).cast_to(data_type).unwrap());
    Interval::try_new(low, high).unwrap()
}

fn ends(interval: &Interval) -> [Option<f64>; 2] {
    [interval.lower(), interval.upper()].map(|end| numbers(&end.to_array().unwrap())[0])
}

#[test]
fn values_are_within_the_bounds() {
    for data_type in [DataType::Float32, DataType::Float64] {
        let mut x: Vec<f64> = numbers(&column_of(&data_type, &all_kinds(20_000))).into_iter().flatten().collect();
        x.retain(|x| !x.is_nan());
        for f in AnyActivation::all().chain(with_parameters()) {
            for (low, high) in [(None, None), (Some(-1.0), Some(2.0)), (Some(0.5), None)] {
                let [least, greatest] = bounds_of(&f, &interval(&data_type, [low, high]));
                let inside = |x: f64| low.is_none_or(|low| x >= low) && high.is_none_or(|high| x <= high);
                for x in x.iter().copied().filter(|x| inside(*x)) {
                    let y = match data_type {
                        DataType::Float32 => f64::from(f.forward(x as f32)),
                        _ => f.forward(x),
                    };
                    let within = least.is_none_or(|least| y >= least) && greatest.is_none_or(|greatest| y <= greatest);
                    assert!(within || y.is_nan(), "{f} of {data_type} {x}: {y} is not in [{least:?}, {greatest:?}]");
                }
            }
        }
    }
}

#[test]
fn bounds_are_those_of_the_range() {
    let all = |data_type| interval(data_type, [None, None]);
    let of = |name: &str, x: &Interval| ends(&find(name).evaluate_bounds(&[x]).unwrap());
    for data_type in [&DataType::Float32, &DataType::Float64] {
        assert_eq!(of("sigmoid", &all(data_type)), [Some(0.0), Some(1.0)]);
        assert_eq!(of("relu", &all(data_type)), [Some(0.0), None]);
        assert_eq!(of("sigmoid", &interval(data_type, [Some(0.0), None])), [Some(0.5), Some(1.0)]);
        let cap = "soft_cap(cap=5)".parse().unwrap();
        assert_eq!(bounds_of(&cap, &all(data_type)), [Some(-5.0), Some(5.0)]);
    }
    // An end that is rounded is moved outwards, by a few ulp.
    let gelu = AnyActivation::by_name("gelu").unwrap();
    let [Some(least), None] = bounds_of(&gelu, &all(&DataType::Float64)) else { panic!() };
    let [low, _] = gelu.range();
    assert!(least < low && low - least < 1e-15, "{least} {low}");
}

/// NaN is in no interval, and is greater than all numbers in SQL: filters keep it.
#[tokio::test]
async fn filters_beyond_the_bounds_keep_nan() {
    let ctx = context();
    let x = column_of(&DataType::Float64, &[1.0, f64::NAN, 2.0]);
    register(&ctx, vec![vec![batch(&[("x", x)])]]);
    let got = columns(&ctx, "SELECT count(*) FROM t WHERE sigmoid(x) > 1 OR sigmoid(x) < 0").await;
    assert_eq!(got[0].as_primitive::<Int64Type>().value(0), 1);
}

#[tokio::test]
async fn literals_are_folded() {
    let ctx = context();
    let got = plan(&ctx, "SELECT sigmoid(0.0) AS half, huber(3, 0, 2) AS four").await;
    assert!(got.contains("0.5 as half") && got.contains("4 as four") && !got.contains("sigmoid"), "{got}");
}

#[tokio::test]
async fn values_are_not_nullable_if_no_argument_is() {
    let ctx = context();
    let frame =
        ctx.sql("SELECT sigmoid(1.0), sigmoid(x), mse(1, x) FROM (VALUES (1.0), (NULL)) AS t(x)").await.unwrap();
    let nullable: Vec<_> = frame.schema().fields().iter().map(|field| field.is_nullable()).collect();
    assert_eq!(nullable, [false, true, true]);
}
