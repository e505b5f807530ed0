import { computed } from '@preact/signals';
import { now } from './clock.js';

const MINUTE_MS = 60_000;
const count = computed(() => Math.floor(now.value.getTime() / MINUTE_MS));

/** The time to the minute, for what need not be drawn again each second. */
export const minute = computed(() => new Date(count.value * MINUTE_MS));
