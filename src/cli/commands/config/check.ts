import type { Finding } from '../../../config/inspect.js';
import { defineCommand } from '../../argv/command.js';
import type { Column } from '../../output/columns.js';
import { fieldNames } from '../../output/fields.js';
import { countOf } from '../../output/units.js';

export const configCheck = defineCommand({
  description:
    'Check all settings at once: their values, the files that they name, names that look ' +
    'misspelt in the environment, the env file and the configuration file, and whether other ' +
    'users can read a file with a secret. No server is contacted. If a setting is wrong, the ' +
    'exit status is 2; warnings do not change it.',
  arguments: {},
  options: {},
  changes: 'nothing',
  usesStore: true,
  printsRows: true,
  endsWith: ['configuration'],
  examples: {
    'mangamotion config check': 'check what the next command would use',
    'mangamotion config check --env-file /etc/mangamotion.env':
      'check the env file of a service before it is restarted',
  },
  async run(context) {
    const { checkSettings } = await import('../../../config/inspect.js');
    const { files, set, findings } = await checkSettings(context.configRequest);
    const ok = !findings.some(({ kind }) => kind === 'problem');
    await context.output.rows({
      member: 'findings',
      head: { ok, set, files },
      json: ({ kind, message }: Finding) => ({ kind, message }),
      fields: fieldNames('kind', 'message'),
      rows: findings,
      columns,
      empty: `✓ ${countOf(set, 'setting')} set, no mistakes`,
    });
    return ok ? undefined : 'configuration';
  },
});

const columns: Column<Finding>[] = [
  {
    title: 'finding',
    name: 'kind',
    value: ({ kind }) => kind,
    tone: ({ kind }) => (kind === 'problem' ? 'bad' : 'waiting'),
  },
  { title: 'what', name: 'message', value: ({ message }) => message, wraps: true },
];
