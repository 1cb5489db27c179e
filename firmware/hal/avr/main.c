/* The atmega328p: pins, UART, clock, watchdog, and what hangs on them (board.h). No accelerometer
 * yet: this board never says MOTION. */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "board.h"
#include "core.h"
#include "hal.h"
#include "protocol.h"
#include "uart.h"

#define TICKS_PER_US 2u /* timer 1 counts the crystal by eight */

/* What outlives a reset, so it is not cleared with the variables. */
#define KEPT __attribute__((section(".noinit")))
static uint8_t cause KEPT; /* set before the variables are cleared */
static uint16_t power_on KEPT, power_on_check KEPT, resets KEPT;
static volatile uint32_t wraps; /* of timer 1: every 32.768 ms */
static uint16_t EEMEM power_ons;
static uint64_t beep_until_us; /* 0: silent */

/* Before anything else: the watchdog goes on biting after it has bitten. */
void catch_reset(void) __attribute__((naked, used, section(".init3")));
void catch_reset(void) {
    cause = MCUSR;
    MCUSR = 0;
    wdt_disable();
}

ISR(TIMER1_OVF_vect) {
    wraps++;
}

/* Four times a conversion: wakes the main loop. */
ISR(TIMER0_COMPA_vect) {
}

uint64_t hal_now_us(void) {
    const uint8_t status = SREG;
    cli();
    const uint16_t low = TCNT1;
    uint32_t high = wraps;
    if (TIFR1 & _BV(TOV1) && low < 0x8000) {
        high++; /* it wrapped, and its interrupt waits */
    }
    SREG = status;
    return ((uint64_t)high << 16 | low) / TICKS_PER_US;
}

/* Each start its own number. The EEPROM outlives power but wears out, so it counts only the times
 * that the memory was lost; resets, of which a broken cart may have many a second, are counted in
 * the memory. */
uint32_t hal_nonce(void) {
    if (cause & _BV(PORF) || power_on_check != (uint16_t)~power_on) {
        power_on = eeprom_read_word(&power_ons) + 1;
        power_on_check = (uint16_t)~power_on;
        resets = 0;
        eeprom_update_word(&power_ons, power_on); /* at most 7 ms */
    } else {
        resets++;
    }
    return ((uint32_t)power_on << 16 | resets) * 2654435761u; /* Knuth's hash: no two alike */
}

uint8_t hal_reset_cause(void) {
    if (cause & _BV(WDRF)) {
        return RESET_CAUSE_WATCHDOG;
    }
    if (cause & _BV(PORF)) {
        return RESET_CAUSE_POWER_ON;
    }
    if (cause & _BV(BORF)) {
        return RESET_CAUSE_BROWN_OUT;
    }
    return cause & _BV(EXTRF) ? RESET_CAUSE_EXTERNAL : RESET_CAUSE_UNKNOWN;
}

void hal_feed_watchdog(void) {
    wdt_reset();
}

uint8_t hal_channels(void) {
    return CHANNELS;
}

bool hal_converter_data(uint8_t channel) {
    return PINC & _BV(PC0 + channel);
}

bool hal_converter_pulse(uint8_t channel) {
    const uint8_t clock = (uint8_t)_BV(PD4 + channel);
    const uint8_t data = (uint8_t)_BV(PC0 + channel);
    const uint8_t status = SREG;
    cli();
    PORTD |= clock;
    __builtin_avr_delay_cycles(8); /* the data line needs 0.1 us, a long cable some more */
    const bool level = PINC & data;
    PORTD &= (uint8_t)~clock;
    SREG = status;
    return level;
}

bool hal_acceleration(int16_t milli_g[3]) {
    (void)milli_g;
    return false;
}

static uint32_t millivolts(uint8_t input) {
    ADMUX = (uint8_t)(_BV(REFS0) | input);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    while (ADCSRA & _BV(ADSC)) { /* 25 cycles of 125 kHz: 0.2 ms */
    }
    return (uint32_t)ADC * REFERENCE_MV / 1023u;
}

uint16_t hal_battery_mv(void) {
    return (uint16_t)(millivolts(6) * BATTERY_DIVIDER_NUMERATOR / BATTERY_DIVIDER_DENOMINATOR);
}

int16_t hal_temperature_centi_c(void) {
    return (int16_t)(((int32_t)millivolts(7) - 500) * 10); /* TMP36: 500 mV at 0 C, 10 mV a degree */
}

static void shift_light(uint8_t byte) {
    SPDR = byte;
    while (!(SPSR & _BV(SPIF))) {
    }
}

static void shift_light_word(uint8_t first, uint8_t blue, uint8_t green, uint8_t red) {
    shift_light(first);
    shift_light(blue);
    shift_light(green);
    shift_light(red);
}

void hal_light(uint8_t red, uint8_t green, uint8_t blue) {
    shift_light_word(0, 0, 0, 0);
    for (uint8_t i = 0; i < LIGHTS; i++) {
        shift_light_word(0xFF, blue, green, red); /* three ones, and full brightness */
    }
    shift_light_word(0, 0, 0, 0);
}

void hal_beep(uint16_t frequency_hz, uint16_t duration_ms) {
    static const uint16_t dividers[] = {32, 64, 128, 256, 1024}; /* TCCR2B says 3, 4, 5, 6, 7 */
    uint8_t choice = 0;
    uint32_t ticks = F_CPU / 2 / dividers[choice] / frequency_hz;
    while (ticks > 256) {
        ticks = F_CPU / 2 / dividers[++choice] / frequency_hz;
    }
    OCR2A = (uint8_t)(ticks - 1);
    TCNT2 = 0;
    TCCR2A = _BV(COM2B0) | _BV(WGM21); /* toggles PD3 each time it counts to the end */
    TCCR2B = (uint8_t)(choice + 3);
    beep_until_us = hal_now_us() + duration_ms * 1000ul;
}

static void end_beep(void) {
    if (beep_until_us != 0 && hal_now_us() >= beep_until_us) {
        TCCR2A = 0;
        TCCR2B = 0;
        beep_until_us = 0;
    }
}

void hal_wheel_lock(bool locked) {
    if (locked) {
        PORTD |= _BV(PD2);
    } else {
        PORTD &= (uint8_t)~_BV(PD2);
    }
}

static void open_board(void) {
    DDRB = _BV(PB2) | _BV(PB3) | _BV(PB5); /* PB2 must be an output for the SPI to lead */
    DDRD = _BV(PD2) | _BV(PD3) | 0xF0;
    SPCR = _BV(SPE) | _BV(MSTR);
    SPSR = _BV(SPI2X);
    TCCR1B = _BV(CS11);
    TIMSK1 = _BV(TOIE1);
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS01) | _BV(CS00);
    OCR0A = 124; /* every 500 us */
    TIMSK0 = _BV(OCIE0A);
    uart_open();
    wdt_enable(WDTO_250MS);
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
}

int main(void) {
    open_board();
    core_boot();
    for (;;) {
        core_poll();
        end_beep();
        sleep_mode(); /* until the next byte or half millisecond */
    }
}
