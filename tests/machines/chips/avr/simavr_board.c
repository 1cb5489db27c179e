/* The atmega328p in simavr, with pin-level HX711s on its pins and its UART on a pty.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 * It links simavr, which is GPL-3, and therefore is a program of its own, used by tests only and
 * never shipped: the firmware knows nothing of it, and it knows nothing of the firmware but pins.
 *
 * usage: simavr_board LINK CHANNELS FIRMWARE.elf [SPEED]
 * SPEED is times real time, 1 unless said; 0: as fast as it goes. Control: see bench.h.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_eeprom.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_spi.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_time.h>

#include "bench.h"

#define FREQUENCY_HZ 16000000u
#define QUANTUM_CYCLES (FREQUENCY_HZ / 1000)
#define STEP_CYCLES 32 /* at once: fewer is slow, more would miss the pulse to reset at */
#define LOOK_US_MAX 1000 /* the converters' data lines are looked at when one is ready, or sooner */
#define SILENCE_NS 25000000u
#define LOCK_PIN 2
#define BUZZER_PIN 3
#define CLOCK_PIN 4

static avr_t *avr;
static avr_irq_t *data_pins[BENCH_CHANNELS_MAX];
static avr_irq_t *uart_in;
static bool uart_full;
static bool reset_wanted; /* between two instructions */
static uint8_t waiting[256]; /* from the host */
static size_t waiting_size, waiting_at;
static uint8_t said[65536]; /* to the host */
static size_t said_size;
static struct {
    uint64_t first_ns, last_ns;
    unsigned edges;
    uint32_t level;
} tone;

uint64_t bench_now_ns(void) {
    return avr->cycle * 125u / 2u;
}

static avr_irq_t *pin(char port, int number) {
    return avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(port), number);
}

static void drive(int channel) {
    const uint32_t level = hx711_data(&bench.converters[channel], bench_now_ns());
    if (data_pins[channel]->value != level) {
        avr_raise_irq(data_pins[channel], level);
    }
}

static avr_cycle_count_t look(avr_t *board, avr_cycle_count_t when, void *parameter) {
    (void)parameter;
    uint64_t next_ns = bench_now_ns() + LOOK_US_MAX * 1000u;
    for (int channel = 0; channel < bench.channels; channel++) {
        drive(channel);
        const uint64_t ready_ns = bench.converters[channel].next_ns;
        next_ns = ready_ns < next_ns ? ready_ns : next_ns;
    }
    const uint64_t wait_ns = next_ns > bench_now_ns() ? next_ns - bench_now_ns() : 0;
    return when + avr_usec_to_cycles(board, (uint32_t)(wait_ns / 1000u) + 1);
}

/* simavr forgets levels and timers at every reset, also the watchdog's. */
static void connect_again(void) {
    for (int channel = 0; channel < bench.channels; channel++) {
        hx711_clock(&bench.converters[channel], false, bench_now_ns()); /* pulled down */
        const bool level = hx711_data(&bench.converters[channel], bench_now_ns());
        avr_raise_irq(data_pins[channel], !level);
        avr_raise_irq(data_pins[channel], level);
    }
    avr_cycle_timer_register_usec(avr, 1, look, NULL);
    uart_full = false;
}

void bench_reset(void) {
    avr_reset(avr);
    avr_regbit_clear(avr, avr->reset_flags.porf);
    avr_regbit_set(avr, avr->reset_flags.extrf);
    connect_again();
}

static void on_clock(struct avr_irq_t *irq, uint32_t level, void *parameter) {
    (void)irq;
    const int channel = (int)(intptr_t)parameter;
    hx711_clock(&bench.converters[channel], level != 0, bench_now_ns());
    drive(channel);
    reset_wanted = reset_wanted || bench_resets_now(channel);
}

static void on_lock(struct avr_irq_t *irq, uint32_t level, void *parameter) {
    (void)irq;
    (void)parameter;
    bench.locked = level != 0;
}

