/* Generated from firmware/protocol.toml by `python -m firmware_bridge generate`. Do not edit. */
#ifndef WIRE_PROTOCOL_H
#define WIRE_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION 1
#define WIRE_SCHEMA_HASH 0x6FD2484Du
#define WIRE_PAYLOAD_BYTES_MAX 96

static inline size_t wire_put(uint8_t *out, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++, value >>= 8) {
        out[i] = (uint8_t)value;
    }
    return bytes;
}

static inline uint64_t wire_get(const uint8_t *in, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = bytes; i > 0; i--) {
        value = value << 8 | in[i - 1];
    }
    return value;
}

/* Why the chip started. */
enum {
    RESET_CAUSE_UNKNOWN = 0,
    RESET_CAUSE_POWER_ON = 1,
    RESET_CAUSE_BROWN_OUT = 2,
    RESET_CAUSE_WATCHDOG = 3,
    RESET_CAUSE_EXTERNAL = 4,
    RESET_CAUSE_SOFTWARE = 5,
};

/* What is wrong with a load-cell converter. The chip repeats a latched fault every second. */
enum {
    FAULT_CODE_NONE = 0,
    FAULT_CODE_CONVERTER_SILENT = 1,
    FAULT_CODE_CONVERTER_STUCK = 2,
    FAULT_CODE_CONVERSION_TORN = 3,
    FAULT_CODE_CONVERTER_SATURATED = 4,
};

/* What became of a command. */
enum {
    ACK_RESULT_DONE = 0,
    ACK_RESULT_WRONG_BOOT = 1,
    ACK_RESULT_UNKNOWN_COMMAND = 2,
    ACK_RESULT_BAD_VALUE = 3,
};

/* Who the chip is: sent at boot and in answer to HELLO_REQUEST. */
#define WIRE_HELLO 0x01
#define wire_hello_BYTES 15
typedef struct {
    uint32_t schema_hash; /* hash of this dictionary as the chip was built with */
    uint32_t boot_nonce; /* new at every start of the chip */
    uint8_t reset_cause; /* why it started */
    uint8_t last_command; /* sequence of the last command executed in this boot; 0: none */
    uint8_t channels; /* load-cell converters, numbered from 0 */
    uint32_t sample_rate_millihertz; /* nominal conversions a second and channel, in thousandths */
    const char *firmware_version; /* for people */
} wire_hello_t;

static inline size_t wire_hello_encode(uint8_t *payload, const wire_hello_t *message) {
    size_t size = 0;
    size += wire_put(payload + size, (uint64_t)message->schema_hash, 4);
    size += wire_put(payload + size, (uint64_t)message->boot_nonce, 4);
    size += wire_put(payload + size, (uint64_t)message->reset_cause, 1);
    size += wire_put(payload + size, (uint64_t)message->last_command, 1);
    size += wire_put(payload + size, (uint64_t)message->channels, 1);
    size += wire_put(payload + size, (uint64_t)message->sample_rate_millihertz, 4);
    for (const char *c = message->firmware_version; *c != 0; c++) {
        payload[size++] = (uint8_t)*c;
    }
    return size;
}

/* Rows of conversions, in each one of every healthy converter. Not acknowledged. */
#define WIRE_SAMPLES 0x02
#define wire_samples_BYTES 15
typedef struct {
    uint64_t first_us; /* chip time when the first row was complete */
    uint32_t interval_us; /* chip time between two rows of this batch */
    uint8_t channels; /* bit n: converter n is in every row; a faulty one is left out */
    uint16_t overruns; /* rows the chip had to throw away since boot, modulo 65536 */
    const int32_t *counts; uint8_t counts_length; /* raw conversions, oldest row first, in a row the lowest channel first */
} wire_samples_t;

static inline size_t wire_samples_encode(uint8_t *payload, const wire_samples_t *message) {
    size_t size = 0;
    size += wire_put(payload + size, (uint64_t)message->first_us, 8);
    size += wire_put(payload + size, (uint64_t)message->interval_us, 4);
    size += wire_put(payload + size, (uint64_t)message->channels, 1);
    size += wire_put(payload + size, (uint64_t)message->overruns, 2);
    for (size_t i = 0; i < message->counts_length; i++) {
        size += wire_put(payload + size, (uint32_t)message->counts[i], 4);
    }
    return size;
}

