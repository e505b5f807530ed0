import { DOCTOR_TEXTS } from '../../config/hints.js';
import { countOf } from '../../count-of.js';
import { judgeClock } from '../clock.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped, warning } from '../finding.js';
import type { BucketState } from './bucket-state.js';
import type { StoreContact, StoreFacts } from './facts.js';
import type { ReadRights } from './sample.js';

const check = checkOf<StoreFacts>();

/** Many requests to a store that may be far away. */
const BUCKETS_LIMIT_MS = 15_000;

export const storeChecks = [
  check('store.reachable', ['storeContact'], ({ storeContact }) => judgeContact(storeContact)),
  check('store.credentials', ['storeContact'], ({ storeContact }) => judgeLogin(storeContact)),
  check('store.clock', ['storeContact', 'storeAheadMs'], ({ storeContact, storeAheadMs }) => {
    if (storeContact.kind === 'failed' && SKEWED.has(codeOf(storeContact))) {
      return failure(storeContact.error.message, storeContact.error.hint ?? CLOCK_HINT);
    }
    return storeAheadMs === undefined
      ? skipped('the store has told no time')
      : judgeClock('the store', storeAheadMs);
  }),
  check(
    'store.region',
    ['bucketStates', 'config'],
    ({ bucketStates, config }) => judgeRegion(bucketStates, config.store.region),
    BUCKETS_LIMIT_MS,
  ),
  check('store.buckets', ['storeContact', 'store'], ({ storeContact }) => {
    if (storeContact.kind !== 'open') return skipped('the store cannot be used');
    const { buckets, listing } = storeContact;
    if (!listing.isPermitted) {
      return warning(
        `the keys may not list the buckets: ${listing.error.message}`,
        'grant s3:ListAllMyBuckets, or name each bucket with --bucket',
      );
    }
    return buckets.length === 0
      ? warning('the store has no buckets: there is nothing to back up', DOCTOR_TEXTS.storeAddress)
      : ok(countOf(buckets.length, 'bucket'), countOf(buckets.length, 'bucket'));
  }),
  check('store.job-buckets', ['missingJobBuckets'], ({ missingJobBuckets }) =>
    missingJobBuckets.length === 0
      ? ok('the buckets of job files are there')
      : warning(
          `files of jobs are looked for in buckets that do not exist: ${missingJobBuckets.join(', ')}`,
          DOCTOR_TEXTS.jobBuckets,
        ),
  ),
  check(
    'store.rights-backup',
    ['readRights'],
    ({ readRights }) => judgeRights(readRights, (request) => request !== 'GetObjectRetention'),
    BUCKETS_LIMIT_MS,
  ),
  check(
    'store.rights-lock',
    ['readRights', 'bucketStates'],
    ({ readRights, bucketStates }) =>
      bucketStates.some(({ hasLock }) => hasLock)
        ? judgeRights(readRights, (request) => request === 'GetObjectRetention')
        : skipped('no bucket has object lock'),
    BUCKETS_LIMIT_MS,
  ),
  check(
    'store.rights-settings',
    ['bucketStates'],
    ({ bucketStates }) => {
      const refused = bucketStates.flatMap(({ bucket, refused: of }) =>
        of.map(({ document, message }) => ({ bucket, document, message })),
      );
      const [first] = refused;
      if (first === undefined)
        return ok(`the settings of ${countOf(bucketStates.length, 'bucket')} can be read`);
      const documents = [...new Set(refused.map(({ document }) => document))].join(', ');
      return warning(
        `a backup will lack ${documents} of buckets: ${first.message}`,
        'grant the right that the message names; `mangamotion help security` lists all',
      );
    },
    BUCKETS_LIMIT_MS,
  ),
  check(
    'store.versioning',
    ['bucketStates'],
    ({ bucketStates }) => judgeVersioning(bucketStates),
    BUCKETS_LIMIT_MS,
  ),
  check(
    'store.lifecycle',
    ['bucketStates', 'config'],
    ({ bucketStates, config }) => judgeLifecycle(bucketStates, config.backup.expectDeletions),
    BUCKETS_LIMIT_MS,
  ),
  check(
    'store.uploads',
    ['oldUploads'],
    ({ oldUploads: { uploads, looked } }) => {
      const [first] = uploads;
      if (first === undefined)
        return ok(`no old unfinished uploads in ${countOf(looked, 'bucket')}`);
      const begun = first.initiatedAt.slice(0, 10);
      return warning(
        `${countOf(uploads.length, 'unfinished upload')} more than 3 days old take space, such as ${first.bucket}/${first.key} of ${begun}`,
        `set a lifecycle rule with AbortIncompleteMultipartUpload on ${first.bucket}`,
      );
    },
    BUCKETS_LIMIT_MS,
  ),
];

