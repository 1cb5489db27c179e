/* The core on a computer: a pty for the wire, lines on standard input for the load cell.
 *
 * usage: firmware_host LINK
 * Makes LINK point to the pty and prints {"ready": "LINK"}. {"counts": N} sets what the converter
 * reads from now on, {"quit": true} ends; each is answered with {"done": n}. What the board would
 * show or sound goes to standard error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "hal.h"
#include "protocol.h"

#define INTERVAL_US 12500u

static int wire;
static uint64_t began_us;
static uint64_t next_us;
static int32_t converter_counts;

static uint64_t clock_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t hal_now_us(void) {
    return clock_us() - began_us;
}

uint32_t hal_nonce(void) {
    uint32_t nonce;
    if (getrandom(&nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce) {
        abort();
    }
    return nonce;
}

uint8_t hal_reset_cause(void) {
    return RESET_CAUSE_POWER_ON;
}

int hal_receive(void) {
    uint8_t byte;
    return read(wire, &byte, 1) == 1 ? byte : -1;
}

bool hal_send(const uint8_t *bytes, size_t size) {
    return write(wire, bytes, size) == (ssize_t)size;
}

bool hal_conversion(int32_t *counts) {
    if (hal_now_us() < next_us) {
        return false;
    }
    next_us += INTERVAL_US;
    *counts = converter_counts;
    return true;
}

void hal_light(uint8_t red, uint8_t green, uint8_t blue) {
    fprintf(stderr, "light %d %d %d\n", red, green, blue);
}

void hal_beep(uint16_t frequency_hz, uint16_t duration_ms) {
    fprintf(stderr, "beep %d Hz %d ms\n", frequency_hz, duration_ms);
}

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

/* False at the end of the input or when told to quit. */
static bool control(void) {
    static unsigned done;
    char line[128];
    int counts;
    bool more = true;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, 1) <= 0) {
        return true;
    }
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    if (sscanf(line, "{\"counts\": %d}", &counts) == 1) {
        converter_counts = counts;
    } else {
        more = false; /* quit, or a line that nobody meant */
    }
    printf("{\"done\": %u}\n", ++done);
    fflush(stdout);
    return more;
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: %s LINK\n", arguments[0]);
        return 2;
    }
    if (!open_wire(arguments[1])) {
        perror(arguments[1]);
        return 2;
    }
    setvbuf(stdin, NULL, _IONBF, 0); /* poll must see every line that waits */
    began_us = clock_us();
    printf("{\"ready\": \"%s\"}\n", arguments[1]);
    fflush(stdout);
    core_boot();
    while (control()) {
        core_poll();
    }
    return unlink(arguments[1]) == 0 ? 0 : 1;
}
