import { defineConfig } from 'vitest/config';
import { LongFilesFirst } from './helpers/long-files-first.js';
import { useMemoryForTemporaryFiles } from './helpers/memory-folder.js';

/** Two more than the cores of a small machine: at any time, some of the tests wait for something. */
const WORKERS = 4;
/** Far more than a test takes: a machine that does other things too makes no test fail. */
const TIMEOUTS = {
  testTimeout: 120_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 60_000 } },
};

useMemoryForTemporaryFiles();

/**
 * All tests in one run, so that the modules of the program are transformed once and loaded once by each
 * worker: to load them anew for each file would take longer than most of the tests. They share one S3
 * server, which is started before the first of them. In the mode `unit`, only those that need none.
 */
export default defineConfig(({ mode }) => ({
  test: {
    ...TIMEOUTS,
    root: '.',
    maxWorkers: WORKERS,
    isolate: false,
    reporters: ['default', './test/helpers/slowest-files.ts'],
    sequence: { sequencer: LongFilesFirst },
    ...(mode === 'unit'
      ? { include: ['test/unit/**/*.test.ts'] }
      : { include: ['test/**/*.test.ts'], globalSetup: ['test/helpers/global-setup.ts'] }),
  },
}));
