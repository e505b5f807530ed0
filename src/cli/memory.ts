import { setFlagsFromString } from 'node:v8';

/**
 * By default V8 lets the heap grow to a multiple of what is in use before it looks for garbage: a
 * backup of many small objects, which uses 30 MiB, then takes 120 MiB. Looking earlier halves that
 * at no measurable cost in time. V8 reads this setting whenever it decides about the next
 * collection, so it takes effect in a process that runs already.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
