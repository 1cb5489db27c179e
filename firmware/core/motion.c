#include "motion.h"

#include "hal.h"

#define SMOOTHING 8 /* readings: at 100 a second tilt follows within a fifth of a second */
#define TILT_PERMILLE_MAX 65535u

static struct {
    bool any;
    bool fresh;
    uint64_t at_us;
    int16_t newest[3];
    int16_t least[3];
    int16_t most[3];
    int32_t smooth[3]; /* milli-g times SMOOTHING */
} motion;

void motion_boot(void) {
    motion.any = false;
    motion.fresh = false;
}

void motion_poll(uint64_t now_us) {
    int16_t reading[3];
    if (!hal_acceleration(reading)) {
        return;
    }
    for (int axis = 0; axis < 3; axis++) {
        const int16_t value = reading[axis];
        if (!motion.any) {
            motion.smooth[axis] = (int32_t)value * SMOOTHING;
            motion.newest[axis] = value;
        }
        if (!motion.fresh) { /* from the last one told: nothing falls between two messages */
            motion.least[axis] = motion.most[axis] = motion.newest[axis];
        }
        motion.least[axis] = value < motion.least[axis] ? value : motion.least[axis];
        motion.most[axis] = value > motion.most[axis] ? value : motion.most[axis];
        motion.smooth[axis] += value - motion.smooth[axis] / SMOOTHING;
        motion.newest[axis] = value;
    }
    motion.at_us = now_us;
    motion.any = motion.fresh = true;
}

static uint32_t square_root(uint64_t value) {
    uint32_t root = 0;
    for (uint32_t bit = UINT32_C(1) << 21; bit != 0; bit >>= 1) {
        const uint32_t trial = root | bit;
        if ((uint64_t)trial * trial <= value) {
            root = trial;
        }
    }
    return root;
}

static uint16_t tilt_permille(void) {
    const int64_t front = motion.smooth[0];
    const int64_t left = motion.smooth[1];
    const uint32_t level = square_root((uint64_t)(front * front + left * left));
    const int32_t up = motion.smooth[2];
    if (up <= 0 || level / 65u >= (uint32_t)up) {
        return TILT_PERMILLE_MAX; /* it lies on its side, or worse */
    }
    return (uint16_t)(level * 1000u / (uint32_t)up);
}

static uint16_t shaking(void) {
    uint16_t largest = 0;
    for (int axis = 0; axis < 3; axis++) {
        const uint16_t span = (uint16_t)(motion.most[axis] - motion.least[axis]);
        largest = span > largest ? span : largest;
    }
    return largest;
}

bool motion_take(wire_motion_t *taken) {
    if (!motion.fresh) {
        return false;
    }
    *taken = (wire_motion_t){
        .at_us = motion.at_us,
        .x_milli_g = motion.newest[0],
        .y_milli_g = motion.newest[1],
        .z_milli_g = motion.newest[2],
        .motion_milli_g = shaking(),
        .tilt_permille = tilt_permille(),
    };
    motion.fresh = false;
    return true;
}
