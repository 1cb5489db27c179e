#include "stream.h"

#include "converter.h"
#include "core.h"
#include "hal.h"
#include "motion.h"
#include "protocol.h"

#define BATCH_MAX 16
#define COUNTS_MAX 20 /* in one frame */
#define LATE_US (CONVERSION_US / 2)
#define REPEAT_FAULTS_US 1000000u
#define MOTION_EVERY_US 50000u
#define ENVIRONMENT_EVERY_US 1000000u
#define CENTI_C_MIN (-4000)
#define CENTI_C_MAX 8500

static struct {
    converter_t converters[CHANNELS_MAX];
    int32_t row[CHANNELS_MAX];
    uint8_t fresh;    /* channels with a new conversion in `row` */
    uint8_t channels; /* channels of the rows in `counts` */
    int32_t counts[COUNTS_MAX];
    uint8_t counts_length;
    uint8_t rows;
    uint8_t batch; /* rows a frame; 0: no stream */
    uint64_t first_us;
    uint64_t newest_us;
    uint64_t polled_us;
    uint16_t overruns;
    uint32_t faults_due_us;
    uint32_t motion_due_us;
    uint32_t environment_due_us;
} stream;

void stream_boot(void) {
    const uint64_t now_us = hal_now_us();
    for (uint8_t channel = 0; channel < CHANNELS_MAX; channel++) {
        converter_boot(&stream.converters[channel], (uint32_t)now_us);
    }
    stream.polled_us = now_us;
    stream.overruns = 0;
    stream.fresh = 0;
    motion_boot();
    stream_stop();
}

static void forget_batch(void) {
    stream.counts_length = 0;
    stream.rows = 0;
}

bool stream_start(uint8_t batch) {
    if (batch == 0 || batch > BATCH_MAX || batch * hal_channels() > COUNTS_MAX) {
        return false;
    }
    const uint32_t now_us = (uint32_t)hal_now_us();
    stream.batch = batch;
    stream.faults_due_us = stream.motion_due_us = stream.environment_due_us = now_us;
    forget_batch();
    return true;
}

void stream_stop(void) {
    stream.batch = 0;
    forget_batch();
}

static void send_samples(void) {
    uint8_t payload[WIRE_PAYLOAD_BYTES_MAX];
    const uint32_t spans = stream.rows > 1 ? stream.rows - 1u : 1u;
    const wire_samples_t samples = {
        .first_us = stream.first_us,
        .interval_us = (uint32_t)(stream.newest_us - stream.first_us) / spans,
        .channels = stream.channels,
        .overruns = stream.overruns,
        .counts = stream.counts,
        .counts_length = stream.counts_length,
    };
    if (!core_send(WIRE_SAMPLES, payload, wire_samples_encode(payload, &samples))) {
        stream.overruns = (uint16_t)(stream.overruns + stream.rows);
    }
    forget_batch();
}

static void send_rows(void) {
    if (stream.rows > 0) {
        send_samples();
    }
}

static void send_fault(uint8_t channel) {
    uint8_t payload[wire_fault_BYTES];
    const wire_fault_t fault = {
        .channel = channel,
        .code = stream.converters[channel].fault,
        .refused = stream.converters[channel].refused,
    };
    core_send(WIRE_FAULT, payload, wire_fault_encode(payload, &fault));
}

static void add_row(uint64_t now_us, uint8_t channels) {
    if (channels != stream.channels) {
        send_rows(); /* a frame's rows are all of the same channels */
    }
    if (stream.rows == 0) {
        stream.first_us = now_us;
        stream.channels = channels;
    }
    for (uint8_t channel = 0; channel < hal_channels(); channel++) {
        if (channels & 1u << channel) {
            stream.counts[stream.counts_length++] = stream.row[channel];
        }
    }
    stream.newest_us = now_us;
    if (++stream.rows >= stream.batch) {
        send_samples();
    }
}

static bool was_late(uint64_t now_us) {
    const uint64_t pause_us = now_us - stream.polled_us;
    stream.polled_us = now_us;
    if (pause_us < LATE_US) {
        return false;
    }
    stream.overruns = (uint16_t)(stream.overruns + 1 + (uint32_t)pause_us / CONVERSION_US);
    return true;
}

static void convert(uint64_t now_us) {
    const bool late = was_late(now_us);
    uint8_t sound = 0;
    for (uint8_t channel = 0; channel < hal_channels(); channel++) {
        converter_t *converter = &stream.converters[channel];
        const uint8_t fault = converter->fault;
        const uint8_t bit = (uint8_t)(1u << channel);
        int32_t counts;
        if (converter_poll(converter, channel, (uint32_t)now_us, late, &counts)) {
            stream.row[channel] = counts; /* a faster converter's older one is left out */
            stream.fresh |= bit;
        }
        if (converter->fault == FAULT_CODE_NONE) {
            sound |= bit;
        }
        if (converter->fault != fault && stream.batch != 0) {
            send_rows(); /* those from before it, so that they do not come after it */
            send_fault(channel);
        }
    }
    stream.fresh &= sound;
    if (sound != 0 && stream.fresh == sound) { /* one that is not trusted yet is waited for */
        stream.fresh = 0;
        if (stream.batch != 0) {
            add_row(now_us, sound);
        }
    }
}

static bool is_due(uint32_t *due_us, uint32_t now_us, uint32_t every_us) {
    if ((int32_t)(now_us - *due_us) < 0) {
        return false;
    }
    *due_us = now_us + every_us;
    return true;
}

static void repeat_faults(void) {
    for (uint8_t channel = 0; channel < hal_channels(); channel++) {
        if (stream.converters[channel].fault != FAULT_CODE_NONE) {
            send_fault(channel);
        }
    }
}

/* A thermometer whose wire is broken or shorted reads as a warmth that no load cell bears. */
static int16_t believable_centi_c(int16_t centi_c) {
    const bool believable = centi_c >= CENTI_C_MIN && centi_c <= CENTI_C_MAX;
    return believable ? centi_c : NO_TEMPERATURE;
}

static void send_environment(uint64_t now_us) {
    uint8_t payload[wire_environment_BYTES];
    const wire_environment_t environment = {
        .at_us = now_us,
        .battery_mv = hal_battery_mv(),
        .temperature_centi_c = believable_centi_c(hal_temperature_centi_c()),
    };
    core_send(WIRE_ENVIRONMENT, payload, wire_environment_encode(payload, &environment));
}

static void send_motion(void) {
    uint8_t payload[wire_motion_BYTES];
    wire_motion_t motion;
    if (motion_take(&motion)) {
        core_send(WIRE_MOTION, payload, wire_motion_encode(payload, &motion));
    }
}

void stream_poll(void) {
    const uint64_t now_us = hal_now_us();
    convert(now_us);
    motion_poll(now_us);
    if (stream.batch == 0) {
        return;
    }
    if (is_due(&stream.faults_due_us, (uint32_t)now_us, REPEAT_FAULTS_US)) {
        repeat_faults();
    }
    if (is_due(&stream.motion_due_us, (uint32_t)now_us, MOTION_EVERY_US)) {
        send_motion();
    }
    if (is_due(&stream.environment_due_us, (uint32_t)now_us, ENVIRONMENT_EVERY_US)) {
        send_environment(now_us);
    }
}
