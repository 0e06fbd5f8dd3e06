//! Scalar functions: bits against the slices of slopes, parameters, types, nulls, errors, names.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, FixedSizeListArray, Int64Array, ListArray, StringArray};
use datafusion::arrow::array::{ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};
use datafusion::execution::FunctionRegistry;
use datafusion::prelude::SessionContext;
use slopes::activation::{Activation, AnyActivation, RowActivation};
use slopes::loss::{AnyLoss, Loss};
use slopes::{Element, Rows};
use slopes_datafusion::slopes;

use crate::common::{all_kinds, batch, bits, column_of, columns, context, error, numbers, register};

/// The values of an activation, one by one.
fn values<T: Element>(f: &AnyActivation, x: &[Option<f64>]) -> Vec<Option<u64>> {
    bits(&x.iter().map(|x| x.map(|x| f.forward(T::from_f64_rounded(x)).into_f64())).collect::<Vec<_>>())
}

#[tokio::test]
async fn activations_have_the_bits_of_slopes() {
    let (ctx, x) = (context(), all_kinds(200));
    let of = |data_type| column_of(&data_type, &x);
    let table = [("h", of(DataType::Float16)), ("x", of(DataType::Float32)), ("d", of(DataType::Float64))];
    register(&ctx, vec![vec![batch(&table)]]);
    let [h, x, d] = table.map(|(_, column)| numbers(&column));
    for f in AnyActivation::all() {
        let name = f.spec().name();
        let query = format!("SELECT {name}(h), {name}(x), {name}(d), activate('{f}', h), activate('{name}', x) FROM t");
        let got = columns(&ctx, &query).await;
        let types: Vec<_> = got.iter().map(|y| y.data_type().clone()).collect();
        use DataType::{Float16, Float32, Float64};
        assert_eq!(types, [Float16, Float32, Float64, Float16, Float32], "{f}");
        let [in_f16, in_f32] = [values::<half::f16>(&f, &h), values::<f32>(&f, &x)];
        let expected = [in_f16.clone(), in_f32.clone(), values::<f64>(&f, &d), in_f16, in_f32];
        for (got, expected) in got.iter().zip(expected) {
            assert_eq!(bits(&numbers(got)), expected, "{f} of {}", got.data_type());
        }
    }
}

#[tokio::test]
async fn losses_have_the_bits_of_slopes() {
    let ctx = context();
    let x = all_kinds(100);
    let (p, t): (Vec<f64>, Vec<f64>) = x.iter().flat_map(|p| [0.0, 1.0, -2.5, 0.25].map(|t| (*p, t))).unzip();
    let of = |x: &[f64], data_type| column_of(&data_type, x);
    // Their nulls are in other rows than those of the predictions.
    let shifted = |data_type| column_of(&data_type, &[&t[..1], &t[..]].concat()).slice(1, t.len());
    let table = [
        ("p", of(&p, DataType::Float32)),
        ("t", shifted(DataType::Float32)),
        ("p64", of(&p, DataType::Float64)),
        ("t64", shifted(DataType::Float64)),
    ];
    register(&ctx, vec![vec![batch(&table)]]);
    let [p, t, p64, t64] = table.map(|(_, column)| numbers(&column));
    for loss in AnyLoss::all() {
        let name = loss.spec().name();
        let sql = if name == "log_cosh" { "log_cosh_loss" } else { name };
        let query = format!("SELECT {sql}(p, t), {sql}(p64, t64), loss('{loss}', p, t), {sql}(p64, t) FROM t");
        let got = columns(&ctx, &query).await;
        let pair = |(p, t): (&Option<f64>, &Option<f64>)| Some(((*p)?, (*t)?));
        let in_f32 = |p, t| f64::from(loss.forward(p as f32, t as f32));
        let in_f32 = bits(&p.iter().zip(&t).map(|x| pair(x).map(|(p, t)| in_f32(p, t))).collect::<Vec<_>>());
        let in_f64 = |p: &[Option<f64>], t: &[Option<f64>]| {
            bits(&p.iter().zip(t).map(|x| pair(x).map(|(p, t)| loss.forward(p, t))).collect::<Vec<_>>())
        };
        let expected = [in_f32.clone(), in_f64(&p64, &t64), in_f32, in_f64(&p64, &t)];
        for (got, expected) in got.iter().zip(expected) {
            assert_eq!(bits(&numbers(got)), expected, "{loss} of {}", got.data_type());
        }
    }
}

/// The value of an expression without columns.
async fn value(ctx: &SessionContext, expression: &str) -> f64 {
    let columns = columns(ctx, &format!("SELECT CAST({expression} AS DOUBLE)")).await;
    columns[0].as_primitive::<Float64Type>().value(0)
}

