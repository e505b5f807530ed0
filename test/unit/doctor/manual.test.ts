import { expect, it } from 'vitest';
import { readPage } from '../../../src/cli/manual/topics.js';
import { destinationChecks } from '../../../src/doctor/destinations/destination-checks.js';
import { offsiteChecks } from '../../../src/doctor/destinations/offsite-checks.js';
import { evidenceChecks } from '../../../src/doctor/evidence/evidence-checks.js';
import { hostChecks, laterChecks } from '../../../src/doctor/host.js';
import { probeChecks } from '../../../src/doctor/probe/probe-checks.js';

it('the manual has a row for each check, in the order in which they are shown', () => {
  const rows = [...readPage('doctor').matchAll(/^\| `([a-z]+\.[a-z-]+)`/gm)].map(
    ([, name]) => name,
  );
  const checks = [
    hostChecks,
    destinationChecks,
    offsiteChecks,
    laterChecks,
    evidenceChecks,
    probeChecks,
  ];
  expect(rows).toEqual(checks.flat().map(({ name }) => name));
});
