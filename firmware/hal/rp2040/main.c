/* The RP2040: pins, UART, clock, watchdog, and what hangs on them (board.h). No accelerometer yet:
 * this board never says MOTION. */
#include "board.h"
#include "core.h"
#include "hal.h"
#include "protocol.h"
#include "rp2040.h"

#define WAKE_EVERY_US 500u
#define WATCHDOG_TICKS 500000u /* of half a microsecond: the chip's erratum E1 counts twice */
#define SEND_BYTES 256u        /* a power of two */
#define PERIPHERALS                                                                             \
    (RESET_ADC | RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_PWM | RESET_SPI0 | RESET_TIMER |     \
     RESET_UART0)

void use_vectors(void);
void wake(void);

static uint8_t sending[SEND_BYTES];
static uint32_t sending_head, sending_tail;
static uint64_t beep_until_us; /* 0: silent */

/* Nothing to do: the main loop goes on after the sleep that this ended. */
void wake(void) {
    TIMER_RAISED = 1;
    TIMER_ALARM0 = TIMER_NOW + WAKE_EVERY_US;
}

uint64_t hal_now_us(void) {
    const uint32_t low = TIMER_LOW;
    return (uint64_t)TIMER_HIGH << 32 | low;
}

uint32_t hal_nonce(void) {
    uint32_t nonce = 0;
    for (int bit = 0; bit < 32; bit++) {
        for (volatile int pause = 0; pause < 8; pause++) { /* the bits come one by one */
        }
        nonce = nonce << 1 | (RANDOM_BIT & 1u);
    }
    return nonce;
}

uint8_t hal_reset_cause(void) {
    if (WATCHDOG_REASON != 0) {
        return RESET_CAUSE_WATCHDOG;
    }
    if (CHIP_RESET & CHIP_RESET_PIN) {
        return RESET_CAUSE_EXTERNAL;
    }
    if (CHIP_RESET & CHIP_RESET_POWER) {
        return RESET_CAUSE_POWER_ON; /* or a brown-out: this chip cannot tell */
    }
    return CHIP_RESET & CHIP_RESET_DEBUG ? RESET_CAUSE_SOFTWARE : RESET_CAUSE_UNKNOWN;
}

void hal_feed_watchdog(void) {
    WATCHDOG_LOAD = WATCHDOG_TICKS;
}

int hal_receive(void) {
    return UART_FLAGS & UART_RECEIVE_EMPTY ? -1 : (int)(UART_DATA & 0xFFu);
}

bool hal_send(const uint8_t *bytes, size_t size) {
    if (size > SEND_BYTES - (sending_head - sending_tail)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        sending[sending_head++ % SEND_BYTES] = bytes[i];
    }
    return true;
}

static void move_bytes(void) {
    while (sending_tail != sending_head && !(UART_FLAGS & UART_SEND_FULL)) {
        UART_DATA = sending[sending_tail++ % SEND_BYTES];
    }
}

uint8_t hal_channels(void) {
    return CHANNELS;
}

bool hal_converter_data(uint8_t channel) {
    return PIN_LEVELS >> (PIN_DATA + channel) & 1u;
}

bool hal_converter_pulse(uint8_t channel) {
    uint32_t masked;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(masked)::"memory");
    PINS_HIGH = 1u << (PIN_CLOCK + channel);
    __asm volatile("nop\n nop\n nop\n nop"); /* the data line needs 0.1 us */
    const bool level = hal_converter_data(channel);
    PINS_LOW = 1u << (PIN_CLOCK + channel);
    __asm volatile("msr primask, %0" ::"r"(masked) : "memory");
    return level;
}

bool hal_acceleration(int16_t milli_g[3]) {
    (void)milli_g;
    return false;
}

static uint32_t millivolts(uint32_t pin) {
    ADC_CONTROL = (pin - PIN_BATTERY) << 12 | 1u << 2 | 1u; /* input, convert once, on */
    while (!(ADC_CONTROL & ADC_READY)) {                   /* 8 us at 12 MHz */
    }
    return ADC_RESULT * REFERENCE_MV / 4095u;
}

uint16_t hal_battery_mv(void) {
    const uint32_t divided_mv = millivolts(PIN_BATTERY);
    return (uint16_t)(divided_mv * BATTERY_DIVIDER_NUMERATOR / BATTERY_DIVIDER_DENOMINATOR);
}

int16_t hal_temperature_centi_c(void) {
    /* TMP36: 500 mV at 0 C, 10 mV a degree */
    return (int16_t)(((int32_t)millivolts(PIN_THERMOMETER) - 500) * 10);
}

static void shift_light(uint8_t byte) {
    while (!(SPI_STATUS & SPI_NOT_FULL)) {
    }
    SPI_DATA = byte;
}

