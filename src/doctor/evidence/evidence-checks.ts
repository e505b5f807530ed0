import { checkOf } from '../check.js';
import { skipped } from '../finding.js';

const check = checkOf<object>();

/** What shows that backups can be restored: drills, and the reading of what is kept. There are no records of either yet: each line says what makes them. */
export const evidenceChecks = [
  check('drills.age', [], () =>
    skipped('no drill has been recorded', 'mangamotion drill object DESTINATION'),
  ),
  check('drills.verdict', [], () =>
    skipped('no drill has been recorded', 'mangamotion drill object DESTINATION'),
  ),
  check('verification.age', [], () =>
    skipped(
      'when each kept byte was last read is not recorded',
      'mangamotion backup verify DESTINATION --latest',
    ),
  ),
];
