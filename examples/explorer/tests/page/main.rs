//! The page in a browser: its numbers are those of the crate on this machine, bit for bit, and it can be used.
//!
//! Needs Chromium, or another browser of its kind that the variable `CHROMIUM` names, and the page, which `cargo run` writes.

mod browser;

use browser::{Browser, page};
use serde_json::{Value, json};
use slopes::activation::{Activation, AnyActivation};
use slopes::loss::{AnyLoss, Loss};
use slopes::{Level, Spec};

/// Places on the axis of the page.
const PLACES: [f64; 14] = [0.0, -0.0, 1.0, -1.0, 0.1, -0.3, 0.75, 2.5, -3.7, 5.3, 20.3, -88.9, 1e-30, -1e12];

/// An activation, or a loss and its target.
enum Function {
    Activation(AnyActivation),
    Loss(AnyLoss, f64),
}

impl Function {
    fn activation(text: &str) -> Self {
        Function::Activation(text.parse().unwrap())
    }

    fn loss(text: &str, target: f64) -> Self {
        Function::Loss(text.parse().unwrap(), target)
    }

    fn fragment(&self) -> String {
        match self {
            Function::Activation(f) => format!("#activation={f}"),
            Function::Loss(f, target) => format!("#loss={f}&target={target}"),
        }
    }

    fn is_default(&self) -> bool {
        match self {
            Function::Activation(f) => AnyActivation::all().any(|default| default == *f),
            Function::Loss(f, _) => AnyLoss::all().any(|default| default == *f),
        }
    }

    fn spec(&self) -> &'static Spec {
        match self {
            Function::Activation(f) => f.spec(),
            Function::Loss(f, _) => f.spec(),
        }
    }

    /// The number that the function is computed at for a place of the axis: residuals, margins, or itself.
    fn input(&self, place: f64) -> f64 {
        match self {
            Function::Loss(f, target) if f.spec().formulas[0].contains("prediction - target") => place + target,
            Function::Loss(f, target) if f.spec().formulas[0].contains("prediction * target") => place / target,
            _ => place,
        }
    }

    fn wide(&self, x: f64) -> [f64; 3] {
        match self {
            Function::Activation(f) => [f.forward(x), f.derivative(x), f.second_derivative(x)],
            Function::Loss(f, y) => [f.forward(x, *y), f.derivative(x, *y), f.second_derivative(x, *y)],
        }
    }

    fn narrow(&self, x: f64) -> [f32; 3] {
        let x = x as f32;
        match self {
            Function::Activation(f) => [f.forward(x), f.derivative(x), f.second_derivative(x)],
            Function::Loss(f, y) => {
                let y = *y as f32;
                [f.forward(x, y), f.derivative(x, y), f.second_derivative(x, y)]
            }
        }
    }

    /// The function, and the target, that f32 computes.
    fn rounded(&self) -> Self {
        let in_f32 = |x: f64| f64::from(x as f32);
        match self {
            Function::Activation(f) => {
                let mut g = *f;
                f.parameters().for_each(|(name, value)| g.set_parameter(name, in_f32(value)).unwrap());
                Function::Activation(g)
            }
            Function::Loss(f, target) => {
                let mut g = *f;
                f.parameters().for_each(|(name, value)| g.set_parameter(name, in_f32(value)).unwrap());
                Function::Loss(g, in_f32(*target))
            }
        }
    }
}

/// Every function with its default parameters, and some with others; losses at several targets.
fn functions() -> Vec<Function> {
    let with_parameters =
        ["swish(beta=2)", "leaky_relu(slope=0.3)", "soft_cap(cap=30)", "elu(alpha=0.7)", "gelu(approximate='tanh')"];
    let mut functions: Vec<_> = AnyActivation::all().map(Function::Activation).collect();
    functions.extend(with_parameters.map(Function::activation));
    for target in [0.0, 1.0, -1.0, 0.3] {
        functions.extend(AnyLoss::all().map(|f| Function::Loss(f, target)));
    }
    functions.push(Function::loss("huber(delta=2)", 0.3));
    functions.push(Function::loss("focal(gamma=1.5)", 1.0));
    functions.push(Function::loss("poisson_nll(full=true)", 3.0));
    functions
}