const CLOCK_HINT = 'set the clock of this machine: S3 refuses requests that are 15 minutes off';
const SKEWED = new Set(['RequestTimeTooSkewed', 'RequestExpired']);

function codeOf({ error }: Extract<StoreContact, { kind: 'failed' }>): string {
  return error.request?.code ?? '';
}

function judgeContact(contact: StoreContact): Finding {
  if (contact.kind === 'unused') {
    return skipped(DOCTOR_TEXTS.storeUnused);
  }
  const { endpoint } = contact.store;
  if (contact.kind === 'open' || contact.error.code === 'access_denied') {
    return ok(`${endpoint} answers`, endpoint);
  }
  return failure(contact.error.message, contact.error.hint ?? DOCTOR_TEXTS.storeAddress);
}

function judgeLogin(contact: StoreContact): Finding {
  if (contact.kind === 'unused') return skipped('no object store is configured');
  if (contact.kind === 'open') return ok('the keys are taken');
  const { error } = contact;
  if (error.code !== 'access_denied' || SKEWED.has(codeOf(contact))) {
    return skipped('the store cannot be used');
  }
  return failure(error.message, error.hint ?? DOCTOR_TEXTS.storeKeys);
}

/** Regions as AWS names them: Ceph and MinIO answer with names that do not matter. */
const REGION_NAME = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

function judgeRegion(states: readonly BucketState[], region: string | undefined): Finding {
  const others = states.filter(
    (state) =>
      state.region !== null &&
      REGION_NAME.test(state.region) &&
      state.region !== (region ?? 'us-east-1'),
  );
  const [first] = others;
  if (first === undefined) return ok('the region fits the buckets');
  return warning(
    `${first.bucket} lies in ${first.region ?? ''}, and requests are signed for ${region ?? 'us-east-1'} first`,
    DOCTOR_TEXTS.region(first.region ?? ''),
  );
}

function judgeRights(all: readonly ReadRights[], isMeant: (request: string) => boolean): Finding {
  const refused = all.flatMap(({ refused: of }) => of.filter(({ request }) => isMeant(request)));
  const [first] = refused;
  if (first !== undefined) {
    return failure(
      `a backup will be partial: ${first.message}`,
      'grant the right that the message names; `mangamotion help security` lists all',
    );
  }
  const withObjects = all.filter(({ hasObject }) => hasObject).length;
  return withObjects === 0
    ? skipped('there is no object to read')
    : ok(`an object of ${countOf(withObjects, 'bucket')} could be read`);
}

function judgeVersioning(states: readonly BucketState[]): Finding {
  const suspended = states.filter(({ versioning }) => versioning === 'suspended');
  const [first] = suspended;
  if (first !== undefined) {
    return warning(
      `versioning of ${first.bucket} is suspended: what is overwritten there is gone`,
      `turn it on again: aws s3api put-bucket-versioning --bucket ${first.bucket} --versioning-configuration Status=Enabled`,
    );
  }
  const on = states.filter(({ versioning }) => versioning === 'on').length;
  const locked = states.filter(({ hasLock }) => hasLock).length;
  return ok(`${countOf(on, 'bucket')} with versioning, ${locked} with object lock`);
}

function judgeLifecycle(
  states: readonly BucketState[],
  expected: ReadonlyMap<string, number>,
): Finding {
  const expiring = states.filter(
    ({ bucket, expirations }) => expirations.length > 0 && !expected.has(bucket),
  );
  const [first] = expiring;
  const [rule] = first?.expirations ?? [];
  if (first === undefined || rule === undefined) return ok('no rule expires what is backed up');
  const what = rule.prefix === '' ? 'objects' : `objects under ${rule.prefix}`;
  return warning(
    `a lifecycle rule of ${first.bucket} removes ${what} ${rule.when}: the guard may take that for a loss`,
    DOCTOR_TEXTS.expectDeletions(first.bucket),
  );
}
