import { Command } from '../kit/copy.js';
import { commandLine } from './names.js';

/** What to do with a backup, in a terminal. */
export function Commands({ path }: { path: string }) {
  return (
    <section class="sec" aria-labelledby="commands-h">
      <h2 id="commands-h">Commands</h2>
      <p class="note">Nothing here deletes or restores: these do, in a terminal.</p>
      <Command text={commandLine('mangamotion', 'backup', 'verify', path)} />
      <Command text={commandLine('mangamotion', 'restore', path, '--dry-run')} />
      <Command text={commandLine('mangamotion', 'restore', path)} />
    </section>
  );
}