/// WebAssembly has the bits of machines without fused multiply-add.
fn as_in_the_page() {
    Level::lowest().set_global().unwrap();
}

fn hex32(x: f32) -> String {
    if x.is_nan() { "NaN".into() } else { format!("{:08x}", x.to_bits()) }
}

fn hex64(x: f64) -> String {
    if x.is_nan() { "NaN".into() } else { format!("{:016x}", x.to_bits()) }
}

/// What the page shows at each place: the bits of x and of the three orders in f32 and f64, and the errors.
fn shown(browser: &mut Browser, places: &[f64]) -> Vec<Vec<String>> {
    let places = places.iter().map(|x| format!("'{x:?}'")).collect::<Vec<_>>().join(",");
    let script = format!(
        "[{places}].map((place) => {{
            const get = (selector) => document.querySelector(selector);
            get('#x').value = place;
            get('#x').dispatchEvent(new Event('change'));
            const hex = (id) => {{
                const parts = get('#bits-' + id);
                if (parts.querySelector('.power').textContent.includes('NaN')) return 'NaN';
                const hex = parts.querySelector('.hex').textContent;
                const digits = ['sign', 'exponent', 'significand'].map((part) => parts.querySelector('.' + part).textContent).join('');
                return BigInt('0x' + hex) === BigInt('0b' + digits) ? hex : hex + ' is not ' + digits;
            }};
            const error = (i) => get(`#results tbody:nth-of-type(${{i + 1}}) tr:nth-child(2) td:nth-child(3)`).textContent;
            const f64 = (i) => Number(get(`#results tbody:nth-of-type(${{i + 1}}) tr:nth-child(3) td`).textContent);
            const orders = [0, 1, 2];
            return [hex('x'), ...orders.map((i) => hex('f32-' + i)), ...orders.map((i) => hex('f64-' + i)),
                ...orders.map(error), ...orders.map((i) => String(f64(i)))];
        }})"
    );
    serde_json::from_value(browser.evaluate(&script)).unwrap()
}

