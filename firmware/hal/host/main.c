/* The core on a computer. The wire is a pty, the load cells are models of the HX711, and lines on
 * standard input say what happens to them: see bench.h.
 *
 * usage: firmware_host LINK [CHANNELS]
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "bench.h"
#include "core.h"
#include "hal.h"
#include "protocol.h"

#define PULSE_NS 1000u
#define READING_US 10000u
#define WATCHDOG_NS 250000000u
#define TURN_NS 1000000u

static uint64_t board_ns;
static uint64_t began_ns;
static uint64_t fed_ns;
static uint64_t reading_due_us;
static jmp_buf reset_line; /* out of whatever the core was doing */
static uint8_t cause = RESET_CAUSE_POWER_ON;

static uint64_t real_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A computer may leave a program alone for a while; a board is never left alone. So the board's
 * time goes on a millisecond a turn at most, and turns are taken until it has caught up. */
static bool keep_pace(void) {
    const uint64_t now_ns = real_ns();
    const bool behind = board_ns + TURN_NS < now_ns;
    if (behind) {
        board_ns += TURN_NS;
    } else if (now_ns > board_ns) {
        board_ns = now_ns;
    }
    return behind;
}

uint64_t bench_now_ns(void) {
    return board_ns;
}

static void boot(uint8_t why) {
    cause = why;
    began_ns = fed_ns = board_ns;
    reading_due_us = 0;
    core_boot();
}

void bench_reset(void) {
    boot(RESET_CAUSE_EXTERNAL);
}

uint64_t hal_now_us(void) {
    return (board_ns - began_ns) / 1000u;
}

uint32_t hal_nonce(void) {
    uint32_t nonce;
    if (getrandom(&nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce) {
        abort();
    }
    return nonce;
}

uint8_t hal_reset_cause(void) {
    return cause;
}

void hal_feed_watchdog(void) {
    fed_ns = board_ns;
}

int hal_receive(void) {
    uint8_t byte;
    return bench_read(&byte, 1) == 1 ? byte : -1;
}

bool hal_send(const uint8_t *bytes, size_t size) {
    return bench_write(bytes, size) == size;
}

uint8_t hal_channels(void) {
    return (uint8_t)bench.channels;
}

bool hal_converter_data(uint8_t channel) {
    return hx711_data(&bench.converters[channel], board_ns);
}

bool hal_converter_pulse(uint8_t channel) {
    hx711_t *chip = &bench.converters[channel];
    hx711_clock(chip, true, board_ns);
    if (bench_resets_now(channel)) {
        hx711_clock(chip, false, board_ns);
        longjmp(reset_line, 1);
    }
    board_ns += PULSE_NS;
    const bool level = hx711_data(chip, board_ns);
    hx711_clock(chip, false, board_ns);
    return level;
}

bool hal_acceleration(int16_t milli_g[3]) {
    if (hal_now_us() < reading_due_us) {
        return false;
    }
    reading_due_us = hal_now_us() + READING_US;
    for (int axis = 0; axis < 3; axis++) {
        milli_g[axis] = (int16_t)bench.acceleration_milli_g[axis];
    }
    return true;
}

uint16_t hal_battery_mv(void) {
    return (uint16_t)bench.battery_mv;
}

int16_t hal_temperature_centi_c(void) {
    return (int16_t)bench.temperature_centi_c;
}

void hal_light(uint8_t red, uint8_t green, uint8_t blue) {
    bench.light[0] = red;
    bench.light[1] = green;
    bench.light[2] = blue;
}

void hal_beep(uint16_t frequency_hz, uint16_t duration_ms) {
    bench.beeps++;
    bench.beep_hz = frequency_hz;
    bench.beep_ms = duration_ms;
}

void hal_wheel_lock(bool locked) {
    bench.locked = locked;
}

int main(int count, char **arguments) {
    const int channels = count == 3 ? atoi(arguments[2]) : 1;
    if (count < 2 || count > 3 || channels < 1 || channels > CHANNELS_MAX) {
        fprintf(stderr, "usage: %s LINK [CHANNELS]\n", arguments[0]);
        return 2;
    }
    board_ns = real_ns();
    if (!bench_open(arguments[1], channels, board_ns)) {
        perror(arguments[1]);
        return 2;
    }
    if (setjmp(reset_line) == 0) { /* the standard allows it no other place in an expression */
        boot(RESET_CAUSE_POWER_ON);
    } else {
        boot(RESET_CAUSE_EXTERNAL);
    }
    while (bench_control(keep_pace() ? 0 : 1)) {
        core_poll();
        if (board_ns - fed_ns > WATCHDOG_NS) {
            boot(RESET_CAUSE_WATCHDOG);
        }
    }
    return bench_close(arguments[1]) ? 0 : 1;
}
