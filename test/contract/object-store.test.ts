import { afterAll, beforeAll } from 'vitest';
import { withRetries } from '../../src/object-store/retry/retry.js';
import { removeBucket, serverFlavour, testStore } from '../helpers/test-store.js';
import { describeObjectStore } from './object-store.suite.js';
import { createManyObjects } from './object-store/listing.suite.js';

const flavour = await serverFlavour();
let bucketOfMany = '';

beforeAll(async () => {
  bucketOfMany = await createManyObjects();
});

afterAll(async () => {
  const store = testStore();
  await removeBucket(store, bucketOfMany);
  store.close();
});

describeObjectStore(
  { name: 'the MinIO adapter', open: testStore, retries: false, flavour },
  () => bucketOfMany,
);

describeObjectStore(
  {
    name: 'the MinIO adapter with retries',
    open: (options) => withRetries(testStore(options), { baseDelayMs: 1 }),
    retries: true,
    flavour,
  },
  () => bucketOfMany,
);
