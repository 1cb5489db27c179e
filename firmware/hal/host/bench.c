#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* A little apart, as real ones are. */
static const uint32_t intervals_ns[BENCH_CHANNELS_MAX] = {12500000, 12537500, 12450000, 12512500};

bench_t bench;
static int wire;
static unsigned long drop;

static bool open_wire(const char *link) {
    wire = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (wire < 0 || grantpt(wire) != 0 || unlockpt(wire) != 0) {
        return false;
    }
    const char *name = ptsname(wire);
    const int kept = open(name, O_RDWR | O_NOCTTY); /* the wire outlives the programs that read */
    struct termios settings;
    if (kept < 0 || tcgetattr(kept, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    if (tcsetattr(kept, TCSANOW, &settings) != 0 || (unlink(link) != 0 && errno != ENOENT)) {
        return false;
    }
    return symlink(name, link) == 0;
}

bool bench_open(const char *link, int channels, uint64_t now_ns) {
    bench = (bench_t){
        .channels = channels,
        .acceleration_milli_g = {0, 0, 1000},
        .battery_mv = 12600,
        .temperature_centi_c = 2100,
    };
    for (int channel = 0; channel < channels; channel++) {
        hx711_power_on(&bench.converters[channel], intervals_ns[channel], now_ns);
    }
    if (!open_wire(link)) {
        return false;
    }
    setvbuf(stdin, NULL, _IONBF, 0); /* poll must see every line that waits */
    printf("{\"ready\": \"%s\"}\n", link);
    return fflush(stdout) == 0;
}

bool bench_close(const char *link) {
    return unlink(link) == 0;
}

size_t bench_write(const uint8_t *bytes, size_t size) {
    const size_t dropped = drop < size ? drop : size;
    const ssize_t written = write(wire, bytes + dropped, size - dropped);
    drop -= dropped;
    return dropped + (written > 0 ? (size_t)written : 0);
}

size_t bench_read(uint8_t *bytes, size_t size) {
    const ssize_t count = read(wire, bytes, size);
    return count > 0 ? (size_t)count : 0;
}

bool bench_resets_now(int channel) {
    const bool now = bench.reset_at_pulse != 0 &&
                     bench.converters[channel].pulses == bench.reset_at_pulse;
    if (now) {
        bench.reset_at_pulse = 0;
    }
    return now;
}

static bool junk(unsigned long size) {
    static uint32_t dice = 1;
    for (; size > 0; size--) {
        dice = dice * 1664525u + 1013904223u;
        const uint8_t byte = (uint8_t)(dice >> 24);
        if (write(wire, &byte, 1) != 1) {
            return false;
        }
    }
    return true;
}

static void give_counts(int channel, long counts) {
    for (int i = 0; i < bench.channels; i++) {
        if (channel < 0 || i == channel) {
            bench.converters[i].counts = (int32_t)counts;
        }
    }
}

static bool give_fault(int channel, const char *name) {
    static const char *const names[] = {"none", "stuck_low", "stuck_high"};
    for (unsigned fault = 0; fault < sizeof names / sizeof names[0]; fault++) {
        if (strcmp(name, names[fault]) == 0) {
            bench.converters[channel].fault = (hx711_fault_t)fault;
            return true;
        }
    }
    return false;
}

static bool is_channel(int channel) {
    return channel >= 0 && channel < bench.channels;
}

/* False for a line that nobody meant. */
static bool obey_world(const char *line) {
    int channel = -1;
    long number;
    int *axes = bench.acceleration_milli_g;
    char name[16];
    if (sscanf(line, "{\"counts\": [%d, %ld]}", &channel, &number) == 2 && is_channel(channel)) {
        give_counts(channel, number);
    } else if (sscanf(line, "{\"counts\": %ld}", &number) == 1) {
        give_counts(-1, number);
    } else if (sscanf(line, "{\"noise\": %ld}", &number) == 1) {
        for (int i = 0; i < bench.channels; i++) {
            bench.converters[i].noise = (uint32_t)number;
        }
    } else if (sscanf(line, "{\"fault\": [%d, \"%15[a-z_]\"]}", &channel, name) == 2) {
        return is_channel(channel) && give_fault(channel, name);
    } else if (sscanf(line, "{\"torn\": [%d, %ld]}", &channel, &number) == 2 &&
               is_channel(channel)) {
        bench.converters[channel].tears = (uint32_t)number;
    } else {
        return sscanf(line, "{\"acceleration\": [%d, %d, %d]}", axes, axes + 1, axes + 2) == 3 ||
               sscanf(line, "{\"reset_at_pulse\": %u}", &bench.reset_at_pulse) == 1 ||
               sscanf(line, "{\"battery_mv\": %d}", &bench.battery_mv) == 1 ||
               sscanf(line, "{\"temperature_centi_c\": %d}", &bench.temperature_centi_c) == 1;
    }
    return true;
}

static bool obey(const char *line) {
    unsigned long number;
    if (sscanf(line, "{\"drop\": %lu}", &number) == 1) {
        drop = number;
        return true;
    }
    if (sscanf(line, "{\"junk\": %lu}", &number) == 1) {
        return junk(number);
    }
    if (strcmp(line, "{\"reset\": true}\n") == 0) {
        bench_reset();
        return true;
    }
    return obey_world(line);
}

static void print_stat(void) {
    printf(", \"now_ms\": %llu, \"converters\": [", (unsigned long long)bench_now_ns() / 1000000);
    for (int channel = 0; channel < bench.channels; channel++) {
        const hx711_t *chip = &bench.converters[channel];
        printf("%s{\"reads\": %u, \"missed\": %u, \"torn\": %u, \"powered_off\": %u, "
               "\"high_ns_max\": %u}",
               channel > 0 ? ", " : "", chip->reads, chip->missed, chip->torn, chip->powered_off,
               chip->high_ns_max);
    }
    printf("], \"light\": [%d, %d, %d], \"locked\": %d, \"beeps\": %u, \"beep_hz\": %u, "
           "\"beep_ms\": %u",
           bench.light[0], bench.light[1], bench.light[2], bench.locked, bench.beeps,
           bench.beep_hz, bench.beep_ms);
}

bool bench_control(int wait_ms) {
    static unsigned done;
    char line[128];
    bool more = true;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (more && poll(&input, 1, wait_ms) > 0) {
        if (fgets(line, sizeof line, stdin) == NULL) {
            return false;
        }
        more = strcmp(line, "{\"quit\": true}\n") != 0;
        const bool stat = strcmp(line, "{\"stat\": true}\n") == 0;
        const bool meant = !more || stat || obey(line);
        printf("{\"done\": %u", ++done);
        if (stat) {
            print_stat();
        }
        printf("%s}\n", meant ? "" : ", \"error\": \"no such line\"");
        fflush(stdout);
        wait_ms = 0;
    }
    return more;
}
