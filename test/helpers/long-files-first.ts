import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Workers keep the modules of a project: its files come one after the other. */
const PROJECTS = ['faults', 'e2e', 'integration', 'unit'];

/** The longest first. What they print at the end of a run says when this is no longer so. */
const LONG_FILES = ['faults/jobs-download', 'faults/law/law'];

/** Begins with the long files, so that no worker is left alone with one at the end. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted(
      (a, b) =>
        PROJECTS.indexOf(a.project.name) - PROJECTS.indexOf(b.project.name) ||
        rankOf(a) - rankOf(b),
    );
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONG_FILES.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return rank === -1 ? LONG_FILES.length : rank;
}