#[tokio::test]
async fn parameters_are_arguments() {
    let ctx = context();
    for (expression, expected) in [
        ("leaky_relu(-2.0, 0.25)", -0.5),
        ("leaky_relu(-2, 1 / 4.0)", -0.5),
        ("leaky_relu(CAST(-2 AS FLOAT), CAST(0.25 AS FLOAT))", -0.5),
        ("activate('LeakyReLU(negative_slope=0.25)', -2)", -0.5),
        ("activate('nn.leaky_relu(0.25)', -2)", -0.5),
        ("prelu(-2, 0.25)", -0.5),
        // Both parameters together are in order, one alone beside a default is not.
        ("rrelu(-8, 0.5, 0.75)", -5.0),
        ("threshold(3, 5, -7)", -7.0),
        ("huber(3.0, 0.0, 2)", 4.0),
        ("loss('huber(delta=2)', 3, 0)", 4.0),
        ("loss('MSE', 3, 1)", 4.0),
        (
            "poisson_nll(0, 3, true) - poisson_nll(0, 3)",
            AnyLoss::by_name("poisson_nll").map_or(0.0, |_| {
                let full: AnyLoss = "poisson_nll(full=true)".parse().unwrap();
                let plain: AnyLoss = "poisson_nll".parse().unwrap();
                full.forward(0.0, 3.0) - plain.forward(0.0, 3.0)
            }),
        ),
        ("focal(0.0, 1.0, 0)", std::f64::consts::LN_2),
    ] {
        assert_eq!(value(&ctx, expression).await, expected, "{expression}");
    }
    // The bits of a parameter reach the function.
    let slope = 0.1_f64 + 0.2;
    let expected = AnyActivation::from(slopes::activation::LeakyRelu { slope }).forward(-1.0_f64);
    assert_eq!(value(&ctx, "leaky_relu(-1.0, 0.1 + 0.2)").await, expected);
}

#[tokio::test]
async fn integers_and_decimals_are_cast_to_float64() {
    let ctx = context();
    let x: ArrayRef = Arc::new(Int64Array::from(vec![Some(-2), None, Some(3)]));
    register(&ctx, vec![vec![batch(&[("x", x)])]]);
    let query = "SELECT sigmoid(x), sigmoid(CAST(x AS DECIMAL(5, 2))) AS of_decimal, mse(x, 1), \
        sigmoid(arrow_cast(x, 'UInt8') - 3) AS of_u8 FROM t WHERE x > 0";
    let got = columns(&ctx, query).await;
    let sigmoid = AnyActivation::from(slopes::activation::Sigmoid).forward(3.0_f64);
    for (column, expected) in got.iter().zip([sigmoid, sigmoid, 4.0, 0.5]) {
        assert_eq!(column.as_primitive::<Float64Type>().value(0), expected);
    }
}

#[tokio::test]
async fn nulls_give_nulls() {
    let ctx = context();
    let x = column_of(&DataType::Float32, &[0.0; 6]);
    register(&ctx, vec![vec![batch(&[("x", x)])]]);
    for (expression, nulls) in [
        ("sigmoid(x)", 1),
        ("huber(x, 1)", 1),
        ("leaky_relu(x, NULL)", 6),
        ("activate(NULL, x)", 6),
        ("sigmoid(NULL)", 6),
        ("huber(NULL, x, 2)", 6),
        ("loss('mse', x, NULL)", 6),
    ] {
        let got = columns(&ctx, &format!("SELECT {expression} FROM t")).await;
        assert_eq!((got[0].null_count(), got[0].len()), (nulls, 6), "{expression}");
    }
}

#[tokio::test]
async fn columns_of_lists_are_rows() {
    let ctx = context();
    let rows = vec![Some(vec![Some(0.0), Some(0.0)]), None, Some(vec![Some(1.0), None])];
    let fixed: ArrayRef = Arc::new(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows.clone(), 2));
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows));
    register(&ctx, vec![vec![batch(&[("fixed", fixed), ("list", list)])]]);
    let ln_half = Some(vec![Some(0.5_f32.ln()), Some(0.5_f32.ln())]);
    let expected = vec![ln_half, None, None];
    let got = columns(&ctx, "SELECT log_softmax(fixed), activate('log_softmax', list) FROM t").await;
    let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(expected.clone(), 2);
    assert_eq!(*got[0].as_fixed_size_list(), fixed);
    assert_eq!(*got[1].as_list::<i32>(), ListArray::from_iter_primitive::<Float32Type, _, _>(expected));
}

