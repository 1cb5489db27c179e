/* The firmware's conversation with the host: HELLO and commands. The stream is in stream.c. */
#ifndef CORE_H
#define CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void core_boot(void); /* once, at every start; forgets everything */
void core_poll(void); /* again and again, at least every 2 ms; never waits */

/* Puts a message on the wire; false when the wire is full. */
bool core_send(uint8_t type, const uint8_t *payload, size_t size);

#endif