static void shift_light_word(uint8_t first, uint8_t blue, uint8_t green, uint8_t red) {
    shift_light(first);
    shift_light(blue);
    shift_light(green);
    shift_light(red);
}

void hal_light(uint8_t red, uint8_t green, uint8_t blue) {
    shift_light_word(0, 0, 0, 0);
    for (int i = 0; i < LIGHTS; i++) {
        shift_light_word(0xFF, blue, green, red); /* three ones, and full brightness */
    }
    shift_light_word(0, 0, 0, 0);
}

void hal_beep(uint16_t frequency_hz, uint16_t duration_ms) {
    const uint32_t period_us = 1000000u / frequency_hz;
    PWM_SLICE(BUZZER_SLICE, PWM_DIVIDER) = CRYSTAL_MHZ << 4; /* counts microseconds */
    PWM_SLICE(BUZZER_SLICE, PWM_TOP) = period_us - 1;
    PWM_SLICE(BUZZER_SLICE, PWM_LEVEL) = period_us / 2;
    PWM_SLICE(BUZZER_SLICE, PWM_CONTROL) = 1;
    beep_until_us = hal_now_us() + duration_ms * 1000u;
}

static void end_beep(void) {
    if (beep_until_us != 0 && hal_now_us() >= beep_until_us) {
        PWM_SLICE(BUZZER_SLICE, PWM_LEVEL) = 0;
        PWM_SLICE(BUZZER_SLICE, PWM_CONTROL) = 0;
        beep_until_us = 0;
    }
}

void hal_wheel_lock(bool locked) {
    if (locked) {
        PINS_HIGH = 1u << PIN_LOCK;
    } else {
        PINS_LOW = 1u << PIN_LOCK;
    }
}

static void open_clocks(void) {
    XOSC_STARTUP = 47; /* a millisecond */
    XOSC_CTRL = XOSC_ENABLE_1_15_MHZ;
    while (!(XOSC_STATUS & XOSC_STABLE)) {
    }
    CLOCKS_REF_CTRL = 2; /* the crystal; the system clock is this one from the start */
    CLOCKS_PERI_CTRL = CLOCK_ENABLE;
    CLOCKS_ADC_CTRL = CLOCK_ENABLE | 3u << 5; /* the crystal */
    WATCHDOG_TICK = 1u << 9 | CRYSTAL_MHZ;    /* also the timer's microsecond */
    RESETS_RESET_CLEAR = PERIPHERALS;
    while ((RESETS_DONE & PERIPHERALS) != PERIPHERALS) {
    }
}

static void open_pin(uint32_t pin, uint32_t function) {
    PAD(pin) = PAD_DIGITAL;
    IO_FUNCTION(pin) = function;
}

static void open_pins(void) {
    static const struct {
        uint8_t pin, function;
    } functions[] = {{0, FUNCTION_UART},
                     {1, FUNCTION_UART},
                     {PIN_BUZZER, FUNCTION_PWM},
                     {PIN_LOCK, FUNCTION_SIO},
                     {PIN_LIGHT_CLOCK, FUNCTION_SPI},
                     {PIN_LIGHT_DATA, FUNCTION_SPI}};
    for (uint32_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        open_pin(functions[i].pin, functions[i].function);
    }
    PINS_OUT = 1u << PIN_LOCK;
    for (uint32_t channel = 0; channel < CHANNELS; channel++) {
        open_pin(PIN_DATA + channel, FUNCTION_SIO);
        open_pin(PIN_CLOCK + channel, FUNCTION_SIO);
        PINS_OUT = 1u << (PIN_CLOCK + channel);
    }
    PAD(PIN_BATTERY) = PAD_ANALOG;
    PAD(PIN_THERMOMETER) = PAD_ANALOG;
}

static void open_peripherals(void) {
    UART_DIVISOR = 6; /* 12 MHz / 16 / 115200 = 6 and 33/64 */
    UART_FRACTION = 33;
    UART_LINE = 3u << 5 | 1u << 4;               /* eight bits, with its rings */
    UART_CONTROL = 1u << 9 | 1u << 8 | 1u;       /* receive, send, on */
    SPI_PRESCALE = 2;                            /* 6 MHz */
    SPI_CONTROL0 = 7;                            /* eight bits */
    SPI_CONTROL1 = 1u << 1;                      /* on */
    PSM_WDSEL = PSM_ALL_BUT_OSCILLATORS;
    hal_feed_watchdog();
    WATCHDOG_CONTROL = WATCHDOG_ENABLE;
    use_vectors();
    TIMER_ENABLE = 1;
    NVIC_ENABLE = 1;
    TIMER_ALARM0 = TIMER_NOW + WAKE_EVERY_US;
}

int main(void) {
    open_clocks();
    open_pins();
    open_peripherals();
    core_boot();
    for (;;) {
        core_poll();
        move_bytes();
        end_beep();
        __asm volatile("wfi");
    }
}
