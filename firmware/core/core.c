#include "core.h"

#include "frame.h"
#include "hal.h"

#define VERSION "core 1"
#define SAMPLE_RATE_MILLIHERTZ 80000u
#define BATCH_MAX 16

static frame_reader_t reader;
static uint32_t nonce;
static uint8_t frame_sequence;
static uint8_t last_command;
static uint8_t last_result;
static uint8_t batch; /* conversions a frame; 0: no stream */
static int32_t counts[BATCH_MAX];
static uint8_t counts_length;
static uint64_t first_us;
static uint64_t newest_us;
static uint16_t overruns;

static bool send(uint8_t type, const uint8_t *payload, size_t size) {
    uint8_t out[FRAME_BYTES_MAX];
    bool sent = hal_send(out, frame_encode(out, type, frame_sequence, payload, size));
    frame_sequence++; /* also when the wire was full: the host must see what it missed */
    return sent;
}

static void send_hello(void) {
    uint8_t payload[WIRE_PAYLOAD_BYTES_MAX];
    const wire_hello_t hello = {
        .schema_hash = WIRE_SCHEMA_HASH,
        .boot_nonce = nonce,
        .reset_cause = hal_reset_cause(),
        .last_command = last_command,
        .channels = 1,
        .sample_rate_millihertz = SAMPLE_RATE_MILLIHERTZ,
        .firmware_version = VERSION,
    };
    send(WIRE_HELLO, payload, wire_hello_encode(payload, &hello));
}

static void send_samples(void) {
    uint8_t payload[WIRE_PAYLOAD_BYTES_MAX];
    const uint64_t spans = counts_length > 1 ? counts_length - 1u : 1u;
    const wire_samples_t samples = {
        .first_us = first_us,
        .interval_us = (uint32_t)((newest_us - first_us) / spans),
        .channels = 1,
        .overruns = overruns,
        .counts = counts,
        .counts_length = counts_length,
    };
    if (!send(WIRE_SAMPLES, payload, wire_samples_encode(payload, &samples))) {
        overruns = (uint16_t)(overruns + counts_length);
    }
    counts_length = 0;
}

static void convert(void) {
    int32_t value;
    if (!hal_conversion(&value) || batch == 0) {
        return;
    }
    newest_us = hal_now_us();
    if (counts_length == 0) {
        first_us = newest_us;
    }
    counts[counts_length++] = value;
    if (counts_length >= batch) {
        send_samples();
    }
}

static uint8_t stream(uint8_t wanted) {
    if (wanted > BATCH_MAX) {
        return ACK_RESULT_BAD_VALUE;
    }
    batch = wanted;
    counts_length = 0;
    return ACK_RESULT_DONE;
}

static uint8_t execute(const frame_t *frame) {
    wire_start_stream_t start;
    wire_set_light_t light;
    wire_beep_t beep;
    switch (frame->type) {
    case WIRE_START_STREAM:
        wire_start_stream_decode(&start, frame->payload, frame->payload_size);
        return start.batch == 0 ? ACK_RESULT_BAD_VALUE : stream(start.batch);
    case WIRE_STOP_STREAM:
        return stream(0);
    case WIRE_SET_LIGHT:
        wire_set_light_decode(&light, frame->payload, frame->payload_size);
        hal_light(light.red, light.green, light.blue);
        return ACK_RESULT_DONE;
    default:
        wire_beep_decode(&beep, frame->payload, frame->payload_size);
        hal_beep(beep.frequency_hz, beep.duration_ms);
        return ACK_RESULT_DONE;
    }
}

/* The payload size of a command, or 0 for what is none. Every command begins with the nonce. */
static size_t command_bytes(uint8_t type) {
    switch (type) {
    case WIRE_START_STREAM:
        return wire_start_stream_BYTES;
    case WIRE_STOP_STREAM:
        return wire_stop_stream_BYTES;
    case WIRE_SET_LIGHT:
        return wire_set_light_BYTES;
    case WIRE_BEEP:
        return wire_beep_BYTES;
    default:
        return 0;
    }
}

static uint8_t obey(const frame_t *frame) {
    const size_t size = command_bytes(frame->type);
    if (size == 0) {
        return ACK_RESULT_UNKNOWN_COMMAND;
    }
    if (frame->payload_size != size) {
        return ACK_RESULT_BAD_VALUE;
    }
    if (wire_get(frame->payload, 4) != nonce) {
        return ACK_RESULT_WRONG_BOOT;
    }
    if (frame->sequence != last_command) { /* else it is a repeat: answer it, do nothing */
        last_command = frame->sequence;
        last_result = execute(frame);
    }
    return last_result;
}

static void answer(const frame_t *frame) {
    uint8_t payload[WIRE_PAYLOAD_BYTES_MAX];
    if (frame->type == WIRE_HELLO_REQUEST) {
        send_hello();
        return;
    }
    const wire_ack_t ack = {.command_sequence = frame->sequence, .result = obey(frame)};
    send(WIRE_ACK, payload, wire_ack_encode(payload, &ack));
}

void core_boot(void) {
    nonce = hal_nonce();
    send_hello();
}

void core_poll(void) {
    frame_t frame;
    for (int byte = hal_receive(); byte >= 0; byte = hal_receive()) {
        if (frame_push(&reader, (uint8_t)byte, &frame)) {
            answer(&frame);
        }
    }
    convert();
}
