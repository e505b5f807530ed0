import type { MinioStoreOptions } from '../../../src/object-store/s3/s3-store.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import type { serverFlavour } from '../../helpers/test-store.js';

/** One implementation of the port, on the server of this run. */
export interface Implementation {
  name: string;
  open: (options?: Partial<MinioStoreOptions>) => ObjectStore;
  /** Whether it outlasts failures, or shows each of them. */
  retries: boolean;
  flavour: Awaited<ReturnType<typeof serverFlavour>>;
}
