//! The microcontroller: where it starts, how it prints, and how it counts its instructions.

use core::fmt::{Arguments, Write};
use core::panic::PanicInfo;

use cortex_m::Peripherals;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_semihosting::{debug, hio};

#[cortex_m_rt::entry]
fn main() -> ! {
    if let Some(mut peripherals) = Peripherals::take() {
        let timer = &mut peripherals.SYST;
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(TICKS - 1);
        timer.clear_current();
        timer.enable_counter();
    }
    super::run();
    debug::exit(debug::EXIT_SUCCESS);
    loop {}
}

/// The period of the timer, which counts down.
const TICKS: u32 = 1 << 24;

/// Nanoseconds of a tick of the emulated machines, in halves: 16 MHz of the micro:bit, 25 MHz of the MPS2 board.
const HALF_NANOSECONDS: u64 = if cfg!(target_feature = "dsp") { 80 } else { 125 };

/// Calls f, and returns its result and the instructions that it took, which `-icount shift=6` makes 64 ns long.
pub fn counted<T>(f: impl FnOnce() -> T) -> (T, Option<u64>) {
    let start = SYST::get_current();
    let result = f();
    let ticks = start.wrapping_sub(SYST::get_current()) % TICKS;
    (result, Some(u64::from(ticks) * HALF_NANOSECONDS / 128))
}

/// Prints on the console of the debugger.
pub fn print(text: Arguments) {
    if let Ok(mut console) = hio::hstdout() {
        let _ = console.write_fmt(text);
    }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    debug::exit(debug::EXIT_FAILURE);
    loop {}
}
