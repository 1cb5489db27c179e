/* The firmware's conversation with the host: HELLO, commands, the stream of samples. */
#ifndef CORE_H
#define CORE_H

void core_boot(void); /* once, at the start */
void core_poll(void); /* again and again; never waits */

#endif