#[tokio::test]
async fn errors_name_the_function_the_argument_and_its_type() {
    let ctx = context();
    let words: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let x = column_of(&DataType::Float32, &[1.0]);
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>([Some([Some(1.0)])]));
    let mut of_words = ListBuilder::new(StringBuilder::new());
    of_words.append_value([Some("a")]);
    let of_words: ArrayRef = Arc::new(of_words.finish());
    register(&ctx, vec![vec![batch(&[("word", words), ("x", x), ("list", list), ("words", of_words)])]]);
    for (expression, expected) in [
        ("sigmoid(word)", "sigmoid: argument 1 (x) is of type Utf8, and must be a number"),
        ("huber(x, word)", "huber: argument 2 (target) is of type Utf8, and must be a number"),
        ("huber(x, x, word)", "huber: argument 3 (delta) is of type Utf8, and must be a number"),
        ("huber(x, x, x)", "huber: argument 3 is a column of type Float64, and must be a literal"),
        ("huber(x, x, -1)", "huber: argument 3: parameter delta = -1 must be"),
        ("leaky_relu(x, 'nan'::double)", "leaky_relu: argument 2: parameter slope = NaN must be"),
        ("huber(x)", "huber has 1 arguments, and must be huber(prediction, target[, delta])"),
        ("relu(x, 1)", "relu has 2 arguments, and must be relu(x)"),
        ("softmax(x)", "softmax: argument 1 (x) is of type Float32, and must be a list of numbers"),
        ("softmax(words)", "softmax: argument 1 (x) is of type List(Utf8), and must be a list of numbers"),
        ("softmax(list, 1, 'some')", "softmax: unknown name \"some\""),
        ("poisson_nll(x, x, 1)", "poisson_nll: argument 3 (full) is of type Int64, and must be true or false"),
        ("activate(x, x)", "activate: argument 1 (the text of the function) is of type Float32, and must be a text"),
        ("activate(word, x)", "activate: argument 1 is a column of type Utf8View, and must be a literal"),
        (
            "activate('sigmod', x)",
            "activate: argument 1 \"sigmod\" at byte 0: unknown name \"sigmod\": did you mean \"sigmoid\"?",
        ),
        (
            "activate('softmax', x)",
            "activate: argument 1 \"softmax\" at byte 0: \"softmax\" is slopes::activation::Softmax",
        ),
        ("activate('relu', word)", "activate: argument 2 (x) is of type Utf8, and must be a number or a list of them"),
        ("loss('huber(delta=0)', x, x)", "loss: argument 1 \"huber(delta=0)\" at byte 6: parameter delta = 0 must be"),
        (
            "mean_loss('hubr', x, x)",
            "mean_loss: argument 1 \"hubr\" at byte 0: unknown name \"hubr\": did you mean \"huber\"?",
        ),
        ("mean_loss(word, x, x)", "mean_loss: argument 1, the text of the loss, must be a literal: CAST(word"),
        ("mean_loss('mse', x, word)", "mean_loss: argument 3 (target) is of type Utf8, and must be a number"),
        ("sum_loss('mse', x, x, word)", "sum_loss: argument 4 (weight) is of type Utf8, and must be a number"),
        ("sum_loss('mse', x)", "sum_loss has 2 arguments, and must be sum_loss(text, prediction, target[, weight])"),
        ("mean_loss(DISTINCT 'mse', x, x)", "mean_loss(DISTINCT ...)"),
    ] {
        let message = error(&ctx, &format!("SELECT {expression} FROM t")).await;
        assert!(message.contains(expected), "{expression}: {message}");
    }
}

#[tokio::test]
async fn activations_of_rows_have_parameters() {
    let ctx = context();
    let low = f64::NEG_INFINITY;
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>([Some([Some(low), Some(low)])]));
    let whole: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(0), Some(1)])]));
    register(&ctx, vec![vec![batch(&[("list", list), ("whole", whole)])]]);
    let half = slopes::activation::Softmax::new().with_temperature(2.0).unwrap();
    let mut tempered = [0.0, 1.0];
    RowActivation::forward_in_place(&half, &mut tempered, Rows::contiguous(2));
    for (expression, expected) in [
        ("softmax(list)", [0.0, 0.0]),
        ("softmax(list, 1, 'uniform')", [0.5, 0.5]),
        ("softmax(whole, 2)", tempered),
        ("activate('softmax(temperature=2)', whole)", tempered),
        ("hardmax(whole)", [0.0, 1.0]),
    ] {
        let got = columns(&ctx, &format!("SELECT {expression} FROM t")).await;
        let values = got[0].as_list::<i32>().value(0);
        assert_eq!(values.as_primitive::<Float64Type>().values()[..], expected, "{expression}");
    }
}

/// Errors of literals come before the query runs.
#[tokio::test]
async fn literals_are_checked_at_planning() {
    let ctx = context();
    for query in ["SELECT huber(1, 1, -1)", "SELECT activate('sigmod', 1)", "SELECT sigmoid('a')"] {
        assert!(ctx.sql(query).await.is_err(), "{query}");
    }
}

/// The functions whose name DataFusion has. If it gets others, the documentation has to name them.
#[test]
fn names_that_are_taken_get_a_prefix() {
    let mut ctx = SessionContext::new();
    let before = ctx.udfs();
    slopes_datafusion::register(&mut ctx).unwrap();
    // Once more: our own are no others.
    slopes_datafusion::register(&mut ctx).unwrap();
    let mut added: Vec<_> = ctx.udfs().difference(&before).cloned().collect();
    added.sort();
    let prefixed: Vec<_> = added.iter().filter(|name| name.starts_with("slopes_")).collect();
    assert_eq!(prefixed, ["slopes_exp", "slopes_tanh"]);
    assert_eq!(added.len(), slopes_datafusion::scalar_functions().len());
    assert!(added.contains(&"log_cosh".to_owned()) && added.contains(&"log_cosh_loss".to_owned()));
}
