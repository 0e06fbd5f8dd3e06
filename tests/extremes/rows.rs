//! Functions of rows.

use slopes::Rows;
use slopes::activation::{
    Hardmax, LogSoftmax, LogSumExp, Mask, Repeat, RowActivation, SinkSoftmax, Softmax, Softmin, Sparsemax,
};
use slopes::loss::{
    CategoricalCrossEntropy, CategoricalFocal, CategoricalHinge, Dice, MultiMargin, NegativeLogLikelihood, RowLoss,
    SoftmaxCrossEntropy, Targets, Tversky,
};

use super::{Bytes, Raw, at_levels, bits};

/// A parameter that most constructors accept: an edge or any number.
fn number_from_0(bytes: &mut Bytes) -> f64 {
    bytes.parameter().abs()
}

/// Rows of a shape with one axis: at most 4 x 12 x 3.
fn rows(bytes: &mut Bytes) -> (Rows, usize) {
    let [count, len, inner] = [1 + bytes.byte() % 4, 1 + bytes.byte() % 12, 1 + (bytes.byte() % 6).saturating_sub(3)];
    (Rows::along(&[count, len, inner], 1), count * len * inner)
}

/// The indices of the rows of a shape.
fn indices(rows: Rows, numbers: usize) -> Vec<Vec<usize>> {
    let (len, inner) = (rows.row_len(), rows.stride());
    let row = |r: usize| (0..len).map(|i| r / inner * len * inner + r % inner + i * inner).collect();
    (0..numbers / len).map(row).collect()
}

pub fn check_activation<T: Raw>(bytes: &mut Bytes) -> Result<(), String> {
    let (rows, numbers) = rows(bytes);
    let which = bytes.index(8);
    let temperature = if bytes.byte() < 128 { 1.0 } else { number_from_0(bytes) };
    let (Ok(softmax), Ok(softmin), Ok(log_softmax)) = (
        Softmax::new().with_temperature(temperature),
        Softmin::new().with_temperature(temperature),
        LogSoftmax::new().with_temperature(temperature),
    ) else {
        return Ok(());
    };
    let (x, dy, mask) = (bytes.numbers::<T>(numbers), bytes.numbers::<T>(numbers), bytes.numbers::<T>(numbers));
    if which == 7 {
        return check_sink(bytes, temperature, (rows, numbers), &x, &dy, &mask);
    }
    let (name, f): (_, &dyn RowActivation<T>) = match which {
        0 | 6 => ("softmax", &softmax),
        1 => ("softmin", &softmin),
        2 => ("log_softmax", &log_softmax),
        3 => ("sparsemax", &Sparsemax),
        4 => ("hardmax", &Hardmax),
        _ => ("log_sum_exp", &softmax),
    };
    let what = || format!("{name}: levels: {temperature:e} of {x:?}, {dy:?}, {rows:?}");
    let all = indices(rows, numbers);
    if which == 5 {
        let levels = at_levels(&what, || {
            let mut y = vec![T::zero(); all.len()];
            LogSumExp.forward(&x, rows, &mut y);
            vec![y]
        })?;
        for (level, outputs) in &levels {
            for (row, y) in all.iter().zip(&outputs[0]) {
                let nan = row.iter().any(|&i| x[i].is_nan());
                let largest = row.iter().map(|&i| x[i]).fold(T::neg_infinity(), T::max);
                if y.is_nan() != nan || !nan && *y < largest {
                    return Err(format!("{}: {y:?}, {level:?}", what()));
                }
            }
        }
        return Ok(());
    }
    let levels = at_levels(&what, || {
        let mut y = vec![vec![T::zero(); numbers]; 4];
        f.forward(&x, rows, &mut y[0]);
        f.backward(&x, &dy, rows, &mut y[1]);
        let (value, gradient) = (y[0].clone(), &mut y[2]);
        f.backward_from_output(&value, &dy, rows, gradient);
        if which == 6 {
            softmax.forward_masked(&x, Mask::new().with_additive(&mask, Repeat::Whole), rows, &mut y[3]);
        }
        y
    })?;
    let (low, high) = if which == 2 { (f64::NEG_INFINITY, 0.0) } else { (0.0, 1.0) };
    for (level, outputs) in &levels {
        level.set_global().unwrap();
        for row in &all {
            let numbers = |y: &[T]| row.iter().map(|&i| y[i]).collect::<Vec<T>>();
            let [x, dy, mask] = [numbers(&x), numbers(&dy), numbers(&mask)];
            let place = |what: &str| {
                let outputs: Vec<_> = outputs.iter().map(|y| numbers(y)).collect();
                format!("{name}: {what}: temperature {temperature:e}, {x:?}, {dy:?}, {mask:?}, {level:?}: {outputs:?}")
            };
            let mut alone = vec![T::zero(); x.len()];
            f.forward(&x, Rows::contiguous(x.len()), &mut alone);
            let y = numbers(&outputs[0]);
            if alone.iter().zip(&y).any(|(a, b)| bits(*a) != bits(*b)) {
                return Err(place("another value of the row alone"));
            }
            let nan = x.iter().any(|x| x.is_nan());
            if y.iter().any(|y| y.is_nan() != nan || !nan && !(low..=high).contains(&y.into_f64())) {
                return Err(place("out of range"));
            }
            // Without NaN and infinities, a gradient is a number, unless a product or a sum overflows.
            let finite = x.iter().chain(&dy).all(|x| x.is_finite());
            let tame =
                dy.iter().all(|dy| dy.into_f64().abs() <= T::max_value().into_f64() / 1e4 * temperature.min(1.0));
            for gradient in &outputs[1..3] {
                if finite && tame && numbers(gradient).iter().any(|dx| dx.is_nan()) {
                    return Err(place("NaN in a gradient"));
                }
            }
            if which == 6 && finite && mask.iter().all(|m| m.is_finite() || *m == T::neg_infinity()) {
                let y = numbers(&outputs[3]);
                if y.iter().any(|y| !(0.0..=1.0).contains(&y.into_f64())) {
                    return Err(place("masked: out of range"));
                }
            }
        }
    }
    Ok(())
}

