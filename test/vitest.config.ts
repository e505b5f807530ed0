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
 * `unit` needs no server. The others share one S3 server, which is started before the first of them.
 * The files of a project share the modules of a worker: to load them anew for each file, or for each
 * kind of test, would take longer than most of the tests.
 */
export default defineConfig({
  test: {
    root: '.',
    maxWorkers: WORKERS,
    reporters: ['default', './test/helpers/slowest-files.ts'],
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        test: {
          ...TIMEOUTS,
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
        },
      },
      {
        test: {
          ...TIMEOUTS,
          name: 'servers',
          include: ['test/{contract,e2e,faults,golden,integration}/**/*.test.ts'],
          isolate: false,
          globalSetup: ['test/helpers/global-setup.ts'],
        },
      },
    ],
  },
});
