/* The stream to the host: rows of conversions, faults, motion, environment. */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stdint.h>

void stream_boot(void);
bool stream_start(uint8_t batch); /* rows a frame; false when that is no sensible number */
void stream_stop(void);
void stream_poll(void);

#endif