#[test]
fn numbers_are_those_of_the_crate() {
    as_in_the_page();
    let mut browser = Browser::open("");
    let mut failures = vec![];
    for f in functions() {
        browser.go(&f.fragment());
        let rounded = f.rounded();
        for (place, page) in PLACES.iter().zip(shown(&mut browser, &PLACES)) {
            let x = f.input(*place);
            let (narrow, wide, exact) = (f.narrow(x), f.wide(x), rounded.wide(f64::from(x as f32)));
            let own: Vec<String> =
                [hex32(x as f32)].into_iter().chain(narrow.map(hex32)).chain(wide.map(hex64)).collect();
            if page[..7] != own {
                failures.push(format!("{} at {place}: {:?}, not {own:?}", f.fragment(), &page[..7]));
            }
            for order in 0..3 {
                let error = &page[7 + order];
                if let Some(wrong) = wrong_error(error, narrow[order], exact[order]) {
                    failures.push(format!("{} at {place}, order {order}: error {error}, not {wrong}", f.fragment()));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures[..failures.len().min(20)].join("\n"));
}

/// The error in ulp that should be shown, if another is.
fn wrong_error(page: &str, got: f32, exact: f64) -> Option<f64> {
    // The spacing of f32 at the exact number, which is seldom an f32.
    let below = (exact as f32).abs();
    let below = if f64::from(below) > exact.abs() { below.next_down() } else { below };
    let spacing = f64::from(below.next_up()) - f64::from(below);
    let error = if got.is_nan() && exact.is_nan() || got == exact as f32 && got.is_infinite() {
        0.0
    } else {
        (f64::from(got) - exact).abs() / spacing
    };
    // Three digits, and none of an error that the f64 may have itself.
    let said = if page == "\u{2248} 0" {
        0.0
    } else {
        page.split(' ').next()?.replace('\u{2212}', "-").parse().unwrap_or(f64::INFINITY)
    };
    ((said - error).abs() > 0.006 * error + 2e-8).then_some(error)
}

#[test]
fn errors_are_within_the_bounds() {
    let mut browser = Browser::open("");
    let mut failures = vec![];
    // Bounds are of the default parameters.
    for f in functions().into_iter().filter(Function::is_default) {
        browser.go(&f.fragment());
        shown(&mut browser, &PLACES);
        let strips = browser.text(
            "[...document.querySelectorAll('#chart text')].map((text) => text.textContent).filter((text) => text.includes('bound')).join('\\n')",
        );
        assert_eq!(strips.lines().count(), 3, "{strips}");
        for (line, bound) in strips.lines().zip(f.spec().f32.ulp) {
            let worst = line.split("worst ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
            let worst: f64 = worst.replace('\u{2212}', "-").parse().unwrap_or(f64::INFINITY);
            // Three digits are shown.
            if worst > bound * 1.005 + 1e-6 {
                failures.push(format!("{}: {line}", f.fragment()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_wrong_text_has_the_error_of_the_crate() {
    let mut browser = Browser::open("#activation=tanh");
    let said = "[...document.querySelectorAll('#error p')].map((p) => p.textContent).join('')";
    let activation = |text: &str| text.parse::<AnyActivation>().unwrap_err().to_string();
    let loss = |text: &str| text.parse::<AnyLoss>().unwrap_err().to_string();
    for (text, message, marked) in [
        ("leaky_relu(slop=0.2)", activation("leaky_relu(slop=0.2)"), "slop"),
        ("swish(beta=2", activation("swish(beta=2"), "\u{a0}"),
        ("swish(β=2)", activation("swish(β=2)"), "β"),
        ("sigmiod", activation("sigmiod"), "sigmiod"),
        ("softplus(beta=-1)", activation("softplus(beta=-1)"), "beta"),
        ("softmax", activation("softmax"), "softmax"),
        ("huber(delta=-2)", loss("huber(delta=-2)"), "delta"),
        ("hubber", loss("hubber"), "hubber"),
        ("", activation(""), "\u{a0}"),
        ("tanh<b>&amp;", activation("tanh<b>&amp;"), "tanh"),
    ] {
        browser.enter("text", text);
        assert_eq!(browser.text(said), message, "{text}");
        assert_eq!(browser.text("document.querySelector('#error mark').textContent"), marked, "{text}: {message}");
        assert_eq!(browser.text("document.getElementById('text').ariaInvalid"), "true");
        assert_eq!(browser.text("document.getElementById('title').textContent"), "tanh", "the last right one stays");
    }
    browser.enter("text", "Huber(delta = 2)");
    assert_eq!(browser.text(said), "");
    assert_eq!(browser.text("document.getElementById('title').textContent"), "huber(delta=2) at target 0");
    assert_eq!(browser.text("document.getElementById('pick').value"), "loss=huber");
    // What both kinds have is of the kind that is shown.
    browser.enter("text", "log_cosh");
    assert_eq!(browser.text("document.getElementById('pick').value"), "loss=log_cosh");
    // A wrong text of the address.
    browser.load(&page(), "#activation=reluu&x=2");
    assert_eq!(browser.text(said), activation("reluu"));
    browser.evaluate("new Promise((done) => setTimeout(() => done(true), 400))");
    assert_eq!(browser.text("location.hash"), "#activation=reluu&x=2");
}

#[test]
fn keys_do_everything() {
    let mut browser = Browser::open("#loss=huber(delta=2)&target=0.5&x=1");
    let mut reached = vec![];
    for _ in 0..25 {
        browser.press("Tab", false);
        reached.push(browser.text("document.activeElement.id"));
    }
    for id in [
        "pick", "text", "target", "from", "to", "zoom-in", "zoom-out", "reset", "copy", "show-0", "chart", "x",
        "previous", "next",
    ] {
        assert!(reached.iter().any(|reached| reached == id), "{id} is not reached: {reached:?}");
    }

    let mut browser = Browser::open("#activation=swish(beta=2)&x=1");
    browser.evaluate("document.getElementById('chart').focus()");
    let mut key = |key: &str, shift: bool, x: f64| {
        browser.press(key, shift);
        assert_eq!(browser.text("document.getElementById('x').value"), x.to_string(), "{key}");
        assert_eq!(browser.text("document.getElementById('chart').ariaValueNow"), x.to_string());
    };
    key("ArrowRight", false, 1.1);
    key("ArrowRight", true, 2.1);
    key("ArrowLeft", false, 2.0);
    key("PageDown", false, 1.0);
    key("ArrowUp", false, 1.0_f32.next_up().into());
    key("ArrowLeft", false, 1.0);
    key("ArrowDown", false, 1.0_f32.next_down().into());
    key("End", false, 5.0);
    key("Home", false, -5.0);
    let spoken = browser.text("document.getElementById('chart').ariaValueText");
    assert!(spoken.starts_with("x \u{2212}5: value \u{2212}0.000226989, derivative"), "{spoken}");

    browser.enter("x", "1");
    browser.evaluate("document.getElementById('chart').focus()");
    browser.press("+", false);
    assert_eq!(browser.text("[document.getElementById('from').value, document.getElementById('to').value]"), "-2,3");
    browser.press("-", false);
    assert_eq!(browser.text("[document.getElementById('from').value, document.getElementById('to').value]"), "-5,5");
    for _ in 0..100 {
        browser.press("+", false);
    }
    assert_eq!(browser.text("document.querySelectorAll('#chart path.curve').length"), "3", "a range of few numbers");

    browser.enter("from", "7");
    assert_eq!(browser.text("document.getElementById('from').ariaInvalid"), "true");
    browser.enter("x", "nothing");
    assert_eq!(browser.text("document.getElementById('x').ariaInvalid"), "true");
}

#[test]
fn narrow_and_wide_windows_do_not_scroll_sideways() {
    let mut browser = Browser::open("");
    for width in [320, 360, 700, 1120, 1600] {
        browser.resize(width);
        for fragment in [
            "#activation=swish(beta=0.12345678901234567)&x=-1.2345678901234567e-300",
            "#loss=binary_cross_entropy_with_logits(pos_weight=0.12345678901234567)&target=0.30000000000000004&x=-33.333333333333336",
            "#activation=tanh&from=-1e-10&to=1.234567e-10&x=0.000012345",
            "#activation=exp&from=-1e30&to=1e30&x=88",
            "#activation=gelu&from=-5&to=-4.9&x=-4.95",
            "#loss=mape&from=-0.333333333&to=-0.333333332",
            "#loss=kl_divergence_of_logs_and_something_else_that_nobody_ever_knew(of_any_kind=1)",
        ] {
            browser.go(fragment);
            browser.wait(&format!("innerWidth === {width}"));
            // The chart is drawn anew where its width changed, of a scroll bar too.
            browser.wait("document.querySelector('#chart svg').viewBox.baseVal.width === Math.max(280, document.getElementById('chart').clientWidth)");

            let scrolls = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let beyond = "[...document.querySelectorAll('body *')].filter((element) =>
                element.getBoundingClientRect().right > document.documentElement.clientWidth).map((element) => element.outerHTML.slice(0, 100))";
            assert_eq!(browser.text(scrolls), "0", "{fragment} in {width} px: {:#}", browser.evaluate(beyond));
            let outside = "[...document.querySelectorAll('#chart text')].filter((text) => {
                const [box, all] = [text, document.querySelector('#chart svg')].map((element) => element.getBoundingClientRect());
                return box.left < all.left - 1 || box.right > all.right + 1;
            }).map((text) => text.textContent)";
            assert_eq!(browser.evaluate(outside), json!([]), "{fragment} in {width} px");
        }
    }
}

#[test]
fn the_address_holds_everything() {
    let state = "['text', 'target', 'from', 'to', 'x', 'pick'].map((id) => document.getElementById(id).value)
        .concat(document.getElementById('title').textContent, document.getElementById('bits').textContent)";
    for fragment in [
        "#activation=swish(beta=2)&from=-3&to=8.5&x=1.25",
        "#activation=prelu(slope=1e-300)&from=-1e-20&to=3e-20&x=-0",
        "#loss=huber(delta=2)&target=0.3&from=-1&to=4&x=-0.5",
        "#loss=poisson_nll(full=true, eps=0.00000001)&target=7&from=-2&to=3&x=0.1",
    ] {
        let mut browser = Browser::open(fragment);
        let first: Value = browser.evaluate(state);
        // The address is written a moment after a change.
        browser.press("Tab", false);
        browser.evaluate("new Promise((done) => setTimeout(() => done(true), 400))");
        let written = browser.text("location.hash");
        browser.load(&page(), &written);
        let second = browser.evaluate(state);
        assert_eq!(first.as_array().unwrap()[1..], second.as_array().unwrap()[1..], "{fragment}, {written}");
        browser.evaluate("new Promise((done) => setTimeout(() => done(true), 400))");
        assert_eq!(browser.text("location.hash"), written);
        let wanted = fragment.split('&').skip(1);
        wanted.for_each(|part| assert!(written.contains(part), "{part} is not in {written}"));
    }
}

/// Of a link that is followed just before the page writes its address, the function is shown.
#[test]
fn an_address_that_is_written_in_between_is_not_read() {
    let mut browser = Browser::open("#activation=relu");
    browser.evaluate(
        "new Promise((done) => {
            addEventListener('hashchange', () => done(true), { once: true });
            location.hash = '#activation=tanh';
            history.replaceState(null, '', '#activation=relu');
        })",
    );
    assert_eq!(browser.text("document.getElementById('title').textContent"), "tanh");
}

#[test]
fn the_pointer_shows_numbers() {
    let mut browser = Browser::open("#activation=relu");
    let place = "(() => { const box = document.querySelector('#chart .frame').getBoundingClientRect(); return [box.left + box.width * 0.75, box.top + box.height / 2]; })()";
    let place = browser.evaluate(place);
    let mut pointer = |kind: &str, buttons: u32| {
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        let params = json!({ "type": kind, "x": place[0], "y": place[1], "button": button, "buttons": buttons, "clickCount": buttons });
        browser.call("Input.dispatchMouseEvent", params);
        browser.text("document.getElementById('tip').hidden ? 'hidden' : document.getElementById('tip').textContent")
    };
    let tip = pointer("mouseMoved", 0);
    assert_eq!(
        tip,
        "x = 2.5\nf = 2.5, f32 off by 0 ulp\nf\u{2032} = 1, f32 off by 0 ulp\nf\u{2033} = 0, f32 off by 0 ulp"
    );
    pointer("mousePressed", 1);
    pointer("mouseReleased", 0);
    assert_eq!(browser.text("document.getElementById('x').value"), "2.5");
}

/// Texts are legible in both colour schemes: a contrast of 4.5 at least, as the W3C's guidelines have it.
#[test]
fn light_and_dark() {
    let mut browser = Browser::open("");
    let contrasts = "(() => {
        const style = getComputedStyle(document.documentElement);
        const luminance = (name) => {
            const hex = style.getPropertyValue(name).trim().slice(1);
            const full = hex.length === 3 ? [...hex].map((c) => c + c).join('') : hex;
            const [r, g, b] = [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16) / 255)
                .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const names = ['text', 'muted', 'wrong', 'order-0', 'order-1', 'order-2', 'sign', 'exponent', 'significand'];
        return names.flatMap((name) => ['background', 'panel'].map((behind) => contrast(luminance('--' + name), luminance('--' + behind))));
    })()";
    let mut backgrounds = vec![];
    for scheme in ["light", "dark"] {
        browser.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
        );
        let contrasts: Vec<f64> = serde_json::from_value(browser.evaluate(contrasts)).unwrap();
        assert!(contrasts.iter().all(|contrast| *contrast >= 4.5), "{scheme}: {contrasts:?}");
        backgrounds.push(browser.text("getComputedStyle(document.body).backgroundColor"));
    }
    assert_eq!(backgrounds, ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]);
}