static void on_buzzer(struct avr_irq_t *irq, uint32_t level, void *parameter) {
    (void)irq;
    (void)parameter;
    if ((level & 1) == tone.level) { /* a timer's toggle comes twice, once with a flag */
        return;
    }
    tone.level = level & 1;
    tone.last_ns = bench_now_ns();
    if (tone.edges++ == 0) {
        tone.first_ns = tone.last_ns;
    }
}

static void end_tone(void) {
    if (tone.edges > 1 && bench_now_ns() - tone.last_ns > SILENCE_NS) {
        const double seconds = (double)(tone.last_ns - tone.first_ns) / 1e9;
        bench.beeps++;
        bench.beep_hz = (unsigned)((tone.edges - 1) / 2.0 / seconds + 0.5);
        bench.beep_ms = (unsigned)(seconds * 1000 + 0.5);
        tone.edges = 0;
    }
}

/* SK9822: words of four bytes; brightness, blue, green, red. */
static void on_light(struct avr_irq_t *irq, uint32_t byte, void *parameter) {
    static uint8_t word[4];
    (void)irq;
    (void)parameter;
    memmove(word, word + 1, 3);
    word[3] = (uint8_t)byte;
    static unsigned count;
    if (++count % 4 == 0 && word[0] == 0xFF) {
        bench.light[0] = word[3];
        bench.light[1] = word[2];
        bench.light[2] = word[1];
    }
}

static void on_byte(struct avr_irq_t *irq, uint32_t byte, void *parameter) {
    (void)irq;
    (void)parameter;
    if (said_size < sizeof said) {
        said[said_size++] = (uint8_t)byte;
    }
}

static void feed_uart(void) {
    while (!uart_full && waiting_at < waiting_size) {
        avr_raise_irq(uart_in, waiting[waiting_at++]);
    }
}

static void on_uart_ready(struct avr_irq_t *irq, uint32_t value, void *parameter) {
    (void)irq;
    (void)value;
    (void)parameter;
    uart_full = false;
    feed_uart();
}

static void on_uart_full(struct avr_irq_t *irq, uint32_t value, void *parameter) {
    (void)irq;
    (void)value;
    (void)parameter;
    uart_full = true;
}

static void move_bytes(void) {
    const size_t taken = bench_write(said, said_size);
    memmove(said, said + taken, said_size - taken);
    said_size -= taken;
    if (waiting_at == waiting_size) {
        waiting_size = bench_read(waiting, sizeof waiting);
        waiting_at = 0;
    }
    feed_uart();
}

static void set_voltages(void) {
    const int battery_mv = bench.battery_mv * 10 / 57;
    const int thermometer_mv = 500 + bench.temperature_centi_c / 10;
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC6), (uint32_t)battery_mv);
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC7), (uint32_t)thermometer_mv);
}

static void sleep_not(avr_t *board, avr_cycle_count_t cycles) {
    (void)board;
    (void)cycles;
}

static void connect_uart(void) {
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    static const struct {
        int irq;
        avr_irq_notify_t notify;
    } lines[] = {{UART_IRQ_OUTPUT, on_byte},
                 {UART_IRQ_OUT_XON, on_uart_ready},
                 {UART_IRQ_OUT_XOFF, on_uart_full}};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        avr_irq_t *irq = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), lines[i].irq);
        avr_irq_register_notify(irq, lines[i].notify, NULL);
    }
    uart_in = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
}

static void connect_board(void) {
    for (int channel = 0; channel < bench.channels; channel++) {
        data_pins[channel] = pin('C', channel);
        avr_irq_register_notify(pin('D', CLOCK_PIN + channel), on_clock, (void *)(intptr_t)channel);
    }
    avr_irq_register_notify(pin('D', LOCK_PIN), on_lock, NULL);
    avr_irq_register_notify(pin('D', BUZZER_PIN), on_buzzer, NULL);
    avr_irq_t *spi = avr_io_getirq(avr, AVR_IOCTL_SPI_GETIRQ(0), SPI_IRQ_OUTPUT);
    avr_irq_register_notify(spi, on_light, NULL);
    connect_uart();
    connect_again();
}

