/* A pin-level model of the HX711, from its data sheet: a clock line in, a data line out. It is the
 * twin of firmware/hal/host/hx711_model.c, where every number is explained. Times in nanoseconds. */
'use strict';

const SETTLING_CONVERSIONS = 4;
const POWER_OFF_NS = 60_000;
const TEAR_AT_PULSE = 12;

class Hx711 {
  constructor(intervalNs, nowNs) {
    this.counts = 0;
    this.noise = 0;
    this.fault = 'none';
    this.tears = 0;
    this.stat = { reads: 0, missed: 0, torn: 0, powered_off: 0, high_ns_max: 0 };
    this.intervalNs = intervalNs;
    this.dice = (1 + intervalNs) >>> 0;
    this.high = false;
    this.shift = 0;
    this.settle(nowNs);
  }

  settle(nowNs) {
    this.off = false;
    this.ready = false;
    this.pulses = 0;
    this.nextNs = nowNs + this.intervalNs * SETTLING_CONVERSIONS;
  }

  convert() {
    this.dice = (Math.imul(this.dice, 1664525) + 1013904223) >>> 0;
    const noise = ((this.dice >>> 8) % (2 * this.noise + 1)) - this.noise;
    this.shift = Math.max(-0x800000, Math.min(0x7fffff, this.counts + noise)) & 0xffffff;
    this.stat.torn += this.pulses > 0 && this.pulses < 25 ? 1 : 0;
    this.stat.missed += this.ready && this.pulses === 0 ? 1 : 0;
    this.pulses = 0;
    this.ready = true;
  }

  advance(nowNs) {
    if (this.high && !this.off && nowNs - this.roseNs > POWER_OFF_NS) {
      this.off = true;
      this.stat.powered_off++;
    }
    while (!this.off && this.nextNs <= nowNs) {
      this.convert();
      this.nextNs += this.intervalNs;
    }
  }

  clock(high, nowNs) {
    this.advance(nowNs);
    if (high === this.high) return;
    this.high = high;
    if (high) this.rise(nowNs);
    else this.fall(nowNs);
  }

  rise(nowNs) {
    this.roseNs = nowNs;
    if (this.off || !this.ready) return;
    this.pulses++;
    if (this.pulses === TEAR_AT_PULSE && this.tears > 0) {
      this.tears--;
      this.convert();
      this.pulses = 1;
    }
    this.stat.reads += this.pulses === 25 ? 1 : 0;
  }

  fall(nowNs) {
    this.stat.high_ns_max = Math.max(this.stat.high_ns_max, Math.round(nowNs - this.roseNs));
    if (this.off) {
      this.settle(nowNs);
    } else if (this.pulses >= 25) {
      this.ready = false;
      this.pulses = 0;
    }
  }

  data(nowNs) {
    this.advance(nowNs);
    if (this.fault !== 'none') return this.fault === 'stuck_high';
    if (this.off || !this.ready || this.pulses > 24) return true;
    return this.pulses > 0 && ((this.shift >>> (24 - this.pulses)) & 1) === 1;
  }
}

module.exports = { Hx711 };