/// A softmax with sinks, and with a mask of several parts: shares from 0 to 1 whose sum is 1, NaN from NaN alone.
fn check_sink<T: Raw>(
    bytes: &mut Bytes,
    temperature: f64,
    (rows, numbers): (Rows, usize),
    x: &[T],
    dy: &[T],
    add: &[T],
) -> Result<(), String> {
    let Ok(softmax) = SinkSoftmax::new(1).with_temperature(temperature) else { return Ok(()) };
    let all = indices(rows, numbers);
    let sinks = bytes.numbers::<T>(all.len());
    let keep: Vec<bool> = (0..rows.row_len() * rows.stride()).map(|_| bytes.byte() < 192).collect();
    let [parts, queries, before, after] = [0; 4].map(|_| usize::from(bytes.byte() as u8 % 8));
    let mut mask = Mask::new();
    if parts & 1 != 0 {
        mask = mask.with_window(1 + queries, before, after).with_first_position(parts as isize - 4);
    }
    if parts & 2 != 0 {
        mask = mask.with_boolean(&keep, Repeat::Whole);
    }
    if parts & 4 != 0 {
        mask = mask.with_additive(add, Repeat::Whole);
    }
    let what = || format!("sink_softmax: {temperature:e} of {x:?}, {sinks:?}, {mask:?}, {dy:?}, {rows:?}");
    let levels = at_levels(&what, || {
        let mut out = [numbers, all.len(), numbers, all.len()].map(|len| vec![T::zero(); len]);
        let [y, shares, dx, of_sinks] = &mut out;
        softmax.forward_with_sink_shares(x, mask, &sinks, rows, y, shares);
        softmax.backward_from_output(y, dy, rows, dx);
        softmax.sink_gradient(y, shares, dy, rows, of_sinks);
        out.to_vec()
    })?;
    let any_nan = |numbers: &[T]| numbers.iter().any(|x| x.is_nan());
    // A sum of an infinity and its opposite is NaN.
    let no_nan = !any_nan(x) && !any_nan(&sinks) && (parts & 4 == 0 || add.iter().chain(x).all(|a| a.is_finite()));
    for (level, out) in &levels {
        for (r, row) in all.iter().enumerate() {
            let share = out[1][r].into_f64();
            let y: Vec<f64> = row.iter().map(|&i| out[0][i].into_f64()).collect();
            let sum = share + y.iter().sum::<f64>();
            let fine = y.iter().chain([&share]).all(|y| (0.0..=1.0).contains(y));
            let whole = sum == 0.0 || (sum - 1.0).abs() <= 16.0 * T::epsilon().into_f64();
            let nan = sinks[r].is_nan() || row.iter().any(|&i| x[i].is_nan());
            if no_nan && !(fine && whole) || parts == 0 && nan && !y.iter().chain([&share]).all(|y| y.is_nan()) {
                return Err(format!("{}, row {r}, {level:?}: {share}, {y:?}", what()));
            }
        }
    }
    Ok(())
}

