#include "frame.h"

static uint16_t crc16(const uint8_t *bytes, size_t size) {
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) ? (crc >> 1) ^ 0x8408 : crc >> 1);
        }
    }
    return crc;
}

size_t frame_encode(uint8_t out[FRAME_BYTES_MAX], uint8_t type, uint8_t sequence,
                    const uint8_t *payload, size_t payload_size) {
    uint8_t raw[FRAME_RAW_BYTES_MAX];
    size_t size = 0;
    raw[size++] = type;
    raw[size++] = sequence;
    for (size_t i = 0; i < payload_size; i++) {
        raw[size++] = payload[i];
    }
    size += wire_put(raw + size, crc16(raw, size), 2);

    size_t written = 0;
    out[written++] = 0;
    size_t code_at = written++; /* a raw frame is shorter than 254 bytes: no full COBS block */
    for (size_t i = 0; i < size; i++) {
        if (raw[i] == 0) {
            out[code_at] = (uint8_t)(written - code_at);
            code_at = written++;
        } else {
            out[written++] = raw[i];
        }
    }
    out[code_at] = (uint8_t)(written - code_at);
    out[written++] = 0;
    return written;
}

/* The number of raw bytes, or 0 when the stuffed ones are no COBS. */
static size_t unstuff(uint8_t *raw, const uint8_t *stuffed, size_t size) {
    size_t read = 0;
    size_t written = 0;
    while (read < size) {
        size_t block = stuffed[read++];
        if (block == 0 || read + block - 1 > size) {
            return 0;
        }
        for (size_t i = 1; i < block; i++) {
            raw[written++] = stuffed[read++];
        }
        if (read < size) {
            raw[written++] = 0;
        }
    }
    return written;
}

static bool finish(frame_reader_t *reader, frame_t *frame) {
    size_t size = reader->skipping ? 0 : unstuff(reader->raw, reader->stuffed, reader->size);
    reader->size = 0;
    reader->skipping = false;
    if (size < 4 || crc16(reader->raw, size - 2) != wire_get(reader->raw + size - 2, 2)) {
        return false;
    }
    frame->type = reader->raw[0];
    frame->sequence = reader->raw[1];
    frame->payload = reader->raw + 2;
    frame->payload_size = size - 4;
    return true;
}

bool frame_push(frame_reader_t *reader, uint8_t byte, frame_t *frame) {
    if (byte == 0) {
        return finish(reader, frame);
    }
    if (reader->size == sizeof reader->stuffed) {
        reader->skipping = true;
        return false;
    }
    reader->stuffed[reader->size++] = byte;
    return false;
}
