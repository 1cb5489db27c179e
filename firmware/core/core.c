#include "core.h"

#include "frame.h"
#include "hal.h"
#include "stream.h"

#define VERSION "core 2"
#define SAMPLE_RATE_MILLIHERTZ 80000u
#define FREQUENCY_HZ_MIN 100
#define FREQUENCY_HZ_MAX 8000
#define DURATION_MS_MAX 2000

static struct {
    frame_reader_t reader;
    uint32_t nonce;
    uint8_t frame_sequence;
    uint8_t last_command;
    uint8_t last_result;
    bool starving; /* RESTART was obeyed: the watchdog gets nothing more */
} core;

bool core_send(uint8_t type, const uint8_t *payload, size_t size) {
    uint8_t out[FRAME_BYTES_MAX];
    bool sent = hal_send(out, frame_encode(out, type, core.frame_sequence, payload, size));
    core.frame_sequence++; /* also when the wire was full: the host must see what it missed */
    return sent;
}

static void send_hello(void) {
    uint8_t payload[WIRE_PAYLOAD_BYTES_MAX];
    const wire_hello_t hello = {
        .schema_hash = WIRE_SCHEMA_HASH,
        .boot_nonce = core.nonce,
        .reset_cause = hal_reset_cause(),
        .last_command = core.last_command,
        .channels = hal_channels(),
        .sample_rate_millihertz = SAMPLE_RATE_MILLIHERTZ,
        .firmware_version = VERSION,
    };
    core_send(WIRE_HELLO, payload, wire_hello_encode(payload, &hello));
}

static uint8_t start_stream(const uint8_t *payload) {
    wire_start_stream_t start;
    wire_start_stream_decode(&start, payload, wire_start_stream_BYTES);
    return stream_start(start.batch) ? ACK_RESULT_DONE : ACK_RESULT_BAD_VALUE;
}

static uint8_t stop_stream(const uint8_t *payload) {
    (void)payload;
    stream_stop();
    return ACK_RESULT_DONE;
}

static uint8_t set_light(const uint8_t *payload) {
    wire_set_light_t light;
    wire_set_light_decode(&light, payload, wire_set_light_BYTES);
    hal_light(light.red, light.green, light.blue);
    return ACK_RESULT_DONE;
}

static uint8_t beep(const uint8_t *payload) {
    wire_beep_t tone;
    wire_beep_decode(&tone, payload, wire_beep_BYTES);
    if (tone.frequency_hz < FREQUENCY_HZ_MIN || tone.frequency_hz > FREQUENCY_HZ_MAX ||
        tone.duration_ms == 0 || tone.duration_ms > DURATION_MS_MAX) {
        return ACK_RESULT_BAD_VALUE;
    }
    hal_beep(tone.frequency_hz, tone.duration_ms);
    return ACK_RESULT_DONE;
}

static uint8_t set_wheel_lock(const uint8_t *payload) {
    wire_set_wheel_lock_t lock;
    wire_set_wheel_lock_decode(&lock, payload, wire_set_wheel_lock_BYTES);
    if (lock.locked > 1) {
        return ACK_RESULT_BAD_VALUE;
    }
    hal_wheel_lock(lock.locked == 1);
    return ACK_RESULT_DONE;
}

static uint8_t restart(const uint8_t *payload) {
    (void)payload;
    core.starving = true;
    return ACK_RESULT_DONE;
}

/* Every command begins with the boot nonce; `execute` gets a payload of exactly `size` bytes. */
static const struct command {
    uint8_t type;
    uint8_t size;
    uint8_t (*execute)(const uint8_t *payload);
} commands[] = {
    {WIRE_START_STREAM, wire_start_stream_BYTES, start_stream},
    {WIRE_STOP_STREAM, wire_stop_stream_BYTES, stop_stream},
    {WIRE_SET_LIGHT, wire_set_light_BYTES, set_light},
    {WIRE_BEEP, wire_beep_BYTES, beep},
    {WIRE_SET_WHEEL_LOCK, wire_set_wheel_lock_BYTES, set_wheel_lock},
    {WIRE_RESTART, wire_restart_BYTES, restart},
};

static const struct command *find_command(uint8_t type) {
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].type == type) {
            return &commands[i];
        }
    }
    return NULL;
}

static uint8_t obey(const frame_t *frame) {
    const struct command *command = find_command(frame->type);
    if (command == NULL) {
        return ACK_RESULT_UNKNOWN_COMMAND;
    }
    if (frame->payload_size != command->size) {
        return ACK_RESULT_BAD_VALUE;
    }
    if (wire_get(frame->payload, 4) != core.nonce) {
        return ACK_RESULT_WRONG_BOOT;
    }
    if (frame->sequence != core.last_command) { /* else it is a repeat: answer it, do nothing */
        core.last_command = frame->sequence;
        core.last_result = command->execute(frame->payload);
    }
    return core.last_result;
}

static void answer(const frame_t *frame) {
    uint8_t payload[wire_ack_BYTES];
    if (frame->type == WIRE_HELLO_REQUEST) {
        send_hello();
        return;
    }
    const wire_ack_t ack = {.command_sequence = frame->sequence, .result = obey(frame)};
    core_send(WIRE_ACK, payload, wire_ack_encode(payload, &ack));
}

void core_boot(void) {
    core.reader = (frame_reader_t){.size = 0};
    core.frame_sequence = 0;
    core.last_command = 0;
    core.last_result = ACK_RESULT_DONE;
    core.starving = false;
    core.nonce = hal_nonce();
    hal_wheel_lock(false);
    hal_light(0, 0, 0);
    stream_boot();
    send_hello();
}

void core_poll(void) {
    frame_t frame;
    if (!core.starving) {
        hal_feed_watchdog();
    }
    for (int byte = hal_receive(); byte >= 0; byte = hal_receive()) {
        if (frame_push(&core.reader, (uint8_t)byte, &frame)) {
            answer(&frame);
        }
    }
    stream_poll();
}
