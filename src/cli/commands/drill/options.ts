import type { OptionSpecs } from '../../argv/option-specs.js';
import { parseBytes } from '../../values/bytes.js';
import { parseDuration } from '../../values/duration.js';
import { parseShare } from '../../values/share.js';
import { LONGEST_REHEARSAL_LOCK_MS } from '../../../drill/limits.js';
import { MangamotionError } from '../../../errors.js';
import { STATE_OPTION } from '../schedule/state-folder.js';
import { parseInto } from './place.js';

const goalOptions = {
  into: {
    value: 'where',
    description:
      'restore into another server (an endpoint, with the keys of DRILL_S3_*), or into buckets whose ' +
      'names begin with this prefix',
    parse: parseInto,
  },
  rto: {
    value: 'duration',
    description: 'the longest time to recover, instead of the objective of the scenario',
    parse: parseDuration,
  },
  rpo: {
    value: 'duration',
    description: 'the largest age of the newest backup, instead of the objective of the scenario',
    parse: parseDuration,
  },
} as const satisfies OptionSpecs;

const pickOptions = {
  pick: {
    value: 'which',
    description:
      'the backup to restore: the newest, or an older one at random (default: at random in one of ' +
      'every four drills)',
    choices: ['newest', 'random'],
  },
} as const satisfies OptionSpecs;

const mannerOptions = {
  line: {
    value: 'name',
    description: 'choose from this line if there are several (default: the widest)',
  },
  check: {
    value: 'command',
    description:
      'a command of your own that tests what was restored; MANGAMOTION_DRILL_SERVER and ' +
      'MANGAMOTION_DRILL_BUCKETS say where it is, and its exit status counts',
  },
  keep: { description: 'leave the restored buckets, and print their names' },
  stateDir: STATE_OPTION,
} as const satisfies OptionSpecs;

/** The options of drills that can take an older backup. */
export const drillOptions = { ...goalOptions, ...pickOptions, ...mannerOptions } as const;

/** The options of a drill that always takes the newest backup. */
export const newestOptions = { ...goalOptions, ...mannerOptions } as const;

/** The options of drills that restore more than one object. */
export const amountOptions = {
  sample: {
    value: 'percentage',
    description:
      'restore only this share of the objects, such as 5%: the time is then extrapolated, and the ' +
      'verdict is not proven',
    parse: parseShare,
  },
  maxBytes: {
    value: 'bytes',
    description:
      'restore at most this much, such as 50G, as a sample if there is more (default: 10G into the ' +
      'store itself; a drill of the whole store there needs this option)',
    parse: parseBytes,
  },
} as const satisfies OptionSpecs;

const SHORTEST_LOCK_MS = 10_000;

function parseLockFor(text: string): number {
  const ms = parseDuration(text);
  if (ms >= SHORTEST_LOCK_MS && ms <= LONGEST_REHEARSAL_LOCK_MS) return ms;
  throw new MangamotionError('usage', 'must be from 10s to 1d');
}

/** The options of the drill that attacks a copy. */
export const attackOptions = {
  sample: amountOptions.sample,
  maxBytes: {
    ...amountOptions.maxBytes,
    description:
      'copy at most this much, such as 50G; a backup that is larger, with all it needs, is not attacked ' +
      '(default: 10G); the restore is limited as by other drills',
  },
  lockFor: {
    value: 'duration',
    description:
      'how long to lock the copies of a locked backup, from 10s to 1d: until then nobody can remove ' +
      'copies in the mode COMPLIANCE (default: 15m, and more for many files)',
    parse: parseLockFor,
  },
} as const satisfies OptionSpecs;