pub fn check_loss<T: Raw>(bytes: &mut Bytes) -> Result<(), String> {
    let (rows, numbers) = rows(bytes);
    let classes = rows.row_len();
    let which = bytes.index(8);
    let parameters = [0; 3].map(|_| if bytes.byte() < 128 { 0.5 } else { number_from_0(bytes) });
    let [a, b, c] = parameters;
    let class_weights: Vec<f64> = (0..classes).map(|_| f64::from(bytes.byte() as u8 % 4)).collect();
    let mut x = bytes.numbers::<T>(numbers);
    let mut y = bytes.numbers::<T>(numbers);
    let of_probabilities = matches!(which, 2 | 6 | 7);
    let to_share = |x: &mut T| *x = x.abs().min(T::one() / x.abs());
    if of_probabilities {
        x.iter_mut().for_each(to_share);
    }
    y.iter_mut().for_each(to_share);
    let labels: Vec<u32> = (0..numbers / classes).map(|_| (bytes.byte() % classes) as u32).collect();
    let chosen = || -> Result<(&str, Box<dyn RowLoss<T> + '_>), slopes::ParameterError> {
        Ok(match which {
            0 => {
                let loss = SoftmaxCrossEntropy::new()
                    .with_label_smoothing(a)?
                    .with_z_loss(b.min(1.0))?
                    .with_class_weights(&class_weights)?;
                ("cross_entropy", Box::new(loss))
            }
            1 => ("focal", Box::new(CategoricalFocal::new().with_gamma(a)?.with_alpha(&class_weights)?)),
            2 => ("categorical_cross_entropy", Box::new(CategoricalCrossEntropy::new().with_eps(a)?)),
            3 => ("negative_log_likelihood", Box::new(NegativeLogLikelihood::new())),
            4 => ("multi_margin", Box::new(MultiMargin::new().with_margin(a)?.with_squared(b < 0.5))),
            5 => ("categorical_hinge", Box::new(CategoricalHinge)),
            6 => ("dice", Box::new(Dice::new().with_smooth(a)?)),
            _ => ("tversky", Box::new(Tversky::new().with_alpha(a)?.with_beta(b)?.with_smooth(c)?)),
        })
    };
    let Ok((name, loss)) = chosen() else { return Ok(()) };
    let by_label = matches!(which, 4 | 5) || bytes.byte() < 128;
    let target = if by_label { Targets::labels(&labels) } else { Targets::Probabilities(&y) };
    let what = || format!("{name}: levels: {parameters:?} {class_weights:?} of {x:?}, {target:?}, {rows:?}");
    let levels = at_levels(&what, || {
        let mut out = vec![vec![T::zero(); numbers]; 4];
        let mut losses = vec![T::zero(); numbers / classes];
        loss.forward(&x, target, rows, &mut losses).unwrap();
        let [first, second, bound, matrix] = &mut out[..] else { unreachable!() };
        loss.gradient_with_hessian(&x, target, rows, 1.0, first, second).unwrap();
        loss.gradient_with_matrix_bound(&x, target, rows, 1.0, first, matrix).unwrap();
        loss.gradient_with_hessian_bound(&x, target, rows, 1.0, first, bound).unwrap();
        out.push(losses);
        out
    })?;
    for (level, outputs) in &levels {
        for (r, row) in indices(rows, numbers).iter().enumerate() {
            let numbers = |y: &[T]| row.iter().map(|&i| y[i]).collect::<Vec<T>>();
            let x = numbers(&x);
            let place = |what: &str| {
                let derivatives: Vec<_> = outputs[..4].iter().map(|y| numbers(y)).collect();
                let target = if by_label { format!("label {}", labels[r]) } else { format!("{:?}", numbers(&y)) };
                format!(
                    "{name}: {what}: {parameters:?} {class_weights:?}, {x:?}, {target}, {level:?}: {:?} {derivatives:?}",
                    outputs[4][r]
                )
            };
            let y = numbers(&y);
            if !x.iter().all(|x| x.is_finite()) || !by_label && y.iter().any(|y| y.is_nan()) {
                continue;
            }
            let [first, second, bound, matrix] = [0, 1, 2, 3].map(|kind| numbers(&outputs[kind]));
            let loss = outputs[4][r];
            if loss.is_nan() || loss < T::zero() && !matches!(which, 2 | 3) {
                return Err(place("the loss"));
            }
            if first.iter().chain(&second).chain(&bound).chain(&matrix).any(|y| y.is_nan()) {
                return Err(place("NaN"));
            }
            // All is 0 in a row that is ignored; in f16, a bound may round to 0.
            let ignored = bound.iter().all(|b| *b == T::zero());
            let least = if size_of::<T>() == 2 { T::zero() } else { T::min_positive_value() };
            let slack = T::one() + T::epsilon() * T::from_f64_rounded(16.0);
            for i in 0..x.len() {
                let bounded = bound[i] >= least && matrix[i] >= least && bound[i] * slack + least >= second[i].abs();
                let silent = ignored && first[i] == T::zero() && second[i] == T::zero();
                if !(bounded || silent) {
                    return Err(place("no bound"));
                }
            }
        }
    }
    Ok(())
}
