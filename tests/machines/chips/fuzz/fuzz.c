/* Throws frames at the core: sealed ones with any content, and bytes that are no frame at all. To be
 * built with sanitizers, which end it at the first access that is wrong. What the core answers must
 * be frames, and after every round of junk it must still answer the question who it is.
 *
 * usage: fuzz FRAMES [SEED]      prints {"frames": n, "bytes": n, "answers": n}
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "frame.h"
#include "hal.h"
#include "protocol.h"

#define ROUND 64 /* frames between two questions */
#define QUEUE_BYTES 1024

static uint64_t dice = 1;
static uint64_t now_us;
static unsigned pulses[CHANNELS_MAX];
static uint8_t queue[QUEUE_BYTES];
static size_t queue_size, queue_at;
static frame_reader_t listener;
static unsigned long answers, hellos, bytes;

static uint32_t roll(uint32_t sides) { /* xorshift64*, Vigna 2014 */
    dice ^= dice >> 12;
    dice ^= dice << 25;
    dice ^= dice >> 27;
    return (uint32_t)((dice * 0x2545F4914F6CDD1Du) >> 32) % sides;
}

static void fail(const char *what) {
    fprintf(stderr, "fuzz: %s\n", what);
    exit(1);
}

uint64_t hal_now_us(void) {
    return now_us;
}

uint32_t hal_nonce(void) {
    return 0x600DB007u;
}

uint8_t hal_reset_cause(void) {
    return RESET_CAUSE_POWER_ON;
}

void hal_feed_watchdog(void) {
}

int hal_receive(void) {
    return queue_at < queue_size ? queue[queue_at++] : -1;
}

bool hal_send(const uint8_t *sent, size_t size) {
    frame_t frame;
    unsigned good = 0;
    for (size_t i = 0; i < size; i++) {
        if (frame_push(&listener, sent[i], &frame)) {
            good++;
            hellos += frame.type == WIRE_HELLO;
        }
    }
    if (good != 1) {
        fail("the core said what is no frame");
    }
    answers++;
    return roll(16) != 0; /* now and then the wire is full */
}

uint8_t hal_channels(void) {
    return CHANNELS_MAX;
}

/* Any bits, mostly with a right end. */
bool hal_converter_data(uint8_t channel) {
    const bool read = pulses[channel] == 25;
    pulses[channel] = 0;
    return read ? roll(256) != 0 : roll(4) == 0;
}

bool hal_converter_pulse(uint8_t channel) {
    pulses[channel]++;
    return pulses[channel] == 25 ? roll(256) != 0 : roll(2) == 0;
}

bool hal_acceleration(int16_t milli_g[3]) {
    for (int axis = 0; axis < 3; axis++) {
        milli_g[axis] = (int16_t)((int32_t)roll(65536) - 32768);
    }
    return roll(2) == 0;
}

uint16_t hal_battery_mv(void) {
    return (uint16_t)roll(65536);
}

int16_t hal_temperature_centi_c(void) {
    return NO_TEMPERATURE;
}

void hal_light(uint8_t red, uint8_t green, uint8_t blue) {
    (void)red;
    (void)green;
    (void)blue;
}

void hal_beep(uint16_t frequency_hz, uint16_t duration_ms) {
    if (frequency_hz < 100 || frequency_hz > 8000 || duration_ms == 0 || duration_ms > 2000) {
        fail("a beep out of range reached the board");
    }
}

void hal_wheel_lock(bool locked) {
    (void)locked;
}

static size_t fill(uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(roll(4) == 0 ? 0 : roll(256));
    }
    return size;
}

/* A right checksum over anything; half of it as long as a command, half of it for this boot. */
static size_t sealed(uint8_t *out) {
    static const uint8_t sizes[] = {wire_hello_request_BYTES, wire_start_stream_BYTES,
                                    wire_stop_stream_BYTES,   wire_set_light_BYTES,
                                    wire_beep_BYTES,          wire_set_wheel_lock_BYTES,
                                    wire_restart_BYTES};
    uint8_t payload[WIRE_PAYLOAD_BYTES_MAX];
    const uint32_t kind = roll(sizeof sizes);
    const size_t size = fill(payload, roll(2) == 0 ? sizes[kind] : roll(sizeof payload + 1));
    if (size >= 4 && roll(2) == 0) {
        wire_put(payload, hal_nonce(), 4);
    }
    const uint8_t type = (uint8_t)(roll(4) == 0 ? roll(256) : WIRE_HELLO_REQUEST + kind);
    return frame_encode(out, type, (uint8_t)roll(256), payload, size);
}

static size_t unsealed(uint8_t *out) {
    const size_t size = sealed(out);
    switch (roll(4)) {
    case 0: /* bent */
        out[roll((uint32_t)size)] ^= (uint8_t)(1u << roll(8));
        return size;
    case 1: /* cut */
        return roll((uint32_t)size);
    case 2: /* junk, often too long for a frame */
        return fill(out, roll(QUEUE_BYTES));
    default: /* no zero in it: nothing ends it but its length */
        memset(out, (int)(1 + roll(255)), QUEUE_BYTES / 2);
        return roll(QUEUE_BYTES / 2);
    }
}

static void say(size_t size) {
    queue_size = size;
    queue_at = 0;
    bytes += size;
    now_us += roll(64) == 0 ? roll(100000) : roll(1000);
    core_poll();
}

static void ask_who(void) {
    const uint8_t payload[wire_hello_request_BYTES] = {0};
    const unsigned long before = hellos;
    say(frame_encode(queue, WIRE_HELLO_REQUEST, 0, payload, sizeof payload));
    if (hellos != before + 1) {
        fail("the core no longer says who it is");
    }
}

int main(int count, char **arguments) {
    if (count < 2 || count > 3) {
        fprintf(stderr, "usage: %s FRAMES [SEED]\n", arguments[0]);
        return 2;
    }
    const unsigned long frames = strtoul(arguments[1], NULL, 10);
    dice = count == 3 ? strtoul(arguments[2], NULL, 10) * 2 + 1 : 1;
    core_boot();
    for (unsigned long i = 0; i < frames; i++) {
        say(roll(2) == 0 ? sealed(queue) : unsealed(queue));
        if (i % ROUND == 0) {
            queue[0] = 0; /* ends what was left open */
            say(1);
            ask_who();
        }
    }
    printf("{\"frames\": %lu, \"bytes\": %lu, \"answers\": %lu}\n", frames, bytes, answers);
    return 0;
}