/* Another number at each start of this program: a board's EEPROM has its own history. */
static void fill_eeprom(void) {
    uint8_t history[4];
    if (getrandom(history, sizeof history, 0) != (ssize_t)sizeof history) {
        abort();
    }
    avr_eeprom_desc_t cells = {.ee = history, .offset = 0, .size = sizeof history};
    avr_ioctl(avr, AVR_IOCTL_EEPROM_SET, &cells);
}

/* simavr talks to standard output while it reads, which is for the answers. */
static bool read_firmware(const char *path, elf_firmware_t *firmware) {
    const int answers = dup(STDOUT_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    const bool read = elf_read_firmware(path, firmware) == 0;
    fflush(stdout);
    dup2(answers, STDOUT_FILENO);
    close(answers);
    return read;
}

static bool make_board(const char *path) {
    elf_firmware_t firmware = {0};
    avr = avr_make_mcu_by_name("atmega328p");
    if (avr == NULL || !read_firmware(path, &firmware)) {
        return false;
    }
    avr_init(avr);
    avr->log = LOG_ERROR;
    firmware.frequency = FREQUENCY_HZ;
    avr_load_firmware(avr, &firmware);
    avr->frequency = FREQUENCY_HZ;
    avr->vcc = avr->avcc = avr->aref = 5000;
    avr->sleep = sleep_not;
    avr->run_cycle_limit = STEP_CYCLES;
    avr_extint_set_strict_lvl_trig(avr, 0, 0); /* else it looks at PD2 and PD3 in every cycle */
    avr_extint_set_strict_lvl_trig(avr, 1, 0);
    avr_regbit_set(avr, avr->reset_flags.porf);
    fill_eeprom();
    return true;
}

static double wall_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void keep_pace(double began_s, double speed) {
    const double ahead_s = (double)bench_now_ns() / 1e9 / speed - (wall_s() - began_s);
    if (ahead_s > 0) {
        const struct timespec pause = {.tv_sec = (time_t)ahead_s,
                                       .tv_nsec = (long)((ahead_s - (double)(time_t)ahead_s) * 1e9)};
        nanosleep(&pause, NULL);
    }
}

static bool run_quantum(void) {
    const avr_cycle_count_t end = avr->cycle + QUANTUM_CYCLES;
    while (avr->cycle < end) {
        const int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            fprintf(stderr, "the firmware crashed\n");
            return false;
        }
        if (reset_wanted) {
            reset_wanted = false;
            bench_reset();
        } else if (avr_cycle_timer_status(avr, look, NULL) == 0) {
            connect_again(); /* the watchdog bit */
        }
    }
    return true;
}

int main(int count, char **arguments) {
    const int channels = count >= 4 ? atoi(arguments[2]) : 0;
    if (channels < 1 || channels > BENCH_CHANNELS_MAX || count > 5) {
        fprintf(stderr, "usage: %s LINK CHANNELS FIRMWARE.elf [SPEED]\n", arguments[0]);
        return 2;
    }
    const double speed = count == 5 ? atof(arguments[4]) : 1.0;
    if (!make_board(arguments[3]) || !bench_open(arguments[1], channels, bench_now_ns())) {
        perror("simavr_board");
        return 2;
    }
    connect_board();
    const double began_s = wall_s();
    bool sound = true;
    while (sound && bench_control(0)) {
        sound = run_quantum();
        set_voltages();
        end_tone();
        move_bytes();
        if (speed > 0) {
            keep_pace(began_s, speed);
        }
    }
    return bench_close(arguments[1]) && sound ? 0 : 1;
}
