/* What the accelerometer says between two MOTION messages: how it shook, how the floor leans. */
#ifndef MOTION_H
#define MOTION_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

void motion_boot(void);
void motion_poll(uint64_t now_us);
bool motion_take(wire_motion_t *motion); /* false when there was no reading since the last */

#endif
