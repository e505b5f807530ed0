import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped } from '../finding.js';
import type { RedisFacts } from './facts.js';
import type { Rights, RightsGroup } from './rights.js';

const check = checkOf<RedisFacts>();

export const rightsChecks = [
  check('redis.rights-reports', ['rights'], ({ rights }) =>
    judgeRights(rights, 'reports', 'reports of usage', 'always'),
  ),
  check('redis.rights-queue', ['rights'], ({ rights }) =>
    judgeRights(rights, 'queue', 'reading the queue', 'always'),
  ),
  check('redis.rights-tracker', ['rights'], ({ rights }) =>
    judgeRights(rights, 'tracker', '`billing track` and the library', 'by some'),
  ),
  check('redis.rights-lease', ['rights'], ({ rights }) =>
    judgeRights(rights, 'lease', '`schedule --lease redis`', 'by some'),
  ),
];

/**
 * Who writes may well be another user than the one who reports: a user who has none of the rights to
 * write (`by some`) is not meant to. One who has only a part of them cannot do the task.
 */
function judgeRights(
  rights: Rights,
  group: RightsGroup,
  task: string,
  needed: 'always' | 'by some',
): Finding {
  if (rights.kind === 'unknown') {
    return skipped('the user may not ask for its rights', 'permit +acl|whoami and +acl|dryrun');
  }
  const { user } = rights;
  if (rights.kind === 'all') return ok(`${user} may do all for ${task}`);
  const { granted, missing } = rights.groups[group];
  if (missing.length === 0) return ok(`${user} may do all for ${task}`);
  const writes = granted.filter((name) => WRITES.has(name));
  if (needed === 'by some' && writes.length === 0) {
    return skipped(`${user} only reads: ${task} needs a user who may write`);
  }
  const words = missing.map((name) => `+${name.toLowerCase()}`).join(' ');
  return failure(
    `${user} may not run ${missing.join(', ')}, which ${task} needs`,
    `ACL SETUSER ${user} ${words} (\`mangamotion help security\` has the rights of each task)`,
  );
}

const WRITES = new Set(['HINCRBY', 'HINCRBYFLOAT', 'HSET', 'EXPIRE', 'SET']);
