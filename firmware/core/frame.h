/* Frames: 00 | COBS( type | sequence | payload | CRC-16/MCRF4XX ) | 00. No heap, no clock. */
#ifndef FRAME_H
#define FRAME_H

#include "protocol.h"

#define FRAME_RAW_BYTES_MAX (2 + WIRE_PAYLOAD_BYTES_MAX + 2)
#define FRAME_BYTES_MAX (FRAME_RAW_BYTES_MAX + 3)

typedef struct {
    uint8_t type;
    uint8_t sequence;
    const uint8_t *payload; /* valid until the next byte is pushed */
    size_t payload_size;
} frame_t;

typedef struct {
    uint8_t stuffed[FRAME_RAW_BYTES_MAX + 1];
    uint8_t raw[FRAME_RAW_BYTES_MAX];
    size_t size;
    bool skipping;
} frame_reader_t;

/* Writes a frame of at most WIRE_PAYLOAD_BYTES_MAX payload bytes; returns its size. */
size_t frame_encode(uint8_t out[FRAME_BYTES_MAX], uint8_t type, uint8_t sequence,
                    const uint8_t *payload, size_t payload_size);

/* Takes one byte; true when it completes a good frame. Damaged and overlong ones are dropped. */
bool frame_push(frame_reader_t *reader, uint8_t byte, frame_t *frame);

#endif