/* A converter's latched fault, or NONE when trusted again. SAMPLES come without it meanwhile. */
#define WIRE_FAULT 0x03
#define wire_fault_BYTES 4
typedef struct {
    uint8_t channel; /* converter, from 0 */
    uint8_t code; /* what is wrong */
    uint16_t refused; /* conversions of it refused since boot, modulo 65536 */
} wire_fault_t;

static inline size_t wire_fault_encode(uint8_t *payload, const wire_fault_t *message) {
    size_t size = 0;
    size += wire_put(payload + size, (uint64_t)message->channel, 1);
    size += wire_put(payload + size, (uint64_t)message->code, 1);
    size += wire_put(payload + size, (uint64_t)message->refused, 2);
    return size;
}

/* Answer to every command. One seen before (same boot, same sequence) is not executed again. */
#define WIRE_ACK 0x04
#define wire_ack_BYTES 2
typedef struct {
    uint8_t command_sequence; /* the sequence byte of the command */
    uint8_t result; /* what became of it */
} wire_ack_t;

static inline size_t wire_ack_encode(uint8_t *payload, const wire_ack_t *message) {
    size_t size = 0;
    size += wire_put(payload + size, (uint64_t)message->command_sequence, 1);
    size += wire_put(payload + size, (uint64_t)message->result, 1);
    return size;
}

/* How the cart moves and leans, 20 times a second beside the SAMPLES, if it can tell. */
#define WIRE_MOTION 0x05
#define wire_motion_BYTES 18
typedef struct {
    uint64_t at_us; /* chip time of the newest reading */
    int16_t x_milli_g; /* acceleration to the front, gravity included */
    int16_t y_milli_g; /* acceleration to the left */
    int16_t z_milli_g; /* acceleration upwards: 1000 at rest on a level floor */
    uint16_t motion_milli_g; /* largest change of one axis since the last MOTION */
    uint16_t tilt_permille; /* slope of the floor at rest: horizontal over vertical */
} wire_motion_t;

static inline size_t wire_motion_encode(uint8_t *payload, const wire_motion_t *message) {
    size_t size = 0;
    size += wire_put(payload + size, (uint64_t)message->at_us, 8);
    size += wire_put(payload + size, (uint64_t)message->x_milli_g, 2);
    size += wire_put(payload + size, (uint64_t)message->y_milli_g, 2);
    size += wire_put(payload + size, (uint64_t)message->z_milli_g, 2);
    size += wire_put(payload + size, (uint64_t)message->motion_milli_g, 2);
    size += wire_put(payload + size, (uint64_t)message->tilt_permille, 2);
    return size;
}

/* Supply and temperature, once a second beside the SAMPLES. */
#define WIRE_ENVIRONMENT 0x06
#define wire_environment_BYTES 12
typedef struct {
    uint64_t at_us; /* chip time of the readings */
    uint16_t battery_mv; /* voltage of the battery; 0: not measured */
    int16_t temperature_centi_c; /* at the load cells; -32768: not measured */
} wire_environment_t;

static inline size_t wire_environment_encode(uint8_t *payload, const wire_environment_t *message) {
    size_t size = 0;
    size += wire_put(payload + size, (uint64_t)message->at_us, 8);
    size += wire_put(payload + size, (uint64_t)message->battery_mv, 2);
    size += wire_put(payload + size, (uint64_t)message->temperature_centi_c, 2);
    return size;
}

/* Asks for HELLO. Sent with sequence 0 until answered; no command, never acknowledged. */
#define WIRE_HELLO_REQUEST 0x40
#define wire_hello_request_BYTES 4
typedef struct {
    uint32_t schema_hash; /* hash of the dictionary the host was built with */
} wire_hello_request_t;

static inline bool wire_hello_request_decode(wire_hello_request_t *message, const uint8_t *payload, size_t size) {
    if (size != wire_hello_request_BYTES) {
        return false;
    }
    message->schema_hash = (uint32_t)wire_get(payload + 0, 4);
    return true;
}

