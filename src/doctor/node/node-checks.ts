import { countOf } from '../../count-of.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, warning } from '../finding.js';
import type { NodeFacts } from './facts.js';

const check = checkOf<NodeFacts>();

export const nodeChecks = [
  check('node.version', ['node'], ({ node }) => judgeVersion(node)),
  check('node.files', ['node'], ({ node: { openFiles } }) => {
    if (openFiles >= LEAST_OPEN_FILES) return ok(`at most ${openFilesText(openFiles)} open files`);
    return warning(
      `this process may open only ${countOf(openFiles, 'file')}`,
      `raise the limit: \`ulimit -n ${LEAST_OPEN_FILES}\`, or LimitNOFILE= in systemd`,
    );
  }),
];

/** A backup has 64 connections, and a file for each archive that it reuses. */
const LEAST_OPEN_FILES = 512;

function openFilesText(limit: number): string {
  return limit === Infinity ? 'any number of' : String(limit);
}

/** The minimum of the package; see the README. */
const MINIMUM = [20, 19] as const;
/** The minimum moves to this major version on that day. */
const NEXT_MINIMUM = 22;
const NEXT_MINIMUM_FROM = Date.parse('2027-04-30T00:00:00Z');
/** So long before it is time to think of it. */
const WARN_BEFORE_MS = 90 * 86_400_000;

function judgeVersion({ version, now }: NodeFacts['node']): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [leastMajor, leastMinor] = MINIMUM;
  const install = `install Node.js ${NEXT_MINIMUM} or newer`;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    return failure(`Node.js ${version} is older than ${MINIMUM.join('.')}`, install);
  }
  if (major < NEXT_MINIMUM && now.getTime() > NEXT_MINIMUM_FROM - WARN_BEFORE_MS) {
    return warning(`Node.js ${version} is not supported from 2027-04-30 on`, install);
  }
  return ok(`Node.js ${version}`, `Node.js ${version}`);
}
