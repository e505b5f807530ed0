import { describe } from 'vitest';
import { describeAttributes } from './object-store/attributes.suite.js';
import { describeBucketDocuments } from './object-store/bucket-documents.suite.js';
import { describeBuckets } from './object-store/buckets.suite.js';
import { describeBulkDelete } from './object-store/bulk-delete.suite.js';
import { describeConditionalPut } from './object-store/conditional-put.suite.js';
import type { Implementation } from './object-store/context.js';
import { describeFaults } from './object-store/faults.suite.js';
import { describeKeys } from './object-store/keys.suite.js';
import { describeListing } from './object-store/listing.suite.js';
import { describeMultipart } from './object-store/multipart.suite.js';
import { describeObjectLock } from './object-store/object-lock.suite.js';
import { describeObjects } from './object-store/objects.suite.js';

/** What every implementation of the port does, on a real server. */
export function describeObjectStore(
  implementation: Implementation,
  bucketOfMany: () => string,
): void {
  describe(implementation.name, () => {
    describeBuckets(implementation);
    describeKeys(implementation);
    describeAttributes(implementation);
    describeObjects(implementation);
    describeListing(implementation, bucketOfMany);
    describeFaults(implementation);
    describeBucketDocuments(implementation);
    describeObjectLock(implementation);
    describeConditionalPut(implementation);
    describeMultipart(implementation);
    describeBulkDelete(implementation);
  });
}