/* Command: send SAMPLES from now on. */
#define WIRE_START_STREAM 0x41
#define wire_start_stream_BYTES 5
typedef struct {
    uint32_t boot_nonce; /* the boot this command is meant for; the link fills it in */
    uint8_t batch; /* rows a frame, 1 to 16; rows times channels at most 20 */
} wire_start_stream_t;

static inline bool wire_start_stream_decode(wire_start_stream_t *message, const uint8_t *payload, size_t size) {
    if (size != wire_start_stream_BYTES) {
        return false;
    }
    message->boot_nonce = (uint32_t)wire_get(payload + 0, 4);
    message->batch = (uint8_t)wire_get(payload + 4, 1);
    return true;
}

/* Command: send no more SAMPLES. */
#define WIRE_STOP_STREAM 0x42
#define wire_stop_stream_BYTES 4
typedef struct {
    uint32_t boot_nonce; /* the boot this command is meant for; the link fills it in */
} wire_stop_stream_t;

static inline bool wire_stop_stream_decode(wire_stop_stream_t *message, const uint8_t *payload, size_t size) {
    if (size != wire_stop_stream_BYTES) {
        return false;
    }
    message->boot_nonce = (uint32_t)wire_get(payload + 0, 4);
    return true;
}

/* Command: colour of the light ring until the next SET_LIGHT; dark at the start. */
#define WIRE_SET_LIGHT 0x43
#define wire_set_light_BYTES 7
typedef struct {
    uint32_t boot_nonce; /* the boot this command is meant for; the link fills it in */
    uint8_t red; /* 0 to 255 */
    uint8_t green; /* 0 to 255 */
    uint8_t blue; /* 0 to 255 */
} wire_set_light_t;

static inline bool wire_set_light_decode(wire_set_light_t *message, const uint8_t *payload, size_t size) {
    if (size != wire_set_light_BYTES) {
        return false;
    }
    message->boot_nonce = (uint32_t)wire_get(payload + 0, 4);
    message->red = (uint8_t)wire_get(payload + 4, 1);
    message->green = (uint8_t)wire_get(payload + 5, 1);
    message->blue = (uint8_t)wire_get(payload + 6, 1);
    return true;
}

/* Command: one tone of the buzzer. */
#define WIRE_BEEP 0x44
#define wire_beep_BYTES 8
typedef struct {
    uint32_t boot_nonce; /* the boot this command is meant for; the link fills it in */
    uint16_t frequency_hz; /* 100 to 8000 */
    uint16_t duration_ms; /* 1 to 2000 */
} wire_beep_t;

static inline bool wire_beep_decode(wire_beep_t *message, const uint8_t *payload, size_t size) {
    if (size != wire_beep_BYTES) {
        return false;
    }
    message->boot_nonce = (uint32_t)wire_get(payload + 0, 4);
    message->frequency_hz = (uint16_t)wire_get(payload + 4, 2);
    message->duration_ms = (uint16_t)wire_get(payload + 6, 2);
    return true;
}

/* Command: lock or free the wheels until the next SET_WHEEL_LOCK; free at the start. */
#define WIRE_SET_WHEEL_LOCK 0x45
#define wire_set_wheel_lock_BYTES 5
typedef struct {
    uint32_t boot_nonce; /* the boot this command is meant for; the link fills it in */
    uint8_t locked; /* 1 locked, 0 free */
} wire_set_wheel_lock_t;

static inline bool wire_set_wheel_lock_decode(wire_set_wheel_lock_t *message, const uint8_t *payload, size_t size) {
    if (size != wire_set_wheel_lock_BYTES) {
        return false;
    }
    message->boot_nonce = (uint32_t)wire_get(payload + 0, 4);
    message->locked = (uint8_t)wire_get(payload + 4, 1);
    return true;
}

/* Command: start anew, by no longer feeding the watchdog. The next HELLO says WATCHDOG. */
#define WIRE_RESTART 0x46
#define wire_restart_BYTES 4
typedef struct {
    uint32_t boot_nonce; /* the boot this command is meant for; the link fills it in */
} wire_restart_t;

static inline bool wire_restart_decode(wire_restart_t *message, const uint8_t *payload, size_t size) {
    if (size != wire_restart_BYTES) {
        return false;
    }
    message->boot_nonce = (uint32_t)wire_get(payload + 0, 4);
    return true;
}

#endif
