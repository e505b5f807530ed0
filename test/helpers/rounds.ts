import process from 'node:process';

/**
 * How often a loop goes round that finds more the longer it runs. Every run of the suite takes a
 * sample; `npm run test:long` (TEST_LONG=1) takes them all. The seed is in the name of the test or is
 * printed, so that a round that fails can be repeated.
 */
export function rounds({ sample, all }: { sample: number; all: number }): number {
  return process.env.TEST_LONG === '1' ? all : sample;
}
